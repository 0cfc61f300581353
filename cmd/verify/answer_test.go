package main

import (
	"errors"
	"math"
	"strings"
	"testing"

	"inceptiongl/cpuref"
	"inceptiongl/cpuref/verify"
	"inceptiongl/inception/graph"
	"inceptiongl/inception/plan"
	"inceptiongl/inception/tensor"
)

// TestJudge: which distances from the reference are wrong, and what is said of them.
func TestJudge(t *testing.T) {
	want := []float64{3, 4} // of norm 5
	off := func(d float64) []float32 { return []float32{float32(3 + 5*d), 4} }
	nan := float32(math.NaN())
	for name, c := range map[string]struct {
		our, their, plain []float32 // nil: none
		wrong, note       string
	}{
		"right":                   {off(1e-6), nil, nil, "", ""},
		"far":                     {off(1e-3), nil, off(1e-6), "output y as a whole is 0.001 away from the reference, and 1e-06 with one operator a step", ""},
		"far, as it must":         {off(1e-3), nil, off(5e-4), "", "amplifies rounding"},
		"far, plain NaN":          {off(1e-3), nil, []float32{3, nan}, "as a whole is 0.001 away", ""},
		"NaN":                     {[]float32{3, nan}, nil, nil, "output y can't be compared", ""},
		"short":                   {[]float32{3}, nil, nil, "output y can't be compared", ""},
		"both right":              {off(1e-6), off(2e-6), nil, "", ""},
		"ours far":                {off(1e-3), off(1e-6), nil, "as a whole is 0.001 away from the reference, and 1e-06 with Other", ""},
		"theirs far":              {off(1e-6), off(1e-3), nil, "may read the model otherwise", ""},
		"both far, as they must":  {off(4e-4), off(2e-4), nil, "", "0.0004 away from the reference, and 0.0002 with Other"},
		"both far, we by more":    {off(1e-2), off(2e-4), nil, "as a whole is 0.01 away", ""},
		"both far, they by more":  {off(2e-4), off(1e-2), nil, "may read the model otherwise", "amplifies"},
		"theirs NaN":              {off(0), []float32{nan, 4}, nil, "output y of Other can't be compared", ""},
		"theirs of another shape": {off(0), []float32{3, 4, 5}, nil, "output y of Other can't be compared", ""},
	} {
		r, o := &Report{Against: "Other", Rewrites: true}, &Output{Name: "y"}
		var their *distance
		if c.their != nil {
			their = newDistance(c.their, want)
		}
		asked := 0
		err := r.judge(o, newDistance(c.our, want), their, func() (*distance, error) {
			asked++
			return newDistance(c.plain, want), nil
		})
		if err != nil || (asked == 1) != (c.plain != nil) || asked > 1 {
			t.Errorf("%s: %v; our plain way was asked %d times", name, err, asked)
		}
		if got := strings.Join(r.Wrong, "; "); (got == "") != (c.wrong == "") || !strings.Contains(got, c.wrong) || len(r.Wrong) > 1 {
			t.Errorf("%s: wrong is %q, want %q", name, got, c.wrong)
		}
		if got := strings.Join(r.Notes, "; "); (got == "") != (c.note == "") || !strings.Contains(got, c.note) {
			t.Errorf("%s: note is %q, want %q", name, got, c.note)
		}
	}
	r, broken := &Report{Rewrites: true}, errors.New("no memory")
	if err := r.judge(&Output{}, newDistance(off(1), want), nil, func() (*distance, error) { return nil, broken }); !errors.Is(err, broken) {
		t.Errorf("where the plain way can't be had: %v", err)
	}
}

// TestAdd: a part that is reported once for each half of a batch keeps its worst report and all its elements.
func TestAdd(t *testing.T) {
	part := plan.Part{Name: "p", Op: graph.ReLU{}, Out: plan.View{Tensor: &plan.Placed{Shape: tensor.Shape{N: 1, C: 1, H: 1, W: 4}}, Channels: 1}}
	step := &plan.Step{Name: "s", Parts: []plan.Part{part}}
	reported := func(errs ...float32) verify.StepReport { // in units of the bound
		ref := &cpuref.Result{Shape: tensor.Shape{N: 1, C: 1, H: 1, W: 4}, Value: make([]float64, 4), Mag: make([]float64, 4), Flush: 0.25}
		return verify.StepReport{Wave: 1, Step: step, Part: part,
			Report: cpuref.Check(&tensor.Tensor{Shape: ref.Shape, Data: []float32{0, errs[0] / 4, errs[1] / 4, 0}}, ref)}
	}
	nan := float32(math.NaN())
	for _, c := range []struct {
		halves [2]verify.StepReport
		at     int // X of the worst element
		wrong  bool
	}{
		{[2]verify.StepReport{reported(0.5, 0.1), reported(0.1, 0.2)}, 1, false},
		{[2]verify.StepReport{reported(0.5, 0.1), reported(0.1, 0.7)}, 2, false},
		{[2]verify.StepReport{reported(0.5, 3), reported(0.9, 0)}, 2, true},
		{[2]verify.StepReport{reported(0.5, 0), reported(2, 4)}, 2, true},
		{[2]verify.StepReport{reported(0, nan), reported(0.5, 0)}, 2, true},
		{[2]verify.StepReport{reported(0.5, 0), reported(nan, 0)}, 1, true},
	} {
		r := &Report{}
		for _, h := range c.halves {
			r.add(h, 0)
		}
		if len(r.Steps) != 1 || r.Steps[0].Elements != 8 || r.Elements != 8 || r.Steps[0].Worst.X != c.at || (r.Steps[0].Error != "") != c.wrong {
			t.Errorf("want the worst at %d, wrong: %v; have %+v, %+v", c.at, c.wrong, r.Steps, r.Steps[0].Worst)
		}
	}
}
