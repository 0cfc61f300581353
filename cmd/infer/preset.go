package main

import (
	"fmt"
	"strings"

	"inceptiongl/inception/graph"
	"inceptiongl/inception/images"
)

func presetNames() string {
	var names []string
	for _, p := range images.Presets() {
		names = append(names, p.Name)
	}
	return strings.Join(names, ", ")
}

// choosePreset is the preset that the flags name, or the one that suits the model, changed as the flags say.
func choosePreset(f *flags, m *model) (images.Preset, error) {
	name := f.Preset
	if name == "" {
		name = m.preset
	}
	adapt := name == "" && m.size != (images.Size{}) // imagenet's proportions for the model's size
	if name == "" {
		name = "imagenet"
	}
	p, err := images.FindPreset(name)
	if err != nil {
		return p, fmt.Errorf("--preset: %w", err)
	}
	if adapt && m.size != p.Crop {
		p.Short, p.Crop = max(m.size.H, m.size.W)*8/7, m.size // 256 : 224 = 8 : 7
	}
	plain := p
	if f.Size != "" {
		s, err := images.ParseSize(f.Size)
		if err != nil {
			return p, fmt.Errorf("--size: %w", err)
		}
		p.Short, p.Exact = 0, s
		if !strings.ContainsAny(f.Size, "xX×") { // one number
			p.Short, p.Exact = s.H, images.Size{}
		}
	}
	if f.Crop != "" {
		s, err := images.ParseSize(f.Crop)
		if f.Crop != "0" && err != nil {
			return p, fmt.Errorf("--crop: %w", err)
		}
		p.Crop = s
	}
	if f.Mean != nil {
		p.Mean = f.Mean
	}
	if f.Std != nil {
		p.Std = f.Std
	}
	if f.Order != "" {
		p.Order = images.Order(strings.ToLower(f.Order))
	}
	if p.String() != plain.String() {
		p.Name += ", changed"
	} else if adapt && p.Crop != images.Square(224) {
		p.Name += ", fitted to the model"
	}
	if err := p.Check(); err != nil {
		return p, fmt.Errorf("--size, --crop, --mean, --std, --order: %w", err)
	}
	return p, suits(p, m)
}

// suits reports a preset whose input the model can't take.
func suits(p images.Preset, m *model) error {
	if in := m.graph.Nodes[0].Op.(graph.Input).Channels; in != p.Order.Channels() {
		hint := ": photos have 3, or 1 with --order gray; for other tensors there are --in and --out"
		if in == 3 || in == 1 {
			hint = ": choose a --preset, or --order"
		}
		return fmt.Errorf("the model takes %d channels, the preset gives %d%s", in, p.Order.Channels(), hint)
	}
	if m.size != (images.Size{}) && m.size != p.Output() {
		return fmt.Errorf("the model takes %v pixels, the preset gives %v: choose a --preset, or --size and --crop", m.size, p.Output())
	}
	return nil
}
