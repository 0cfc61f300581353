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
// What it times is kept small, since a kernel's first dispatch compiles it (0.1–0.4 s on a software driver): the ways to
// read memory are compared once, on the largest step; kernels that stage through shared memory are judged once, by one
// of them; a tile that loses by a factor is not tried again on steps of that kind; steps of the same shape share a result.
type Tuner struct {
	turn chan struct{} // holds one token: whoever measures has it, and nobody else uses the device's time

	mu       sync.Mutex // of what follows; never held while measuring
	found    map[tuneKey]shaders.Key
	load     shaders.Load // the way to read that won
	judged   judged
	noShared bool
	lost     map[tile]bool // tiles that lost clearly, by kind of step
	spent    time.Duration
}

// judged is what is decided already.
type judged struct{ load, shared bool }

// NewTuner knows nothing yet.
func NewTuner() *Tuner {
	t := &Tuner{turn: make(chan struct{}, 1), found: map[tuneKey]shaders.Key{}, lost: map[tile]bool{}}
	t.turn <- struct{}{}
	return t
}

// tile is a kernel without its way to read, for one kind of step.
type tile struct {
	kind string // plan.Step.Kind
	key  shaders.Key
}

func tileOf(s *plan.Step, k shaders.Key) tile {
	k.Load, k.Aligned, k.Wide, k.Acts = 0, false, false, 0
	return tile{s.Kind(), k}
}

// tuneKey is what a step's speed depends on.
type tuneKey struct {
	kind    string
	shape   [9]int32 // N C H W OutG OutH OutW Groups Segments
	window  [6]int32 // kernel, stride, dilation
	aligned bool
}

func newTuneKey(s *plan.Step) tuneKey {
	p := s.Params()
	return tuneKey{
		kind:    s.Kind(),
		shape:   [9]int32{p.N, p.C, p.H, p.W, p.OutG, p.OutH, p.OutW, p.Groups, p.Segments},
		window:  [6]int32{p.KernelH, p.KernelW, p.StrideH, p.StrideW, p.DilationH, p.DilationW},
		aligned: p.Aligned(),
	}
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

// tune sets the Key of every step, the largest first, so that the lists are short when the many small ones come.
func (t *Tuner) tune(ctx context.Context, steps []*plan.Step, choices map[*plan.Step][]shaders.Key, m measure) error {
	bySize := slices.Clone(steps)
	slices.SortStableFunc(bySize, func(a, b *plan.Step) int {
		return int(max(-1, min(1, b.MACs+b.Bytes-a.MACs-a.Bytes)))
	})
	bySize = slices.DeleteFunc(bySize, func(s *plan.Step) bool { return t.recall(s, choices[s]) })
	if len(bySize) == 0 {
		return nil
	}
	select {
	case <-t.turn:
	case <-ctx.Done():
		return fmt.Errorf("choosing kernels: waiting for another session's measurements: %w", context.Cause(ctx))
	}
	begin := time.Now()
	defer func() {
		t.mu.Lock()
		t.spent += time.Since(begin)
		t.mu.Unlock()
		t.turn <- struct{}{}
	}()
	for _, s := range bySize {
		if t.recall(s, choices[s]) { // another session's, or a step of the same shape
			continue
		}
		if err := t.choose(ctx, s, choices[s], m); err != nil {
			return fmt.Errorf("choosing a kernel for step %s: %w", s.Name, err)
		}
	}
	return nil
}

// recall sets the step's kernel where it is known.
func (t *Tuner) recall(s *plan.Step, choices []shaders.Key) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	best, ok := t.found[newTuneKey(s)]
	if i := slices.IndexFunc(choices, func(k shaders.Key) bool { return sameSpeed(k, best) }); ok && i >= 0 {
		s.Key = choices[i]
		return true
	}
	return false
}

// sameSpeed compares keys without what a step's own parameters demand.
func sameSpeed(a, b shaders.Key) bool {
	a.Acts, a.Wide = b.Acts, b.Wide
	return a == b
}

// choose finds the step's best kernel: first the way to read, with the default tile, then the tile.
func (t *Tuner) choose(ctx context.Context, s *plan.Step, choices []shaders.Key, m measure) error {
	keys := t.contenders(s, choices)
	if !t.judged.load {
		same := slices.DeleteFunc(slices.Clone(keys), func(k shaders.Key) bool { return tileOf(s, k) != tileOf(s, keys[0]) })
		if len(same) > 1 {
			times, err := m(ctx, s, same)
			if err != nil {
				return err
			}
			if best, ok := fastest(times); ok {
				t.load, t.judged.load = same[best].Load, true
			}
		}
	}
	if t.judged.load && slices.ContainsFunc(keys, func(k shaders.Key) bool { return k.Load == t.load }) {
		keys = slices.DeleteFunc(keys, func(k shaders.Key) bool { return k.Load != t.load })
	}
	first := slices.IndexFunc(keys, shaders.Key.Shared)
	judge := !t.judged.shared && first >= 0
	try := keys
	if judge {
		try = slices.DeleteFunc(slices.Clone(keys), func(k shaders.Key) bool { return k.Shared() && k != keys[first] })
	}
	times, err := t.compare(ctx, s, try, m)
	if err != nil || !judge {
		return err
	}
	shared, best := times[slices.Index(try, keys[first])], slices.Min(times)
	if best == 0 {
		return nil
	}
	t.judged.shared = true
	if t.noShared = shared > clearLoss*best; t.noShared {
		return nil
	}
	_, err = t.compare(ctx, s, keys, m)
	return err
}

// contenders are the step's candidates without those that earlier steps ruled out. The list is never empty.
func (t *Tuner) contenders(s *plan.Step, choices []shaders.Key) []shaders.Key {
	left := slices.DeleteFunc(slices.Clone(choices), func(k shaders.Key) bool {
		return t.lost[tileOf(s, k)] || t.noShared && k.Shared()
	})
	if len(left) == 0 {
		return choices[:1]
	}
	return left
}

// compare times the keys, notes those that lost clearly, and sets the step's kernel to the best.
func (t *Tuner) compare(ctx context.Context, s *plan.Step, keys []shaders.Key, m measure) ([]time.Duration, error) {
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
			t.lost[tileOf(s, k)] = true
		}
	}
	s.Key = keys[best]
	t.found[newTuneKey(s)] = keys[best]
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
