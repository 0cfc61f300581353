//go:build cgo && (linux || windows)

package gpu

import (
	"time"

	"github.com/go-gl/gl/v4.3-core/gl"
)

// clock collects one time stamp at the start of a pass, after every dispatch and
// after every barrier. It uses timestamp queries (section 4.3) rather than
// GL_TIME_ELAPSED, which some drivers answer with 1 ns for compute work.
type clock struct {
	g       *glDriver
	on      bool
	queries []uint32    // nil: use the wall clock
	wall    []time.Time // used if there are no queries
	n       int
}

func (g *glDriver) newClock(p *Pass) *clock {
	if !p.Time {
		return &clock{}
	}
	c := &clock{g: g, on: true}
	if !g.lim.Timestamps {
		return c
	}
	n := 1
	for _, wave := range p.Waves {
		n += len(wave) + 1
	}
	if more := n - len(g.queries); more > 0 {
		ids := make([]uint32, more)
		gl.GenQueries(int32(more), &ids[0])
		g.queries = append(g.queries, ids...)
	}
	c.queries = g.queries[:n]
	return c
}

func (c *clock) stamp() {
	switch {
	case !c.on:
	case c.queries != nil:
		gl.QueryCounter(c.queries[c.n], gl.TIMESTAMP)
	default:
		c.g.finish()
		c.wall = append(c.wall, time.Now())
	}
	c.n++
}

// timing turns the stamps into durations. A clock that steps back counts as 0.
func (c *clock) timing(p *Pass) Timing {
	var t Timing
	if !c.on {
		return t
	}
	i := 0
	lap := func() time.Duration {
		i++
		return c.between(i-1, i)
	}
	for _, wave := range p.Waves {
		var sum time.Duration
		each := make([]time.Duration, len(wave))
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
		return max(0, c.wall[j].Sub(c.wall[i]))
	}
	return max(0, time.Duration(result(c.queries[j])-result(c.queries[i])))
}

// result waits for a query, in nanoseconds.
func result(query uint32) uint64 {
	var ns uint64
	gl.GetQueryObjectui64v(query, gl.QUERY_RESULT, &ns)
	return ns
}

// timestampsWork tries two queries instead of trusting the version number.
func (g *glDriver) timestampsWork() bool {
	var bits int32
	gl.GetQueryiv(gl.TIMESTAMP, gl.QUERY_COUNTER_BITS, &bits)
	if bits == 0 {
		return false
	}
	g.queries = make([]uint32, 2)
	gl.GenQueries(2, &g.queries[0])
	for _, q := range g.queries {
		gl.QueryCounter(q, gl.TIMESTAMP)
		g.finish()
	}
	first, second := result(g.queries[0]), result(g.queries[1])
	return first != 0 && second > first
}
