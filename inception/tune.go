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
// What it times is kept small: the ways to read memory are compared once, on the largest step of each kind; a kernel
// that loses by a factor there is not tried again; steps of the same shape share a result.
type Tuner struct {
	mu    sync.Mutex
	found map[tuneKey]shaders.Key
	loads map[kind]shaders.Load // the way to read that won, by kind of step
	out   map[ruledOut]bool     // kernels that lost clearly
	Spent time.Duration         // time spent measuring so far
}

// kind groups steps that behave alike: the plain kernel that would serve them.
type kind = shaders.Kernel

// ruledOut is a kernel without what depends on the step.
type ruledOut struct {
	kind         kind
	kernel       shaders.Kernel
	tileX, tileG int
	localX       int
}

// tuneKey is what a step's speed depends on.
type tuneKey struct {
	kind    kind
	shape   [8]int32 // N C H W OutG OutH OutW Groups
	window  [6]int32 // kernel, stride, dilation
	aligned bool
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
		t.found, t.loads, t.out = map[tuneKey]shaders.Key{}, map[kind]shaders.Load{}, map[ruledOut]bool{}
	}
	begin := time.Now()
	defer func() { t.Spent += time.Since(begin) }()
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
	keys := slices.DeleteFunc(slices.Clone(s.Candidates), func(k shaders.Key) bool {
		return t.out[ruleOf(kd, k)] || (len(s.Candidates) > 1 && k == plainKey(s) && isConvKind(kd))
	})
	if len(keys) == 0 {
		return s.Candidates[0], nil
	}
	if _, ok := t.loads[kd]; !ok {
		var same []shaders.Key
		for _, k := range keys {
			if ruleOf(kd, k) == ruleOf(kd, keys[0]) {
				same = append(same, k)
			}
		}
		times, err := m(ctx, s, same)
		if err != nil {
			return shaders.Key{}, err
		}
		t.loads[kd] = same[fastest(times)].Load
	}
	load := t.loads[kd]
	if slices.ContainsFunc(keys, func(k shaders.Key) bool { return k.Load == load }) {
		keys = slices.DeleteFunc(keys, func(k shaders.Key) bool { return k.Load != load })
	}
	if len(keys) == 1 {
		return keys[0], nil
	}
	times, err := m(ctx, s, keys)
	if err != nil {
		return shaders.Key{}, err
	}
	best := fastest(times)
	for i, k := range keys {
		if times[i] > clearLoss*times[best] {
			t.out[ruleOf(kd, k)] = true
		}
	}
	return keys[best], nil
}

func ruleOf(kd kind, k shaders.Key) ruledOut {
	return ruledOut{kd, k.Kernel, k.TileX, k.TileG, k.LocalX}
}

func isConvKind(k kind) bool { return k == shaders.Conv || k == shaders.Pointwise }

func fastest(times []time.Duration) int {
	best := 0
	for i, d := range times {
		if d < times[best] {
			best = i
		}
	}
	return best
}
