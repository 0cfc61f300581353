package main

import (
	"context"
	"fmt"
	"time"

	"inceptiongl/cpuref"
	"inceptiongl/cpuref/verify"
	"inceptiongl/gpu"
	"inceptiongl/inception"
	"inceptiongl/inception/graph"
	"inceptiongl/inception/plan"
	"inceptiongl/inception/run"
	"inceptiongl/inception/tensor"
)

// printer shows a report as it grows. Every method but finish may be called once, in this order; finish always.
type printer interface {
	start(*Report)    // device, case and plan are known
	verified(*Report) // verification is done
	finish(*Report) error
}

// measureDevice verifies, then times, and prints along the way. errWrong if any element is out of bound.
func measureDevice(ctx context.Context, d *gpu.Device, c *benchCase, f *flags, r *Report, print printer) error {
	info := d.Info()
	r.Device = DeviceReport{info.Name, info.Vendor, info.Renderer, info.Version, info.Backend, info.Software}
	full, err := run.Compile(ctx, d, c.graph, c.input.Shape, f.options())
	if err != nil {
		return err
	}
	defer full.Close()
	begin := time.Now()
	if _, err := full.Run(ctx, c.input); err != nil {
		return err
	}
	total, measuring := full.CompileTime()
	r.Compile = &CompileReport{total.Seconds(), measuring.Seconds(), time.Since(begin).Seconds()}
	frameworkLike := f.options()
	frameworkLike.Off = plan.AllRewrites
	framework, err := run.Compile(ctx, d, c.graph, c.input.Shape, frameworkLike)
	if err != nil {
		return err
	}
	defer framework.Close()
	r.Plan = describePlan(full)
	print.start(r)

	// Correct first: nothing is timed before everything that will be timed was checked.
	var layers []layer
	if f.Kernels {
		if layers, err = newLayers(ctx, d, f, c.seed); err != nil {
			return err
		}
		defer closeLayers(layers)
	}
	var claims *articleBench
	if f.Article {
		if claims, err = newArticleBench(ctx, d, f, c.seed); err != nil {
			return err
		}
		defer claims.close()
	}
	if err := verifyInto(ctx, r, "full", full, c.input); err != nil {
		return err
	}
	if err := verifyInto(ctx, r, "framework-like", framework, c.input); err != nil {
		return err
	}
	for _, l := range layers {
		for _, s := range []*run.Session{l.chosen, l.plain} {
			if err := verifyInto(ctx, r, l.name, s, l.input); err != nil {
				return err
			}
		}
	}
	if f.Article {
		if err := claims.verify(ctx, r); err != nil {
			return err
		}
	}
	if f.Report != "" {
		if r.Maps, err = featureMaps(ctx, d, f, r); err != nil {
			return err
		}
	}
	print.verified(r)
	if err := wrong(r); err != nil {
		if e := print.finish(r); e != nil {
			return e
		}
		return err
	}
	if err := timePlans(ctx, r, full, framework, c, f.Runs); err != nil {
		return err
	}
	if err := timeLayers(ctx, r, layers, f.Runs); err != nil {
		return err
	}
	if f.Article {
		// The ceilings before and after: what else runs on the machine comes and goes.
		before, err := measureCeilings(ctx, d)
		if err != nil {
			return err
		}
		if err := claims.time(ctx, f.Runs); err != nil {
			return err
		}
		after, err := measureCeilings(ctx, d)
		if err != nil {
			return err
		}
		r.Ceilings = before.best(after)
		if r.Article, err = claims.report(ctx, r.Ceilings); err != nil {
			return err
		}
	}
	if f.Report != "" {
		if r.Timeline, err = measureTimeline(ctx, full, c, f.Runs); err != nil {
			return err
		}
		r.Graph = describeGraph(c.graph, full.Plan())
	}
	if f.Trace != "" {
		if r.trace, err = traceRun(ctx, full, c, f.Runs); err != nil {
			return err
		}
	}
	if err := timeReference(ctx, c, r); err != nil {
		return err
	}
	return print.finish(r)
}

// describePlan lists the plan's waves and steps.
func describePlan(s *run.Session) *PlanReport {
	p := s.Plan()
	r := &PlanReport{Waves: len(p.Waves), ArenaBytes: 16 * int64(p.ArenaTexels), WeightsBytes: s.WeightsBytes()}
	for i, w := range p.Waves {
		for _, st := range w.Steps {
			r.Steps++
			params := st.Params()
			r.Step = append(r.Step, StepReport{
				Wave: i + 1, Name: st.Name, Parts: len(st.Parts), Kernel: st.Key.String(), Workgroups: st.Key.Workgroups(&params), LocalSize: st.Key.LocalSize(),
				MACs: st.MACs, FLOPs: flops(st), Bytes: st.Bytes,
			})
		}
	}
	return r
}

// verifyInto checks every step of a session and adds what it found to the report.
func verifyInto(ctx context.Context, r *Report, what string, s *run.Session, x *tensor.Tensor) error {
	_, reports, err := verify.Session(ctx, s, x)
	for _, v := range reports {
		row := VerifyReport{
			Plan: what, Wave: v.Wave, Part: v.Part.Name, Kernel: v.Step.Key.String(),
			Elements: v.Elements, MaxError: v.MaxErr, Share: v.MaxShare,
		}
		if v.Err != nil {
			row.Error = v.Err.Error()
		}
		r.Verify = append(r.Verify, row)
	}
	return err
}

// wrong is errWrong, naming the first step that failed.
func wrong(r *Report) error {
	for _, v := range r.Verify {
		if v.Error != "" {
			return fmt.Errorf("%w: %s plan, %s (%s): %s", errWrong, v.Plan, v.Part, v.Kernel, v.Error)
		}
	}
	return nil
}

// timePlans times every step alone and both plans whole, alternating, so that the machine's moods hit all of them alike.
func timePlans(ctx context.Context, r *Report, full, framework *run.Session, c *benchCase, runs int) error {
	steps := full.Plan().Steps()
	alone := make([][]time.Duration, len(steps))
	var fulls, frameworks []time.Duration
	whole := func(s *run.Session, into *[]time.Duration, keep bool) error {
		begin := time.Now()
		_, err := s.Run(ctx, c.input)
		if keep {
			*into = append(*into, time.Since(begin))
		}
		return err
	}
	const warmUp = 3
	for round := range warmUp + runs {
		keep := round >= warmUp
		if err := whole(full, &fulls, keep); err != nil {
			return err
		}
		if err := whole(framework, &frameworks, keep); err != nil {
			return err
		}
		for i, st := range steps {
			t, err := full.TimeStep(ctx, st)
			if err != nil {
				return err
			}
			if keep {
				alone[i] = append(alone[i], t)
			}
		}
	}
	w := &WholeReport{Full: summarise(fulls), FrameworkLike: summarise(frameworks), FrameworkSteps: len(framework.Plan().Steps())}
	i := 0
	for wave, ws := range full.Plan().Waves {
		for _, st := range ws.Steps {
			t := summarise(alone[i])
			r.Steps = append(r.Steps, StepTiming{wave + 1, st.Name, t, rate(2*st.MACs, t.Median), rate(st.Bytes, t.Median)})
			w.StepsAlone += t.Median
			i++
		}
	}
	w.GFLOPS = rate(2*c.macs, w.Full.Median)
	w.ImagesPerSecond = float64(c.input.N) / w.Full.Median
	w.Speedup = medianRatio(frameworks, fulls)
	if w.StepsAlone > 0 {
		w.OverStepsAlone = w.Full.Median / w.StepsAlone
	}
	r.Whole = w
	return nil
}

// timeReference times cpuref once or more, for about a second.
func timeReference(ctx context.Context, c *benchCase, r *Report) error {
	var times []time.Duration
	for begin := time.Now(); len(times) == 0 || time.Since(begin) < time.Second; {
		mark := time.Now()
		if _, err := cpuref.Run(ctx, c.graph, c.input); err != nil {
			return err
		}
		times = append(times, time.Since(mark))
	}
	t := summarise(times)
	r.CPURef = &t
	return nil
}

// layer is one convolution on which the chosen kernel is compared with the plain one.
type layer struct {
	name          string
	input         *tensor.Tensor
	chosen, plain *run.Session
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
		for _, s := range []*run.Session{l.chosen, l.plain} {
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
		k := KernelReport{Layer: l.name, Chosen: chosen.Key.String(), ChosenTime: summarise(tc), PlainTime: summarise(tp), Ratio: medianRatio(tp, tc)}
		k.ChosenGFLOPS = rate(2*chosen.MACs, k.ChosenTime.Median)
		r.Kernels = append(r.Kernels, k)
	}
	return nil
}
