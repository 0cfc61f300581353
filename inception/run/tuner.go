package run

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"inceptiongl/inception/plan"
	"inceptiongl/shaders"
)

// Tuner chooses kernels by timing them on one device, and remembers what it found. Every device has one, which its sessions
// share, from any goroutine.
//
// What it times is kept small, since a kernel's first dispatch compiles it (0.1–0.4 s on a software driver). For each class of
// steps, those of one kind that fill the device about as well, the ways to read memory are compared once; kernels that stage
// through shared memory are judged once, by one of them; and a tile that lost by a factor is not tried again. Nothing is
// decided for another class: a tile that is too small for a large step is the right one for a small step. Steps of the same
// shape share a result.
type Tuner struct {
	turn chan struct{} // holds one token: whoever measures has it, and nobody else uses the device's time

	mu     sync.Mutex // of what follows; never held while measuring
	memory *memory    // what earlier runs found; nil: none
	found  map[string]shaders.Key
	class  map[class]*verdict
	spent  time.Duration
}

// class is steps that kernels treat alike.
type class struct {
	kind string // the default kernel's name
	fill int    // the logarithm of how many of its workgroups each multiprocessor gets, or all where nobody knows how many there are
}

// verdict is what is decided about a class.
type verdict struct {
	load     shaders.Load // the way to read that won
	loaded   bool         // load is set
	judged   bool         // noShared is
	noShared bool         // shared-memory kernels lose clearly
	lost     map[shaders.Key]bool
}

// NewTuner knows nothing, and keeps nothing beyond itself.
func NewTuner() *Tuner { return newTuner(nil) }

// newTuner knows what m remembers, which may be nil.
func newTuner(m *memory) *Tuner {
	t := &Tuner{turn: make(chan struct{}, 1), memory: m, found: map[string]shaders.Key{}, class: map[class]*verdict{}}
	t.turn <- struct{}{}
	return t
}

// tile is a key without its way to read and without what a step's own parameters demand.
func tile(k shaders.Key) shaders.Key {
	k.Load, k.Aligned, k.Wide, k.Acts, k.Rest, k.Totals = 0, false, false, 0, false, 0
	return k
}

// shapeOf is what a step's speed depends on, in writing.
func shapeOf(s *plan.Step) string {
	p := s.Params()
	return fmt.Sprintf("%s in %dx%dx%dx%d out %dx%dx%d groups %d parts %d window %dx%d stride %dx%d dilation %dx%d aligned %v", s.Kind(),
		p.N, p.C, p.H, p.W, p.OutG, p.OutH, p.OutW, p.Groups, p.Segments, p.KernelH, p.KernelW, p.StrideH, p.StrideW, p.DilationH, p.DilationW, p.Aligned())
}

// classOf tells a step's class by its default kernel's workgroups.
func classOf(s *plan.Step, k shaders.Key, t shaders.Target) class {
	c := class{kind: k.Kernel.Name}
	params := s.ParamsFor(k)
	w := k.Workgroups(&params)
	for n := w[0] * w[1] * w[2] / max(t.Multiprocessors, 1); n > 0; n /= 2 {
		c.fill++
	}
	return c
}

// Spent is the time that measuring has taken so far.
func (t *Tuner) Spent() time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.spent
}

// clearLoss is how much slower than the best a kernel must be to be left out of later measurements.
const clearLoss = 2

// measure times candidates of one step: a duration for each, in the same order, 0 where the clock saw none.
type measure func(ctx context.Context, s *plan.Step, keys []shaders.Key) ([]time.Duration, error)

// recall sets the Key of every step that is known, and lists the others.
func (t *Tuner) recall(steps []*plan.Step, choices map[*plan.Step][]shaders.Key) (unknown []*plan.Step) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, s := range steps {
		best, ok := t.found[shapeOf(s)]
		if !ok {
			best, ok = t.memory.find(shapeOf(s))
		}
		i := slices.IndexFunc(choices[s], func(k shaders.Key) bool { return k.Load == best.Load && tile(k) == tile(best) })
		if ok && i >= 0 {
			s.Key = choices[s][i]
		} else {
			unknown = append(unknown, s)
		}
	}
	return unknown
}

// tune sets the Key of every step, the largest first: they gain most. It starts on no step after the budget's time is used up;
// 0 is as long as it takes. Steps that it doesn't come to keep their Key.
func (t *Tuner) tune(ctx context.Context, steps []*plan.Step, choices map[*plan.Step][]shaders.Key, to shaders.Target, budget time.Duration, m measure) error {
	bySize := t.recall(steps, choices)
	if len(bySize) == 0 {
		return nil
	}
	slices.SortStableFunc(bySize, func(a, b *plan.Step) int {
		return int(max(-1, min(1, b.MACs+b.Bytes-a.MACs-a.Bytes)))
	})
	select {
	case <-t.turn:
	case <-ctx.Done():
		return fmt.Errorf("choosing kernels: waiting for another session's measurements: %w", context.Cause(ctx))
	}
	begin := time.Now()
	defer func() {
		t.mu.Lock()
		t.spent += time.Since(begin)
		t.memory.save(t.found) // what can't be kept is measured again
		t.mu.Unlock()
		t.turn <- struct{}{}
	}()
	for _, s := range bySize {
		if budget > 0 && time.Since(begin) > budget {
			break
		}
		if len(t.recall([]*plan.Step{s}, choices)) == 0 { // another session's, or a step of the same shape
			continue
		}
		if err := t.choose(ctx, s, choices[s], to, m); err != nil {
			return fmt.Errorf("choosing a kernel for step %s: %w", s.Name, err)
		}
	}
	return nil
}

// choose finds the step's best kernel: first the way to read, with one tile, then the tile.
func (t *Tuner) choose(ctx context.Context, s *plan.Step, choices []shaders.Key, to shaders.Target, m measure) error {
	c := classOf(s, choices[0], to)
	v := t.class[c]
	if v == nil {
		v = &verdict{lost: map[shaders.Key]bool{}}
		t.class[c] = v
	}
	keys := v.contenders(choices)
	if !v.loaded {
		if err := v.chooseLoad(ctx, s, keys, to, m); err != nil {
			return err
		}
	}
	if v.loaded && slices.ContainsFunc(keys, func(k shaders.Key) bool { return k.Load == v.load }) {
		keys = slices.DeleteFunc(keys, func(k shaders.Key) bool { return k.Load != v.load })
	}
	first := slices.IndexFunc(keys, shaders.Key.Shared)
	try := keys
	if !v.judged && first >= 0 {
		try = slices.DeleteFunc(slices.Clone(keys), func(k shaders.Key) bool { return k.Shared() && k != keys[first] })
	}
	times, err := t.compare(ctx, s, v, try, m)
	if err != nil || v.judged || first < 0 {
		return err
	}
	shared, best := times[slices.Index(try, keys[first])], slices.Min(times)
	if best == 0 {
		return nil
	}
	v.judged = true
	if v.noShared = shared > clearLoss*best; v.noShared || len(try) == len(keys) {
		return nil
	}
	_, err = t.compare(ctx, s, v, keys, m)
	return err
}

// chooseLoad compares the ways to read with one tile: on hardware one that fills its waves, whose time tells of memory.
func (v *verdict) chooseLoad(ctx context.Context, s *plan.Step, keys []shaders.Key, to shaders.Target, m measure) error {
	like := keys[0]
	if !to.Software {
		for _, k := range keys {
			if size := k.LocalSize(); size[0]*size[1] >= 64 && !k.Shared() {
				like = k
				break
			}
		}
	}
	same := slices.DeleteFunc(slices.Clone(keys), func(k shaders.Key) bool { return tile(k) != tile(like) })
	if len(same) < 2 {
		return nil
	}
	times, err := m(ctx, s, same)
	if err != nil {
		return err
	}
	if best, ok := fastest(times); ok {
		v.load, v.loaded = same[best].Load, true
	}
	return nil
}

// contenders are the step's candidates without those that steps of its class ruled out. The list is never empty.
func (v *verdict) contenders(choices []shaders.Key) []shaders.Key {
	left := slices.DeleteFunc(slices.Clone(choices), func(k shaders.Key) bool { return v.lost[tile(k)] || v.noShared && k.Shared() })
	if len(left) == 0 {
		return choices[:1]
	}
	return left
}

// compare times the keys, notes those that lost clearly, and sets the step's kernel to the best.
func (t *Tuner) compare(ctx context.Context, s *plan.Step, v *verdict, keys []shaders.Key, m measure) ([]time.Duration, error) {
	s.Key = keys[0]
	if len(keys) == 1 {
		return make([]time.Duration, 1), nil
	}
	times, err := m(ctx, s, keys)
	if err != nil {
		return nil, err
	}
	best, ok := fastest(times)
	if !ok { // a clock that stands still tells nothing: the default, and nothing to remember
		return make([]time.Duration, len(keys)), nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for i, k := range keys {
		if times[i] > clearLoss*times[best] {
			v.lost[tile(k)] = true
		}
	}
	s.Key = keys[best]
	t.found[shapeOf(s)] = keys[best]
	return times, nil
}

// fastest is the index of the shortest time. ok is false where the clock missed one of them: a kernel that takes no time at all
// would win for ever.
func fastest(times []time.Duration) (best int, ok bool) {
	for i, d := range times {
		if d <= 0 {
			return 0, false
		}
		if d < times[best] {
			best = i
		}
	}
	return best, true
}
