package main

import (
	"context"
	"fmt"
	"time"

	"inceptiongl/cmd/internal/show"
	"inceptiongl/cpuref"
	"inceptiongl/cpuref/verify"
	"inceptiongl/gpu"
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

// measureDevice verifies, then times, and prints along the way. Opening the device took as long as opened says. errWrong if any element is out of bound.
func measureDevice(ctx context.Context, d *gpu.Device, opened time.Duration, c *benchCase, f *flags, r *Report, print printer) error {
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
	firstRun := time.Since(begin)
	r.Compile = &CompileReport{total.Seconds(), measuring.Seconds(), firstRun.Seconds(), opened.Seconds(), (opened + total + firstRun).Seconds()}
	if peak, ok := peakMemory(); ok {
		r.Memory = &MemoryReport{FirstRun: peak}
	}
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
	all := &subjects{full: full, framework: framework}
	if f.Kernels == kernelsChosen || f.Kernels == kernelsAll {
		if all.layers, err = newLayers(ctx, d, f, c.seed); err != nil {
			return err
		}
		defer closeLayers(all.layers)
	}
	if f.Article {
		if all.claims, err = newArticleBench(ctx, d, f, c.seed); err != nil {
			return err
		}
		defer all.claims.close()
	}
	if err := verifyInto(ctx, r, "full", full, c.input); err != nil {
		return err
	}
	if err := verifyInto(ctx, r, "framework-like", framework, c.input); err != nil {
		return err
	}
	for _, l := range all.layers {
		for _, s := range l.sessions() {
			if err := verifyInto(ctx, r, l.name, s, l.input); err != nil {
				return err
			}
		}
	}
	if f.Article {
		if err := all.claims.verify(ctx, r); err != nil {
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
	if err := all.time(ctx, d, r, c, f); err != nil {
		return err
	}
	if f.Report != "" {
		if r.Timeline, err = measureTimeline(ctx, full, c, f.Runs); err != nil {
			return err
		}
		r.Graph = describeGraph(c.graph, full.Plan())
	}
	if f.Peers {
		if r.Peers, err = comparePeers(ctx, full, c, f.Python, f.Runs); err != nil {
			return err
		}
	}
	if f.Trace != "" {
		if r.trace, err = traceRun(ctx, full, c, f.Runs); err != nil {
			return err
		}
	}
	if err := timeReference(ctx, c, r); err != nil {
		return err
	}
	checkClock(r)
	if r.Memory != nil {
		r.Memory.End, _ = peakMemory()
	}
	return print.finish(r)
}

// subjects is what is timed: layers and claims only where they were asked for.
type subjects struct {
	full, framework *run.Session
	layers          []layer
	claims          *articleBench
}

// time times all of them, with the ceilings before and after where rates are compared with them: what else runs on the machine
// comes and goes.
func (s *subjects) time(ctx context.Context, d *gpu.Device, r *Report, c *benchCase, f *flags) error {
	if err := timePlans(ctx, r, s.full, s.framework, c, f.Runs); err != nil {
		return err
	}
	var err error
	if r.Dispatches, err = timeDispatches(ctx, d, min(f.Runs, 30)); err != nil {
		return err
	}
	if s.claims == nil && f.Kernels != kernelsAll {
		return timeLayers(ctx, r, s.layers, f.Runs)
	}
	before, err := measureCeilings(ctx, d)
	if err != nil {
		return err
	}
	if err := timeLayers(ctx, r, s.layers, f.Runs); err != nil {
		return err
	}
	if s.claims != nil {
		if err := s.claims.time(ctx, f.Runs); err != nil {
			return err
		}
	}
	after, err := measureCeilings(ctx, d)
	if err != nil {
		return err
	}
	r.Ceilings = before.best(after)
	shareCandidates(r)
	if s.claims != nil {
		r.Article, err = s.claims.report(ctx, r.Ceilings)
	}
	return err
}

// describePlan lists the plan's waves and steps.
func describePlan(s *run.Session) *PlanReport {
	p := s.Plan()
	r := &PlanReport{Notes: s.Notes(), Waves: len(p.Waves), ArenaBytes: 16 * int64(p.ArenaTexels), WeightsBytes: s.WeightsBytes()}
	for i, w := range p.Waves {
		for _, st := range w.Steps {
			r.Steps++
			params := st.Params()
			r.Step = append(r.Step, StepReport{
				Wave: i + 1, Name: st.Name, Parts: len(st.Parts), Kernel: st.Key.Brief(), Workgroups: st.Key.Workgroups(&params), LocalSize: st.Key.LocalSize(),
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
			Plan: what, Wave: v.Wave, Part: v.Part.Name, Kernel: v.Step.Key.Brief(),
			Elements: v.Elements, MaxError: show.Number(v.MaxErr), Share: show.Number(v.MaxShare),
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
	var err error
	if w.Stamped, err = stamped(ctx, full, c, min(runs, 9)); err != nil {
		return err
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
