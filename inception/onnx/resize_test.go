package onnx_test

import (
	"context"
	"math"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"inceptiongl/cpuref"
	"inceptiongl/inception/onnx"
	pb "inceptiongl/inception/onnx/internal/onnxpb"
	"inceptiongl/inception/tensor"
)

func vector(name string, v ...float32) part {
	return weight(&pb.TensorProto{Name: &name, Dims: []int64{int64(len(v))}, DataType: proto.Int32(int32(pb.TensorProto_FLOAT)), FloatData: v})
}

func aFloats(name string, v ...float32) *pb.AttributeProto {
	return &pb.AttributeProto{Name: &name, Type: pb.AttributeProto_FLOATS.Enum(), Floats: v}
}

// TestResizeForms: the inputs and attributes of each opset, with extents that only the input tells. The input is 2×4×2×3.
func TestResizeForms(t *testing.T) {
	scales := vector("s", 1, 1, 2, 3)
	any4 := inputDims(-1, 4, -1, -1)
	for _, c := range []struct {
		name  string
		parts []part
		want  tensor.Shape
		first []float32 // of the output's first row, for an input 0, 1, 2 …
	}{
		{"opset 7", []part{opset(7), any4, op("Upsample", in("x"), "y", aFloats("scales", 1, 1, 2, 3))}, tensor.Shape{N: 2, C: 4, H: 4, W: 9}, []float32{0, 0, 0, 1}},
		{"opset 9", []part{opset(9), any4, scales, op("Upsample", in("x", "s"), "y")}, tensor.Shape{N: 2, C: 4, H: 4, W: 9}, []float32{0, 0, 0, 1}},
		{"opset 9, linear", []part{opset(9), any4, vector("s", 1, 1, 1, 2), op("Upsample", in("x", "s"), "y", aString("mode", "linear"))},
			tensor.Shape{N: 2, C: 4, H: 2, W: 6}, []float32{0, 0.5, 1, 1.5}},
		{"opset 10", []part{opset(10), any4, vector("s", 1, 1, 0.5, 2), op("Resize", in("x", "s"), "y")}, tensor.Shape{N: 2, C: 4, H: 1, W: 6}, []float32{0, 0, 1, 1}},
		{"opset 11, empty scales", []part{opset(11), inputDims(2, 4, -1, -1), vector("none"), weight(list("z", 2, 4, 1, 6)), op("Resize", in("x", "none", "none", "z"), "y")},
			tensor.Shape{N: 2, C: 4, H: 1, W: 6}, []float32{0, 0, 1, 1}},
		{"opset 13, sizes from the input", []part{any4, weight(list("a", 0)), weight(list("b", 2)), weight(list("hw", 4, 3)),
			op("Shape", in("x"), "all"), op("Slice", in("all", "a", "b"), "nc"), op("Concat", in("nc", "hw"), "z", aInt("axis", 0)),
			op("Resize", in("x", "", "", "z"), "y", aString("mode", "linear"))}, tensor.Shape{N: 2, C: 4, H: 4, W: 3}, []float32{0, 1, 2}},
		{"opset 18, axes", []part{opset(18), any4, vector("s", 2), op("Resize", in("x", "", "s"), "y", aInts("axes", -1))}, tensor.Shape{N: 2, C: 4, H: 2, W: 6}, []float32{0, 0, 1, 1}},
		{"opset 18, aspect ratio", []part{opset(18), any4, weight(list("z", 4, 12)), op("Resize", in("x", "", "", "z"), "y", aInts("axes", 2, 3), aString("keep_aspect_ratio_policy", "not_larger"))},
			tensor.Shape{N: 2, C: 4, H: 4, W: 6}, []float32{0, 0, 1, 1}},
	} {
		m, err := onnx.Parse(context.Background(), encode(t, model(c.parts...)), onnx.Options{})
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		x := tensor.New(tensor.Shape{N: 2, C: 4, H: 2, W: 3})
		for i := range x.Data {
			x.Data[i] = float32(i)
		}
		y, err := cpuref.Run(context.Background(), m.Graph, x)
		if err != nil || y.Shape != c.want || !slices.Equal(y.Data[:len(c.first)], c.first) {
			t.Errorf("%s: %v, %v; want %v beginning with %v", c.name, y, err, c.want, c.first)
		}
	}
}

// TestResizeRefused: what ONNX allows and the engine doesn't do, and what means nothing, is an error that names the node.
func TestResizeRefused(t *testing.T) {
	resize := func(scales []float32, attrs ...*pb.AttributeProto) []part {
		return []part{opset(19), vector("s", scales...), op("Resize", in("x", "", "s"), "y", attrs...)}
	}
	sizes := func(z []int64, attrs ...*pb.AttributeProto) []part {
		return []part{opset(19), weight(list("z", z...)), op("Resize", in("x", "", "", "z"), "y", attrs...)}
	}
	up := func(attrs ...*pb.AttributeProto) []part {
		return []part{weight(ramp("w", 4, 2, 3, 3)), op("ConvTranspose", in("x", "w"), "y", attrs...)}
	}
	for _, c := range []struct {
		words string
		parts []part
	}{
		{"axis 1 of batch×4×6×6", resize([]float32{1, 2, 1, 1})},
		{"axis 0 of batch×4×6×6", resize([]float32{2, 1, 1, 1})},
		{"axis 1 of batch×4×6×6", sizes([]int64{1, 3, 6}, aInts("axes", 1, 2, 3))},
		{"axis 0 of batch×4×6×6 is to be resized", sizes([]int64{1, 4, 12, 12})},
		{"takes part in its aspect ratio", sizes([]int64{4, 6, 12}, aInts("axes", 1, 2, 3), aString("keep_aspect_ratio_policy", "not_larger"))},
		{"goes with sizes", resize([]float32{1, 1, 2, 2}, aString("keep_aspect_ratio_policy", "not_larger"))},
		{"either scales or sizes", []part{op("Resize", in("x"), "y")}},
		{"3 scales and 0 sizes for 4 axes", resize([]float32{1, 1, 2})},
		{"scale -1 of axis 2", resize([]float32{1, 1, -1, 1})},
		{"scale 0 of axis 3", resize([]float32{1, 1, 1, 0})},
		{"size 0 of axis 2", sizes([]int64{0, 6}, aInts("axes", 2, 3))},
		{"axis 2 is given twice", sizes([]int64{6, 6}, aInts("axes", 2, 2))},
		{`mode "area" is not supported`, resize([]float32{1, 1, 2, 2}, aString("mode", "area"))},
		{`attribute nearest_mode: "round" is not`, resize([]float32{1, 1, 2, 2}, aString("nearest_mode", "round"))},
		{`"tf_half_pixel_for_nn" is not supported`, resize([]float32{1, 1, 2, 2}, aString("coordinate_transformation_mode", "tf_half_pixel_for_nn"))},
		{"a region of 0 numbers", resize([]float32{1, 1, 2, 2}, aString("coordinate_transformation_mode", "tf_crop_and_resize"))},
		{"no neighbours to exclude", resize([]float32{1, 1, 2, 2}, aInt("exclude_outside", 1))},
		{"become 0 along an axis", resize([]float32{1, 1, 0.1, 1})},
		{"input 2 must be a constant of floats", []part{op("Resize", in("x", "", "x"), "y")}},
		{"rank 5", append(resize([]float32{1, 1, 1, 2, 2}), inputDims(1, 2, 3, 4, 5))},
		{"depends on an extent that isn't fixed", []part{inputDims(1, 4, -1, -1), op("Shape", in("x"), "z"), op("Resize", in("x", "", "", "z"), "v"),
			op("Slice", in("z", "from", "to"), "hw"), weight(list("from", 3)), weight(list("to", 4)), weight(list("axes", 2)),
			op("Concat", in("hw", "hw"), "square", aInt("axis", 0)), opset(18), op("Resize", in("x", "", "", "square"), "y", aInts("axes", 2, 3))}},
		{"opset 10 doesn't say", []part{opset(10), vector("s", 1, 1, 0.6, 1), op("Resize", in("x", "s"), "y")}},
		{`mode "cubic" is not supported`, []part{opset(9), vector("s", 1, 1, 2, 2), op("Upsample", in("x", "s"), "y", aString("mode", "cubic"))}},
		{`attribute "scales" is missing`, []part{opset(7), op("Upsample", in("x"), "y")}},
		{"scales are an attribute before opset 9", []part{opset(8), vector("s", 1, 1, 2, 2), op("Upsample", in("x", "s"), "y")}},

		{"output_shape [5], must have 2", up(aInts("output_shape", 5))},
		{"output_shape [0 5]", up(aInts("output_shape", 0, 5))},
		{"output_shape: depends on an extent", append(up(aInts("output_shape", 9, 9)), inputDims(1, 4, -1, -1))},
		{`attribute "output_padding" is [-1 0]`, up(aInts("output_padding", -1, 0))},
		{"group 0 must be in", up(aInt("group", 0))},
		{"divisible by the groups", up(aInt("group", 3))},
		{"leaves nothing", up(aInts("pads", 9, 0, 9, 0))},
		{"kernel_shape [2 2], weight [4 2 3 3]", up(aInts("kernel_shape", 2, 2))},
		{"input 2 is [2], must be [4]", append([]part{weight(ramp("w", 4, 2, 3, 3)), vector("b", 1, 2)}, op("ConvTranspose", in("x", "w", "b"), "y", aInt("group", 2)))},
		{"rank 5: only 3", append(up(), inputDims(1, 4, 2, 2, 2))},
	} {
		_, err := onnx.Parse(context.Background(), encode(t, model(c.parts...)), onnx.Options{})
		if err == nil || !strings.Contains(err.Error(), c.words) || !strings.Contains(err.Error(), `"the `) {
			t.Errorf("want an error with %q, have: %v", c.words, err)
		}
	}
}

// TestResizeLikeOnnxruntime compares random models of one Resize or ConvTranspose with onnxruntime (testdata/resize/generate.py).
func TestResizeLikeOnnxruntime(t *testing.T) {
	eachModel(t, "resize", 158, func(t *testing.T, r run, m *onnx.Model, file func(string) tensor.Array) {
		want := file(".y")
		y, err := r(context.Background(), m.Graph, input(t, m, file(".x"), 0))
		if err != nil || !slices.Equal(m.Outputs[0].Dims, want.Dims) {
			t.Fatalf("%v, or %v, not %v", err, m.Outputs[0].Dims, want.Dims)
		}
		for i, w := range want.Data {
			if d := math.Abs(float64(y.Data[i]) - float64(w)); !(d <= 1e-5*(1+math.Abs(float64(w)))) {
				t.Fatalf("%+v: element %d is %v, want %v", m.Graph.Nodes[1].Op, i, y.Data[i], w)
			}
		}
	})
}
