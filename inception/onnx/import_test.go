package onnx_test

import (
	"context"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"inceptiongl/cpuref"
	"inceptiongl/inception/graph"
	"inceptiongl/inception/onnx"
	pb "inceptiongl/inception/onnx/internal/onnxpb"
	"inceptiongl/inception/tensor"
)

func parse(t *testing.T, o onnx.Options, parts ...part) *onnx.Model {
	t.Helper()
	m, err := onnx.Parse(context.Background(), encode(t, model(parts...)), o)
	if err != nil {
		t.Fatal(err)
	}
	checkModel(t, m)
	return m
}

// kinds lists the operators behind the input.
func kinds(g *graph.Graph) []string {
	var out []string
	for _, n := range g.Nodes[1:] {
		out = append(out, n.Op.Kind())
	}
	return out
}

// TestGraphs: what some models become. Reshapes and chains of factors cost no node.
func TestGraphs(t *testing.T) {
	bias := ramp("b", 2)
	for _, c := range []struct {
		name  string
		want  []string
		parts []part
	}{
		{"nodes in another order", []string{"relu", "conv"}, []part{weight(ramp("w", 2, 4, 3, 3)), op("Conv", in("r", "w"), "y"), op("Relu", in("x"), "r")}},
		{"nothing to do", nil, []part{op("Identity", in("x"), "a"), op("Dropout", in("a"), "b"), op("Cast", in("b"), "y", aInt("to", 10))}},
		{"reshaped there and back", []string{"relu"}, []part{weight(list("s", 0, -1)), weight(list("s2", 0, 4, 6, 6)),
			op("Reshape", in("x", "s"), "a"), op("Relu", in("a"), "b"), op("Reshape", in("b", "s2"), "y")}},
		{"factors and addends", []string{"affine"}, []part{weight(ramp("c", 4, 1, 1)), weight(scalar("s", 2)), op("Mul", in("x", "c"), "a"), op("Sub", in("s", "a"), "b"), op("Div", in("b", "s"), "y")}},
		{"a constant of all extents", []string{"constant", "add"}, []part{weight(ramp("c", 4, 6, 6)), op("Add", in("x", "c"), "y")}},
		{"channels in another order, and back", nil, []part{weight(list("i", 3, 2, 1, 0)), op("Gather", in("x", "i"), "a", aInt("axis", 1)), op("Gather", in("a", "i"), "y", aInt("axis", 1))}},
		{"clip from 0", []string{"relu"}, []part{weight(scalar("z", 0)), op("Clip", in("x", "z"), "y")}},
		{"a clipped constant", []string{"affine"}, []part{weight(scalar("c", 5)), weight(scalar("l", -2)), weight(scalar("h", 2)), op("Clip", in("c", "l", "h"), "d"), op("Cast", in("d"), "i", aInt("to", 7)),
			op("Cast", in("i"), "f", aInt("to", 1)), op("Mul", in("x", "f"), "y")}},
		{"relu6", []string{"clip"}, []part{opset(10), op("Clip", in("x"), "y", aFloat("min", 0), aFloat("max", 6))}},
		{"dead nodes", []string{"relu"}, []part{op("Relu", in("x"), "y"), op("GlobalMaxPool", in("x"), "z")}},
		{"SAME with a free size and stride 1", []string{"conv"}, []part{inputDims(-1, 4, -1, -1), weight(ramp("w", 2, 4, 3, 3)), op("Conv", in("x", "w"), "y", aString("auto_pad", "SAME_UPPER"))}},
		{"concat with a constant", []string{"constant", "concat"}, []part{inputDims(1, 4, 6, 6), weight(ramp("w", 1, 2, 6, 6)), op("Concat", in("x", "w"), "y", aInt("axis", 1))}},
		{"Gemm with its bias", []string{"reshape", "conv"}, []part{opset(9), weight(ramp("w", 2, 144)), weight(bias), op("Flatten", in("x"), "f"), op("Gemm", in("f", "w", "b"), "y", aInt("transB", 1))}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := kinds(parse(t, onnx.Options{}, c.parts...).Graph); !slices.Equal(got, c.want) {
				t.Errorf("nodes %q, want %q", got, c.want)
			}
		})
	}
}

// TestNames: nodes are called as in the model, or after their type and output; weights as in the model.
func TestNames(t *testing.T) {
	unnamed := func(m *pb.ModelProto) { m.Graph.Node[len(m.Graph.Node)-1].Name = nil }
	called := func(name string) part {
		return func(m *pb.ModelProto) { m.Graph.Node[len(m.Graph.Node)-1].Name = proto.String(name) }
	}
	w := weight(ramp("features.0.weight", 4, 4, 1, 1))
	m := parse(t, onnx.Options{}, w, op("Conv", in("x", "features.0.weight"), "a"), unnamed, op("Conv", in("a", "features.0.weight"), "b"), called("input"),
		op("Relu", in("b"), "c"), called("input"), op("Relu", in("c"), "y"), unnamed)
	var names []string
	for _, n := range m.Graph.Nodes {
		names = append(names, n.Name)
	}
	if want := []string{"input", "Conv_a", "input#2", "input#3", "Relu_y"}; !slices.Equal(names, want) {
		t.Errorf("nodes %q, want %q", names, want)
	}
	if _, ok := m.Graph.Weights["features.0.weight"]; !ok || len(m.Graph.Weights) != 1 {
		t.Errorf("weights %v, want the one that both convolutions share", reflect.ValueOf(m.Graph.Weights).MapKeys())
	}
}

// TestOutputs: inner values can be asked for, and what isn't needed for them isn't looked at.
func TestOutputs(t *testing.T) {
	m := parse(t, onnx.Options{Outputs: []string{"f", "p"}}, op("GlobalAveragePool", in("x"), "p"), op("Flatten", in("p"), "f"), op("LSTM", in("f"), "y"))
	want := []onnx.Output{{Name: "f", Dims: []int{-1, 4}}, {Name: "p", Dims: []int{-1, 4, 1, 1}}}
	if !reflect.DeepEqual(m.Outputs, want) || len(m.Graph.Outputs) != 2 {
		t.Errorf("outputs %v, want %v", m.Outputs, want)
	}
}

// TestTypes: weights of every type of floats come out as float32.
func TestTypes(t *testing.T) {
	typed := func(kind pb.TensorProto_DataType, f func(*pb.TensorProto)) *pb.TensorProto {
		w := &pb.TensorProto{Name: proto.String("w"), Dims: []int64{4}, DataType: proto.Int32(int32(kind))}
		f(w)
		return w
	}
	want := []float32{1, -0.5, 0x1p-24, 65504}
	for name, w := range map[string]*pb.TensorProto{
		"float":      typed(pb.TensorProto_FLOAT, func(w *pb.TensorProto) { w.FloatData = want }),
		"double":     typed(pb.TensorProto_DOUBLE, func(w *pb.TensorProto) { w.DoubleData = []float64{1, -0.5, 0x1p-24, 65504} }),
		"half":       typed(pb.TensorProto_FLOAT16, func(w *pb.TensorProto) { w.Int32Data = []int32{0x3c00, 0xb800, 0x0001, 0x7bff} }),
		"half, raw":  typed(pb.TensorProto_FLOAT16, func(w *pb.TensorProto) { w.RawData = []byte{0, 0x3c, 0, 0xb8, 1, 0, 0xff, 0x7b} }),
		"double raw": typed(pb.TensorProto_DOUBLE, func(w *pb.TensorProto) { w.RawData = doubles(1, -0.5, 0x1p-24, 65504) }),
	} {
		m := parse(t, onnx.Options{}, weight(w), weight(ramp("v", 4)), op("BatchNormalization", in("x", "w", "v", "v", "v"), "y"))
		if got := m.Graph.Weights["w"].Data; !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
}

func doubles(v ...float64) []byte {
	var b []byte
	for _, x := range v {
		u := math.Float64bits(x)
		for range 8 {
			b = append(b, byte(u))
			u >>= 8
		}
	}
	return b
}

// TestInputShape covers ranks, free and fixed batches.
func TestInputShape(t *testing.T) {
	for _, c := range []struct {
		dims  []int64
		batch int
		want  tensor.Shape // of zeros for an error
	}{
		{[]int64{-1, 4, 6, 7}, 3, tensor.Shape{N: 3, C: 4, H: 6, W: 7}},
		{[]int64{-1, 4, 6, 7}, 0, tensor.Shape{N: 1, C: 4, H: 6, W: 7}},
		{[]int64{2, 4, 6, 7}, 0, tensor.Shape{N: 2, C: 4, H: 6, W: 7}},
		{[]int64{2, 4, 6, 7}, 3, tensor.Shape{}},
		{[]int64{-1, 4, 6, 7}, -1, tensor.Shape{}},
		{[]int64{-1, 4, -1, 7}, 1, tensor.Shape{}},
		{[]int64{-1, 4, 7}, 2, tensor.Shape{N: 2, C: 4, H: 1, W: 7}},
		{[]int64{-1, 4}, 2, tensor.Shape{N: 2, C: 4, H: 1, W: 1}},
		{[]int64{-1}, 5, tensor.Shape{N: 5, C: 1, H: 1, W: 1}},
		{[]int64{5}, 0, tensor.Shape{N: 1, C: 5, H: 1, W: 1}},
		{[]int64{}, 0, tensor.Shape{N: 1, C: 1, H: 1, W: 1}},
		{[]int64{3, 4, 5, 6, 7}, 0, tensor.Shape{N: 3, C: 4, H: 5, W: 42}},
	} {
		m := parse(t, onnx.Options{}, inputDims(c.dims...), op("Relu", in("x"), "y"))
		got, err := m.InputShape(c.batch)
		if c.want == (tensor.Shape{}) {
			if err == nil {
				t.Errorf("%v, batch %d: %v, want an error", c.dims, c.batch, got)
			}
		} else if err != nil || got != c.want {
			t.Errorf("%v, batch %d: %v, %v; want %v", c.dims, c.batch, got, err, c.want)
		}
	}
}

// TestGate: the product of an image and a tensor N × C × 1 × 1, in either order.
func TestGate(t *testing.T) {
	for _, order := range [][]string{{"x", "g"}, {"g", "x"}} {
		m := parse(t, onnx.Options{}, op("GlobalMaxPool", in("x"), "g"), op("Mul", order, "y"))
		x := tensor.New(tensor.Shape{N: 2, C: 4, H: 6, W: 6})
		for i := range x.Data {
			x.Data[i] = float32(i%37) / 8
		}
		y, err := cpuref.Run(context.Background(), m.Graph, x)
		if err != nil {
			t.Fatal(err)
		}
		for i, v := range y.Data {
			if want := x.Data[i] * slices.Max(x.Data[i/36*36:][:36]); v != want {
				t.Fatalf("%v: element %d is %v, want %v", order, i, v, want)
			}
		}
	}
}

// TestInputShapeOpen: an extent that the file leaves open is named, whichever it is.
func TestInputShapeOpen(t *testing.T) {
	for _, dims := range [][]int64{{-1, 4, -1, 7}, {-1, 4, -1, -1}, {1, 4, 7, -1}} {
		m := parse(t, onnx.Options{}, inputDims(dims...), op("Relu", in("x"), "y"))
		_, err := m.InputShape(1)
		if err == nil || !strings.Contains(err.Error(), "are open") {
			t.Errorf("%v: %v; want an error that says which extents are open", dims, err)
		}
	}
}
