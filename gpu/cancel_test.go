package gpu_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"inceptiongl/gpu"
	"inceptiongl/gpu/gputest"
)

// slow adds 1 to every value, the long way: n[0] iterations that depend on each other.
var slow = gpu.Source{
	Name: "slow.comp",
	Text: `layout(local_size_x = 64) in;
layout(std430, binding = 0) buffer Data { float v[]; };
layout(std430, binding = 1) readonly buffer Count { float n[]; };
void main() {
	uint i = gl_GlobalInvocationID.x;
	float s = v[i];
	for (int k = 0; k < int(n[0]); k++) s = sqrt(s * s + n[1]);
	v[i] = v[i] + 1.0 + s * n[1];
}
`}

// slowWaves are waves, each after the other, that take about 20 ms each, or what the device's limit of iterations allows.
// They have run before, since drivers leave some of the compiling to the first dispatch.
func slowWaves(t *testing.T, d *gpu.Device, waves int) ([][]gpu.Dispatch, *gpu.Buffer) {
	t.Helper()
	const values = 64 * 64
	p := program(t, d, slow)
	v, n := buffer(t, d, "v", make([]float32, values)), buffer(t, d, "n", []float32{1000, 0})
	x := gpu.Dispatch{Name: "slow", Program: p, Groups: [3]int{values / 64, 1, 1},
		Storage: []gpu.Storage{{Binding: 0, Buffer: v}, {Binding: 1, Buffer: n}}}
	list := make([][]gpu.Dispatch, waves)
	for i := range list {
		list[i] = []gpu.Dispatch{x}
	}
	took := time.Hour
	for range 6 { // the first run compiles, and others may find the machine busy
		begin := time.Now()
		if _, err := d.Run(bg, &gpu.Pass{Waves: list[:2]}); err != nil {
			t.Fatal(err)
		}
		took = min(took, time.Since(begin)/2)
	}
	most := 1 << 22
	if limit := d.Traits().MaxIterations; limit > 0 {
		most = limit
	}
	loops := min(int(1000*20*time.Millisecond/max(took, time.Microsecond)), most)
	if err := n.Upload(bg, 0, []float32{float32(loops)}); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d iterations in a wave", loops)
	return list, v
}

// TestCancelAtWork ends the context of a pass whose waves are at work or queued. The pass must come back long before its
// time, with the cause, and what comes next must be right.
func TestCancelAtWork(t *testing.T) {
	d := gputest.Open(t)
	const n = 40
	waves, v := slowWaves(t, d, n)
	before := download(t, v)[0]
	begin := time.Now()
	if _, err := d.Run(bg, &gpu.Pass{Waves: waves}); err != nil {
		t.Fatal(err)
	}
	whole := time.Since(begin)
	if got := download(t, v); got[0] != before+n || got[len(got)-1] != before+n {
		t.Fatalf("got %v after %d waves from %v on", got[0], n, before)
	}
	why := errors.New("the client went away")
	for _, tc := range []struct {
		name string
		is   []error
		ctx  func() (context.Context, func())
	}{
		{"deadline", []error{context.DeadlineExceeded}, func() (context.Context, func()) {
			return context.WithTimeout(bg, whole/10)
		}},
		{"cancel with a cause", []error{context.Canceled, why}, func() (context.Context, func()) {
			ctx, cancel := context.WithCancelCause(bg)
			timer := time.AfterFunc(whole/10, func() { cancel(why) })
			return ctx, func() { timer.Stop() }
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			for try := 1; ; try++ {
				ctx, stop := tc.ctx()
				begin := time.Now()
				_, err := d.Run(ctx, &gpu.Pass{
					Uploads: []gpu.Transfer{{Buffer: v, Data: make([]float32, v.Size()/4)}}, Waves: waves,
					Downloads: []gpu.Transfer{{Buffer: v, Data: make([]float32, 1)}},
				})
				back := time.Since(begin)
				stop()
				begin = time.Now()
				checkTwo(t, d, waves, v) // 2 waves, behind those that were queued
				next := time.Since(begin)
				t.Logf("came back after %v of %v: %v; the next pass took %v", back, whole, err, next)
				if back > whole/2 || next > whole/2 {
					if try < 3 {
						continue // another program may have had the machine
					}
					t.Errorf("came back after %v and the next pass took %v, all of it takes %v", back, next, whole)
				}
				for _, is := range tc.is {
					if !errors.Is(err, is) {
						t.Errorf("got %v, want %v", err, is)
					}
				}
				return
			}
		})
	}

	// A context that could end but doesn't changes nothing.
	ctx, cancel := context.WithCancel(bg)
	defer cancel()
	if _, err := d.Run(ctx, &gpu.Pass{Waves: waves[:10], Time: true}); err != nil {
		t.Fatal(err)
	}
	if got := download(t, v); got[0] != 13 {
		t.Errorf("got %v, want 13", got[0])
	}
}

// checkTwo runs two of the waves and checks what they give.
func checkTwo(t *testing.T, d *gpu.Device, waves [][]gpu.Dispatch, v *gpu.Buffer) {
	t.Helper()
	got := make([]float32, v.Size()/4)
	if _, err := d.Run(bg, &gpu.Pass{
		Uploads: []gpu.Transfer{{Buffer: v, Data: count(len(got))}}, Waves: waves[:2],
		Downloads: []gpu.Transfer{{Buffer: v, Data: got}},
	}); err != nil {
		t.Fatal(err)
	}
	want := count(len(got))
	for i := range want {
		want[i] += 2
	}
	same(t, got, want)
}

// TestCloseAfterCancel closes buffers and device while a cancelled pass may still be at work.
func TestCloseAfterCancel(t *testing.T) {
	d := own(t)
	waves, v := slowWaves(t, d, 200)
	ctx, cancel := context.WithTimeout(bg, 20*time.Millisecond)
	defer cancel()
	if _, err := d.Run(ctx, &gpu.Pass{Waves: waves}); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("got %v, want context.DeadlineExceeded", err)
	}
	if err := v.Close(); err != nil {
		t.Error(err)
	}
	if err := d.Close(); err != nil {
		t.Error(err)
	}
}

// BenchmarkRun compares contexts that cannot end with those that can, on many short waves.
func BenchmarkRun(b *testing.B) {
	d := gputest.New(b, gpu.Options{}, true)
	p := program(b, d, double)
	in, out := buffer(b, d, "in", count(4096)), buffer(b, d, "out", make([]float32, 4096))
	waves := make([][]gpu.Dispatch, 54)
	for i := range waves {
		waves[i] = []gpu.Dispatch{doubleDispatch(p, in, out)}
	}
	can, cancel := context.WithCancel(bg)
	defer cancel()
	for _, c := range []struct {
		name string
		ctx  context.Context
	}{{"background", bg}, {"cancellable", can}} {
		b.Run(c.name, func(b *testing.B) {
			for range b.N {
				if _, err := d.Run(c.ctx, &gpu.Pass{Waves: waves}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
