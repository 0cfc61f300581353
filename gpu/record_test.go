package gpu_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"inceptiongl/gpu"
	"inceptiongl/gpu/gputest"
)

// texelAdd adds its two texel views into block 1.
var texelAdd = gpu.Source{Name: "texel_add.comp", Text: `layout(local_size_x = 16) in;
layout(binding = 2) uniform samplerBuffer one;
layout(binding = 0, rgba32f) uniform readonly imageBuffer two;
layout(std430, binding = 1) writeonly buffer Out { vec4 dst[]; };
void main() {
	int i = int(gl_GlobalInvocationID.x);
	if (i < dst.length()) dst[i] = texelFetch(one, i) + imageLoad(two, i);
}
`}

// mixed are waves whose dispatches share some bindings and change others, and what they make of in.
func mixed(t testing.TB, d *gpu.Device, n int) (waves [][]gpu.Dispatch, in, out *gpu.Buffer, want []float32) {
	t.Helper()
	twice, add := program(t, d, double), program(t, d, texelAdd)
	in, out = buffer(t, d, "in", count(n)), buffer(t, d, "out", make([]float32, n))
	a, b := buffer(t, d, "a", make([]float32, n)), buffer(t, d, "b", make([]float32, n))
	sum := func(one, two, to *gpu.Buffer) gpu.Dispatch {
		return gpu.Dispatch{Name: "add", Program: add, Groups: [3]int{(n/4 + 15) / 16, 1, 1}, Storage: []gpu.Storage{{Binding: 1, Buffer: to}},
			Texels: []gpu.Texel{{Unit: 2, Buffer: one}, {Unit: 0, Kind: gpu.TexelImage, Buffer: two}}}
	}
	waves = [][]gpu.Dispatch{
		{doubleDispatch(twice, in, a), doubleDispatch(twice, in, b)}, // a = b = 2x
		{},
		{sum(a, b, out)}, // out = 4x
		{sum(out, b, a)}, // a = 6x
		{doubleDispatch(twice, a, b), doubleDispatch(twice, a, out)}, // b = out = 12x
		{sum(out, a, b)},                // b = 18x
		{sum(b, a, out)},                // out = 24x
		{doubleDispatch(twice, out, a)}, // a = 48x
		{doubleDispatch(twice, a, out)}, // out = 96x
	}
	for _, v := range count(n) {
		want = append(want, 96*v)
	}
	return waves, in, out, want
}

// TestRecording runs one recording with every kind of context, timed and not, in debug mode and out of it.
func TestRecording(t *testing.T) {
	const n = 4 * 333
	can, cancel := context.WithCancel(bg)
	defer cancel()
	for _, debug := range []bool{false, true} {
		d := gputest.New(t, gpu.Options{Debug: debug}, true)
		waves, in, out, want := mixed(t, d, n)
		r, err := d.Record(bg, waves)
		if err != nil {
			t.Fatal(err)
		}
		for i := range waves {
			waves[i] = nil // the recording must not need them
		}
		for _, ctx := range []context.Context{bg, can} {
			for _, timed := range []bool{false, true} {
				got := make([]float32, n)
				timing, err := d.Run(ctx, &gpu.Pass{
					Uploads: []gpu.Transfer{{Buffer: in, Data: count(n)}}, Recording: r, Time: timed,
					Downloads: []gpu.Transfer{{Buffer: out, Data: got}},
				})
				if err != nil {
					t.Fatal(err)
				}
				same(t, got, want)
				if timed != (len(timing.Waves) == len(waves)) || timed && (len(timing.Dispatches[0]) != 2 || len(timing.Dispatches[1]) != 0) {
					t.Errorf("timed %v: %+v", timed, timing)
				}
				if err := out.Upload(bg, 0, make([]float32, n)); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
}

// TestRecordingsShare has two recordings take turns with plain waves, each leaving its own bindings behind.
func TestRecordingsShare(t *testing.T) {
	d := gputest.Open(t)
	var wg sync.WaitGroup
	for k := range 3 {
		n := 4 * (100 + 64*k)
		waves, _, out, want := mixed(t, d, n)
		r, err := d.Record(bg, waves)
		if err != nil {
			t.Fatal(err)
		}
		pass := &gpu.Pass{Recording: r}
		if k == 2 {
			pass = &gpu.Pass{Waves: waves}
		}
		wg.Add(1)
		go func() {
			defer wg.Done()
			for range 20 {
				p, got := *pass, make([]float32, n)
				p.Downloads = []gpu.Transfer{{Buffer: out, Data: got}}
				if _, err := d.Run(bg, &p); err != nil {
					t.Error(err)
					return
				}
				for i := range got {
					if got[i] != want[i] {
						t.Errorf("%d: value %d is %v, want %v", k, i, got[i], want[i])
						return
					}
				}
			}
		}()
	}
	wg.Wait()
}

// TestRecordingOfClosed closes buffers after recording: one that the recording needs, and one that it doesn't.
func TestRecordingOfClosed(t *testing.T) {
	d := gputest.Open(t)
	const n = 256
	p := program(t, d, double)
	a, b, c := buffer(t, d, "a", count(n)), buffer(t, d, "b", make([]float32, n)), buffer(t, d, "c", make([]float32, n))
	r, err := d.Record(bg, [][]gpu.Dispatch{{doubleDispatch(p, a, b)}})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Run(bg, &gpu.Pass{Recording: r}); err != nil {
		t.Fatal(err)
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	buffer(t, d, "d", make([]float32, n)) // may get b's GL name
	for range 2 {
		if _, err := d.Run(bg, &gpu.Pass{Recording: r}); !errors.Is(err, gpu.ErrClosed) {
			t.Errorf("got %v, want ErrClosed", err)
		} else {
			t.Log(err)
		}
	}
}
