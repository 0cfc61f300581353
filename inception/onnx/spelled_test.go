package onnx_test

import (
	"context"
	"math"
	"slices"
	"testing"

	"inceptiongl/cpuref"
	"inceptiongl/inception/graph"
	"inceptiongl/inception/onnx"
	"inceptiongl/inception/tensor"
)

// TestSpelledOut: activations that exporters spell out become one operator, whatever the order of the factors; what only looks like
// one stays as it is. The answer is that of the formula, either way.
func TestSpelledOut(t *testing.T) {
	erf := func(v float64) float64 { return v * 0.5 * math.Erfc(-v/math.Sqrt2) }
	tanh := func(v float64) float64 {
		return v * 0.5 * (1 + math.Tanh(math.Sqrt(2/math.Pi)*(v+0.044715*v*v*v)))
	}
	s := func(name string, v float32) part { return weight(scalar(name, v)) }
	for _, c := range []struct {
		name  string
		want  []string
		f     func(v float64) float64
		parts []part
	}{
		{"silu", []string{"swish"}, func(v float64) float64 { return v / (1 + math.Exp(-v)) },
			[]part{op("Sigmoid", in("x"), "s"), op("Mul", in("x", "s"), "y")}},
		{"silu, the other way round, with a factor", []string{"swish"}, func(v float64) float64 { return v / (1 + math.Exp(-1.702*v)) },
			[]part{s("k", 1.702), op("Mul", in("x", "k"), "k·x"), op("Sigmoid", in("k·x"), "s"), op("Mul", in("s", "x"), "y")}},
		{"silu, doubled", []string{"swish", "affine"}, func(v float64) float64 { return 2 * v / (1 + math.Exp(-v)) },
			[]part{s("k", 2), op("Sigmoid", in("x"), "s"), op("Mul", in("s", "k"), "2s"), op("Mul", in("x", "2s"), "y")}},
		{"the sigmoid of something else", []string{"relu", "sigmoid", "mul"}, func(v float64) float64 { return v / (1 + math.Exp(-max(v, 0))) },
			[]part{op("Relu", in("x"), "r"), op("Sigmoid", in("r"), "s"), op("Mul", in("x", "s"), "y")}},
		{"hard swish by hard sigmoid", []string{"hard_swish"}, func(v float64) float64 { return v * min(max(v/6+0.5, 0), 1) },
			[]part{op("HardSigmoid", in("x"), "s", aFloat("alpha", 1./6)), op("Mul", in("x", "s"), "y")}},
		{"hard swish by relu6", []string{"hard_swish"}, func(v float64) float64 { return v * min(max(v+3, 0), 6) / 6 },
			[]part{s("3", 3), s("0", 0), s("6", 6), op("Add", in("x", "3"), "a"), op("Clip", in("a", "0", "6"), "c"), op("Mul", in("x", "c"), "m"), op("Div", in("m", "6"), "y")}},
		{"hard swish, divided first", []string{"hard_swish"}, func(v float64) float64 { return v * min(max(v+3, 0), 6) / 6 },
			[]part{s("3", 3), s("0", 0), s("6", 6), op("Add", in("x", "3"), "a"), op("Clip", in("a", "0", "6"), "c"), op("Div", in("c", "6"), "d"), op("Mul", in("d", "x"), "y")}},
		{"mish", []string{"mish"}, func(v float64) float64 { return v * math.Tanh(math.Log1p(math.Exp(v))) },
			[]part{op("Softplus", in("x"), "s"), op("Tanh", in("s"), "t"), op("Mul", in("x", "t"), "y")}},
		{"gelu as PyTorch has it", []string{"gelu"}, erf,
			[]part{s("√2", math.Sqrt2), s("1", 1), s("½", 0.5), op("Div", in("x", "√2"), "d"), op("Erf", in("d"), "e"), op("Add", in("e", "1"), "a"), op("Mul", in("x", "a"), "m"), op("Mul", in("m", "½"), "y")}},
		{"gelu, halved first", []string{"gelu"}, erf,
			[]part{s("1/√2", math.Sqrt2/2), s("1", 1), s("½", 0.5), op("Mul", in("x", "1/√2"), "d"), op("Erf", in("d"), "e"), op("Add", in("1", "e"), "a"), op("Mul", in("½", "x"), "h"), op("Mul", in("h", "a"), "y")}},
		{"no gelu", []string{"affine", "erf", "affine", "mul"}, func(v float64) float64 { return v * (1 + math.Erf(v/2)) },
			[]part{s("2", 2), s("1", 1), op("Div", in("x", "2"), "d"), op("Erf", in("d"), "e"), op("Add", in("e", "1"), "a"), op("Mul", in("x", "a"), "y")}},
		{"gelu with tanh and a power", []string{"gelu_tanh"}, tanh,
			[]part{s("3", 3), s("c", 0.044715), s("k", float32(math.Sqrt(2/math.Pi))), s("1", 1), s("½", 0.5), op("Pow", in("x", "3"), "p"), op("Mul", in("c", "p"), "q"), op("Add", in("x", "q"), "a"),
				op("Mul", in("a", "k"), "w"), op("Tanh", in("w"), "t"), op("Add", in("t", "1"), "u"), op("Mul", in("x", "½"), "h"), op("Mul", in("h", "u"), "y")}},
		{"gelu with tanh and products", []string{"gelu_tanh"}, tanh,
			[]part{s("c", 0.044715), s("k", float32(math.Sqrt(2/math.Pi))), s("1", 1), s("½", 0.5), op("Mul", in("x", "x"), "2"), op("Mul", in("2", "x"), "p"), op("Mul", in("c", "p"), "q"), op("Add", in("q", "x"), "a"),
				op("Mul", in("k", "a"), "w"), op("Tanh", in("w"), "t"), op("Add", in("1", "t"), "u"), op("Mul", in("u", "½"), "h"), op("Mul", in("x", "h"), "y")}},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := parse(t, onnx.Options{}, c.parts...)
			if got := kinds(m.Graph); !slices.Equal(got, c.want) {
				t.Errorf("nodes %q, want %q", got, c.want)
			}
			x := tensor.New(tensor.Shape{N: 1, C: 4, H: 6, W: 6})
			for k := range x.Data {
				x.Data[k] = float32(k-72) / 9
			}
			y, err := cpuref.Run(context.Background(), m.Graph, x)
			if err != nil {
				t.Fatal(err)
			}
			for k, v := range x.Data {
				if want := c.f(float64(v)); !(math.Abs(float64(y.Data[k])-want) <= 1e-6*max(1, math.Abs(want))) {
					t.Fatalf("at %v: %v, want %v", v, y.Data[k], want)
				}
			}
		})
	}
}

// TestElementwiseGraphs: what pairs and functions become.
func TestElementwiseGraphs(t *testing.T) {
	for _, c := range []struct {
		name  string
		want  []string
		parts []part
	}{
		{"a larger of a number", []string{"relu"}, []part{weight(scalar("z", 0)), op("Max", in("x", "z"), "y")}},
		{"a smaller of a number", []string{"clip"}, []part{weight(scalar("z", 2)), op("Min", in("z", "x"), "y")}},
		{"a square", []string{"mul"}, []part{weight(scalar("two", 2)), op("Pow", in("x", "two"), "y")}},
		{"to the first", nil, []part{weight(scalar("one", 1)), op("Pow", in("x", "one"), "y")}},
		{"one slope", []string{"leaky_relu"}, []part{weight(scalar("s", 0.25)), op("PRelu", in("x", "s"), "y")}},
		{"slopes", []string{"constant", "prelu"}, []part{weight(ramp("s", 4, 1, 1)), op("PRelu", in("x", "s"), "y")}},
		{"over a tensor", []string{"constant", "div"}, []part{weight(scalar("s", 3)), op("Div", in("s", "x"), "y")}},
		{"addends for each pixel", []string{"constant", "add"}, []part{weight(ramp("s", 6, 6)), op("Add", in("x", "s"), "y")}},
		{"addends for each column", []string{"constant", "add"}, []part{weight(ramp("s", 6)), op("Add", in("x", "s"), "y")}},
		{"an attention over pixels", []string{"conv", "sigmoid", "mul"}, []part{weight(ramp("w", 1, 4, 1, 1)), op("Conv", in("x", "w"), "c"), op("Sigmoid", in("c"), "s"), op("Mul", in("x", "s"), "y")}},
		{"not", []string{"constant", "greater", "affine"}, []part{weight(scalar("s", 1)), op("Less", in("x", "s"), "t"), op("Not", in("t"), "y")}},
		{"a choice", []string{"constant", "greater", "keep", "affine", "drop", "add"}, []part{weight(scalar("s", 0)), op("Greater", in("x", "s"), "t"), op("Neg", in("x"), "n"), op("Where", in("t", "x", "n"), "y")}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := kinds(parse(t, onnx.Options{}, c.parts...).Graph); !slices.Equal(got, c.want) {
				t.Errorf("nodes %q, want %q", got, c.want)
			}
		})
	}
}

// TestFolded: functions and pairs of constants are computed when the model is loaded.
func TestFolded(t *testing.T) {
	for _, c := range []struct {
		name  string
		want  float32 // the addend that is left
		parts []part
	}{
		{"root", 3, []part{weight(scalar("a", 9)), op("Sqrt", in("a"), "c")}},
		{"tanh", 0.7615942, []part{weight(scalar("a", 1)), op("Tanh", in("a"), "c")}},
		{"sigmoid", 0.5, []part{weight(scalar("a", 0)), op("Sigmoid", in("a"), "c")}},
		{"relu", 2, []part{weight(scalar("a", 2)), op("Relu", in("a"), "c")}},
		{"leaky", -0.5, []part{weight(scalar("a", -2)), op("LeakyRelu", in("a"), "c", aFloat("alpha", 0.25))}},
		{"power", 8, []part{weight(scalar("a", 2)), weight(scalar("b", 3)), op("Pow", in("a", "b"), "c")}},
		{"integer power", 8, []part{weight(scalar("a", 2)), weight(list("b", 3)), op("Pow", in("a", "b"), "c")}},
		{"smaller", 2, []part{weight(scalar("a", 2)), weight(scalar("b", 3)), op("Min", in("b", "a"), "c")}},
		{"mean", 2.5, []part{weight(scalar("a", 2)), weight(scalar("b", 3)), op("Mean", in("b", "a"), "c")}},
		{"choice", 3, []part{weight(scalar("a", 2)), weight(scalar("b", 3)), op("Less", in("b", "a"), "l"), op("Where", in("l", "a", "b"), "c")}},
		{"choice of the first", 2, []part{weight(scalar("a", 2)), weight(scalar("b", 3)), op("Less", in("a", "b"), "l"), op("Where", in("l", "a", "b"), "c")}},
		{"remainder", 2, []part{weight(list("a", -7)), weight(list("b", 3)), op("Mod", in("a", "b"), "m"), op("Cast", in("m"), "c", aInt("to", 1))}},
		{"C's remainder", -1, []part{weight(list("a", -7)), weight(list("b", 3)), op("Mod", in("a", "b"), "m", aInt("fmod", 1)), op("Cast", in("m"), "c", aInt("to", 1))}},
		{"both", 1, []part{weight(list("a", 1)), weight(list("b", 0)), op("Or", in("a", "b"), "o"), op("Xor", in("o", "b"), "m"), op("CastLike", in("m", "x"), "c")}},
		{"neither", 1, []part{weight(list("a", 1)), weight(list("b", 0)), op("And", in("a", "b"), "o"), op("Equal", in("o", "b"), "m"), op("CastLike", in("m", "x"), "c")}},
		{"not", 1, []part{weight(list("b", 0)), op("Not", in("b"), "m"), op("CastLike", in("m", "x"), "c")}},
		{"larger integer", 5, []part{weight(list("a", 5)), weight(list("b", -3)), op("Max", in("a", "b"), "m"), op("CastLike", in("m", "x"), "c")}},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := parse(t, onnx.Options{}, append(slices.Clone(c.parts), opset(15), op("Add", in("x", "c"), "y"))...)
			shift := float32(0)
			for _, n := range m.Graph.Nodes {
				if a, ok := n.Op.(graph.Affine); ok {
					shift = m.Graph.Weights[a.Shift].Data[3]
				}
			}
			if shift != c.want {
				t.Errorf("adds %v, want %v", shift, c.want)
			}
		})
	}
}
