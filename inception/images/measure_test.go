package images

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestMeasure: the size that a file's header and orientation tell is that of the picture as it is decoded; and what the header has
// refused isn't measured either.
func TestMeasure(t *testing.T) {
	ctx, d := context.Background(), NewDecoder(DefaultLimits)
	root := os.DirFS("testdata")
	aside := 0
	files, err := filepath.Glob("testdata/*/*")
	if err != nil {
		t.Fatal(err)
	}
	measured := 0
	for _, path := range files {
		m, release, err := d.Load(ctx, path)
		if err != nil {
			continue
		}
		release()
		measured++
		b := m.Bounds().Size()
		got, err := d.Measure(ctx, path)
		if want := (Size{b.Y, b.X}); err != nil || got != want {
			t.Errorf("%s: %v, %v; want %v", path, got, err, want)
		}
		name, _ := strings.CutPrefix(filepath.ToSlash(path), "testdata/")
		if fromFS, err := d.MeasureFS(ctx, root, name); err != nil || fromFS != got {
			t.Errorf("%s of a file system: %v, %v; want %v", name, fromFS, err, got)
		}
		if x, ok := m.(*turned); ok && x.orientation >= 5 {
			aside++
		}
	}
	if measured < 10 || aside == 0 {
		t.Errorf("%d files were measured, %d lie on their side", measured, aside)
	}
	bad := filepath.Join(t.TempDir(), "bad.png")
	if err := os.WriteFile(bad, []byte("no picture"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Measure(ctx, bad); err == nil || !strings.Contains(err.Error(), bad) {
		t.Errorf("error is %v, want one that names the file", err)
	}
	if _, err := d.Measure(ctx, bad+"x"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error is %v", err)
	}
	small := NewDecoder(Limits{Bytes: 10})
	if _, err := small.Measure(ctx, files[0]); !errors.Is(err, ErrLimit) {
		t.Errorf("error is %v, want a limit's", err)
	}
	little := NewDecoder(Limits{Memory: 10})
	if _, err := little.Measure(ctx, files[0]); !errors.Is(err, ErrMemory) {
		t.Errorf("error is %v, want one about memory", err)
	}
	if _, err := NewDecoder(Limits{Pixels: 4}).Measure(ctx, files[0]); !errors.Is(err, ErrLimit) {
		t.Errorf("error is %v, want a limit's", err)
	}
	ended, cancel := context.WithCancel(ctx)
	cancel()
	full := NewDecoder(DefaultLimits)
	if err := full.memory.Acquire(ctx, full.limits.Memory); err != nil {
		t.Fatal(err)
	}
	if _, err := full.Measure(ended, files[0]); !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v, want the context's", err)
	}
}
