package run

import (
	"runtime/debug"
	"sync"

	"inceptiongl/inception/graph"
	"inceptiongl/inception/plan"
)

// taker drops a graph's weights as they reach the device.
type taker struct {
	g     *graph.Graph
	mu    *sync.Mutex    // of g.Weights, which runs of other sessions look at, and of what follows
	users map[string]int // steps that have yet to be packed
	free  int            // bytes that were dropped since the system had any back
	batch int            // and how many it gets at a time

	asked chan chan struct{} // for giving memory back, each closed once it is; closed by end
}

func newTaker(g *graph.Graph, mu *sync.Mutex, steps []*plan.Step) *taker {
	t := &taker{g: g, mu: mu, users: map[string]int{}, asked: make(chan chan struct{})}
	all := 0
	for _, a := range g.Weights {
		all += 4 * len(a.Data)
	}
	t.batch = max(all/24, 4<<20) // each time costs a garbage collection
	for _, step := range steps {
		for _, name := range step.WeightNames() {
			t.users[name]++
		}
	}
	debug.FreeOSMemory() // what loading left behind: packing adds most at first
	go func() {          // the rest beside packing, which a collection doesn't stop
		for done := range t.asked {
			debug.FreeOSMemory()
			close(done)
		}
	}()
	return t
}

// packed drops what no other step needs. It may be called by several goroutines. A nil taker drops nothing.
func (t *taker) packed(step *plan.Step) {
	if t == nil {
		return
	}
	t.mu.Lock()
	for _, name := range step.WeightNames() {
		if t.users[name]--; t.users[name] == 0 {
			t.free += 4 * len(t.g.Weights[name].Data)
			delete(t.g.Weights, name)
		}
	}
	free := t.free
	if free >= t.batch {
		t.free = 0
	}
	t.mu.Unlock()
	if free >= t.batch {
		done := t.release()
		if free >= 2*t.batch { // before another large step is in memory twice
			<-done
		}
	}
}

// wait has all that was dropped given back.
func (t *taker) wait() {
	if t != nil {
		<-t.release()
	}
}

// end drops what no step needed.
func (t *taker) end() {
	t.mu.Lock()
	clear(t.g.Weights)
	t.mu.Unlock()
	t.wait()
	close(t.asked)
}

// release has what was dropped given back to the system, once what was asked for earlier is: left to itself, the collector would wait until
// there is as much garbage as there were weights, and a software driver's device memory grows beside it.
func (t *taker) release() <-chan struct{} {
	done := make(chan struct{})
	t.asked <- done
	return done
}
