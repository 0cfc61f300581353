package gpu_test

import (
	"context"
	"testing"

	"inceptiongl/gpu"
	"inceptiongl/gpu/gputest"
)

var bg = context.Background()

func TestMain(m *testing.M) { gputest.Main(m) }

// double reads block 0 and writes twice its values to block 1.
var double = gpu.Source{
	Name: "double.comp",
	Text: `layout(local_size_x = 64) in;
layout(std430, binding = 0) readonly buffer In { float src[]; };
layout(std430, binding = 1) writeonly buffer Out { float dst[]; };
void main() {
	uint i = gl_GlobalInvocationID.x;
	if (i < dst.length()) dst[i] = 2.0 * src[i];
}
`}

// own opens a debug device that only this test uses.
func own(t testing.TB) *gpu.Device {
	t.Helper()
	return gputest.New(t, gpu.Options{Debug: true}, true)
}

func buffer(t testing.TB, d *gpu.Device, name string, data []float32) *gpu.Buffer {
	t.Helper()
	b, err := d.NewBuffer(bg, name, 4*len(data))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := b.Upload(bg, 0, data); err != nil {
		t.Fatal(err)
	}
	return b
}

func program(t testing.TB, d *gpu.Device, s gpu.Source) *gpu.Program {
	t.Helper()
	p, err := d.Program(bg, s)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func download(t testing.TB, b *gpu.Buffer) []float32 {
	t.Helper()
	data := make([]float32, b.Size()/4)
	if err := b.Download(bg, 0, data); err != nil {
		t.Fatal(err)
	}
	return data
}

func count(n int) []float32 {
	v := make([]float32, n)
	for i := range v {
		v[i] = float32(i + 1)
	}
	return v
}

// same compares bit by bit but for the sign of zero, and treats NaN as different.
func same(t testing.TB, got, want []float32) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("got %d values, want %d", len(got), len(want))
	}
	for i := range got {
		if !(got[i] == want[i]) {
			t.Fatalf("value %d is %v, want %v", i, got[i], want[i])
		}
	}
}

func doubleDispatch(p *gpu.Program, from, to *gpu.Buffer) gpu.Dispatch {
	return gpu.Dispatch{
		Name: "double", Program: p,
		Storage: []gpu.Storage{{Binding: 0, Buffer: from}, {Binding: 1, Buffer: to}},
		Groups:  [3]int{(to.Size()/4 + 63) / 64, 1, 1},
	}
}
