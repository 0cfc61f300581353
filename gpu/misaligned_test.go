package gpu_test

import (
	"strings"
	"testing"

	"inceptiongl/gpu"
)

// TestMisaligned: ranges that start between the places where the device lets them are refused before GL sees them.
func TestMisaligned(t *testing.T) {
	d := own(t)
	p := program(t, d, gpu.Source{Name: "blocks.comp", Text: `layout(local_size_x = 1) in;
layout(std430, binding = 0) writeonly buffer Out { float dst[]; };
layout(std140, binding = 0) uniform Params { float v; };
void main() { dst[0] = v; }
`})
	b := buffer(t, d, "b", count(1024))
	lim := d.Limits()
	tried := 0
	for _, c := range []struct{ storage, uniform int }{{0, 0}, {lim.StorageAlign / 2, 0}, {0, lim.UniformAlign / 2}, {lim.StorageAlign + 1, 0}} {
		x := gpu.Dispatch{Program: p, Groups: [3]int{1, 1, 1}, Storage: []gpu.Storage{{Buffer: b, Offset: c.storage}}, Uniforms: []gpu.Uniforms{{Buffer: b, Offset: c.uniform, Size: 16}}}
		fits := c.storage%lim.StorageAlign == 0 && c.uniform%lim.UniformAlign == 0
		_, err := d.Run(bg, &gpu.Pass{Waves: [][]gpu.Dispatch{{x}}})
		if (err == nil) != fits || err != nil && !strings.Contains(err.Error(), "is not a multiple of") {
			t.Errorf("%+v, multiples of %d and %d: error is %v", c, lim.StorageAlign, lim.UniformAlign, err)
		}
		if !fits {
			tried++
		}
	}
	if tried == 0 {
		t.Error("nothing was misaligned")
	}
}
