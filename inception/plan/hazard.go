package plan

import (
	"cmp"
	"context"
	"fmt"
	"slices"
)

// CheckHazards proves that the plan needs no barrier but the one after each wave:
//
//  1. every view lies within its tensor, and every tensor within the arena;
//  2. within a wave no step touches memory that another step, or itself, writes (reads of the same memory are fine);
//  3. every tensor that is read was written whole, each channel once, in earlier waves;
//  4. two tensors that share memory are never alive at the same time.
//
// It looks at the addresses that the steps use, not at how the planner came to them. Drivers that run dispatches one
// after the other would hide the last three mistakes.
func (p *Plan) CheckHazards(ctx context.Context) error {
	for w, wave := range p.Waves {
		if ctx.Err() != nil {
			return fmt.Errorf("plan %s: %w", p.Graph.Name, context.Cause(ctx))
		}
		err := outOfRange(wave)
		if err == nil {
			err = waveConflict(wave)
		}
		if err != nil {
			return fmt.Errorf("plan %s: wave %d: %w", p.Graph.Name, w+1, err)
		}
	}
	lives, err := p.lives()
	if err != nil {
		return fmt.Errorf("plan %s: %w", p.Graph.Name, err)
	}
	if err := p.apart(ctx, lives); err != nil {
		return fmt.Errorf("plan %s: %w", p.Graph.Name, err)
	}
	return nil
}

// apart checks that each tensor lies within the arena, and none on another that is alive with it. It goes through the waves with a list of
// what is alive, by address: neighbours there must not overlap.
func (p *Plan) apart(ctx context.Context, lives []life) error {
	byStart := make([]int, len(lives))
	for i, l := range lives {
		if byStart[i] = i; l.tensor.Base < 0 || l.tensor.Base+l.tensor.Texels() > p.ArenaTexels {
			return fmt.Errorf("tensor %s lies outside the arena", l.tensor.Name)
		}
	}
	byEnd := slices.Clone(byStart)
	slices.SortStableFunc(byStart, func(a, b int) int { return cmp.Compare(lives[a].first, lives[b].first) })
	slices.SortStableFunc(byEnd, func(a, b int) int { return cmp.Compare(lives[a].last, lives[b].last) })
	var alive []*Placed // by Base
	base := func(a, b *Placed) int { return cmp.Compare(a.Base, b.Base) }
	for _, i := range byStart {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		for len(byEnd) > 0 && lives[byEnd[0]].last < lives[i].first {
			t := lives[byEnd[0]].tensor
			at, _ := slices.BinarySearchFunc(alive, t, base)
			alive = slices.Delete(alive, at, at+1)
			byEnd = byEnd[1:]
		}
		t := lives[i].tensor
		at, same := slices.BinarySearchFunc(alive, t, base)
		for _, k := range []int{at - 1, at} {
			if k < 0 || k == len(alive) {
				continue
			}
			if o := alive[k]; same && k == at || o.Base < t.Base+t.Texels() && t.Base < o.Base+o.Texels() {
				return fmt.Errorf("tensors %s and %s share memory and are alive at the same time", t.Name, o.Name)
			}
		}
		alive = slices.Insert(alive, at, t)
	}
	return nil
}

// outOfRange reports a view that holds nothing or leaves its tensor.
func outOfRange(wave Wave) error {
	for _, s := range wave.Steps {
		views := s.Inputs()
		for _, part := range s.Parts {
			views = append(views, part.Out)
		}
		for _, v := range views {
			if v.Channel < 0 || v.Channels < 1 || v.Channel+v.Channels > v.Tensor.Shape.C {
				return fmt.Errorf("step %s: view %v is empty or outside its tensor of %d channels", s.Name, v, v.Tensor.Shape.C)
			}
		}
	}
	return nil
}

// span is a run of texels, of which the lanes in mask are touched.
type span struct {
	start, end int
	lanes      uint8
	write      bool
	step       *Step
}

// waveConflict reports two accesses of one wave that overlap, one of them a write.
func waveConflict(wave Wave) error {
	var spans []span
	for _, s := range wave.Steps {
		for _, v := range s.Inputs() {
			spans = appendSpans(spans, span{step: s}, v)
		}
		for _, part := range s.Parts {
			spans = appendSpans(spans, span{step: s, write: true}, part.Out)
		}
		if t := s.Scratch; t != nil { // written and read between barriers of its own, which no other step waits for
			spans = appendSpans(spans, span{step: s, write: true}, View{t, 0, t.Shape.C})
		}
	}
	slices.SortFunc(spans, func(a, b span) int { return cmp.Compare(a.start, b.start) })
	var access, write [4]span // by lane: of the spans so far, the one that reaches farthest
	for _, b := range spans {
		for lane := range access {
			if b.lanes>>lane&1 == 0 {
				continue
			}
			a := write[lane]
			if b.write {
				a = access[lane]
			}
			if a.step != nil && a.end > b.start {
				verb := map[bool]string{true: "writes", false: "reads"}
				return fmt.Errorf("step %s %s and step %s %s texels %d…%d without a barrier between",
					a.step.Name, verb[a.write], b.step.Name, verb[b.write], b.start, min(a.end, b.end)-1)
			}
			if access[lane].step == nil || b.end > access[lane].end {
				access[lane] = b
			}
			if b.write && (write[lane].step == nil || b.end > write[lane].end) {
				write[lane] = b
			}
		}
	}
	return nil
}

// appendSpans adds the texels of a view: whole texels as one run for each image, partly covered ones with their lanes.
func appendSpans(spans []span, s span, v View) []span {
	t := v.Tensor
	plane := t.Shape.H * t.Shape.W
	end := v.Channel + v.Channels
	if v.ends() {
		end = groups(t.Shape.C) * 4 // the tail lanes belong to the last channels
	}
	add := func(n, fromGroup, toGroup int, lanes uint8) {
		if fromGroup < toGroup {
			s.start = t.Base + (n*groups(t.Shape.C)+fromGroup)*plane
			s.end = t.Base + (n*groups(t.Shape.C)+toGroup)*plane
			s.lanes = lanes
			spans = append(spans, s)
		}
	}
	for n := range t.Shape.N {
		head, tail := (v.Channel+3)/4, end/4
		if v.Channel/4 == end/4 { // within one group
			add(n, v.Channel/4, v.Channel/4+1, 1<<(end%4)-1<<(v.Channel%4))
			continue
		}
		if v.Channel%4 != 0 {
			add(n, v.Channel/4, head, 0xf&^(1<<(v.Channel%4)-1))
		}
		add(n, head, tail, 0xf)
		if end%4 != 0 {
			add(n, tail, tail+1, 1<<(end%4)-1)
		}
	}
	return spans
}

// life is when a tensor holds something that is still needed, recomputed from the steps.
type life struct {
	tensor      *Placed
	first, last int
}

// lives recomputes every tensor's life and checks that reads follow complete writes.
func (p *Plan) lives() ([]life, error) {
	at := map[*Placed]int{}
	var all []life
	see := func(t *Placed, wave int) {
		i, ok := at[t]
		if !ok {
			i = len(all)
			at[t] = i
			all = append(all, life{t, wave, wave})
		}
		all[i].last = max(all[i].last, wave)
	}
	input := p.Input.Placed
	written, count := map[*Placed][]bool{input: full(input)}, map[*Placed]int{input: input.Shape.C}
	see(input, -1)
	for _, c := range p.Fixed { // alive for ever: the next run reads them again
		written[c.Tensor], count[c.Tensor] = full(c.Tensor), c.Tensor.Shape.C
		see(c.Tensor, -1)
		see(c.Tensor, len(p.Waves))
	}
	complete := func(t *Placed) error {
		if written[t] == nil || count[t] < t.Shape.C {
			c := slices.Index(written[t], false)
			return fmt.Errorf("tensor %s is read before its channel %d is written", t.Name, max(c, 0))
		}
		return nil
	}
	for w, wave := range p.Waves {
		for _, s := range wave.Steps {
			for _, v := range s.Inputs() {
				if err := complete(v.Tensor); err != nil {
					return nil, fmt.Errorf("wave %d: step %s: %w", w+1, s.Name, err)
				}
				see(v.Tensor, w)
			}
			params := s.Params()
			if need := s.Key.ScratchTexels(&params); need > 0 {
				if s.Scratch == nil || s.Scratch.Texels() < need {
					return nil, fmt.Errorf("wave %d: step %s: its kernel %v needs %d texels of scratch and has less", w+1, s.Name, s.Key, need)
				}
				see(s.Scratch, w)
			}
		}
		for _, s := range wave.Steps {
			for _, part := range s.Parts {
				t := part.Out.Tensor
				see(t, w)
				if written[t] == nil {
					written[t] = make([]bool, t.Shape.C)
				}
				for c := part.Out.Channel; c < part.Out.Channel+part.Out.Channels; c++ {
					if written[t][c] {
						return nil, fmt.Errorf("wave %d: step %s writes channel %d of %s, which is written already", w+1, s.Name, c, t.Name)
					}
					written[t][c] = true
					count[t]++
				}
			}
		}
	}
	for _, o := range p.Outputs {
		t := o.Placed
		if err := complete(t); err != nil {
			return nil, fmt.Errorf("output: %w", err)
		}
		see(t, len(p.Waves))
	}
	return all, nil
}

// full marks every channel as written.
func full(t *Placed) []bool {
	w := make([]bool, t.Shape.C)
	for i := range w {
		w[i] = true
	}
	return w
}
