//go:build cgo && (linux || windows)

package gpu

import (
	"context"
	"fmt"
	"time"

	"github.com/go-gl/gl/v4.3-core/gl"
)

// passBarrier covers every way in which a pass reads what a shader wrote
// (section 7.12.2). One constant cannot be forgotten, and costs nothing more.
const passBarrier = gl.SHADER_STORAGE_BARRIER_BIT | gl.TEXTURE_FETCH_BARRIER_BIT |
	gl.SHADER_IMAGE_ACCESS_BARRIER_BIT | gl.UNIFORM_BARRIER_BIT | gl.BUFFER_UPDATE_BARRIER_BIT

func (g *glDriver) run(ctx context.Context, p *Pass, r *Recording) (Timing, rest, error) {
	drainErrors()
	for _, t := range p.Uploads {
		if err := g.put(ctx, t.Buffer, t.Offset, floatBytes(t.Data)); err != nil {
			return Timing{}, nil, joinLine([]error{fmt.Errorf("stopped before the waves: %w", err), g.check()})
		}
	}
	if err := g.checkStep("uploads"); err != nil {
		return Timing{}, nil, err
	}
	clock := g.newClock(ctx, p.Time, r)
	clock.start()
	queue := fences{g: g, ctx: ctx}
	defer queue.drop()
	for w := 0; w < len(r.waves); {
		n, err := queue.room()
		if err != nil {
			return Timing{}, nil, joinLine([]error{fmt.Errorf("stopped before wave %d of %d: %w", w, len(r.waves), err), g.check()})
		}
		n = min(n, len(r.waves)-w)
		if err := g.waves(r, w, n, clock); err != nil {
			return Timing{}, nil, err
		}
		w += n
		queue.mark()
	}
	if left, err := g.leave(ctx, p); left != nil || err != nil {
		return Timing{}, left, err
	}
	if err := g.collect(ctx, &queue, p.Downloads); err != nil {
		return Timing{}, nil, joinLine([]error{errLastWaves(err), g.check()})
	}
	if err := g.check(); err != nil {
		return Timing{}, nil, err
	}
	return clock.timing(r), nil, nil
}

func errLastWaves(err error) error { return fmt.Errorf("stopped while the last waves ran: %w", err) }

// moment is how long the thread waits for the GPU before it looks whether there is
// other work. A pass that comes meanwhile starts that much later at most.
const moment = 100 * time.Microsecond

// leave queues the copies of the downloads' data, and returns what is left to do
// then; nil where the pass has to be waited for here.
func (g *glDriver) leave(ctx context.Context, p *Pass) (rest, error) {
	if p.Queued == nil || p.Time || !g.stage() {
		return nil, nil
	}
	slots := 0
	for _, t := range p.Downloads {
		slots += (4*len(t.Data) + stagingSlot - 1) / stagingSlot
	}
	if slots == 0 || slots >= g.reads.free() { // one is for calls that come meanwhile
		return nil, nil
	}
	q := getter{ctx: ctx, g: g}
	for _, t := range p.Downloads {
		if err := q.get(t.Buffer, t.Offset, floatBytes(t.Data)); err != nil {
			return nil, err
		}
	}
	for _, piece := range q.queued {
		g.reads.held[piece.slot] = true
	}
	release := func() {
		for _, piece := range q.queued {
			g.reads.held[piece.slot] = false
		}
	}
	if err := g.check(); err != nil {
		release()
		return nil, err
	}
	gl.Flush()
	since := now()
	return func() (bool, error) {
		for len(q.queued) > 0 {
			if fence := g.reads.fences[q.queued[0].slot]; fence != 0 {
				passed, err := g.passed(ctx, fence, moment)
				if err == nil && !passed {
					err = g.stuck(since)
				}
				if err != nil {
					release()
					return true, joinLine([]error{errLastWaves(err), g.check()})
				}
				if !passed {
					return false, nil
				}
			}
			slot := q.queued[0].slot
			if err := q.collect(); err != nil {
				release()
				return true, joinLine([]error{errLastWaves(err), g.check()})
			}
			g.reads.held[slot] = false
		}
		return true, g.check()
	}, nil
}

// collect waits for everything that was queued and fills the downloads. Where
// they are staged their copies are queued first: then there is one wait for all.
func (g *glDriver) collect(ctx context.Context, queue *fences, downloads []Transfer) error {
	if len(downloads) == 0 || !g.stage() {
		if err := queue.all(); err != nil {
			return err
		}
	}
	q := getter{ctx: ctx, g: g}
	for _, t := range downloads {
		if err := q.get(t.Buffer, t.Offset, floatBytes(t.Data)); err != nil {
			return err
		}
	}
	return q.done()
}

// waves replays n waves from the given one on: in one piece, unless something is to be done after each dispatch.
func (g *glDriver) waves(r *Recording, first, n int, clock *clock) error {
	begin := 0
	if first > 0 {
		begin = r.waves[first-1].end
	}
	waves := r.waves[first : first+n]
	if !g.debug && !clock.waits() {
		stamps := n
		for i := range waves {
			stamps += len(waves[i].dispatches)
		}
		g.replayer.replay(r.calls[begin:waves[n-1].end], clock.take(stamps))
		return nil
	}
	for i := range waves {
		for _, x := range waves[i].dispatches {
			g.replayer.replay(r.calls[begin:x.end], clock.take(1))
			if err := g.checkStep(x.name); err != nil {
				return err
			}
			clock.wait()
			begin = x.end
		}
		g.replayer.replay(r.calls[begin:waves[i].end], clock.take(1))
		clock.repeat()
		begin = waves[i].end
	}
	return nil
}

// checkStep looks for errors after one step in debug mode only; otherwise the
// check at the end of the pass has to do, and cannot name the step.
func (g *glDriver) checkStep(name string) error {
	if !g.debug {
		return nil
	}
	if err := g.check(); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}
