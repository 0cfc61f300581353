package gpu_test

import (
	"context"
	"testing"

	"inceptiongl/gpu"
	"inceptiongl/gpu/gputest"
)

// tinyWaves are a thousand dispatches that do nothing, four to a wave, with three buffers each, as small layers have.
func tinyWaves(tb testing.TB, d *gpu.Device) [][]gpu.Dispatch {
	p := program(tb, d, gpu.Source{Name: "tiny.comp", Text: `layout(local_size_x = 1) in;
layout(std430, binding = 0) readonly buffer In { float src[]; };
layout(std430, binding = 1) writeonly buffer Out { float dst[]; };
layout(std430, binding = 2) readonly buffer Weights { float w[]; };
void main() { if (src.length() + w.length() == 0) dst[0] = 0.0; }
`})
	const waves = 250
	data := buffer(tb, d, "data", make([]float32, 64*(waves+1)))
	weights := buffer(tb, d, "weights", make([]float32, 64))
	list := make([][]gpu.Dispatch, waves)
	for i := range list {
		for range 4 {
			list[i] = append(list[i], gpu.Dispatch{Name: "tiny", Program: p, Groups: [3]int{1, 1, 1}, Storage: []gpu.Storage{
				{Binding: 0, Buffer: data, Offset: 256 * i, Size: 256}, {Binding: 1, Buffer: data, Offset: 256 * (i + 1), Size: 256}, {Binding: 2, Buffer: weights}}})
		}
	}
	return list
}

func runs(b *testing.B, d *gpu.Device, name string, ctx context.Context, p *gpu.Pass) {
	b.Run(name, func(b *testing.B) {
		for range b.N {
			if _, err := d.Run(ctx, p); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkTiny shows what a pass costs beside the work of its dispatches.
func BenchmarkTiny(b *testing.B) {
	d := gputest.New(b, gpu.Options{}, true)
	waves := tinyWaves(b, d)
	can, cancel := context.WithCancel(bg)
	defer cancel()
	runs(b, d, "waves", bg, &gpu.Pass{Waves: waves})
	runs(b, d, "waves/cancellable", can, &gpu.Pass{Waves: waves})
	r, err := d.Record(bg, waves)
	if err != nil {
		b.Fatal(err)
	}
	runs(b, d, "recording", bg, &gpu.Pass{Recording: r})
	runs(b, d, "recording/cancellable", can, &gpu.Pass{Recording: r})
}
