//go:build cgo && (linux || windows)

package gpu

import (
	"context"
	"time"

	"github.com/go-gl/gl/v4.3-core/gl"
)

// clock collects one time stamp at the start of a pass, after every dispatch and
// after every barrier. It uses timestamp queries (section 4.3) rather than
// GL_TIME_ELAPSED, which some drivers answer with 1 ns for compute work.
type clock struct {
	g       *glDriver
	ctx     context.Context // of the pass
	on      bool
	queries []uint32        // nil: use the wall clock
	n       int             // of them, used so far
	wall    []time.Duration // used if there are no queries
}

func (g *glDriver) newClock(ctx context.Context, on bool, r *Recording) *clock {
	c := &clock{g: g, ctx: ctx, on: on}
	if on && g.lim.Timestamps {
		c.queries = g.timestamps(1 + r.dispatches() + len(r.waves))
	}
	return c
}

// timestamps returns n queries, which the next call returns again.
func (g *glDriver) timestamps(n int) []uint32 {
	if more := n - len(g.queries); more > 0 {
		ids := make([]uint32, more)
		gl.GenQueries(int32(more), &ids[0])
		g.queries = append(g.queries, ids...)
	}
	return g.queries[:n]
}

func (c *clock) start() {
	for _, q := range c.take(1) {
		gl.QueryCounter(q, gl.TIMESTAMP)
	}
	c.wait()
}

// take returns the next n queries, or none where none are used.
func (c *clock) take(n int) []uint32 {
	if c.queries == nil {
		return nil
	}
	c.n += n
	return c.queries[c.n-n : c.n]
}

// waits reports whether the pass must stop for the wall clock after each dispatch.
func (c *clock) waits() bool { return c.on && c.queries == nil }

// wait reads the wall clock once the GPU has nothing left to do.
func (c *clock) wait() {
	if c.waits() {
		f := fences{g: c.g, ctx: c.ctx}
		_ = f.all() // where the context ends, the pass's own next wait says so
		f.drop()
		c.wall = append(c.wall, now())
	}
}

// repeat is the stamp after a barrier. By the wall clock it takes no time: all has
// finished before it.
func (c *clock) repeat() {
	if c.waits() {
		c.wall = append(c.wall, c.wall[len(c.wall)-1])
	}
}

// timing turns the stamps into durations. A clock that steps back counts as 0.
func (c *clock) timing(r *Recording) Timing {
	var t Timing
	if !c.on {
		return t
	}
	i := 0
	lap := func() time.Duration {
		i++
		return c.between(i-1, i)
	}
	for _, wave := range r.waves {
		var sum time.Duration
		each := make([]time.Duration, len(wave.dispatches))
		for k := range each {
			each[k] = lap()
			sum += each[k]
		}
		sum += lap() // the barrier
		t.Dispatches = append(t.Dispatches, each)
		t.Waves = append(t.Waves, sum)
		t.Total += sum
	}
	return t
}

func (c *clock) between(i, j int) time.Duration {
	if c.queries == nil {
		return c.g.withoutWait(c.wall[j] - c.wall[i])
	}
	return max(0, time.Duration(c.g.read(c.queries[j])-c.g.read(c.queries[i])))
}

// withoutWait takes off a dispatch's wall time what waiting costs where there is
// next to nothing to wait for. What is left still holds the cost of sending the
// dispatch: a short one may seem some times as long as it is, not tens of times.
// An eighth always stays: the cost varies, and nothing takes no time.
func (g *glDriver) withoutWait(lap time.Duration) time.Duration {
	return max(lap-g.waitCost, lap/8, 0)
}

// readQuery waits for a query, in nanoseconds.
func readQuery(query uint32) uint64 {
	var ns uint64
	gl.GetQueryObjectui64v(query, gl.QUERY_RESULT, &ns)
	return ns
}
