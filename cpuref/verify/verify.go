// Package verify checks what a session computed on a device against cpuref, step by step, on the device's own inputs:
// errors don't pile up and a wrong step is named.
package verify

import (
	"context"
	"fmt"

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
	wave := map[*plan.Step]int{}
	for i, w := range s.Plan().Waves {
		for _, step := range w.Steps {
			wave[step] = i + 1
		}
	}
	var reports []StepReport
	y, err := s.Trace(ctx, x, func(tr run.StepTrace) error {
		for i, part := range tr.Step.Parts {
			ref, err := reference(s.Plan().Graph, part, tr.In)
			if err != nil {
				return fmt.Errorf("verifying step %s: %w", part.Name, err)
			}
			reports = append(reports, StepReport{wave[tr.Step], tr.Step, part, cpuref.Check(tr.Out[i], ref)})
		}
		return nil
	})
	if err == nil && len(reports) == 0 {
		err = fmt.Errorf("verifying %s: it has no steps", s.Plan().Graph.Name)
	}
	return y, reports, err
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

// reference computes what a part should be, from the inputs that the device had.
func reference(g *graph.Graph, p plan.Part, in []*tensor.Tensor) (*cpuref.Result, error) {
	weight, bias, err := p.Weights.Values(g)
	if err != nil {
		return nil, err
	}
	switch p.Op.(type) {
	case graph.Channels, graph.Move:
		weight = nil // the indices, which the operator has already
	}
	r, err := cpuref.Apply(p.Op, weight, bias, in...)
	if err != nil {
		return nil, err
	}
	return r.Activate(p.Act)
}
