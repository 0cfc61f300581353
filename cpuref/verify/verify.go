// Package verify checks what a session computed on a device against cpuref, step by step, on the device's own inputs:
// errors don't pile up and a wrong step is named.
package verify

import (
	"context"
	"fmt"
	"math"

	"inceptiongl/cpuref"
	"inceptiongl/inception/graph"
	"inceptiongl/inception/plan"
	"inceptiongl/inception/run"
	"inceptiongl/inception/tensor"
)

// StepReport is how one part of a step compares with the reference. Report.Err is set where any element is out of bound.
type StepReport struct {
	Wave int // 1-based
	Step *plan.Step
	Part plan.Part
	cpuref.Report
}

// Session runs x through s and checks every element of every step. The error is a failure to run; a wrong element is
// in its step's report, and Failed tells.
func Session(ctx context.Context, s *run.Session, x *tensor.Tensor) (*tensor.Tensor, []StepReport, error) {
	var reports []StepReport
	ys, err := Each(ctx, s, x, func(r StepReport) error {
		reports = append(reports, r)
		return nil
	})
	if err != nil {
		return nil, reports, err
	}
	return ys[0], reports, nil
}

// Each is Session with all outputs, where visit has each report as it is made: no more than a wave's tensors are held at a time.
// Where the device takes the batch in parts, each step is reported for each part. An error from visit ends the run.
func Each(ctx context.Context, s *run.Session, x *tensor.Tensor, visit func(StepReport) error) ([]*tensor.Tensor, error) {
	wave := map[*plan.Step]int{}
	for i, w := range s.Plan().Waves {
		for _, step := range w.Steps {
			wave[step] = i + 1
		}
	}
	if len(wave) == 0 {
		return nil, fmt.Errorf("verifying %s: it has no steps", s.Plan().Graph.Name)
	}
	return s.Trace(ctx, x, func(tr run.StepTrace) error {
		for i, part := range tr.Step.Parts {
			ref, err := reference(ctx, s.Plan().Graph, tr.Step, part, tr.In)
			if err != nil {
				return fmt.Errorf("verifying step %s: %w", part.Name, err)
			}
			if err := visit(StepReport{wave[tr.Step], tr.Step, part, cpuref.Check(tr.Out[i], ref)}); err != nil {
				return err
			}
		}
		return nil
	})
}

// SameBits reports an output that differs in any bit between two runs of one session, such as Each's, which waits after every
// wave, and an ordinary one: what differs depends on when things ran.
func SameBits(a, b []*tensor.Tensor) error {
	if len(a) != len(b) {
		return fmt.Errorf("%d outputs and %d", len(a), len(b))
	}
	for k := range a {
		if a[k].Shape != b[k].Shape {
			return fmt.Errorf("output %d has shape %v and %v", k, a[k].Shape, b[k].Shape)
		}
		for i, v := range a[k].Data {
			if w := b[k].Data[i]; math.Float32bits(v) != math.Float32bits(w) && (v == v || w == w) {
				return fmt.Errorf("output %d, element %d is %v and %v", k, i, v, w)
			}
		}
	}
	return nil
}

// Failed is the first report with an element out of bound, as an error that names its step; nil if there is none.
func Failed(reports []StepReport) error {
	for _, r := range reports {
		if r.Err != nil {
			return fmt.Errorf("step %s (%s, %v): %w", r.Part.Name, r.Part.Op.Kind(), r.Step.Key, r.Err)
		}
	}
	return nil
}

// reference computes what a part should be, from the inputs that the device had, and how far its kernel may be off. It gives up
// at once where ctx ends; what it has begun then comes to its end unseen.
func reference(ctx context.Context, g *graph.Graph, s *plan.Step, p plan.Part, in []*tensor.Tensor) (*cpuref.Result, error) {
	weight, bias, err := p.Weights.Values(g)
	if err != nil {
		return nil, err
	}
	switch p.Op.(type) {
	case graph.Channels, graph.Move, graph.Resize:
		weight = nil // the indices and tables, which the operator has already
	}
	own := in
	if p.Adds {
		own = in[:1]
	}
	type answer struct {
		r   *cpuref.Result
		err error
	}
	done := make(chan answer, 1)
	go func() {
		r, err := cpuref.Apply(p.Op, weight, bias, own...)
		if rows, columns := s.Key.Kernel.Transforms(); err == nil && rows != nil {
			err = r.Winograd(in[0], p.Op.(graph.Conv2D), weight, bias, cpuref.Transform(*rows), cpuref.Transform(*columns))
		}
		if err == nil && p.Adds {
			r, err = r.Add(in[1])
		}
		if err == nil {
			r, err = r.Activate(p.Act)
		}
		done <- answer{r, err}
	}()
	select {
	case a := <-done:
		return a.r, a.err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}
