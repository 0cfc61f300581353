package main

import (
	"context"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"time"

	"inceptiongl/cmd/internal/cli"
	"inceptiongl/cmd/internal/show"
	"inceptiongl/cpuref/verify"
	"inceptiongl/gpu"
	"inceptiongl/inception/classify"
	"inceptiongl/inception/graph"
	"inceptiongl/inception/plan"
	"inceptiongl/inception/run"
	"inceptiongl/inception/tensor"
)

// measure fills in all that needs the device, and judges it.
func (r *Report) measure(ctx context.Context, f *flags, m *classify.Model, in *input, d *gpu.Device, other *otherRuntime, log io.Writer) error {
	o := run.Options{NoCache: f.NoCache, Exact: f.Exact}
	if f.Tune {
		o.Kernels = run.KernelsMeasured
	}
	if !f.Rewrites {
		o.Off = plan.AllRewrites
	}
	s, err := run.Compile(ctx, d, m.Graph, in.x.Shape, o)
	if err != nil {
		return err
	}
	defer s.Close()
	r.Notes = append(r.Notes, s.Notes()...)
	r.Waves = len(s.Plan().Waves)
	ys, err := s.RunAll(ctx, in.x)
	if err != nil {
		return err
	}
	begin := time.Now()
	traced, err := r.checkSteps(ctx, f, s, in.x, log)
	if err != nil {
		return err
	}
	if err := verify.SameBits(ys, traced); err != nil {
		r.wrong("an ordinary run and one that waits after every wave differ (%v): what one step writes and another reads is out of order", err)
	}
	plain := func() ([]*tensor.Tensor, error) {
		simple := run.Options{NoCache: o.NoCache, Exact: o.Exact, Off: plan.AllRewrites}
		if !f.Rewrites {
			simple.Kernels = run.KernelsPlain
		}
		s, err := run.Compile(ctx, d, m.Graph, in.x.Shape, simple)
		if err != nil {
			return nil, err
		}
		defer s.Close()
		return s.RunAll(ctx, in.x)
	}
	if err := r.checkAnswer(ctx, m, in.x, ys, other, plain, log); err != nil {
		return err
	}
	r.Reference = time.Since(begin).Seconds()
	if err := r.time(ctx, s, in.x, f.Runs); err != nil {
		return err
	}
	r.OK = len(r.Wrong) == 0
	return nil
}

func (r *Report) wrong(format string, a ...any) { r.Wrong = append(r.Wrong, fmt.Sprintf(format, a...)) }

// checkSteps compares every step with the reference, and gives the outputs of the run in which it did.
func (r *Report) checkSteps(ctx context.Context, f *flags, s *run.Session, x *tensor.Tensor, log io.Writer) ([]*tensor.Tensor, error) {
	index := map[*plan.Step]int{}
	parts := 0
	for i, st := range s.Plan().Steps() {
		index[st] = i
		parts += len(st.Parts)
		r.MACs += st.MACs
	}
	if len(index) == 0 {
		return nil, fmt.Errorf("the network has no steps: its output is its input")
	}
	each := s.Plan().Input.Shape.N // images at a time
	passes := (x.N + each - 1) / each
	r.MACs = r.MACs * int64(x.N) / int64(each)
	bar := cli.NewProgress(parts*passes, "steps", log)
	defer bar.Close()
	ys, err := f.each(ctx, s, x, func(v verify.StepReport) error {
		r.add(v, index[v.Step])
		bar.Add()
		return nil
	})
	if err != nil {
		return nil, err
	}
	if len(r.Steps) != parts { // what wasn't seen wasn't checked
		return nil, fmt.Errorf("%d of %d steps were checked", len(r.Steps), parts)
	}
	for _, st := range r.Steps {
		if st.Error != "" {
			r.wrong("step %s (%s, kernel %s): %s", st.Name, st.Operator, st.Kernel, st.Error)
		}
	}
	return ys, nil
}

// add takes in how a part of a step compares with the reference. A part that is reported again, for other images, keeps its worst.
func (r *Report) add(v verify.StepReport, step int) {
	shape := v.Part.Out.Shape()
	row := Step{
		Wave: v.Wave, Name: v.Part.Name, Operator: operator(v.Part), Kernel: v.Step.Key.Brief(), Shape: []int{shape.N, shape.C, shape.H, shape.W},
		Elements: v.Elements, MaxError: show.Number(v.MaxErr), Share: show.Number(v.MaxShare), MACs: v.Step.MACs, step: step,
	}
	if v.Index >= 0 {
		plane := shape.H * shape.W
		row.Worst = &Element{v.Index / (plane * shape.C), v.Index / plane % shape.C, v.Index % plane / shape.W, v.Index % shape.W,
			show.Number(v.Got), show.Number(v.Want), show.Number(v.Bound)}
	}
	if v.Err != nil {
		row.Error = strings.TrimPrefix(v.Err.Error(), "cpuref: check: ")
	}
	r.Elements += row.Elements
	at := slices.IndexFunc(r.Steps, func(s Step) bool { return s.step == step && s.Name == row.Name })
	if at < 0 {
		r.Steps = append(r.Steps, row)
		return
	}
	was := &r.Steps[at]
	row.Elements += was.Elements
	if row.Error == "" && was.Error != "" || (row.Error == "") == (was.Error == "") && !(row.Share > was.Share) {
		was.Elements = row.Elements
		return
	}
	*was = row
}

// operator is what a part computes, in short: "conv 3×3/2 + relu".
func operator(p plan.Part) string {
	s := p.Op.Kind()
	window := func(kernel, stride graph.Pair) {
		s += fmt.Sprintf(" %d×%d", kernel.H, kernel.W)
		if stride.H != stride.W {
			s += fmt.Sprintf("/%d×%d", stride.H, stride.W)
		} else if stride.H != 1 {
			s += fmt.Sprintf("/%d", stride.H)
		}
	}
	switch op := p.Op.(type) {
	case graph.Conv2D:
		op = op.Norm()
		window(op.Kernel, op.Stride)
		if op.Dilation != graph.Square(1) {
			s += fmt.Sprintf(", dilation %d", op.Dilation.H)
		}
		if op.Groups > 1 {
			s += fmt.Sprintf(", %d groups", op.Groups)
		}
	case graph.ConvTranspose2D:
		op = op.Norm()
		window(op.Kernel, op.Stride)
	case graph.Pool2D:
		op = op.Norm()
		window(op.Kernel, op.Stride)
	}
	if p.Act != nil {
		s += " + " + p.Act.Kind()
	}
	return s
}

// time measures ordinary runs and, in turn, runs in which the device stamps every step: as many as asked for, or as a few seconds
// allow.
func (r *Report) time(ctx context.Context, s *run.Session, x *tensor.Tensor, runs int) error {
	const enough = 3 * time.Second
	var whole []float64
	stamped := make([][]float64, len(s.Plan().Steps()))
	for begin := time.Now(); len(whole) < runs && (len(whole) == 0 || time.Since(begin) < enough); {
		mark := time.Now()
		if _, err := s.RunAll(ctx, x); err != nil {
			return err
		}
		whole = append(whole, time.Since(mark).Seconds())
		_, t, err := s.RunTimed(ctx, x, true)
		if err != nil {
			return err
		}
		i := 0
		for _, wave := range t.Steps {
			for _, step := range wave {
				stamped[i] = append(stamped[i], step.Seconds())
				i++
			}
		}
	}
	r.Run = median(whole)
	for i, times := range stamped {
		t := median(times)
		r.OnDevice += t
		for k := range r.Steps {
			if r.Steps[k].step == i {
				r.Steps[k].Seconds = t
			}
		}
	}
	return nil
}

func median(v []float64) float64 {
	if len(v) == 0 {
		return math.NaN()
	}
	slices.Sort(v)
	return (v[(len(v)-1)/2] + v[len(v)/2]) / 2
}
