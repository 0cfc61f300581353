package gpu_test

import (
	"errors"
	"math"
	"testing"

	"inceptiongl/gpu"
	"inceptiongl/gpu/gputest"
)

func TestRoundTrip(t *testing.T) {
	d := gputest.Open(t)
	const n, off = 513, 16
	b := buffer(t, d, "b", make([]float32, off+n+off))
	guard := float32(math.Inf(-1))
	all := make([]float32, off+n+off)
	for i := range all {
		all[i] = guard
	}
	if err := b.Upload(bg, 0, all); err != nil {
		t.Fatal(err)
	}
	if err := b.Upload(bg, 4*off, count(n)); err != nil {
		t.Fatal(err)
	}
	copy(all[off:], count(n))
	same(t, download(t, b), all)

	// A partial download must not write past its slice either.
	host := make([]float32, n+2)
	if err := b.Download(bg, 4*off, host[1:n+1]); err != nil {
		t.Fatal(err)
	}
	same(t, host, append(append([]float32{0}, count(n)...), 0))
}

// TestBits sends what arithmetic would change: NaN payloads, subnormals, -0.
func TestBits(t *testing.T) {
	d := gputest.Open(t)
	bits := []uint32{0x7fc01234, 0xff800000, 0x80000000, 1, 0x007fffff, 0x3f800000}
	in := make([]float32, len(bits))
	for i, v := range bits {
		in[i] = math.Float32frombits(v)
	}
	for i, v := range download(t, buffer(t, d, "b", in)) {
		if got := math.Float32bits(v); got != bits[i] {
			t.Errorf("value %d is %#08x, want %#08x", i, got, bits[i])
		}
	}
}

func TestNewBufferIsZero(t *testing.T) {
	d := gputest.Open(t)
	for _, size := range []int{1, 4, 7, 4096, 1 << 20} {
		b, err := d.NewBuffer(bg, "zero", size)
		if err != nil {
			t.Fatal(err)
		}
		if b.Size() != size {
			t.Errorf("Size is %d, want %d", b.Size(), size)
		}
		same(t, download(t, b), make([]float32, size/4))
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestBufferRefuses(t *testing.T) {
	d := gputest.Open(t)
	for _, size := range []int{0, -1, math.MinInt} {
		if _, err := d.NewBuffer(bg, "b", size); err == nil {
			t.Errorf("no error for size %d", size)
		}
	}
	if _, err := d.NewBuffer(bg, "b", math.MaxInt); !errors.Is(err, gpu.ErrLimit) {
		t.Errorf("the largest int gave %v, want ErrLimit", err)
	}
	b := buffer(t, d, "b", count(8))
	for _, tc := range []struct{ off, n int }{{-1, 1}, {-4, 0}, {1, 8}, {32, 1}, {33, 0}, {0, 9}, {math.MaxInt, 1}, {math.MinInt, 1}, {math.MaxInt - 3, 8}} {
		if err := b.Upload(bg, tc.off, make([]float32, tc.n)); err == nil {
			t.Errorf("no error for an upload of %d values at byte %d", tc.n, tc.off)
		}
		if err := b.Download(bg, tc.off, make([]float32, tc.n)); err == nil {
			t.Errorf("no error for a download of %d values at byte %d", tc.n, tc.off)
		}
	}
	if err := b.Upload(bg, 32, nil); err != nil {
		t.Errorf("an empty upload at the end: %v", err)
	}
	if err := b.Download(bg, 0, nil); err != nil {
		t.Errorf("an empty download: %v", err)
	}
	same(t, download(t, b), count(8))
	if err := b.Close(); err != nil {
		t.Error(err)
	}
	if err := b.Close(); err != nil {
		t.Errorf("closing again: %v", err)
	}
	if err := b.Upload(bg, 0, count(1)); !errors.Is(err, gpu.ErrClosed) {
		t.Errorf("upload after Close gave %v, want ErrClosed", err)
	}
	if err := b.Download(bg, 0, count(1)); !errors.Is(err, gpu.ErrClosed) {
		t.Errorf("download after Close gave %v, want ErrClosed", err)
	}
}
