package shaders_test

import (
	"testing"

	"inceptiongl/shaders"
)

// TestRegisters: where an invocation can keep few numbers, no tile of many sums is worth timing, and no slice that many registers stage; and
// yet each convolution has a tile, with sums for 16 outputs or more.
func TestRegisters(t *testing.T) {
	few, many := shaders.Target{Multiprocessors: 24, Registers: 76}, shaders.Target{Multiprocessors: 24}
	dropped := 0
	for _, c := range append(append([]convCase{}, pointwiseCases...), convCases...) {
		if c.conv.Groups > 1 {
			continue // conv's, of these kernels
		}
		p, err := newGen().convProblem(c, false)
		if err != nil {
			t.Fatal(err)
		}
		keys, err := shaders.Candidates(convKernels, &p.params, few)
		if err != nil {
			t.Fatal(err)
		}
		tiles := 0
		for _, k := range keys {
			outputs := 4 * k.TileX * k.TileG
			if outputs > 40 || k.Shared() && outputs > 16 {
				t.Errorf("%s: %v has %d sums in an invocation", p.name, k, outputs)
			}
			if k.TileX > 0 {
				tiles++
			}
		}
		if tiles == 0 {
			t.Errorf("%s: no tile among %v", p.name, keys)
		}
		all, err := shaders.Candidates(convKernels, &p.params, many)
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range all {
			if k.Shared() && k.TileX*k.TileG > 4 {
				dropped++
			}
		}
	}
	if dropped == 0 {
		t.Error("with registers enough nothing stages more than 16 outputs: the test shows nothing")
	}
}
