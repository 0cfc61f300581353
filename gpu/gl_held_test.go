//go:build cgo && (linux || windows)

package gpu

import (
	"context"
	"strings"
	"testing"
)

// TestHeldSlots: what a pass left in memory shared with the GPU is untouched by as many transfers as come before it is collected. A driver
// without such memory (GL 4.4, ARB_buffer_storage) leaves nothing: the pass has its numbers when it ends.
func TestHeldSlots(t *testing.T) {
	ctx := context.Background()
	d, g := openReal(t, Options{Staged: true})
	if !g.immutable && strings.Contains(d.Info().Renderer, "llvmpipe") { // zink on lavapipe calls itself so, too
		t.Fatal("no mapped memory, where Mesa has it")
	}
	filled := func(name string, v float32) *Buffer {
		b, err := d.NewBuffer(ctx, name, 16)
		if err != nil {
			t.Fatal(err)
		}
		if err := b.Upload(ctx, 0, []float32{v, v, v, v}); err != nil {
			t.Fatal(err)
		}
		return b
	}
	mine, other := filled("mine", 1), filled("other", 2)
	got, seen := make([]float32, 4), make([]float32, 4)
	left := false
	err := d.do(ctx, func() error {
		p := &Pass{Downloads: []Transfer{{Buffer: mine, Data: got}}, Queued: func() {}}
		_, rest, err := g.run(ctx, p, &Recording{dev: d})
		if err != nil || rest == nil {
			return err
		}
		left = true
		for range 2 * stagingSlots {
			if err := g.download(ctx, other, 0, floatBytes(seen)); err != nil {
				return err
			}
		}
		for done := false; !done; {
			if done, err = rest(); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil || left != g.immutable || got[0] != 1 || got[3] != 1 || left && seen[0] != 2 {
		t.Errorf("got %v, the others %v; left: %v; %v", got, seen, left, err)
	}
}
