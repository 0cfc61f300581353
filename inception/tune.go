package inception

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"inceptiongl/shaders"
)

// Tuner chooses kernels by timing them on one device, and remembers what it found. Sessions on the same device may share
// one, from any goroutine. The zero value is ready.
//
// What it times is kept small, since a kernel's first dispatch compiles it (0.1–0.4 s on a software driver): the ways to
// read memory are compared once, on the largest step; kernels that stage through shared memory are judged once, by one
// of them; a tile that loses by a factor is not tried again on steps of that kind; steps of the same shape share a result.
type Tuner struct {
	mu     sync.Mutex
	found  map[tuneKey]shaders.Key
	load   shaders.Load // the way to read that won
	judged struct {     // what is decided already
		load, shared bool
	}
	noShared bool
	lost     map[tile]bool // tiles that lost clearly, by kind of step
	spent    time.Duration
}

// kind groups steps that behave alike: the plain kernel that would serve them.
type kind = shaders.Kernel

// tile is a kernel without its way to read.
type tile struct {
	kind kind
	key  shaders.Key
}

func tileOf(kd kind, k shaders.Key) tile {
	k.Load, k.Aligned = 0, false
	return tile{kd, k}
}

// tuneKey is what a step's speed depends on.
type tuneKey struct {
	kind    kind
	shape   [8]int32 // N C H W OutG OutH OutW Groups
	window  [6]int32 // kernel, stride, dilation
	aligned bool
}

// Spent is the time that measuring has taken so far.
func (t *Tuner) Spent() time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.spent
}

// clearLoss is how much slower than the best a kernel must be to be left out of later measurements.
const clearLoss = 2

func newTuneKey(s *Step) tuneKey {
	p := &s.Params
	return tuneKey{
		kind:    plainKey(s).Kernel,
		shape:   [8]int32{p.N, p.C, p.H, p.W, p.OutG, p.OutH, p.OutW, p.Groups},
		window:  [6]int32{p.KernelH, p.KernelW, p.StrideH, p.StrideW, p.DilationH, p.DilationW},
		aligned: p.Aligned(),
	}
}

// measure times candidates of one step: a duration for each, in the same order.
type measure func(ctx context.Context, s *Step, keys []shaders.Key) ([]time.Duration, error)

// tune sets the Key of every step, the largest first, so that the lists are short when the many small ones come.
func (t *Tuner) tune(ctx context.Context, steps []*Step, m measure) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.found == nil {
		t.found, t.lost = map[tuneKey]shaders.Key{}, map[tile]bool{}
	}
	begin := time.Now()
	defer func() { t.spent += time.Since(begin) }()
	bySize := slices.Clone(steps)
	slices.SortStableFunc(bySize, func(a, b *Step) int {
		return int(max(-1, min(1, b.MACs+b.Bytes-a.MACs-a.Bytes)))
	})
	for _, s := range bySize {
		k := newTuneKey(s)
		if best, ok := t.found[k]; ok && slices.Contains(s.Candidates, best) {
			s.Key = best
			continue
		}
		best, err := t.choose(ctx, s, m)
		if err != nil {
			return fmt.Errorf("choosing a kernel for step %s: %w", s.Name, err)
		}
		s.Key, t.found[k] = best, best
	}
	return nil
}

// choose finds the step's best kernel: first the way to read, with the default tile, then the tile.
func (t *Tuner) choose(ctx context.Context, s *Step, m measure) (shaders.Key, error) {
	kd := plainKey(s).Kernel
	keys := t.contenders(s, kd)
	if !t.judged.load {
		same := slices.DeleteFunc(slices.Clone(keys), func(k shaders.Key) bool { return tileOf(kd, k) != tileOf(kd, keys[0]) })
		if len(same) > 1 {
			times, err := m(ctx, s, same)
			if err != nil {
				return shaders.Key{}, err
			}
			t.load, t.judged.load = same[fastest(times)].Load, true
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
	best, times, err := t.compare(ctx, s, kd, try, m)
	if err != nil || !judge {
		return best, err
	}
	t.judged.shared = true
	shared := times[slices.Index(try, keys[first])]
	if t.noShared = shared > clearLoss*slices.Min(times); t.noShared {
		return best, nil
	}
	best, _, err = t.compare(ctx, s, kd, keys, m)
	return best, err
}

// contenders are the step's candidates without those that are known to lose: the plain kernel, where there is another,
// and what earlier steps ruled out. The list is never empty.
func (t *Tuner) contenders(s *Step, kd kind) []shaders.Key {
	plain := tileOf(kd, plainKey(s))
	left := slices.DeleteFunc(slices.Clone(s.Candidates), func(k shaders.Key) bool {
		isConv := kd == shaders.Conv || kd == shaders.Pointwise
		return t.lost[tileOf(kd, k)] || t.noShared && k.Shared() || isConv && tileOf(kd, k) == plain
	})
	if len(left) == 0 {
		return s.Candidates[:1]
	}
	return left
}

// compare times the keys, notes those that lost clearly, and returns the best.
func (t *Tuner) compare(ctx context.Context, s *Step, kd kind, keys []shaders.Key, m measure) (shaders.Key, []time.Duration, error) {
	if len(keys) == 1 {
		return keys[0], []time.Duration{0}, nil
	}
	times, err := m(ctx, s, keys)
	if err != nil {
		return shaders.Key{}, nil, err
	}
	best := fastest(times)
	for i, k := range keys {
		if times[i] > clearLoss*times[best] {
			t.lost[tileOf(kd, k)] = true
		}
	}
	return keys[best], times, nil
}

func fastest(times []time.Duration) int {
	best := 0
	for i, d := range times {
		if d < times[best] {
			best = i
		}
	}
	return best
}
