//go:build cgo && (linux || windows)

package gpu

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
)

// bothWays opens a device for each way of moving data, whatever its own is.
func bothWays(t testing.TB, f func(t testing.TB, d *Device)) {
	run := func(name string, staged bool) func(testing.TB) {
		return func(t testing.TB) {
			d, g := openReal(t, Options{Debug: true})
			if staged && !g.immutable { // without mapped memory the direct way must do, and is what is tested
				t.Log("the driver has no mapped memory: the direct way once more")
				f(t, d)
				if g.staged || g.reads != nil {
					t.Errorf("%s: staging without mapped memory", name)
				}
				return
			}
			g.staged = staged // seen by the next job
			f(t, d)
			if staged && (g.reads == nil || !g.staged) {
				t.Errorf("%s: staging was not used", name)
			}
		}
	}
	for name, staged := range map[string]bool{"direct": false, "staged": true} {
		switch t := t.(type) {
		case *testing.T:
			t.Run(name, func(t *testing.T) { run(name, staged)(t) })
		case *testing.B:
			t.Run(name, func(t *testing.B) { run(name, staged)(t) })
		}
	}
}

// TestTransfers moves ranges of all sizes, at any byte, and checks what is around them.
func TestTransfers(t *testing.T) {
	bothWays(t, func(t testing.TB, d *Device) {
		ctx := context.Background()
		const size = 11*stagingSlot + 13
		b, err := d.NewBuffer(ctx, "b", size)
		if err != nil {
			t.Fatal(err)
		}
		r := rand.New(rand.NewPCG(1, 2))
		want := make([]byte, size)
		bytesOf := func(n int) []byte {
			data := make([]byte, n)
			for i := range data {
				data[i] = byte(r.Uint32())
			}
			return data
		}
		check := func(what string) {
			t.Helper()
			got := make([]float32, size/4)
			if err := b.Download(ctx, 1, got); err != nil { // at an odd byte
				t.Fatal(err)
			}
			if raw := floatBytes(got); !bytes.Equal(raw, want[1:1+len(raw)]) {
				t.Fatalf("%s: the buffer holds something else", what)
			}
		}
		for _, n := range []int{1, 3, 4, 5, 255, 4099, stagingSlot - 1, stagingSlot, stagingSlot + 1, 4*stagingSlot + 7, size - 20} {
			for _, offset := range []int{0, 1, 7, 20} {
				if offset+n > size {
					continue
				}
				data := bytesOf(n)
				copy(want[offset:], data)
				if err := b.UploadBytes(ctx, offset, data); err != nil {
					t.Fatal(err)
				}
				for i := range data {
					data[i] = 0 // the buffer must have taken it
				}
			}
			check(fmt.Sprintf("%d bytes", n))
		}
	})
}

// TestTransfersOfPass moves more pieces than there are slots, on both sides of a dispatch.
func TestTransfersOfPass(t *testing.T) {
	bothWays(t, func(t testing.TB, d *Device) {
		ctx := context.Background()
		const n, parts = 3 << 18, 16 // 3 MiB
		p, err := d.Program(ctx, Source{Name: "next.comp", Text: `layout(local_size_x = 64) in;
layout(std430, binding = 0) buffer Data { float v[]; };
void main() { v[gl_GlobalInvocationID.x] += 1.0; }
`})
		if err != nil {
			t.Fatal(err)
		}
		b, err := d.NewBuffer(ctx, "b", 4*n)
		if err != nil {
			t.Fatal(err)
		}
		in, out := make([]float32, n), make([]float32, n)
		pass := &Pass{Waves: [][]Dispatch{{{Name: "next", Program: p, Groups: [3]int{n / 64, 1, 1}, Storage: []Storage{{Buffer: b}}}}}}
		for k := range parts {
			first, end := n*k/parts, n*(k+1)/parts
			pass.Uploads = append(pass.Uploads, Transfer{Buffer: b, Offset: 4 * first, Data: in[first:end]})
			pass.Downloads = append(pass.Downloads, Transfer{Buffer: b, Offset: 4 * first, Data: out[first:end]})
		}
		pass.Downloads = append(pass.Downloads, Transfer{Buffer: b})
		for round := range 3 {
			for i := range in {
				in[i] = float32(i%1000 + 1000*round)
			}
			if _, err := d.Run(ctx, pass); err != nil {
				t.Fatal(err)
			}
			for i := range out {
				if out[i] != in[i]+1 {
					t.Fatalf("round %d: value %d is %v, want %v", round, i, out[i], in[i]+1)
				}
			}
		}
		cancelled, cancel := context.WithCancel(ctx)
		cancel()
		if err := b.Download(cancelled, 0, out); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want context.Canceled", err)
		}
	})
}

// TestPassesInFlight has more passes of one buffer at once than there are slots: where transfers are staged, each is queued while those
// before are still on the GPU. Each has its own answer, and one that is cancelled keeps no slot.
func TestPassesInFlight(t *testing.T) {
	bothWays(t, func(t testing.TB, d *Device) {
		ctx := context.Background()
		const n = 1 << 16
		p, err := d.Program(ctx, Source{Name: "mix.comp", Text: `layout(local_size_x = 64) in;
layout(std430, binding = 0) buffer Data { float v[]; };
void main() { float x = v[gl_GlobalInvocationID.x]; for (int i = 0; i < 50; i++) x = x * 0.99 + 1.0; v[gl_GlobalInvocationID.x] = x; }
`})
		if err != nil {
			t.Fatal(err)
		}
		b, err := d.NewBuffer(ctx, "b", 4*n)
		if err != nil {
			t.Fatal(err)
		}
		var waves [][]Dispatch
		for range 20 {
			waves = append(waves, []Dispatch{{Name: "mix", Program: p, Groups: [3]int{n / 64, 1, 1}, Storage: []Storage{{Buffer: b}}}})
		}
		r, err := d.Record(ctx, waves)
		if err != nil {
			t.Fatal(err)
		}
		pass := func(seed int) *Pass {
			in := make([]float32, n)
			for i := range in {
				in[i] = float32(i%251*seed) * 1e30 // far from the fixed point, which no pass comes near
			}
			return &Pass{Uploads: []Transfer{{Buffer: b, Data: in}}, Recording: r, Downloads: []Transfer{{Buffer: b, Data: make([]float32, n)}}}
		}
		const passes = 12
		var want [passes][]float32
		for k := range want { // one after the other
			x := pass(k)
			if _, err := d.Run(ctx, x); err != nil {
				t.Fatal(err)
			}
			want[k] = x.Downloads[0].Data
		}
		for round := range 3 {
			var queued atomic.Int32
			turn := make(chan struct{}, 1) // the buffer is one pass's until that is queued
			turn <- struct{}{}
			var all sync.WaitGroup
			for k := range passes {
				all.Add(1)
				go func() {
					defer all.Done()
					mine, cancel := context.WithCancel(ctx)
					defer cancel()
					gone := k%4 == 3 // cancelled on its way
					x := pass(k)
					<-turn
					free := sync.OnceFunc(func() { turn <- struct{}{} })
					x.Queued = func() {
						queued.Add(1)
						if gone {
							cancel()
						}
						free()
					}
					_, err := d.Run(mine, x)
					free()
					if gone && errors.Is(err, context.Canceled) {
						return
					}
					if err != nil {
						t.Errorf("round %d, pass %d: %v", round, k, err)
					} else if !slices.Equal(x.Downloads[0].Data, want[k]) {
						t.Errorf("round %d, pass %d has another answer than alone", round, k)
					}
				}()
			}
			all.Wait()
			staged := d.drv.(*glDriver).staged
			if n := queued.Load(); (n > 0) != staged {
				t.Errorf("%d passes were left to the GPU, staged %v", n, staged)
			}
			if g := d.drv.(*glDriver); staged && g.reads.free() != stagingSlots {
				t.Errorf("%d slots are free, want %d", g.reads.free(), stagingSlots)
			}
		}
	})
}

// TestStagingMissing has the driver refuse to map: transfers must go the direct way.
func TestStagingMissing(t *testing.T) {
	d, g := openReal(t, Options{})
	ctx := context.Background()
	err := d.do(ctx, func() error {
		if s := newStaging(0); s != nil { // a map without a purpose is an error
			return errors.New("mapped")
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	b, err := d.NewBuffer(ctx, "b", 16)
	if err != nil {
		t.Fatal(err)
	}
	got := make([]float32, 4)
	if err := errors.Join(b.Upload(ctx, 0, []float32{1, 2, 3, 4}), b.Download(ctx, 0, got)); err != nil || got[3] != 4 {
		t.Errorf("got %v, %v", got, err)
	}
	if g.quirks.Staging != !d.Info().Software && g.immutable {
		t.Errorf("staging is %v on %s", g.quirks.Staging, d.Info().Renderer)
	}
}

// BenchmarkTransfers compares both ways; see Traits.Staging.
func BenchmarkTransfers(b *testing.B) {
	for _, size := range []int{4 << 10, 600 << 10, 16 << 20} {
		data := make([]float32, size/4)
		b.Run(fmt.Sprintf("%dKiB", size>>10), func(b *testing.B) {
			bothWays(b, func(t testing.TB, d *Device) {
				b := t.(*testing.B)
				ctx := context.Background()
				buf, err := d.NewBuffer(ctx, "b", size)
				if err != nil {
					b.Fatal(err)
				}
				b.SetBytes(int64(2 * size))
				b.ResetTimer()
				for range b.N {
					if err := errors.Join(buf.Upload(ctx, 0, data), buf.Download(ctx, 0, data)); err != nil {
						b.Fatal(err)
					}
				}
			})
		})
	}
}
