package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"inceptiongl/inception/run"
)

// How far figures may disagree before the clock is taken to be wrong. Machines have moods; a clock that is wrong is so by more.
const (
	aboveCeiling = 1.1  // a rate against the measured ceiling
	fastClock    = 1.1  // the waves, by the device's clock, against the run that they are part of, by the host's
	slowClock    = 3    // the whole against its parts
	shortest     = 2e-3 // seconds: what a run may take beside its parts, whatever they take
	serial       = 1.5  // steps that can't overlap against the whole
)

// checkClock looks for figures that can't be: they are errors of the clock, or of how it is read, not of the device.
func checkClock(r *Report) {
	if r.Ceilings != nil {
		checkRates(r)
	}
	if w := r.Whole; w != nil {
		checkSums(r, w)
	}
}

// stamped runs the network with time stamps. Of several runs it takes the one that was least disturbed beside its waves.
func stamped(ctx context.Context, s *run.Session, c *benchCase, runs int) (r StampedReport, err error) {
	all, err := stampedRuns(ctx, s, c, runs)
	if err != nil {
		return r, err
	}
	transfers, err := timeTransfers(ctx, s, runs)
	if err != nil {
		return r, err
	}
	t := slices.MinFunc(all, func(a, b run.Timing) int { return cmp.Compare(a.Wall-a.Total, b.Wall-b.Total) })
	return StampedReport{t.Total.Seconds(), transfers.of(s, c.input.N).Seconds(), t.Wall.Seconds()}, nil
}

func (r *Report) clockError(format string, args ...any) {
	r.ClockErrors = append(r.ClockErrors, fmt.Sprintf(format, args...))
}

// checkRates holds every rate against the ceiling of the same run.
func checkRates(r *Report) {
	ceiling := r.Ceilings.Compute.Rate
	above := func(gflops float64, format string, args ...any) bool {
		if gflops <= aboveCeiling*ceiling {
			return false
		}
		r.clockError("%s: %s GFLOP/s, above the measured ceiling of %s", fmt.Sprintf(format, args...), figures(gflops), figures(ceiling))
		return true
	}
	for _, s := range r.Steps {
		above(s.GFLOPS, "step %s", s.Name)
	}
	if r.Whole != nil {
		above(r.Whole.GFLOPS, "the whole")
	}
	for _, k := range r.Kernels {
		above(k.ChosenGFLOPS, "%s, %s", k.Layer, k.Chosen)
		for i := range k.Candidates {
			c := &k.Candidates[i]
			c.ClockError = above(c.GFLOPS, "%s, candidate %s", k.Layer, c.Kernel) || c.Time.Median <= 0
			if c.Time.Median <= 0 {
				r.clockError("%s, candidate %s: no time measured", k.Layer, c.Kernel)
			}
		}
	}
	if r.Article == nil {
		return
	}
	for _, sw := range r.Article.Sweeps {
		for _, v := range append([]VariantReport{sw.Direct}, sw.Paths...) {
			above(v.GFLOPS, "%s, %s", sw.Name, v.Name)
		}
	}
}

// checkSums holds the parts of a run against the whole: two clocks that must agree.
func checkSums(r *Report, w *WholeReport) {
	longest := map[int]float64{} // of each wave: the others may run beside it
	for _, s := range r.Steps {
		if s.Median <= 0 {
			r.clockError("step %s: no time measured", s.Name)
		}
		longest[s.Wave] = max(longest[s.Wave], s.P10)
	}
	path := 0.0
	for _, t := range longest {
		path += t
	}
	if path > serial*w.Full.P90 {
		r.clockError("each wave's longest step alone: at least %s in all, but the whole takes %s", seconds(path), seconds(w.Full.Median))
	}
	if s := w.Stamped; s.Waves > fastClock*s.Wall {
		r.clockError("the waves of a run: %s by the device's clock, but all of the run took %s by the host's", seconds(s.Waves), seconds(s.Wall))
	}
	if s := w.Stamped; s.Wall > slowClock*(s.Waves+s.Transfers)+shortest {
		r.clockError("a run took %s by the host's clock, but its waves %s by the device's, and its transfers %s", seconds(s.Wall), seconds(s.Waves), seconds(s.Transfers))
	}
}

// clock prints what checkClock found.
func (p *textPrinter) clock(r *Report) {
	if len(r.ClockErrors) == 0 {
		return
	}
	fmt.Fprintf(p.out, "\nERROR OF THE CLOCK: these figures can't be, so don't trust the others\n\n")
	for _, e := range r.ClockErrors {
		fmt.Fprintf(p.out, "  %s\n", e)
	}
}
