package inception_test

import (
	"math"
	"slices"
	"testing"

	"inceptiongl/inception"
	"inceptiongl/inception/graph"
	"inceptiongl/inception/internal/nettest"
)

func TestInitHe(t *testing.T) {
	s := nettest.Seed(t)
	a, b, other := inception.InceptionA(192), inception.InceptionA(192), inception.InceptionA(192)
	inception.InitHe(a, s)
	inception.InitHe(b, s)
	inception.InitHe(other, s+1)
	if err := a.CheckWeights(); err != nil {
		t.Fatal(err)
	}
	for _, p := range a.Params() {
		if !slices.Equal(a.Weights[p.Name].Data, b.Weights[p.Name].Data) {
			t.Errorf("%s differs between two runs with one seed", p.Name)
		}
		if slices.Equal(a.Weights[p.Name].Data, other.Weights[p.Name].Data) {
			t.Errorf("%s is the same for two seeds", p.Name)
		}
	}
	if slices.Equal(a.Weights["branch5x5_1.weight"].Data, a.Weights["branch3x3_1.weight"].Data) {
		t.Error("two parameters of one shape hold the same values")
	}
	// Another graph with a parameter of that name and shape, elsewhere in it, gets the same values.
	g, x := graph.New("other", 16)
	v := nettest.Conv(g, "before", x, 16, 16, 3)
	g.Outputs = []graph.Value{nettest.Conv(g, "branch5x5_2", v, 16, 24, 5)}
	inception.InitHe(g, s)
	for _, name := range []string{"branch5x5_2.weight", "branch5x5_2.bias"} {
		if !slices.Equal(g.Weights[name].Data, a.Weights[name].Data) {
			t.Errorf("%s depends on more than the seed and its name", name)
		}
	}
}

// TestInitHeMoments: the limits are more than 10 standard deviations of the estimates away.
func TestInitHeMoments(t *testing.T) {
	g, x := graph.New("wide", 96)
	g.Outputs = []graph.Value{nettest.Conv(g, "conv", x, 96, 4096, 3)}
	inception.InitHe(g, nettest.Seed(t))
	for name, want := range map[string]float64{"conv.weight": 2.0 / (96 * 9), "conv.bias": 0.01} {
		data := g.Weights[name].Data
		var sum, squares float64
		for _, v := range data {
			sum += float64(v)
			squares += float64(v) * float64(v)
		}
		n := float64(len(data))
		mean, variance := sum/n, squares/n
		if !(math.Abs(mean) < 12*math.Sqrt(want/n)) {
			t.Errorf("%s: mean %g of %d values, want 0", name, mean, len(data))
		}
		if !(math.Abs(variance/want-1) < 12*math.Sqrt(2/n)) {
			t.Errorf("%s: variance %g of %d values, want %g", name, variance, len(data), want)
		}
	}
}

func TestRandomInput(t *testing.T) {
	s := nettest.Seed(t)
	in := nettest.Shape(2, 3, 16, 16)
	a, b, c := inception.RandomInput(in, s), inception.RandomInput(in, s), inception.RandomInput(in, s+1)
	if a.Shape != in || a.Check() != nil || !slices.Equal(a.Data, b.Data) || slices.Equal(a.Data, c.Data) {
		t.Error("the values must depend on the seed, and on nothing else")
	}
}
