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
	mu    *sync.Mutex    // of g.Weights, which runs of other sessions look at
	users map[string]int // steps that have yet to be packed
	free  int            // bytes that were dropped since the system had any back
	batch int            // and how many it gets at a time

	asked chan struct{} // for giving memory back; closed by end
	ended chan struct{} // closed when all is given back
}

func newTaker(g *graph.Graph, mu *sync.Mutex, steps []*plan.Step) *taker {
	t := &taker{g: g, mu: mu, users: map[string]int{}, asked: make(chan struct{}), ended: make(chan struct{})}
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
	go func() { // beside packing, which a collection doesn't stop
		defer close(t.ended)
		for range t.asked {
			debug.FreeOSMemory()
		}
	}()
	t.release() // what loading left behind
	return t
}

// packed drops what no other step needs. A nil taker drops nothing.
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
	t.mu.Unlock()
	if t.free >= t.batch {
		t.release()
	}
}

// end drops what no step needed.
func (t *taker) end() {
	t.mu.Lock()
	clear(t.g.Weights)
	t.mu.Unlock()
	t.release()
	close(t.asked)
	<-t.ended
}

// release has what was dropped given back to the system: left to itself, the collector would wait until there is as much garbage as there
// were weights, and a software driver's device memory grows beside it.
func (t *taker) release() {
	t.free = 0
	t.asked <- struct{}{} // waits for the one before: what piles up is bounded
}
