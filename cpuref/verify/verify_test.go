package verify_test

import (
	"context"
	"errors"
	"math"
	"testing"

	"inceptiongl/cpuref/verify"
	"inceptiongl/gpu/gputest"
	"inceptiongl/inception"
	"inceptiongl/inception/run"
	"inceptiongl/inception/tensor"
)

func TestMain(m *testing.M) { gputest.Main(m) }

func TestSameBits(t *testing.T) {
	of := func(v ...float32) *tensor.Tensor {
		return &tensor.Tensor{Shape: tensor.Shape{N: 1, C: len(v), H: 1, W: 1}, Data: v}
	}
	list := func(ts ...*tensor.Tensor) []*tensor.Tensor { return ts }
	nan, zero := float32(math.NaN()), float32(math.Copysign(0, -1))
	for name, c := range map[string]struct {
		a, b []*tensor.Tensor
		same bool
	}{
		"same":         {list(of(1, 2), of(3)), list(of(1, 2), of(3)), true},
		"NaN":          {list(of(nan)), list(of(nan)), true},
		"an element":   {list(of(1, 2)), list(of(1, math.Nextafter32(2, 3))), false},
		"later output": {list(of(1), of(2)), list(of(1), of(3)), false},
		"sign of 0":    {list(of(0)), list(of(zero)), false},
		"NaN in one":   {list(of(1)), list(of(nan)), false},
		"shape":        {list(of(1)), list(of(1, 2)), false},
		"outputs":      {list(of(1)), nil, false},
	} {
		if err := verify.SameBits(c.a, c.b); (err == nil) != c.same {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestEach: visit has every part, all outputs come back, and what visit returns ends the run; so does the context.
func TestEach(t *testing.T) {
	d := gputest.Open(t)
	ctx := context.Background()
	g := inception.InceptionA(6)
	g.Outputs = append(g.Outputs, g.Outputs[0]-1, 1)
	inception.InitHe(g, 1)
	in := tensor.Shape{N: 2, C: 6, H: 5, W: 4}
	s, err := run.Compile(ctx, d, g, in, run.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	x := inception.RandomInput(in, 1)
	want := 0
	for _, step := range s.Plan().Steps() {
		want += len(step.Parts)
	}
	n := 0
	ys, err := verify.Each(ctx, s, x, func(r verify.StepReport) error {
		n++
		return r.Err
	})
	if err != nil || n != want || len(ys) != 3 {
		t.Fatalf("%d of %d parts, %d outputs, %v", n, want, len(ys), err)
	}
	plain, err := s.RunAll(ctx, x)
	if err == nil {
		err = verify.SameBits(ys, plain)
	}
	if err != nil {
		t.Error(err)
	}
	stop := errors.New("stop")
	n = 0
	if _, err := verify.Each(ctx, s, x, func(verify.StepReport) error { n++; return stop }); !errors.Is(err, stop) || n != 1 {
		t.Errorf("an error from visit: %v after %d parts", err, n)
	}
	ending, cancel := context.WithCancel(ctx)
	n = 0
	if _, err := verify.Each(ending, s, x, func(verify.StepReport) error { n++; cancel(); return nil }); !errors.Is(err, context.Canceled) || n == want {
		t.Errorf("an end of the context: %v after %d parts", err, n)
	}
}
