package gpu_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"inceptiongl/gpu"
	"inceptiongl/gpu/gputest"
)

// TestOutOfRange reads and writes far outside a storage block in the context that users get. Where access is robust, reads
// give 0 or a value of the buffer, and nothing else changes or breaks.
func TestOutOfRange(t *testing.T) {
	d := gputest.New(t, gpu.Options{}, true)
	lim := d.Limits()
	t.Logf("robust access: %v, resets reported: %v", lim.RobustAccess, lim.ResetStatus)
	if i := d.Info(); strings.Contains(i.Renderer, "llvmpipe") && i.Backend == "egl" && os.Getenv(gputest.Plain) != "1" && !lim.RobustAccess {
		t.Errorf("%s through %s offers robust access, and we did not get it", i.Renderer, i.Backend)
	}
	if !lim.RobustAccess {
		return // the driver promises nothing, up to the end of the process
	}
	p := program(t, d, gpu.Source{Name: "outside.comp", Text: `layout(local_size_x = 1) in;
layout(std430, binding = 0) buffer In { float src[]; };
layout(std430, binding = 1) writeonly buffer Out { float dst[]; };
layout(std430, binding = 2) readonly buffer At { float at[]; };
void main() {
	int i = int(at[0]) * 4096 + int(at[1]);
	dst[0] = src[i];
	dst[1] = src[0];
	src[i + 1] = 1e9;
}
`})
	for _, at := range [][2]float32{{0, 3}, {0, 64}, {1, 0}, {1000, 0}, {65535, 7}, {131000, 0}, {0, -1}, {-1000, 0}, {-131000, 0}} {
		t.Run(fmt.Sprint(at), func(t *testing.T) {
			src, beside := buffer(t, d, "src", count(64)), buffer(t, d, "beside", count(64))
			out, where := buffer(t, d, "out", []float32{-1, -1}), buffer(t, d, "at", at[:])
			x := gpu.Dispatch{Name: "outside", Program: p, Groups: [3]int{1, 1, 1}, Storage: []gpu.Storage{
				{Binding: 0, Buffer: src}, {Binding: 1, Buffer: out}, {Binding: 2, Buffer: where}}}
			if _, err := d.Run(bg, &gpu.Pass{Waves: [][]gpu.Dispatch{{x}}}); err != nil {
				t.Fatal(err)
			}
			got := download(t, out)
			if v := got[0]; v != 1e9 && (v != float32(int(v)) || v < 0 || v > 64) {
				t.Errorf("read %v, which is neither 0 nor in the buffer", v)
			}
			if at == [2]float32{0, 3} && got[0] != 4 {
				t.Errorf("inside the buffer read %v, want 4", got[0])
			}
			same(t, download(t, beside), count(64))
		})
	}
	// The context is still good.
	a, b := buffer(t, d, "a", count(64)), buffer(t, d, "b", make([]float32, 64))
	if _, err := d.Run(bg, &gpu.Pass{Waves: [][]gpu.Dispatch{{doubleDispatch(program(t, d, double), a, b)}}}); err != nil {
		t.Fatal(err)
	}
	if got := download(t, b); got[63] != 128 {
		t.Errorf("got %v, want 128", got[63])
	}
}
