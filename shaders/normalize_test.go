package shaders_test

import (
	"testing"

	"inceptiongl/inception/graph"
	"inceptiongl/inception/tensor"
	"inceptiongl/shaders"
)

// normalizeCases are every type by pixels and in groups: of one channel, of whole texels, of texels that groups share, of all.
func normalizeCases() []opCase {
	var all []opCase
	kinds := []graph.NormalizeKind{graph.Standard, graph.RootMeanSquare, graph.L1, graph.L2}
	add := func(s tensor.Shape, groups int) {
		i := len(all)
		c := opCase{kernel: shaders.Normalize, in: []tensor.Shape{s}, scale: 3,
			op: graph.Normalize{Type: kinds[i%4], Channels: s.C, Groups: groups, Eps: []float64{1e-5, 0, 0.5}[i%3], Scale: "scale"}}
		n := c.op.(graph.Normalize)
		if groups > 0 {
			c.kernel = shaders.NormalizeGroups
		}
		if i%2 == 0 {
			n.Shift = "shift"
		}
		switch i % 5 {
		case 1:
			c.act = graph.ReLU{}
		case 2:
			c.dstC, c.channel = s.C+9, 3
		case 3:
			c.special = []float32{nan, inf, -inf}[i/5%3]
		case 4:
			c.fill = far
		}
		c.op = n
		all = append(all, c)
	}
	for range 2 { // other types and epsilons the second time
		for _, s := range []tensor.Shape{shape(1, 1, 1, 1), shape(2, 13, 7, 9), shape(3, 16, 5, 1), shape(1, 130, 2, 3)} {
			add(s, 0)
			add(s, 1)
			add(s, s.C)
		}
		add(shape(2, 6, 5, 7), 2)
		add(shape(1, 20, 3, 50), 4)
		add(shape(2, 16, 9, 9), 4)
		add(shape(1, 12, 4, 3), 6)
		add(shape(2, 8, 1, 1), 2)
	}
	return all
}

// far fills v with numbers far from 0 beside their differences: what a mean square less a squared mean has no digits for.
func far(g *gen, v []float32) {
	for i := range v {
		v[i] = float32(1000 + g.NormFloat64())
	}
}

// TestNormalize runs every kernel on every case that it serves.
func TestNormalize(t *testing.T) {
	for _, l := range newLabs(t) {
		g, ran := newGen(), 0
		for i, c := range normalizeCases() {
			p, err := g.opProblem(c)
			if err != nil {
				t.Fatal(err)
			}
			kernels := []shaders.Key{{Kernel: c.kernel}}
			switch {
			case c.kernel == shaders.Normalize:
				kernels = append(kernels, shaders.Key{Kernel: shaders.NormalizeWide}, shaders.Key{Kernel: shaders.NormalizeWide, LocalX: 16})
			case i%4 == 0:
				kernels[0].LocalX = 256
			}
			ran += l.sweep(t, p, asStored(p, kernels...))
		}
		if ran < len(normalizeCases()) {
			t.Errorf("%d cases ran", ran)
		}
	}
}
