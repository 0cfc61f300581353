//go:build cgo && (linux || windows)

package gpu

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/go-gl/gl/v4.3-core/gl"
)

// A pass that can be cancelled stays only so many pieces ahead of the GPU, since
// what is queued cannot be taken back. A piece is one wave where waves are slow,
// more where a few would be done before we notice and the GPU would stand idle.
const (
	piecesAhead = 4
	mostWaves   = 8 // of a piece
)

// How long one call waits before it looks whether the context has ended, or, if
// it never does, whether the GPU was reset.
const (
	shortWait = time.Millisecond
	longWait  = time.Second
)

// How long the GPU may leave what it was given undone before it counts as lost. Drivers reset a GPU that hangs after seconds, but not
// all do, nor all kinds of hanging. On the CPU a pass may well take minutes.
const (
	patience         = 5 * time.Minute
	softwarePatience = 6 * time.Hour
)

var errHung = fmt.Errorf("%w: the GPU has not finished for minutes what it was given: it hangs", ErrContextLost)

// fences follow the pieces of a pass on the GPU, which may run long after they
// were queued. Section 4.1 has sync objects.
type fences struct {
	g       *glDriver
	ctx     context.Context
	pending []uintptr     // oldest first
	waves   int           // of the next piece
	since   time.Duration // the end of room before this one
}

// room returns once there may be another piece, and how many waves it may have.
// Without a way to cancel the pass that is all of them.
func (f *fences) room() (waves int, err error) {
	if err := ended(f.ctx); err != nil {
		return 0, err
	}
	if f.ctx.Done() == nil {
		return math.MaxInt, nil
	}
	f.waves = max(f.waves, 1)
	if len(f.pending) >= piecesAhead {
		if err := f.g.await(f.ctx, f.pending[0]); err != nil {
			return 0, err
		}
		gl.DeleteSync(f.pending[0])
		f.pending = f.pending[1:]
		// Queueing counts, too: some drivers do the work there.
		if now()-f.since < shortWait {
			f.waves = min(2*f.waves, mostWaves)
		} else {
			f.waves = 1
		}
	}
	f.since = now()
	return f.waves, nil
}

// mark notes that a piece was queued, and sends it to the GPU.
func (f *fences) mark() {
	if f.ctx.Done() == nil {
		return
	}
	if fence := newFence(); fence != 0 {
		f.pending = append(f.pending, fence)
		gl.Flush()
	}
}

// all waits for everything that was queued.
func (f *fences) all() error {
	fence := newFence()
	if fence == 0 {
		return nil
	}
	f.pending = append(f.pending, fence)
	return f.g.await(f.ctx, fence)
}

// drop forgets the fences. What is queued stays so.
func (f *fences) drop() {
	for _, fence := range f.pending {
		gl.DeleteSync(fence)
	}
}

// newFence returns 0 if there can be none, but then everything has finished.
func newFence() uintptr {
	fence := gl.FenceSync(gl.SYNC_GPU_COMMANDS_COMPLETE, 0)
	if fence == 0 {
		gl.Finish()
	}
	return fence
}

// await waits until the GPU has passed the fence or ctx ends. The next check has
// the details of what fails.
func (g *glDriver) await(ctx context.Context, fence uintptr) error {
	slice := shortWait
	if ctx.Done() == nil {
		slice = longWait
	}
	if g.hung {
		return errHung
	}
	for since := now(); ; {
		if passed, err := g.passed(ctx, fence, slice); passed || err != nil {
			return err
		}
		if err := g.stuck(since); err != nil {
			return err
		}
	}
}

// stuck gives the GPU up where it was given work too long ago.
func (g *glDriver) stuck(since time.Duration) error {
	if now()-since < g.patience {
		return nil
	}
	g.hung = true
	return errHung
}

// passed waits for a slice of time at most.
func (g *glDriver) passed(ctx context.Context, fence uintptr, slice time.Duration) (bool, error) {
	switch gl.ClientWaitSync(fence, gl.SYNC_FLUSH_COMMANDS_BIT, uint64(slice)) {
	case gl.ALREADY_SIGNALED, gl.CONDITION_SATISFIED:
		return true, nil
	case gl.TIMEOUT_EXPIRED:
	default:
		return false, errors.New("glClientWaitSync failed")
	}
	if g.resetStatus() != gl.NO_ERROR {
		return false, ErrContextLost // the GPU may never pass the fence
	}
	return false, ended(ctx)
}

// finish waits for the GPU. Errors are for the next check to find.
func (g *glDriver) finish() {
	f := fences{g: g, ctx: context.Background()}
	_ = f.all()
	f.drop()
}
