//go:build cgo && (linux || windows)

package gpu

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/go-gl/gl/v4.3-core/gl"
)

// tooMuch is more bytes than any device has.
const tooMuch = 1 << 46

// openReal opens a device whose driver the test may tamper with.
func openReal(t testing.TB, o Options) (*Device, *glDriver) {
	t.Helper()
	if os.Getenv("INCEPTIONGL_NO_GPU") == "1" {
		t.Skip("INCEPTIONGL_NO_GPU=1: GPU tests skipped by choice")
	}
	d, err := Open(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d, d.drv.(*glDriver)
}

// TestOutOfMemory asks for more than there is. The caller hears of it, and nobody else.
func TestOutOfMemory(t *testing.T) {
	ctx := context.Background()
	for _, o := range []Options{{}, {Debug: true}} {
		d, _ := openReal(t, o)
		b, err := d.NewBuffer(ctx, "innocent", 16)
		if err != nil {
			t.Fatal(err)
		}
		want := []float32{1, 2, 3, 4}
		if err := b.Upload(ctx, 0, want); err != nil {
			t.Fatal(err)
		}
		for range 3 {
			_, err = d.NewBuffer(ctx, "huge", tooMuch)
			if !errors.Is(err, ErrOutOfMemory) || errors.Is(err, ErrContextLost) || d.Err() != nil {
				t.Fatalf("got %v, and then the device has %v; want ErrOutOfMemory and a device alive", err, d.Err())
			}
		}
		t.Log(err)
		got := make([]float32, 4)
		if err := b.Download(ctx, 0, got); err != nil || got[3] != 4 {
			t.Errorf("the buffer made before holds %v, %v; want %v", got, err, want)
		}
		if _, err := d.NewBuffer(ctx, "after", 1<<20); err != nil {
			t.Error(err)
		}
	}
}

// TestOutOfMemoryForGood has the context fail its proof, or run out of memory where its state matters.
func TestOutOfMemoryForGood(t *testing.T) {
	ctx := context.Background()
	for _, tc := range []struct {
		name, says string
		call       func(*Device, *glDriver) error
	}{
		{"reset after it", "another program", func(d *Device, g *glDriver) error {
			g.reset = resetAt(2)
			_, err := d.NewBuffer(ctx, "huge", tooMuch)
			return err
		}},
		{"reset with it", "another program", func(d *Device, g *glDriver) error {
			g.reset = resetAt(1)
			_, err := d.NewBuffer(ctx, "huge", tooMuch)
			return err
		}},
		{"elsewhere", "GL_OUT_OF_MEMORY", func(d *Device, g *glDriver) error {
			return d.do(ctx, func() error {
				var id uint32
				gl.GenBuffers(1, &id)
				gl.BindBuffer(gl.COPY_WRITE_BUFFER, id)
				gl.BufferData(gl.COPY_WRITE_BUFFER, tooMuch, nil, gl.DYNAMIC_COPY)
				return g.check()
			})
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			d, g := openReal(t, Options{})
			err := tc.call(d, g)
			if !errors.Is(err, ErrOutOfMemory) || !errors.Is(err, ErrContextLost) || !strings.Contains(err.Error(), tc.says) {
				t.Errorf("got %v, want ErrOutOfMemory, ErrContextLost and %q", err, tc.says)
			}
			if err := d.Err(); !errors.Is(err, ErrContextLost) {
				t.Errorf("the device has %v, want ErrContextLost", err)
			}
		})
	}
}

// resetAt reports a reset at the n-th question and no other.
func resetAt(n int) func() uint32 {
	return func() uint32 {
		if n--; n == 0 {
			return gl.INNOCENT_CONTEXT_RESET_ARB
		}
		return gl.NO_ERROR
	}
}
