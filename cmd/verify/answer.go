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
	// farOff is more than float32 rounding leaves of any usual network, and less than a wrong layer. A network may amplify rounding
	// beyond that, such as by subtracting what is nearly equal: then another way to compute it is about as far off.
	farOff = 1e-4
	alike  = 10 // about as far: up to this many times
)

// distance is a relative L2 distance from the reference, or why there is none.
type distance struct {
	value float64
	err   error
}

func newDistance(got []float32, want []float64) *distance {
	v, err := cpuref.RelL2(got, want)
	return &distance{v, err}
}

// checkAnswer compares the network's outputs, ours and the other runtime's, with those of the reference, which knows nothing of
// steps. plain computes them in our simplest way.
func (r *Report) checkAnswer(ctx context.Context, m *classify.Model, x *tensor.Tensor, ys []*tensor.Tensor, other *otherRuntime, plain func() ([]*tensor.Tensor, error), log io.Writer) error {
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
		r.Against, r.half = theirs.About, theirs.half
		if outputs := max(len(ys), len(m.Outputs)); m.Tail == nil && len(theirs.outputs) != len(ys) || m.Tail != nil && len(theirs.outputs) != len(m.Outputs) {
			return fmt.Errorf("--against: %s gives %d outputs, the model has %d", theirs.About, len(theirs.outputs), outputs)
		}
	}
	if m.Tail != nil {
		if err := r.checkHost(ctx, m, ys, want, theirs); err != nil {
			return err
		}
		theirs = nil // it gives no outputs of the network
	}
	for i, y := range ys {
		o := Output{Name: "output " + strconv.Itoa(i+1), Shape: m.OutputDims(i, y.Shape)}
		switch {
		case m.Tail != nil:
			o.Name = m.Network[i].Name
		case i < len(m.Outputs):
			o.Name = m.Outputs[i].Name
		}
		var their *distance
		if theirs != nil {
			their = newDistance(theirs.outputs[i].Data, want[i])
			o.Shape = theirs.outputs[i].Dims
		}
		err := r.judge(&o, newDistance(y.Data, want[i]), their, func() (*distance, error) {
			ps, err := plain()
			if err != nil {
				return nil, err
			}
			return newDistance(ps[i].Data, want[i]), nil
		})
		if err != nil {
			return err
		}
		r.Outputs = append(r.Outputs, o)
	}
	return nil
}

// judge notes an output's distances, and what is wrong with them. their is the other runtime's, or nil; plain is that of our simplest
// way, which is asked only where ours is far.
func (r *Report) judge(o *Output, our, their *distance, plain func() (*distance, error)) error {
	if our.err != nil {
		r.wrong("output %s can't be compared: %v", o.Name, our.err)
		return nil
	}
	o.RelL2 = number(our.value)
	if their != nil && their.err != nil {
		r.wrong("output %s of %s can't be compared: %v", o.Name, r.Against, their.err)
		return nil
	}
	if their != nil {
		o.Against = number(their.value)
		if far := their.value > max(farOff, alike*our.value); far && r.half {
			r.Notes = append(r.Notes, fmt.Sprintf("output %s: %s is %.2g away from the reference: it computes in half precision, as the file says, and we in float32", o.Name, r.Against, their.value))
		} else if far {
			r.wrong("output %s: %s is %.2g away from the reference, more than rounding explains, and ours %.2g: the reference may read the model otherwise than it is meant", o.Name, r.Against, their.value, our.value)
		}
	}
	if our.value <= farOff {
		return nil
	}
	way, other := r.Against, their
	if other == nil {
		way = "one operator a step"
		if !r.Rewrites {
			way = "plain kernels"
		}
		var err error
		if other, err = plain(); err != nil {
			return err
		}
	}
	if other.err != nil || !(our.value <= alike*other.value) {
		r.wrong("output %s as a whole is %.2g away from the reference, and %.2g with %s: the steps are right by themselves, but what was made of the network is not", o.Name, our.value, other.value, way)
		return nil
	}
	r.Notes = append(r.Notes, fmt.Sprintf("the network amplifies rounding: output %s is %.2g away from the reference, and %.2g with %s", o.Name, our.value, other.value, way))
	return nil
}

func number(v float64) *show.Number {
	n := show.Number(v)
	return &n
}
