package gpu_test

import (
	"testing"

	"inceptiongl/gpu"
)

// TestTwoNewViews reads two buffers through samplers in their very first dispatch: making the second buffer's view must
// not take the first one's texture unit.
func TestTwoNewViews(t *testing.T) {
	d := own(t)
	p := program(t, d, gpu.Source{Name: "two_views.comp", Text: `layout(local_size_x = 1) in;
layout(binding = 0) uniform samplerBuffer a;
layout(binding = 1) uniform samplerBuffer b;
layout(std430, binding = 0) writeonly buffer Out { vec4 dst[]; };
void main() { dst[0] = texelFetch(a, 0) - 10.0 * texelFetch(b, 0); }
`})
	a, b, out := buffer(t, d, "a", count(4)), buffer(t, d, "b", count(4)), buffer(t, d, "out", make([]float32, 4))
	_, err := d.Run(bg, &gpu.Pass{Waves: [][]gpu.Dispatch{{{
		Program: p, Groups: [3]int{1, 1, 1},
		Storage: []gpu.Storage{{Binding: 0, Buffer: out}},
		Texels:  []gpu.Texel{{Unit: 0, Kind: gpu.TexelSampler, Buffer: a}, {Unit: 1, Kind: gpu.TexelSampler, Buffer: b}},
	}}}})
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range download(t, out) {
		if want := float32(i+1) * -9; v != want {
			t.Errorf("element %d is %v, want %v", i, v, want)
		}
	}
}
