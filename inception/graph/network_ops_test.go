package graph_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"inceptiongl/inception/graph"
	"inceptiongl/inception/tensor"
)

// TestNetworkOps: the shape rules of what whole networks have beside convolutions and pools. want is an error's part where
// shape is zero.
func TestNetworkOps(t *testing.T) {
	in := shape(2, 6, 4, 5)
	nan := float32(math.NaN())
	for _, c := range []struct {
		op    graph.Op
		in    []tensor.Shape
		shape tensor.Shape
		want  string
	}{
		{graph.Clip{Max: 6}, []tensor.Shape{in}, in, ""},
		{graph.Clip{Max: 6}, []tensor.Shape{in, in}, tensor.Shape{}, "takes 1 input"},
		{graph.Softmax{}, []tensor.Shape{in}, in, ""},
		{graph.Softmax{}, nil, tensor.Shape{}, "takes 1 input"},
		{graph.CumSum{}, []tensor.Shape{in}, in, ""},
		{graph.CumSum{}, []tensor.Shape{in, in}, tensor.Shape{}, "takes 1 input"},
		{graph.LRN{Size: 5}, []tensor.Shape{in}, in, ""},
		{graph.LRN{Size: 0}, []tensor.Shape{in}, tensor.Shape{}, "size 0"},
		{graph.Affine{Channels: 6}, []tensor.Shape{in}, in, ""},
		{graph.Affine{Channels: 5}, []tensor.Shape{in}, tensor.Shape{}, "6 channels, the weights take 5"},
		{graph.Scale{Channels: 6, Factor: -0.1}, []tensor.Shape{in}, in, ""},
		{graph.Scale{Channels: 5}, []tensor.Shape{in}, tensor.Shape{}, "6 channels, the weights take 5"},
		{graph.Scale{Channels: 6, Factor: 1e39}, []tensor.Shape{in}, tensor.Shape{}, "factor 1e+39"},
		{graph.Scale{Channels: 6, Factor: math.NaN()}, []tensor.Shape{in}, tensor.Shape{}, "factor NaN"},
		{graph.Quantize{Channels: 6, Low: -128, High: 127}, []tensor.Shape{in}, in, ""},
		{graph.Quantize{Channels: 5, Low: -128, High: 127}, []tensor.Shape{in}, tensor.Shape{}, "6 channels, the weights take 5"},
		{graph.Quantize{Channels: 6}, []tensor.Shape{in}, tensor.Shape{}, "codes of 0 … 0"},
		{graph.Quantize{Channels: 6, High: 1 << 16}, []tensor.Shape{in}, tensor.Shape{}, "codes of 0 … 65536"},
		{graph.Quantize{Channels: 6, Low: 0.5, High: 1}, []tensor.Shape{in}, tensor.Shape{}, "codes of 0.5 … 1"},
		{graph.Quantize{Channels: 6, Low: nan, High: 1}, []tensor.Shape{in}, tensor.Shape{}, "codes of NaN … 1"},
		{graph.BatchNorm{Channels: 6}, []tensor.Shape{in}, in, ""},
		{graph.BatchNorm{Channels: 7}, []tensor.Shape{in}, tensor.Shape{}, "6 channels, the weights take 7"},

		{graph.Binary{}, []tensor.Shape{in, in}, in, ""},
		{graph.Binary{Type: graph.Mul}, []tensor.Shape{in, shape(2, 6, 1, 1)}, in, ""},
		{graph.Binary{}, []tensor.Shape{in}, tensor.Shape{}, "takes 2 inputs"},
		{graph.Binary{}, []tensor.Shape{in, in, in}, tensor.Shape{}, "takes 2 inputs"},
		{graph.Binary{}, []tensor.Shape{in, shape(1, 6, 1, 1)}, in, ""},
		{graph.Binary{Type: graph.Div}, []tensor.Shape{shape(1, 1, 4, 1), shape(2, 6, 1, 5)}, in, ""},
		{graph.Binary{Type: graph.Pow}, []tensor.Shape{in, shape(2, 1, 4, 2)}, tensor.Shape{}, "extents must agree"},
		{graph.Binary{}, []tensor.Shape{in, shape(2, 3, 4, 5)}, tensor.Shape{}, "extents must agree"},
		{graph.Binary{Type: 99}, []tensor.Shape{in, in}, tensor.Shape{}, "unknown type 99"},
		{graph.Binary{Type: -1}, []tensor.Shape{in, in}, tensor.Shape{}, "unknown type -1"},

		{graph.Unary{Type: graph.Tanh}, []tensor.Shape{in}, in, ""},
		{graph.Unary{Type: graph.Tanh}, []tensor.Shape{in, in}, tensor.Shape{}, "takes 1 input"},
		{graph.Unary{Type: graph.Elu, Alpha: nan}, []tensor.Shape{in}, tensor.Shape{}, "must be finite"},
		{graph.Unary{Type: graph.Celu}, []tensor.Shape{in}, tensor.Shape{}, "alpha is 0"},
		{graph.Unary{Type: 99}, []tensor.Shape{in}, tensor.Shape{}, "unknown type 99"},

		{graph.Reshape{C: 120, H: 1, W: 1}, []tensor.Shape{in}, shape(2, 120, 1, 1), ""},
		{graph.Reshape{C: 3, H: 5, W: 4}, []tensor.Shape{in}, shape(4, 3, 5, 4), ""},
		{graph.Reshape{C: 7, H: 1, W: 1}, []tensor.Shape{in}, tensor.Shape{}, "no multiple"},
		{graph.Reshape{C: 480, H: 1, W: 1}, []tensor.Shape{in}, tensor.Shape{}, "no multiple"},
		{graph.Reshape{C: -120, H: -1, W: 1}, []tensor.Shape{in}, tensor.Shape{}, "C is -120"},

		{graph.Pad2D{Pad: graph.Padding{Top: 1, Left: 2, Bottom: 3, Right: 4}}, []tensor.Shape{in}, shape(2, 6, 8, 11), ""},
		{graph.Pad2D{Pad: graph.Padding{Left: -1}}, []tensor.Shape{in}, tensor.Shape{}, "must be in 0"},
		{graph.Pad2D{Pad: graph.Pad(1), Value: nan}, []tensor.Shape{in}, tensor.Shape{}, "padding with NaN"},
		{graph.Pad2D{Pad: graph.Pad(1), Mode: 4}, []tensor.Shape{in}, tensor.Shape{}, "mode 4"},

		{graph.Channels{Index: []int{5, 0, 0}}, []tensor.Shape{in}, shape(2, 3, 4, 5), ""},
		{graph.Channels{Index: []int{6}}, []tensor.Shape{in}, tensor.Shape{}, "channel 6"},
		{graph.Channels{Index: []int{-1}}, []tensor.Shape{in}, tensor.Shape{}, "channel -1"},

		{graph.Constant{Shape: in}, nil, in, ""},
		{graph.Constant{Shape: in}, []tensor.Shape{in}, tensor.Shape{}, "takes no input"},

		{graph.GlobalPool{}, []tensor.Shape{in}, shape(2, 6, 1, 1), ""},
		{graph.GlobalPool{Type: 7}, []tensor.Shape{in}, tensor.Shape{}, "unknown pooling"},
	} {
		got, err := c.op.OutShape(c.in)
		switch {
		case c.want == "" && (err != nil || got != c.shape):
			t.Errorf("%#v of %v: %v, %v; want %v", c.op, c.in, got, err, c.shape)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%#v of %v: %v, error %v; want an error with %q", c.op, c.in, got, err, c.want)
		}
	}
}

// TestGlobalPoolIsAPool: the pool that stands for it has the same shape.
func TestGlobalPoolIsAPool(t *testing.T) {
	for _, in := range []tensor.Shape{shape(2, 6, 4, 5), shape(1, 1, 1, 1)} {
		for _, kind := range []graph.PoolKind{graph.Average, graph.Max} {
			p := graph.GlobalPool{Type: kind}.Pool(in)
			got, err := p.OutShape([]tensor.Shape{in})
			if want := shape(in.N, in.C, 1, 1); err != nil || got != want || p.Type != kind {
				t.Errorf("%v of %v: %+v gives %v, %v; want %v", kind, in, p, got, err, want)
			}
		}
	}
}

// TestConstantInGraph: a constant is the only node without inputs, and its value is a weight.
func TestConstantInGraph(t *testing.T) {
	g, x := graph.New("constant", 2)
	k := g.Add("k", graph.Constant{Shape: shape(1, 2, 1, 1), Value: "k.value"})
	g.Outputs = []graph.Value{g.Add("sum", graph.Binary{}, x, k)}
	shapes, err := g.Shapes(shape(1, 2, 3, 3))
	if err != nil || shapes[g.Outputs[0]] != shape(1, 2, 3, 3) {
		t.Errorf("%v, %v", shapes, err)
	}
	if err := g.CheckWeights(); err == nil || !strings.Contains(err.Error(), `"k.value" [1 2 1 1] is missing`) {
		t.Errorf("no value: error is %v", err)
	}
}

// TestParams: the parameters that an operator names, no others.
func TestParams(t *testing.T) {
	for _, c := range []struct {
		op   graph.Op
		want []string
	}{
		{graph.Conv2D{In: 6, Out: 4, Kernel: graph.Square(3), Groups: 2, Weight: "w", Bias: "b"}, []string{"w [4 3 3 3]", "b [4]"}},
		{graph.Conv2D{In: 6, Out: 4, Kernel: graph.Pair{H: 1, W: 7}, Weight: "w"}, []string{"w [4 6 1 7]"}},
		{graph.Affine{Channels: 3, Scale: "s"}, []string{"s [3]"}},
		{graph.BatchNorm{Channels: 3, Shift: "b", Mean: "m", Var: "v"}, []string{"b [3]", "m [3]", "v [3]"}},
		{graph.Constant{Shape: shape(1, 2, 3, 4), Value: "k"}, []string{"k [1 2 3 4]"}},
		{graph.Scale{Channels: 3, Factor: 2}, nil},
		{graph.ReLU{}, nil},
	} {
		var got []string
		for _, p := range c.op.Params() {
			got = append(got, fmt.Sprint(p.Name, " ", p.Dims))
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%#v: %q, want %q", c.op, got, c.want)
		}
	}
}
