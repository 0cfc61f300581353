package shaders_test

import (
	"math"
	"testing"

	"inceptiongl/inception/graph"
	"inceptiongl/inception/tensor"
	"inceptiongl/shaders"
)

// binaryKernel is the one that serves all shapes.
func binaryKernel(kind graph.BinaryKind) *shaders.Kernel {
	if kind == graph.Add || kind == graph.Mul {
		return shaders.Find(kind.String() + "_broadcast")
	}
	return shaders.Find(kind.String())
}

// fewNumbers fills v so that two of them are often equal, and holds all that operations are awkward at.
func fewNumbers(g *gen, v []float32) {
	some := []float32{nan, inf, -inf, 0, float32(math.Copysign(0, -1)), 1, -1, 2, -2, 3, -3, 0.5, -0.5, 1.5, -7, 0x1p24, -0x1p24 - 2, 1e30, -1e30, 1e-30, 1 + 0x1p-23, math.MaxFloat32, 0x1p-126}
	for i := range v {
		if v[i] = some[g.IntN(len(some))]; g.IntN(3) == 0 {
			v[i] = float32(g.NormFloat64() * 10)
		}
	}
}

// TestBinary runs every operation on shapes that broadcast along every axis, either way and both ways. The operations are programs of
// their own: they take turns with the contexts and the ways to read.
func TestBinary(t *testing.T) {
	pairs := [][2]tensor.Shape{
		{shape(2, 13, 7, 9), shape(2, 13, 7, 9)},
		{shape(2, 13, 7, 9), shape(2, 13, 1, 1)},
		{shape(2, 13, 7, 9), shape(1, 1, 1, 1)},
		{shape(1, 1, 1, 9), shape(2, 13, 7, 1)},
		{shape(1, 13, 7, 1), shape(3, 1, 1, 5)},
		{shape(3, 1, 4, 5), shape(3, 16, 4, 5)},
		{shape(1, 6, 4, 5), shape(3, 6, 4, 5)},
		{shape(3, 17, 1, 1), shape(1, 17, 4, 5)},
		{shape(1, 1, 1, 1), shape(1, 1, 1, 1)},
	}
	ran := 0
	for turn, l := range newLabs(t) {
		g := newGen()
		for i, kind := range graph.BinaryKinds() {
			if i%2 != turn {
				continue
			}
			kernel := binaryKernel(kind)
			if kernel == nil {
				t.Fatalf("no kernel for %v", kind)
			}
			for k, s := range pairs {
				c := opCase{kernel: kernel, op: graph.Binary{Type: kind}, in: s[:], fill: fewNumbers}
				if k%3 == 1 {
					c.act, c.dstC, c.channel = graph.ReLU{}, 40, 3
				}
				p, err := g.opProblem(c)
				if err != nil {
					t.Fatal(err)
				}
				key := shaders.Key{Kernel: kernel, Load: shaders.Loads()[i/2%3], Aligned: c.dstC == 0}
				if kind.String() != kernel.Name && (k < 2 || k == 8) {
					if err := key.For(&p.params).Check(&p.params, l.target()); err == nil {
						t.Errorf("%v takes %v, which a simpler kernel serves", kernel, s)
					}
					continue
				}
				ran += l.sweep(t, p, []shaders.Key{key})
			}
		}
	}
	if ran < 17*9-2*3 {
		t.Errorf("%d cases ran", ran)
	}
}
