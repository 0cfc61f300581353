package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"

	"inceptiongl/cmd/internal/cli"
	"inceptiongl/cmd/internal/show"
	"inceptiongl/cpuref"
	"inceptiongl/inception/classify"
	"inceptiongl/inception/graph"
	"inceptiongl/inception/tensor"
)

const (
	// farOff is more than float32 rounding leaves of any usual network, and less than a wrong layer.
	farOff = 1e-4
	// alike: where rounding grows on its way through a network, two runtimes are about equally far from the reference.
	alike = 10
)

// checkAnswer compares the network's outputs, ours and the other runtime's, with those of the reference, which knows nothing of
// steps.
func (r *Report) checkAnswer(ctx context.Context, m *classify.Model, x *tensor.Tensor, ys []*tensor.Tensor, other *otherRuntime, log io.Writer) error {
	g := m.Graph
	want := make([][]float64, len(g.Outputs))
	bar := cli.NewProgress(len(g.Nodes), "nodes of the reference", log)
	defer bar.Close()
	err := cpuref.Each(ctx, g, x, func(v graph.Value, _ tensor.Shape, y []float64) {
		for i, o := range g.Outputs {
			if o == v {
				want[i] = slices.Clone(y)
			}
		}
		bar.Add()
	})
	if err != nil {
		return err
	}
	bar.Close()
	theirs, err := other.answer()
	if err != nil {
		return err
	}
	if theirs != nil {
		r.Against = theirs.About
		if len(theirs.outputs) != len(ys) {
			return fmt.Errorf("--against: %s gives %d outputs, the model has %d", theirs.About, len(theirs.outputs), len(ys))
		}
	}
	for i, y := range ys {
		o := Output{Name: "output " + strconv.Itoa(i+1), Shape: []int{y.N, y.C, y.H, y.W}}
		if i < len(m.Outputs) {
			o.Name = m.Outputs[i].Name
		}
		var their []float32
		if theirs != nil {
			their = theirs.outputs[i].Data
			o.Shape = theirs.outputs[i].Dims
		}
		r.compare(&o, y.Data, their, want[i], theirs != nil)
		r.Outputs = append(r.Outputs, o)
	}
	return nil
}

// compare fills in an output's distances and judges them. their is the other runtime's, if there is one.
func (r *Report) compare(o *Output, our, their []float32, want []float64, against bool) {
	ours, err := cpuref.RelL2(our, want)
	if err != nil {
		r.wrong("output %s can't be compared: %v", o.Name, err)
		return
	}
	o.RelL2 = number(ours)
	limit := farOff
	if against {
		theirs, err := cpuref.RelL2(their, want)
		if err != nil {
			r.wrong("output %s of %s can't be compared: %v", o.Name, r.Against, err)
			return
		}
		o.Against = number(theirs)
		switch {
		case theirs > max(farOff, alike*ours):
			r.wrong("output %s: %s is %.2g away from the reference, more than rounding explains, and ours %.2g: the reference may read the model otherwise than it is meant", o.Name, r.Against, theirs, ours)
		case theirs > farOff:
			r.Notes = append(r.Notes, fmt.Sprintf("rounding grows on its way to output %s: float32 is about as far from the reference with %s", o.Name, r.Against))
		}
		limit = max(farOff, alike*theirs)
	}
	if !(ours <= limit) {
		r.wrong("output %s as a whole is %.2g away from the reference, more than rounding explains (%.0e): either a rewrite of the network is wrong, or rounding grows on its way through it; --no-rewrites checks without rewrites, --against onnxruntime shows how far another runtime is", o.Name, ours, limit)
	}
}

func number(v float64) *show.Number {
	n := show.Number(v)
	return &n
}
