package nettest

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"

	"inceptiongl/cpuref"
	"inceptiongl/inception/graph"
	"inceptiongl/inception/tensor"
)

// Seed is fresh in every run; INCEPTIONGL_TEST_SEED repeats one. It is printed where the test fails.
func Seed(t testing.TB) uint64 {
	t.Helper()
	const name = "INCEPTIONGL_TEST_SEED"
	s := rand.Uint64()
	if given := os.Getenv(name); given != "" {
		var err error
		if s, err = strconv.ParseUint(given, 10, 64); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	t.Logf("%s=%d", name, s)
	return s
}

// Reference computes every value of the network in float64.
func Reference(t testing.TB, n Network, x *tensor.Tensor) []*tensor.Tensor {
	t.Helper()
	values, err := cpuref.RunAll(context.Background(), n.Graph, x)
	if err != nil {
		t.Fatalf("%s: %v", n.Name, err)
	}
	return values
}

// CheckAnswer compares a graph's outputs with its values. A plan that routes, places or rewrites something wrongly is off by
// far more than rounding, which stays well below 1e-5 of the network's largest value.
func CheckAnswer(g *graph.Graph, got, values []*tensor.Tensor) error {
	if len(got) != len(g.Outputs) {
		return fmt.Errorf("%d outputs, want %d", len(got), len(g.Outputs))
	}
	for i, o := range g.Outputs {
		if err := CloseTo(got[i], values[o], 1e-5*Largest(values)); err != nil {
			return fmt.Errorf("output %d (%s): %w", i, g.Nodes[o].Name, err)
		}
	}
	return nil
}

// CloseTo fails on another shape, and on any element that is not shown to be within the bound.
func CloseTo(got, want *tensor.Tensor, bound float64) error {
	if got.Shape != want.Shape {
		return fmt.Errorf("shape %v, want %v", got.Shape, want.Shape)
	}
	for k, v := range got.Data {
		if d := math.Abs(float64(v) - float64(want.Data[k])); !(d <= bound) {
			return fmt.Errorf("element %d is %v, want %v (± %.2g)", k, v, want.Data[k], bound)
		}
	}
	return nil
}

// Largest is the largest magnitude of any value.
func Largest(values []*tensor.Tensor) float64 {
	m := 0.0
	for _, t := range values {
		for _, v := range t.Data {
			m = max(m, math.Abs(float64(v)))
		}
	}
	return m
}

// WantRelL2 holds for outputs of many channels; where nearly all of few are cut by ReLU, a relative error means little.
func WantRelL2(t testing.TB, name string, got, want *tensor.Tensor) {
	t.Helper()
	wide := make([]float64, len(want.Data))
	for i, v := range want.Data {
		wide[i] = float64(v)
	}
	if e, err := cpuref.RelL2(got.Data, wide); err != nil || !(e <= 1e-6) {
		t.Errorf("%s: relative error %.3g, %v; want at most 1e-6", name, e, err)
	}
}
