package main

import (
	"cmp"
	"context"
	"slices"

	"inceptiongl/inception/graph"
	"inceptiongl/inception/plan"
	"inceptiongl/inception/run"
)

// TimelineReport is one run of the full plan, stamped by the device after every step: the one of median length among several.
// The stamps keep steps from overlapping on some devices.
type TimelineReport struct {
	Runs  int
	Total float64 // seconds
	Waves []WaveTime
}

// WaveTime is a wave with its steps, in seconds since the start. The barrier is what lies between its last step and its end.
type WaveTime struct {
	Start, End float64
	Steps      []Span
}

// Span is one step.
type Span struct {
	Name       string
	Start, End float64
}

// stampedRuns runs the network with time stamps after every step, the shortest run first.
func stampedRuns(ctx context.Context, s *run.Session, c *benchCase, runs int) ([]run.Timing, error) {
	var all []run.Timing
	for i := range 1 + runs {
		_, t, err := s.RunTimed(ctx, c.input, true)
		if err != nil {
			return nil, err
		}
		if i > 0 {
			all = append(all, t)
		}
	}
	slices.SortFunc(all, func(a, b run.Timing) int { return cmp.Compare(a.Total, b.Total) })
	return all, nil
}

func measureTimeline(ctx context.Context, s *run.Session, c *benchCase, runs int) (*TimelineReport, error) {
	all, err := stampedRuns(ctx, s, c, runs)
	if err != nil {
		return nil, err
	}
	t := all[len(all)/2]
	r := &TimelineReport{Runs: len(all), Total: t.Total.Seconds()}
	at := 0.0
	for w, wave := range s.Plan().Waves {
		end := at + t.Waves[w].Seconds()
		wt := WaveTime{Start: at, End: end}
		for i, st := range wave.Steps {
			d := t.Steps[w][i].Seconds()
			wt.Steps = append(wt.Steps, Span{st.Name, at, at + d})
			at += d
		}
		r.Waves = append(r.Waves, wt)
		at = end
	}
	return r, nil
}

// flops counts a step's floating-point operations: a multiply-accumulate is two, an element of a pool's window one.
func flops(st *plan.Step) int64 {
	if p, ok := st.Parts[0].Op.(graph.Pool2D); ok {
		out := st.Parts[0].Out.Shape()
		return int64(out.Len()) * int64(p.Kernel.H*p.Kernel.W)
	}
	return 2 * st.MACs
}
