package onnx_test

import (
	"encoding/binary"
	"math"
	"testing"

	"google.golang.org/protobuf/proto"

	pb "inceptiongl/inception/onnx/internal/onnxpb"
)

// model makes a model with one input "x" and one output "y"; the parts change it.
func model(parts ...func(*pb.ModelProto)) *pb.ModelProto {
	m := &pb.ModelProto{
		IrVersion:   proto.Int64(8),
		OpsetImport: []*pb.OperatorSetIdProto{{Version: proto.Int64(13)}},
		Graph: &pb.GraphProto{
			Name:   proto.String("g"),
			Input:  []*pb.ValueInfoProto{info("x", pb.TensorProto_FLOAT, -1, 4, 6, 6)},
			Output: []*pb.ValueInfoProto{info("y", pb.TensorProto_FLOAT)},
		},
	}
	for _, f := range parts {
		f(m)
	}
	return m
}

// info declares a value; −1 is symbolic.
func info(name string, t pb.TensorProto_DataType, dims ...int64) *pb.ValueInfoProto {
	s := &pb.TensorShapeProto{}
	for _, d := range dims {
		e := &pb.TensorShapeProto_Dimension{Value: &pb.TensorShapeProto_Dimension_DimValue{DimValue: d}}
		if d == -1 {
			e.Value = &pb.TensorShapeProto_Dimension_DimParam{DimParam: "d"}
		}
		s.Dim = append(s.Dim, e)
	}
	return &pb.ValueInfoProto{Name: &name, Type: &pb.TypeProto{Value: &pb.TypeProto_TensorType{
		TensorType: &pb.TypeProto_Tensor{ElemType: proto.Int32(int32(t)), Shape: s},
	}}}
}

// opset, input, weight and op are parts of a model.
func opset(v int64) func(*pb.ModelProto) {
	return func(m *pb.ModelProto) { m.OpsetImport[0].Version = &v }
}

func inputDims(dims ...int64) func(*pb.ModelProto) {
	return func(m *pb.ModelProto) { m.Graph.Input[0] = info("x", pb.TensorProto_FLOAT, dims...) }
}

func weight(t *pb.TensorProto) func(*pb.ModelProto) {
	return func(m *pb.ModelProto) { m.Graph.Initializer = append(m.Graph.Initializer, t) }
}

// op adds a node called after its type in lower case and its output: names that an error must quote.
func op(kind string, in []string, out string, attrs ...*pb.AttributeProto) func(*pb.ModelProto) {
	return func(m *pb.ModelProto) {
		m.Graph.Node = append(m.Graph.Node, &pb.NodeProto{
			Name: proto.String("the " + kind), OpType: &kind, Input: in, Output: []string{out}, Attribute: attrs,
		})
	}
}

func in(names ...string) []string { return names }

// ramp is a float tensor 0.1, 0.2 …
func ramp(name string, dims ...int64) *pb.TensorProto {
	t := &pb.TensorProto{Name: &name, Dims: dims, DataType: proto.Int32(int32(pb.TensorProto_FLOAT))}
	n := int64(1)
	for _, d := range dims {
		n *= d
	}
	for k := range n {
		t.RawData = binary.LittleEndian.AppendUint32(t.RawData, math.Float32bits(float32(k+1)/10))
	}
	return t
}

// scalar is a float.
func scalar(name string, v float32) *pb.TensorProto {
	return &pb.TensorProto{Name: &name, DataType: proto.Int32(int32(pb.TensorProto_FLOAT)), FloatData: []float32{v}}
}

// codes is a tensor of integers of 8 bits.
func codes(name string, dims ...int64) *pb.TensorProto {
	n := int64(1)
	for _, d := range dims {
		n *= d
	}
	return &pb.TensorProto{Name: &name, Dims: dims, DataType: proto.Int32(int32(pb.TensorProto_INT8)), RawData: make([]byte, n)}
}

// list is a list of integers.
func list(name string, v ...int64) *pb.TensorProto {
	return &pb.TensorProto{Name: &name, Dims: []int64{int64(len(v))}, DataType: proto.Int32(int32(pb.TensorProto_INT64)), Int64Data: v}
}

func aInt(name string, v int64) *pb.AttributeProto {
	return &pb.AttributeProto{Name: &name, Type: pb.AttributeProto_INT.Enum(), I: &v}
}

func aInts(name string, v ...int64) *pb.AttributeProto {
	return &pb.AttributeProto{Name: &name, Type: pb.AttributeProto_INTS.Enum(), Ints: v}
}

func aFloat(name string, v float32) *pb.AttributeProto {
	return &pb.AttributeProto{Name: &name, Type: pb.AttributeProto_FLOAT.Enum(), F: &v}
}

func aString(name, v string) *pb.AttributeProto {
	return &pb.AttributeProto{Name: &name, Type: pb.AttributeProto_STRING.Enum(), S: []byte(v)}
}

func aTensor(name string, v *pb.TensorProto) *pb.AttributeProto {
	return &pb.AttributeProto{Name: &name, Type: pb.AttributeProto_TENSOR.Enum(), T: v}
}

// aGraph is a branch that gives one value.
func aGraph(name, gives string, nodes ...*pb.NodeProto) *pb.AttributeProto {
	g := &pb.GraphProto{Node: nodes, Output: []*pb.ValueInfoProto{{Name: &gives}}}
	return &pb.AttributeProto{Name: &name, Type: pb.AttributeProto_GRAPH.Enum(), G: g}
}

// aBody is aGraph with inputs.
func aBody(name string, takes []string, gives string, nodes ...*pb.NodeProto) *pb.AttributeProto {
	a := aGraph(name, gives, nodes...)
	for _, in := range takes {
		a.G.Input = append(a.G.Input, &pb.ValueInfoProto{Name: &in})
	}
	return a
}

func encode(t testing.TB, m *pb.ModelProto) []byte {
	t.Helper()
	b, err := proto.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
