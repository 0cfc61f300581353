package run

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"weak"

	"golang.org/x/sync/errgroup"

	"inceptiongl/gpu"
	"inceptiongl/inception/graph"
	"inceptiongl/inception/plan"
	"inceptiongl/inception/tensor"
	"inceptiongl/shaders"
)

// weightStore keeps the weights of graphs on one device: each step's once for each layout, whatever number of sessions use it.
type weightStore struct {
	mu     sync.Mutex // of graphs and what is in it, and of the graphs' weights, where they are taken
	graphs map[*graph.Graph]*graphWeights
}

// graphWeights are those of one graph, as they were when the first session was compiled.
type graphWeights struct {
	store  *weightStore
	graph  *graph.Graph
	users  int // sessions
	mark   []mark
	nodes  int
	packed map[string]*packedWeights // by plan.Step.WeightsID
}

// mark remembers one parameter's array, without keeping it: a graph may drop its weights once they are on the device.
type mark struct {
	name  string
	first weak.Pointer[float32]
	n     int
}

// packedWeights are one step's in one layout.
type packedWeights struct {
	buffer *gpu.Buffer
	users  int
	done   chan struct{} // closed when buffer or err is set
	err    error
}

// failed reports that there is an error by now.
func (p *packedWeights) failed() bool {
	select {
	case <-p.done:
		return p.err != nil
	default:
		return false
	}
}

// open gives the weights of g, which one more session uses.
func (s *weightStore) open(g *graph.Graph) *graphWeights {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.graphs == nil {
		s.graphs = map[*graph.Graph]*graphWeights{}
	}
	w := s.graphs[g]
	if w == nil || !w.current() { // what older sessions use stays until they close
		w = &graphWeights{store: s, graph: g, nodes: len(g.Nodes), packed: map[string]*packedWeights{}}
		for name, a := range g.Weights {
			if len(a.Data) > 0 {
				w.mark = append(w.mark, mark{name, weak.Make(&a.Data[0]), len(a.Data)})
			}
		}
		s.graphs[g] = w
	}
	w.users++
	return w
}

// unchanged is current for a caller without the store's lock.
func (w *graphWeights) unchanged() bool {
	w.store.mu.Lock()
	defer w.store.mu.Unlock()
	return w.current()
}

// current reports whether the graph still has the same weights, or has dropped them. The store's lock is held.
func (w *graphWeights) current() bool {
	if len(w.graph.Nodes) != w.nodes {
		return false
	}
	return !slices.ContainsFunc(w.mark, func(m mark) bool {
		a, ok := w.graph.Weights[m.name]
		return ok && (len(a.Data) != m.n || m.first.Value() != &a.Data[0])
	})
}

// sessionWeights are what one session uses of a graph's weights.
type sessionWeights struct {
	*graphWeights
	dev  *gpu.Device
	mu   sync.Mutex // of held
	held map[string]*packedWeights
}

func (s *weightStore) session(d *gpu.Device, g *graph.Graph) *sessionWeights {
	return &sessionWeights{graphWeights: s.open(g), dev: d, held: map[string]*packedWeights{}}
}

// send packs and uploads all that the steps need with their kernels, some at once: packing takes the host's cores, uploading the device's
// thread. One goroutine begins with the largest, the others with the smallest: what is packed is in memory twice, and the device's part only
// grows. done is called after each step, by several goroutines.
func (s *sessionWeights) send(ctx context.Context, steps []*plan.Step, done func(*plan.Step)) error {
	same := map[string][]*plan.Step{} // by what they need
	var ids []string
	for _, step := range steps {
		id := step.WeightsID(step.Key.Kernel.Layout())
		if same[id] == nil {
			ids = append(ids, id)
		}
		same[id] = append(same[id], step)
	}
	size := func(id string) int { return same[id][0].WeightsLen(same[id][0].Key.Kernel.Layout()) }
	slices.SortStableFunc(ids, func(a, b string) int { return size(b) - size(a) })
	var mu sync.Mutex
	take := func(large bool) (of []*plan.Step) {
		mu.Lock()
		defer mu.Unlock()
		switch n := len(ids); {
		case n == 0:
		case large:
			of, ids = same[ids[0]], ids[1:]
		default:
			of, ids = same[ids[n-1]], ids[:n-1]
		}
		return of
	}
	workers, ctx := errgroup.WithContext(ctx)
	for i := range min(runtime.GOMAXPROCS(0), maxPackers) {
		workers.Go(func() error {
			var m plan.Packing
			for of := take(i == 0); of != nil; of = take(i == 0) {
				if _, err := s.of(ctx, of[0], of[0].Key.Kernel.Layout(), &m); err != nil {
					return err
				}
				for _, step := range of {
					done(step)
				}
			}
			return nil
		})
	}
	return workers.Wait()
}

// maxPackers bounds the memory that packing takes: some 2 MiB each.
const maxPackers = 4

// of is the buffer with a step's weights in a layout, nil where it has none. It is packed, in m, and uploaded at the first asking.
// Several goroutines must not ask for the same at once.
func (s *sessionWeights) of(ctx context.Context, step *plan.Step, l *shaders.Layout, m *plan.Packing) (*gpu.Buffer, error) {
	id := step.WeightsID(l)
	if id == "" {
		return nil, nil
	}
	s.mu.Lock()
	p := s.held[id]
	s.mu.Unlock()
	if p != nil {
		return p.buffer, nil
	}
	for {
		p, mine, err := s.take(ctx, id, step, l, m)
		if err == nil {
			s.mu.Lock()
			s.held[id] = p
			s.mu.Unlock()
			return p.buffer, nil
		}
		err = errors.Join(err, s.drop(id, p))
		if mine || ctx.Err() != nil || !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded) {
			return nil, err
		}
		// Whoever packed them gave up, and this session didn't: it is its turn.
	}
}

// take finds the weights or makes them; mine tells which. The caller is a user of p then, whatever the error.
func (s *sessionWeights) take(ctx context.Context, id string, step *plan.Step, l *shaders.Layout, m *plan.Packing) (p *packedWeights, mine bool, err error) {
	s.store.mu.Lock()
	p = s.packed[id]
	mine = p == nil
	if mine {
		p = &packedWeights{done: make(chan struct{})}
		s.packed[id] = p
	}
	p.users++
	s.store.mu.Unlock()
	if mine {
		p.buffer, p.err = s.upload(ctx, step, l, m)
		close(p.done)
	}
	select {
	case <-p.done:
		return p, mine, p.err
	case <-ctx.Done():
		return p, mine, fmt.Errorf("waiting for the weights of step %s: %w", step.Name, context.Cause(ctx))
	}
}

func (s *sessionWeights) upload(ctx context.Context, step *plan.Step, l *shaders.Layout, m *plan.Packing) (*gpu.Buffer, error) {
	b, err := s.dev.NewBuffer(ctx, "weights of "+step.Name, 4*step.WeightsLen(l))
	if err != nil {
		return nil, err
	}
	err = step.PackWeights(s.view(step), l, m, func(at int, piece []float32) error { return b.Upload(ctx, 4*at, piece) })
	if err != nil {
		return nil, errors.Join(err, b.Close())
	}
	return b, nil
}

// view is the graph with the weights that a step needs: others may be taken from the graph while they are packed.
func (s *sessionWeights) view(step *plan.Step) *graph.Graph {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	g := *s.graph
	g.Weights = map[string]tensor.Array{}
	for _, name := range step.WeightNames() {
		if a, ok := s.graph.Weights[name]; ok {
			g.Weights[name] = a
		}
	}
	return &g
}

// drop frees p after its last user.
func (s *sessionWeights) drop(id string, p *packedWeights) error {
	s.store.mu.Lock()
	p.users--
	last := p.users == 0
	if last || p.failed() { // a failure is nobody's to find: the next try starts anew
		if s.packed[id] == p {
			delete(s.packed, id)
		}
	}
	s.store.mu.Unlock()
	if !last {
		return nil
	}
	<-p.done // whoever packs it is a user, so it is done
	if p.buffer == nil {
		return nil
	}
	return p.buffer.Close()
}

// keep drops what none of these steps needs with its kernel: layouts that were only tried.
func (s *sessionWeights) keep(steps []*plan.Step) error {
	needed := map[string]bool{}
	for _, step := range steps {
		needed[step.WeightsID(step.Key.Kernel.Layout())] = true
	}
	var errs []error
	for id, p := range s.held {
		if !needed[id] {
			delete(s.held, id)
			errs = append(errs, s.drop(id, p))
		}
	}
	return errors.Join(errs...)
}

func (s *sessionWeights) bytes() int64 {
	var n int64
	for _, p := range s.held {
		n += int64(p.buffer.Size())
	}
	return n
}

func (s *sessionWeights) close() error {
	var errs []error
	for id, p := range s.held {
		errs = append(errs, s.drop(id, p))
	}
	s.held = nil
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	if s.users--; s.users == 0 && s.store.graphs[s.graph] == s.graphWeights {
		delete(s.store.graphs, s.graph)
	}
	return errors.Join(errs...)
}
