package main

import (
	"fmt"
	"strings"

	"inceptiongl/shaders"
)

// variant is a shader as a compiler takes it.
type variant struct{ name, text string }

// acts are the activations that programs know beyond the basic ones: none, one, and in plain kernels all. Copy, by which each runs
// alone, has programs with every single one.
func acts(k *shaders.Kernel) []shaders.Acts {
	sets := []shaders.Acts{0, 1 << shaders.ActSigmoid}
	if k.Plain {
		sets = append(sets, shaders.EveryAct)
	}
	if k == shaders.Copy {
		for _, a := range shaders.EveryAct.List() {
			if a != shaders.ActSigmoid {
				sets = append(sets, 1<<a)
			}
		}
	}
	return sets
}

// variants are all shaders that a session may ask for, and tiles that only tests do; each text once. Which windows and tiles
// there are is what the networks' candidates say; with each of these goes every way to read, to store, and to end.
func variants() ([]variant, error) {
	c := collector{seen: map[shaders.Key]bool{}, kernels: map[*shaders.Kernel]bool{}, names: map[string]string{}, texts: map[string]bool{}}
	one := shaders.Params{N: 1, C: 1, H: 1, W: 1, OutN: 1, OutC: 1, OutG: 1, OutH: 1, OutW: 1, Groups: 1, Size: 1, Segments: 1}
	for _, k := range shaders.Kernels() {
		if key := (shaders.Key{Kernel: k}); key.Validate() == nil { // others have a tile, which a network gives
			if err := c.add(key, &one); err != nil {
				return nil, err
			}
		}
	}
	networks, err := networks()
	if err != nil {
		return nil, err
	}
	for _, t := range targets {
		all, err := steps(networks, t)
		if err != nil {
			return nil, err
		}
		for _, s := range all {
			keys, err := s.Candidates(t)
			if err != nil {
				return nil, err
			}
			for _, k := range keys {
				params := s.ParamsFor(k)
				for _, k := range append(odd(k), k) {
					if err := c.add(k, &params); err != nil {
						return nil, err
					}
				}
			}
		}
	}
	return c.all, nil
}

// odd are tiles that only the kernels' tests have: the smallest, those that divide nothing, a sum in three parts.
func odd(k shaders.Key) []shaders.Key {
	if k.TileX == 0 {
		return nil
	}
	var all []shaders.Key
	for _, tile := range []shaders.Key{
		{TileX: 1, TileG: 1, LocalX: 1},
		{TileX: 2, TileG: 1, LocalX: 8},
		{TileX: 3, TileG: 1, LocalX: 8},
		{TileX: 3, TileG: 1, LocalX: 32},
		{TileX: 7, TileG: 1, LocalX: 32},
		{TileX: 4, TileG: 2, LocalX: 8},
		{TileX: 4, TileG: 2, LocalX: 8, Splits: 3},
		{TileX: 5, TileG: 3, LocalX: 8, LocalY: 2},
	} {
		k.TileX, k.TileG, k.LocalX, k.LocalY, k.Splits = tile.TileX, tile.TileG, tile.LocalX, tile.LocalY, tile.Splits
		if k.Validate() == nil {
			all = append(all, k)
		}
	}
	return all
}

// collector gathers shaders.
type collector struct {
	all     []variant
	seen    map[shaders.Key]bool
	kernels map[*shaders.Kernel]bool // of which there is a key
	names   map[string]string        // text by name
	texts   map[string]bool
}

// add takes in k with every way to read, and others of the ways to store, to divide and to end: of a kernel's first key with each
// other, of the rest one at a time, since what they switch is the same text whatever the tile.
func (c *collector) add(k shaders.Key, p *shaders.Params) error {
	k.Load, k.Aligned, k.Pairs, k.Residual, k.Wide, k.Acts = shaders.LoadSSBO, false, false, false, false, 0
	if c.seen[k] {
		return nil
	}
	c.seen[k] = true
	first := !c.kernels[k.Kernel]
	c.kernels[k.Kernel] = true
	for l, load := range shaders.Loads() {
		for a, aligned := range []bool{true, false} {
			for w, wide := range []bool{false, true} {
				for e, end := range acts(k.Kernel) {
					others := a + w + e
					if !first && (others > 1 || others == 1 && l != len(c.seen)%3) && k.Kernel != shaders.Copy {
						continue
					}
					k.Load, k.Aligned, k.Wide, k.Acts = load, aligned, wide, end
					if err := c.launches(k, p); err != nil {
						return err
					}
				}
			}
		}
	}
	// Of what follows from the rest, one way each: a step with one destination, its stores in pairs, a residual.
	k.Load, k.Aligned, k.Wide = shaders.LoadImage, true, false
	for _, a := range []shaders.Act{shaders.ActNone, shaders.ActReLU, shaders.ActClip, shaders.ActSigmoid} {
		k.Acts, k.Pairs = shaders.Alone(a), a == shaders.ActReLU
		k.Pairs = k.Pairs && k.Validate() == nil // kernels of single lanes have none
		if k.Residual = a == shaders.ActClip; k.Validate() != nil {
			k.Residual = false // no convolution
		}
		if err := c.launches(k, p); err != nil {
			return err
		}
	}
	return nil
}

// launches takes in all that computes a step with k.
func (c *collector) launches(k shaders.Key, p *shaders.Params) error {
	all, err := k.Launches(p)
	if err != nil {
		return err
	}
	for _, l := range all {
		src, err := l.Source()
		if err != nil {
			return err
		}
		text := src.GLSL()
		if c.texts[text] {
			continue
		}
		c.texts[text] = true
		name := fileName(k, l, src.Name)
		if c.names[name] != "" {
			return fmt.Errorf("two shaders are called %s: its key's String leaves something out", name)
		}
		c.names[name] = text
		c.all = append(c.all, variant{name, text})
	}
	return nil
}

// fileName says what a shader is specialised for.
func fileName(k shaders.Key, l shaders.Launch, file string) string {
	name := k.String()
	switch kernel := shaders.Find(strings.TrimSuffix(file, ".comp")); {
	case kernel != nil && kernel != k.Kernel: // which knows none of k's tile
		other := shaders.Key{Kernel: kernel, Load: k.Load, Aligned: k.Aligned, Pairs: k.Pairs, Wide: k.Wide, Splits: k.Splits}
		if l.To != shaders.Scratch {
			other.Acts, other.Residual = k.Acts, k.Residual
		}
		name = other.String()
	case l.To == shaders.Scratch && k.Splits > 1:
		name += " parts"
	}
	return strings.ReplaceAll(name, " ", "_")
}
