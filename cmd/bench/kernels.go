package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"inceptiongl/gpu"
	"inceptiongl/inception"
	"inceptiongl/inception/graph"
	"inceptiongl/inception/plan"
	"inceptiongl/inception/run"
	"inceptiongl/inception/tensor"
	"inceptiongl/shaders"
)

// The values of --kernels, beside none.
const (
	kernelsChosen = "chosen"
	kernelsAll    = "all"
)

// layer is one convolution on which the chosen kernel is compared with the plain one.
type layer struct {
	name          string
	input         *tensor.Tensor
	chosen, plain *run.Session
	candidates    []*run.Session // with --kernels all: one for each kernel that fits
}

// sessions are all of the layer's.
func (l *layer) sessions() []*run.Session {
	return append([]*run.Session{l.chosen, l.plain}, l.candidates...)
}

// newLayers compiles the two layers of reference: the article's merged 1×1s, and a 3×3 with enough channels to matter.
func newLayers(ctx context.Context, d *gpu.Device, f *flags, seed uint64) ([]layer, error) {
	var layers []layer
	for _, c := range []graph.Conv2D{
		{In: 192, Out: 72, Kernel: graph.Square(1)},
		{In: 96, Out: 128, Kernel: graph.Square(3), Pad: graph.Pad(1)},
	} {
		shape := tensor.Shape{N: 1, C: c.In, H: 28, W: 28}
		name := fmt.Sprintf("%d×%d conv, 28×28×%d→%d", c.Kernel.H, c.Kernel.W, c.In, c.Out)
		g, x := graph.New(name, c.In)
		c.Weight, c.Bias = "weight", "bias"
		g.Outputs = []graph.Value{g.Add("conv", c, x)}
		inception.InitHe(g, seed)
		l := layer{name: name, input: inception.RandomInput(shape, seed)}
		var err error
		if l.chosen, err = run.Compile(ctx, d, g, shape, f.options()); err == nil {
			l.plain, err = run.Compile(ctx, d, g, shape, run.Options{Kernels: run.KernelsPlain})
		}
		if err == nil && f.Kernels == kernelsAll {
			l.candidates, err = compileCandidates(ctx, d, g, shape, run.Options{NoCache: f.NoCache})
		}
		layers = append(layers, l)
		if err != nil {
			closeLayers(layers)
			return nil, err
		}
	}
	return layers, nil
}

func closeLayers(layers []layer) {
	for _, l := range layers {
		for _, s := range l.sessions() {
			if s != nil {
				s.Close()
			}
		}
	}
}

// timeLayers times both kernels of each layer, alternating. The plain ones are slow: a few runs are enough for a ratio.
func timeLayers(ctx context.Context, r *Report, layers []layer, runs int) error {
	const fewest, most, budget = 3, 7, time.Second
	for _, l := range layers {
		begin := time.Now()
		chosen, plain := l.chosen.Plan().Steps()[0], l.plain.Plan().Steps()[0]
		var tc, tp []time.Duration
		for round := range 1 + min(runs, most) {
			if round > fewest && time.Since(begin) > budget {
				break
			}
			a, err := l.chosen.TimeStep(ctx, chosen)
			if err != nil {
				return err
			}
			b, err := l.plain.TimeStep(ctx, plain)
			if err != nil {
				return err
			}
			if round > 0 {
				tc, tp = append(tc, a), append(tp, b)
			}
		}
		k := KernelReport{Layer: l.name, Chosen: chosen.Key.Brief(), ChosenTime: summarise(tc), PlainTime: summarise(tp), Ratio: medianRatio(tp, tc)}
		k.ChosenGFLOPS = rate(2*chosen.MACs, k.ChosenTime.Median)
		var err error
		if k.Candidates, err = timeCandidates(ctx, &l, runs); err != nil {
			return err
		}
		r.Kernels = append(r.Kernels, k)
	}
	return nil
}

// compileCandidates compiles a graph of one step once for each kernel that fits the step and the device. Those that it returns
// with an error are open, too.
func compileCandidates(ctx context.Context, d *gpu.Device, g *graph.Graph, shape tensor.Shape, o run.Options) ([]*run.Session, error) {
	var all []*run.Session
	var keys []shaders.Key
	for i := 0; i == 0 || i < len(keys); i++ {
		o.Choose = func(_ *plan.Step, fit []shaders.Key) shaders.Key {
			keys = fit
			return fit[i]
		}
		s, err := run.Compile(ctx, d, g, shape, o)
		if err != nil {
			return all, err
		}
		all = append(all, s)
	}
	return all, nil
}

// timeCandidates times all candidates in turn, and returns them with the fastest first.
func timeCandidates(ctx context.Context, l *layer, runs int) ([]CandidateReport, error) {
	const fewest, most, budget = 3, 15, 4 * time.Second
	times := make([][]time.Duration, len(l.candidates))
	begin := time.Now()
	for round := range 1 + min(runs, most) {
		if round > fewest && time.Since(begin) > budget {
			break
		}
		for i, s := range l.candidates {
			t, err := s.TimeStep(ctx, s.Plan().Steps()[0])
			if err != nil {
				return nil, err
			}
			if round > 0 {
				times[i] = append(times[i], t)
			}
		}
	}
	var all []CandidateReport
	chosen := l.chosen.Plan().Steps()[0].Key
	for i, s := range l.candidates {
		st, t := s.Plan().Steps()[0], summarise(times[i])
		all = append(all, CandidateReport{Kernel: st.Key.Brief(), Chosen: st.Key == chosen, Time: t, GFLOPS: rate(2*st.MACs, t.Median)})
	}
	slices.SortStableFunc(all, func(a, b CandidateReport) int { return cmp.Compare(a.Time.Median, b.Time.Median) })
	return all, nil
}

// shareCandidates relates the candidates' rates to the ceiling.
func shareCandidates(r *Report) {
	for _, k := range r.Kernels {
		for i := range k.Candidates {
			k.Candidates[i].Share = k.Candidates[i].GFLOPS / r.Ceilings.Compute.Rate
		}
	}
}

// candidates prints every candidate of the layers.
func (p *textPrinter) candidates(r *Report) {
	for _, k := range r.Kernels {
		if len(k.Candidates) == 0 {
			continue
		}
		fmt.Fprintf(p.out, "\nEvery kernel for the %s that fits; the ceiling is %s\n\n", k.Layer, r.Ceilings.Compute.describe("GFLOP/s"))
		t := p.table("kernel", "time", "GFLOP/s", "of the ceiling", "")
		for _, c := range k.Candidates {
			mark := ""
			if c.Chosen {
				mark = "chosen "
			}
			if c.ClockError {
				mark += "ERROR OF THE CLOCK"
			}
			t.row(c.Kernel, spread(c.Time), fmt.Sprintf("%.1f", c.GFLOPS), percent(c.Share), mark)
		}
		t.end()
	}
}
