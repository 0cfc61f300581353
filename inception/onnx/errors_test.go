package onnx_test

import (
	"math"

	"google.golang.org/protobuf/proto"

	pb "inceptiongl/inception/onnx/internal/onnxpb"
)

type part = func(*pb.ModelProto)

// hostileModel must give an error with the words; one about a node must name it.
type hostileModel struct {
	name  string
	words string
	parts []part
}

var hostile = []hostileModel{
	{"unknown operator", `"the LSTM" (LSTM): operator "LSTM" is not supported: layers that go through time`, []part{op("LSTM", in("x"), "y")}},
	{"unknown domain", `"the Relu" (Relu): operators of domain "com.example"`, []part{op("Relu", in("x"), "y"), func(m *pb.ModelProto) {
		m.Graph.Node[0].Domain = proto.String("com.example")
	}}},
	{"overload", `"the Relu" (Relu): overload`, []part{op("Relu", in("x"), "y"), func(m *pb.ModelProto) { m.Graph.Node[0].Overload = proto.String("a") }}},
	{"no name", `"y" (LSTM): operator`, []part{op("LSTM", in("x"), "y"), func(m *pb.ModelProto) { m.Graph.Node[0].Name = nil }}},
	{"unknown attribute", `"the Relu" (Relu): unknown attribute "slope"`, []part{op("Relu", in("x"), "y", aFloat("slope", 1))}},
	{"attribute of another type", `"the LRN" (LRN): attribute "size" is of type FLOAT`, []part{op("LRN", in("x"), "y", aFloat("size", 3))}},
	{"attribute twice", `attribute "size" is unnamed or given twice`, []part{op("LRN", in("x"), "y", aInt("size", 3), aInt("size", 3))}},
	{"attribute by reference", `"the LRN" (LRN): attribute "size" refers`, []part{op("LRN", in("x"), "y", &pb.AttributeProto{
		Name: proto.String("size"), RefAttrName: proto.String("s"),
	})}},
	{"infinite attribute", `"the LRN" (LRN): attribute "alpha" is +Inf`, []part{op("LRN", in("x"), "y", aInt("size", 3), aFloat("alpha", float32(math.Inf(1))))}},
	{"a subgraph", `"the If" (If): attribute else_branch is missing`, []part{op("If", in("x"), "y", &pb.AttributeProto{
		Name: proto.String("then_branch"), Type: pb.AttributeProto_GRAPH.Enum(), G: &pb.GraphProto{},
	})}},
	{"a subgraph in a known operator", `"the Relu" (Relu): unknown attribute "body"`, []part{op("Relu", in("x"), "y", &pb.AttributeProto{
		Name: proto.String("body"), Type: pb.AttributeProto_GRAPH.Enum(), G: &pb.GraphProto{},
	})}},

	{"opset 29", "opset 29: 7 to 28", []part{opset(29)}},
	{"opset 0", "opset 0", []part{opset(0)}},
	{"no opset", "imports no opset: 7 to", []part{func(m *pb.ModelProto) { m.OpsetImport = nil }}},
	{"pnnx's own file", "what pnnx writes for looking at: its nodes are PyTorch's modules, not ONNX's operators. export_onnx() in", []part{op("pnnx.Input", in(), "x"), op("nn.Conv2d", in("x"), "y"), func(m *pb.ModelProto) { m.OpsetImport = nil }}},
	{"opset -1", "opset -1", []part{opset(-1)}},
	{"opset 6", `"the Add" (Add): opset 6`, []part{opset(6), weight(ramp("w", 6)), op("Add", in("x", "w"), "y")}},
	{"opset twice", "imports opset 13 and 14", []part{func(m *pb.ModelProto) {
		m.OpsetImport = append(m.OpsetImport, &pb.OperatorSetIdProto{Domain: proto.String("ai.onnx"), Version: proto.Int64(14)})
	}}},
	{"no graph", "holds no graph", []part{func(m *pb.ModelProto) { m.Graph = nil }}},
	{"functions", "functions", []part{func(m *pb.ModelProto) { m.Functions = []*pb.FunctionProto{{}} }}},
	{"sparse initializer", "sparse", []part{func(m *pb.ModelProto) { m.Graph.SparseInitializer = []*pb.SparseTensorProto{{}} }}},
	{"too many nodes", "nodes: more than", []part{func(m *pb.ModelProto) { m.Graph.Node = make([]*pb.NodeProto, 1<<16+1) }}},
	{"too many messages", "messages", []part{func(m *pb.ModelProto) { m.Graph.ValueInfo = make([]*pb.ValueInfoProto, 1<<20+1) }}},
	{"too many strings", "strings", []part{op("Relu", make([]string, 1<<24+1), "y")}},
	{"deep nesting", "onnx: messages nested deeper than 16, as branches (If, Loop) in branches may be: not supported", []part{func(m *pb.ModelProto) {
		g := m.Graph
		for range 100 {
			inner := &pb.GraphProto{}
			g.Node = []*pb.NodeProto{{Attribute: []*pb.AttributeProto{{G: inner}}}}
			g = inner
		}
	}}},

	{"a cycle", `"the Add" (Add) is part of a cycle`, []part{op("Add", in("x", "z"), "y"), op("Relu", in("y"), "z")}},
	{"a node that reads itself", `"the Add" (Add) is part of a cycle`, []part{op("Add", in("x", "y"), "y")}},
	{"a missing value", `"the Relu" (Relu): nothing gives its input "nowhere"`, []part{op("Relu", in("nowhere"), "y")}},
	{"an output twice", `"the Relu" (Relu): output "y" is given twice`, []part{op("Relu", in("x"), "y"), op("Relu", in("x"), "y")}},
	{"an output that is a weight", `output "w" is given twice`, []part{weight(ramp("w", 1)), op("Relu", in("x"), "w")}},
	{"an output that is missing", `output "y": nothing gives`, []part{op("Relu", in("x"), "z")}},
	{"no output", "has no output", []part{op("Relu", in("x"), "y"), func(m *pb.ModelProto) { m.Graph.Output = nil }}},
	{"a node without output", `(Relu): has no output`, []part{op("Relu", in("x"), "y"), op("Relu", in("x"), "z"), func(m *pb.ModelProto) { m.Graph.Node[1].Output = nil }}},
	{"too few inputs", `"the Add" (Add): has 1 inputs`, []part{op("Add", in("x"), "y")}},
	{"too many inputs", `"the Relu" (Relu): has 2 inputs`, []part{op("Relu", in("x", "x"), "y")}},
	{"an input left out", `"the Add" (Add): has 2 inputs, or one`, []part{op("Add", in("", "x"), "y")}},
	{"an output that isn't there", `"i", an output of node "the MaxPool" (MaxPool)`, []part{func(m *pb.ModelProto) {
		op("MaxPool", in("x"), "p", aInts("kernel_shape", 2, 2))(m)
		m.Graph.Node[0].Output = in("p", "i")
	}, op("Relu", in("i"), "y")}},

	{"no input", "has 0 inputs", []part{weight(ramp("w", 2)), op("Relu", in("w"), "y")}},
	{"two inputs", `has 2 inputs, must have 1: "x", "x2"`, []part{func(m *pb.ModelProto) {
		m.Graph.Input = append(m.Graph.Input, info("x2", pb.TensorProto_FLOAT, 1))
	}, op("Add", in("x", "x2"), "y")}},
	{"an input twice", `input "x" is unnamed or given twice`, []part{func(m *pb.ModelProto) {
		m.Graph.Input = append(m.Graph.Input, m.Graph.Input[0])
	}, op("Relu", in("x"), "y")}},
	{"input of integers", "type INT64", []part{func(m *pb.ModelProto) { m.Graph.Input[0] = info("x", pb.TensorProto_INT64, 1) }, op("Relu", in("x"), "y")}},
	{"input of no type", "is no tensor", []part{func(m *pb.ModelProto) { m.Graph.Input[0].Type = nil }, op("Relu", in("x"), "y")}},
	{"input of no shape", "no declared extents", []part{func(m *pb.ModelProto) { m.Graph.Input[0].Type.GetTensorType().Shape = nil }, op("Relu", in("x"), "y")}},
	{"input with free channels", "the number of channels must be fixed", []part{inputDims(1, 0, 3, 3), op("Relu", in("x"), "y")}},
	{"input with a negative extent", "extent 2 is -3", []part{inputDims(1, 3, -3, 3), op("Relu", in("x"), "y")}},
	{"input with a huge extent", "extent 2 is", []part{inputDims(1, 3, 1<<40, 3), op("Relu", in("x"), "y")}},
	{"input with many elements", "more than", []part{inputDims(1<<16, 1<<16, 1<<16, 1<<16), op("Relu", in("x"), "y")}},
	{"input of many dimensions", "dimensions", []part{inputDims(make([]int64, 40)...), op("Relu", in("x"), "y")}},
	{"symbolic channels", "number of channels", []part{inputDims(1, -1, 3, 3), op("Relu", in("x"), "y")}},

	{"weight of complex numbers", `tensor "w": type COMPLEX64`, []part{weight(&pb.TensorProto{Name: proto.String("w"), DataType: proto.Int32(14), Dims: []int64{1}, RawData: make([]byte, 8)})}},
	{"weight of bytes", `"the Conv" (Conv): of a tensor of type INT8: such are for DequantizeLinear`, []part{weight(codes("w", 2, 4, 1, 1)), op("Conv", in("x", "w"), "y")}},
	{"weight of no known type", `tensor "w": type 99`, []part{weight(&pb.TensorProto{Name: proto.String("w"), DataType: proto.Int32(99)})}},
	{"weight with a negative extent", `tensor "w": dimension 1 is -5`, []part{weight(&pb.TensorProto{Name: proto.String("w"), DataType: proto.Int32(1), Dims: []int64{2, -5}})}},
	{"weight with a huge extent", `tensor "w": dimension 0`, []part{weight(&pb.TensorProto{Name: proto.String("w"), DataType: proto.Int32(1), Dims: []int64{math.MaxInt64}})}},
	{"weight whose size overflows", `tensor "w":`, []part{weight(&pb.TensorProto{Name: proto.String("w"), DataType: proto.Int32(1), Dims: []int64{1 << 31, 1 << 31, 4}})}},
	{"weight with too many elements", `more than`, []part{weight(&pb.TensorProto{Name: proto.String("w"), DataType: proto.Int32(1), Dims: []int64{1 << 30, 1 << 30}})}},
	{"weight without data", `tensor "w": [2147483647] of type FLOAT needs`, []part{weight(&pb.TensorProto{Name: proto.String("w"), DataType: proto.Int32(1), Dims: []int64{1<<31 - 1}})}},
	{"weight with short data", `needs 24 bytes, has 4`, []part{weight(&pb.TensorProto{Name: proto.String("w"), DataType: proto.Int32(1), Dims: []int64{2, 3}, RawData: make([]byte, 4)})}},
	{"weight with long data", `needs 4 elements, has 5`, []part{weight(&pb.TensorProto{Name: proto.String("w"), DataType: proto.Int32(1), Dims: []int64{4}, FloatData: make([]float32, 5)})}},
	{"weight in the wrong field", `needs 1 elements, has 0`, []part{weight(&pb.TensorProto{Name: proto.String("w"), DataType: proto.Int32(1), Dims: []int64{1}, DoubleData: make([]float64, 1)})}},
	{"weight with data twice", "both raw and typed", []part{weight(&pb.TensorProto{Name: proto.String("w"), DataType: proto.Int32(1), Dims: []int64{1}, RawData: make([]byte, 4), FloatData: []float32{1}})}},
	{"weight in segments", "segments", []part{weight(&pb.TensorProto{Name: proto.String("w"), DataType: proto.Int32(1), Segment: &pb.TensorProto_Segment{}})}},
	{"weight of many dimensions", "dimensions", []part{weight(&pb.TensorProto{Name: proto.String("w"), DataType: proto.Int32(1), Dims: make([]int64, 99)})}},
	{"weight twice", `initializer "w" is unnamed or given twice`, []part{weight(ramp("w", 1)), weight(ramp("w", 1))}},
	{"weight without a name", "unnamed", []part{weight(ramp("", 1))}},
	{"weight that is not finite", "not finite", []part{weight(scalar("w", float32(math.NaN()))), op("Mul", in("x", "w"), "y")}},
	{"external data in Parse", "only Load", []part{weight(&pb.TensorProto{Name: proto.String("w"), DataType: proto.Int32(1), DataLocation: pb.TensorProto_EXTERNAL.Enum()})}},
	{"external data in an attribute", `"the Constant" (Constant): attribute "value": tensor "": external`, []part{op("Constant", nil, "c", aTensor("value", &pb.TensorProto{
		DataType: proto.Int32(1), DataLocation: pb.TensorProto_EXTERNAL.Enum(),
	})), op("Add", in("x", "c"), "y")}},

	{"a bomb of ones", `"the ConstantOfShape" (ConstantOfShape)`, []part{weight(list("s", 1<<20, 1<<10, 1)), op("ConstantOfShape", in("s"), "c"), op("Add", in("x", "c"), "y")}},
	{"a negative shape", `"the ConstantOfShape" (ConstantOfShape): [-1] has a negative`, []part{weight(list("s", -1)), op("ConstantOfShape", in("s"), "c"), op("Add", in("x", "c"), "y")}},
	{"a bomb of doubling", `(Concat): the model takes more memory`, []part{weight(ramp("c0", 1024)), func(m *pb.ModelProto) {
		for k := range 40 {
			a, b := "c"+string(rune('0'+k)), "c"+string(rune('1'+k))
			op("Concat", in(a, a), b, aInt("axis", 0))(m)
		}
		op("Relu", in("x"), "y")(m)
	}}},
	{"a bomb of broadcasting", `"the Mul" (Mul): [1048576 1048576] has more than`, []part{weight(ramp("a", 1<<20, 1)), weight(ramp("b", 1, 1<<20)), op("Mul", in("a", "b"), "c"), op("Relu", in("x"), "y")}},
	{"a bomb of expanding", `"the Expand" (Expand)`, []part{weight(ramp("a", 1)), weight(list("s", 1<<30, 1<<30)), op("Expand", in("a", "s"), "c"), op("Relu", in("x"), "y")}},
	{"a bomb of padding", `"the Pad" (Pad): pads [0 1048576 0 0 0 1048576 0 0]: the model takes more memory`, []part{weight(list("p", 0, 1<<20, 0, 0, 0, 1<<20, 0, 0)), op("Pad", in("x", "p"), "y")}},
	{"a bomb of tiling", `"the Tile" (Tile)`, []part{weight(list("r", 1, 1<<20, 1<<20, 1)), op("Tile", in("x", "r"), "y")}},
	{"a bomb of a scalar", `"the Add" (Add)`, []part{inputDims(1, 1<<30), weight(scalar("s", 1)), op("Add", in("x", "s"), "y")}},
	{"empty loops", "", []part{weight(&pb.TensorProto{Name: proto.String("e"), DataType: proto.Int32(1), Dims: []int64{1 << 30, 1 << 30, 0}}), op("Concat", in("e", "e"), "c", aInt("axis", 2)), op("LSTM", in("x"), "y")}},

	{"weights that depend on the input", `"the Conv" (Conv): input 1 must be a constant`, []part{op("Conv", in("x", "x"), "y")}},
	{"weights of other channels", `"the Conv" (Conv): input has 4 channels, the weights take 5`, []part{weight(ramp("w", 2, 5, 3, 3)), op("Conv", in("x", "w"), "y")}},
	{"weights of a volume", `"the Conv" (Conv): weight [2 4 3 3 3]`, []part{weight(ramp("w", 2, 4, 3, 3, 3)), op("Conv", in("x", "w"), "y", aInts("kernel_shape", 3, 3))}},
	{"volumes", `"the Conv" (Conv): a tensor of rank 5`, []part{inputDims(1, 4, 3, 3, 3), weight(ramp("w", 2, 4, 3, 3, 3)), op("Conv", in("x", "w"), "y")}},
	{"scalar weights", `"the Conv" (Conv)`, []part{weight(scalar("w", 1)), op("Conv", in("x", "w"), "y")}},
	{"another kernel_shape", `"the Conv" (Conv): kernel_shape [2 2]`, []part{weight(ramp("w", 2, 4, 3, 3)), op("Conv", in("x", "w"), "y", aInts("kernel_shape", 2, 2))}},
	{"negative pads", `"the Conv" (Conv): attribute "pads"`, []part{weight(ramp("w", 2, 4, 3, 3)), op("Conv", in("x", "w"), "y", aInts("pads", 0, 0, -1, 0))}},
	{"three pads", `"the Conv" (Conv): attribute "pads" has 3`, []part{weight(ramp("w", 2, 4, 3, 3)), op("Conv", in("x", "w"), "y", aInts("pads", 0, 0, 1))}},
	{"stride 0", `"the Conv" (Conv): attribute "strides"`, []part{weight(ramp("w", 2, 4, 3, 3)), op("Conv", in("x", "w"), "y", aInts("strides", 0, 1))}},
	{"group 0", `"the Conv" (Conv): group 0`, []part{weight(ramp("w", 2, 4, 3, 3)), op("Conv", in("x", "w"), "y", aInt("group", 0))}},
	{"huge group", `"the Conv" (Conv): group`, []part{weight(ramp("w", 2, 4, 3, 3)), op("Conv", in("x", "w"), "y", aInt("group", math.MaxInt64))}},
	{"huge dilation", `"the Conv" (Conv): attribute "dilations"`, []part{weight(ramp("w", 2, 4, 3, 3)), op("Conv", in("x", "w"), "y", aInts("dilations", math.MaxInt64, 1))}},
	{"a kernel that doesn't fit", `"the Conv" (Conv): rows: a kernel spanning 7`, []part{weight(ramp("w", 2, 4, 7, 7)), op("Conv", in("x", "w"), "y")}},
	{"a kernel of 0", `"the Conv" (Conv): kernel [0 3]`, []part{weight(ramp("w", 2, 4, 0, 3)), op("Conv", in("x", "w"), "y")}},
	{"a wrong bias", `"the Conv" (Conv): input 2 is [3], must be [2]`, []part{weight(ramp("w", 2, 4, 3, 3)), weight(ramp("b", 3)), op("Conv", in("x", "w", "b"), "y")}},
	{"auto_pad of a free size", `"the Conv" (Conv): auto_pad SAME_UPPER: depends on an extent`, []part{inputDims(1, 4, -1, 6), weight(ramp("w", 2, 4, 3, 3)), op("Conv", in("x", "w"), "y", aString("auto_pad", "SAME_UPPER"), aInts("strides", 2, 2))}},
	{"unknown auto_pad", `"the Conv" (Conv): auto_pad "SOME"`, []part{weight(ramp("w", 2, 4, 3, 3)), op("Conv", in("x", "w"), "y", aString("auto_pad", "SOME"))}},

	{"pool without kernel", `"the MaxPool" (MaxPool): attribute kernel_shape is missing`, []part{op("MaxPool", in("x"), "y")}},
	{"pool padding", `"the MaxPool" (MaxPool): rows: padding 2 before, 2 after must be smaller`, []part{op("MaxPool", in("x"), "y", aInts("kernel_shape", 2, 2), aInts("pads", 2, 2, 2, 2))}},
	{"pool flag 2", `attribute "ceil_mode" is 2`, []part{op("MaxPool", in("x"), "y", aInts("kernel_shape", 2, 2), aInt("ceil_mode", 2))}},
	{"dilated pool, too large", `"the MaxPool" (MaxPool): rows: a kernel spanning 7`, []part{op("MaxPool", in("x"), "y", aInts("kernel_shape", 3, 3), aInts("dilations", 3, 3))}},
	{"dilated pool around its input", `"the AveragePool" (AveragePool): columns: padding 5 before, dilation 7: the window at -1 holds none`, []part{opset(19), op("AveragePool", in("x"), "y",
		aInts("kernel_shape", 1, 2), aInts("dilations", 1, 7), aInts("pads", 0, 5, 0, 5), aInts("strides", 1, 4))}},
	{"huge dilation of a pool", `"the MaxPool" (MaxPool): attribute "dilations"`, []part{op("MaxPool", in("x"), "y", aInts("kernel_shape", 2, 2), aInts("dilations", math.MaxInt64, 1))}},
	{"global pool of a matrix", `"the GlobalMaxPool" (GlobalMaxPool)`, []part{inputDims(1, 4), op("GlobalMaxPool", in("x"), "y")}},
	{"mean over the batch", `"the ReduceMean" (ReduceMean): over the batch of`, []part{op("ReduceMean", in("x"), "y")}},
	{"sum over the batch", `"the ReduceSum" (ReduceSum): over the batch of`, []part{op("ReduceSum", in("x"), "y")}},
	{"sum over open columns", `"the ReduceSum" (ReduceSum): a sum over an axis of`, []part{inputDims(1, 4, 6, -1), weight(list("a", 3)), op("ReduceSum", in("x", "a"), "y")}},
	{"axes of a sum as an attribute", `attribute axes is an input from opset 13 on`, []part{op("ReduceSum", in("x"), "y", aInts("axes", 1))}},
	{"axes of a minimum as an input", `axes are an attribute before opset 18`, []part{weight(list("a", 1)), op("ReduceMin", in("x", "a"), "y")}},

	{"training", `"the BatchNormalization" (BatchNormalization): training mode is not supported but for constants: export the model with its eval() called`, []part{opset(15), weight(ramp("w", 4)), op("BatchNormalization", in("x", "w", "w", "w", "w"), "y", aInt("training_mode", 1))}},
	{"spatial 0", `spatial`, []part{opset(7), weight(ramp("w", 4)), op("BatchNormalization", in("x", "w", "w", "w", "w"), "y", aInt("spatial", 0))}},
	{"batch norm of other channels", `"the BatchNormalization" (BatchNormalization): input 1 is [5]`, []part{weight(ramp("w", 5)), op("BatchNormalization", in("x", "w", "w", "w", "w"), "y")}},
	{"dropout in training", `"the Dropout" (Dropout): training`, []part{weight(scalar("r", 0.5)), weight(&pb.TensorProto{
		Name: proto.String("t"), DataType: proto.Int32(9), Int32Data: []int32{1},
	}), op("Dropout", in("x", "r", "t"), "y")}},
	{"LRN without size", `"the LRN" (LRN): size 0`, []part{op("LRN", in("x"), "y")}},
	{"softmax over the batch", `"the Softmax" (Softmax): works along an axis`, []part{op("Softmax", in("x"), "y", aInt("axis", 0))}},
	{"softmax axis", `"the Softmax" (Softmax): axis 4`, []part{op("Softmax", in("x"), "y", aInt("axis", 4))}},
	{"clip bounds", `"the Clip" (Clip): input 1 must be one number`, []part{weight(ramp("l", 2)), op("Clip", in("x", "l"), "y")}},

	{"Gemm of other extents", `"the Gemm" (Gemm): a tensor batch×144 times a matrix of 15 rows: 15 columns are needed, not 144: Options.Dims must give the input the extents that the network was made for`, []part{op("Reshape", in("x", "s"), "m"), weight(list("s", -1, 144)), weight(ramp("w", 5, 15)), op("Gemm", in("m", "w"), "y", aInt("transB", 1))}},
	{"batch norm of a constant, of other channels", `"the BatchNormalization" (BatchNormalization): input 3 is [4], for a constant [1 3]`, []part{weight(ramp("c", 1, 3)), weight(ramp("v", 3)), weight(ramp("w", 4)), op("BatchNormalization", in("c", "v", "v", "w", "w"), "d"), op("Add", in("x", "d"), "y")}},
	{"batch norm of a constant vector", `"the BatchNormalization" (BatchNormalization): of a constant [3]`, []part{weight(ramp("v", 3)), op("BatchNormalization", in("v", "v", "v", "v", "v"), "d"), op("Add", in("x", "d"), "y")}},
	{"Gemm of an open extent", `"the Gemm" (Gemm): a tensor batch×? times a matrix of 15 rows: 15 columns are needed, and ? depends on what the file leaves open: Options.Dims must give the input's extents`, []part{inputDims(-1, 4, -1, -1), op("Flatten", in("x"), "m"), weight(ramp("w", 5, 15)), op("Gemm", in("m", "w"), "y", aInt("transB", 1))}},
	{"Gemm of an image", `"the Gemm" (Gemm): matrices are needed`, []part{weight(ramp("w", 5, 15)), op("Gemm", in("x", "w"), "y")}},
	{"a tensor to repeat", `"the Add" (Add): tensors 1×batch×4×6×6 and 3×1×4×6×6: the batch must come first`, []part{weight(ramp("w", 3, 1, 4, 6, 6)), op("Add", in("x", "w"), "y")}},
	{"tensors that don't fit", `"the Mul" (Mul): tensors`, []part{op("Concat", in("x", "x"), "r", aInt("axis", 1)), op("Mul", in("x", "r"), "y")}},
	{"truths of the batch", `"the And" (And): a constant that depends on the batch`, []part{op("Shape", in("x"), "s"), op("And", in("x", "s"), "y")}},
	{"an infinite alpha", `"the Elu" (Elu): attribute "alpha" is +Inf`, []part{op("Elu", in("x"), "y", aFloat("alpha", float32(math.Inf(1))))}},
	{"another Gelu", `"the Gelu" (Gelu): approximate "erf" is not known`, []part{opset(20), op("Gelu", in("x"), "y", aString("approximate", "erf"))}},
	{"no Celu", `"the Celu" (Celu): alpha is 0`, []part{op("Celu", in("x"), "y", aFloat("alpha", 0))}},
	{"a remainder of tensors", `"the Mod" (Mod): is supported for constants only`, []part{op("Mod", in("x", "x"), "y", aInt("fmod", 1))}},
	{"codes of 8 bits of floats", `"the QuantizeLinear" (QuantizeLinear): to FLOAT8E4M3FN is not supported (INT8`, []part{opset(21), weight(scalar("s", 1)), op("QuantizeLinear", in("x", "s"), "y", aInt("output_dtype", 17))}},
	{"scales that depend on the input", `"the QuantizeLinear" (QuantizeLinear): input 1 must be a constant of floats`, []part{op("QuantizeLinear", in("x", "x"), "y")}},
	{"scale 0", `"the QuantizeLinear" (QuantizeLinear): scale 0 must be in`, []part{weight(scalar("s", 0)), op("QuantizeLinear", in("x", "s"), "y")}},
	{"scales of another axis", `"the QuantizeLinear" (QuantizeLinear): scales [6] for axis 1 of`, []part{weight(ramp("s", 6)), op("QuantizeLinear", in("x", "s"), "y")}},
	{"numbers that are no codes", `"the DequantizeLinear" (DequantizeLinear): of a tensor of integers, whose type`, []part{weight(scalar("s", 1)), op("DequantizeLinear", in("x", "s"), "y")}},
	{"blocks of another size", `"the DequantizeLinear" (DequantizeLinear): scales [1 2] for blocks of 3 of a constant [4 2]: they must be [2 2]`, []part{opset(21), weight(codes("w", 4, 2)), weight(ramp("s", 1, 2)),
		op("DequantizeLinear", in("w", "s"), "d", aInt("axis", 0), aInt("block_size", 3)), op("Add", in("x", "d"), "y")}},
	{"a sum of codes", `"the Add" (Add): of a tensor of type UINT8: such are for DequantizeLinear`, []part{weight(scalar("s", 1)), op("QuantizeLinear", in("x", "s"), "q"), op("Add", in("q", "q"), "y")}},
	{"a convolution of integers", `"the ConvInteger" (ConvInteger): operator "ConvInteger" is not supported: arithmetic of integers isn't;`, []part{op("ConvInteger", in("x", "x"), "y")}},
	{"a loop", `"the Loop" (Loop): operator "Loop" is not supported: a network must be the same for every input`, []part{op("Loop", in("x"), "y")}},
	{"running sums over the batch", `"the CumSum" (CumSum): works along an axis`, []part{weight(list("a", 0)), op("CumSum", in("x", "a"), "y")}},
	{"running sums over two axes", `"the CumSum" (CumSum): axes [1 2]: one is needed`, []part{weight(list("a", 1, 2)), op("CumSum", in("x", "a"), "y")}},
	{"a product over open columns", `"the ReduceProd" (ReduceProd): a product over an axis of`, []part{inputDims(1, 4, 6, -1), op("ReduceProd", in("x"), "y", aInts("axes", 3))}},
	{"a pool's root", `"the LpPool" (LpPool): p is 0`, []part{op("LpPool", in("x"), "y", aInts("kernel_shape", 2, 2), aInt("p", 0))}},
	{"a range without end", `"the Range" (Range): from 0 to 1 by 0`, []part{weight(scalar("a", 0)), weight(scalar("b", 1)), op("Range", in("a", "b", "a"), "r"), op("Add", in("x", "r"), "y")}},
	{"a constant that is no number", `is not finite at element 0: NaN`, []part{weight(ramp("w", 6)), weight(scalar("z", 0)), op("Div", in("z", "z"), "n"), op("Mul", in("x", "n"), "y")}},
	{"a pool of places", `"the GlobalMaxPool" (GlobalMaxPool): input 0 depends on node "the ArgMax" (ArgMax), which runs on the host when the network has run; this operator can't follow there.`, []part{op("ArgMax", in("x"), "p"), op("GlobalMaxPool", in("p"), "y")}},
	{"more than there are", `"the TopK" (TopK): of batch×4×6×6 along axis 1: K must be`, []part{weight(list("k", 5)), op("TopK", in("x", "k"), "y", aInt("axis", 1))}},
	{"a share above 1", `"the NonMaxSuppression" (NonMaxSuppression): an IOU of 2`, []part{inputDims(1, 4, 4), weight(list("n", 5)), weight(scalar("i", 2)), op("NonMaxSuppression", in("x", "x", "n", "i"), "y")}},
	{"a sum of slices", `"the ScatterND" (ScatterND): reduction "add" is not supported`, []part{weight(list("i", 0)), op("ScatterND", in("x", "i", "x"), "y", aString("reduction", "add"))}},
	{"an axis of places", `"the ArgMin" (ArgMin): axis 4 of a tensor of rank 4`, []part{op("ArgMin", in("x"), "y", aInt("axis", 4))}},
	{"places of the batch", `"the Reshape" (Reshape): input 1, which the host needs: integers that depend on the batch`, []part{op("Shape", in("x"), "s"), op("ArgMax", in("x"), "p", aInt("axis", 3)), op("Reshape", in("p", "s"), "y")}},
	{"a sequence as a tensor", `"the Relu" (Relu): input 0 must be a tensor`, []part{op("SplitToSequence", in("x"), "s", aInt("axis", 1)), op("Relu", in("s"), "y")}},
	{"a tensor as a sequence", `"the SequenceAt" (SequenceAt): input 0 must be`, []part{weight(list("i", 0)), op("SequenceAt", in("x", "i"), "y")}},
	{"a place beyond a sequence", `"the SequenceAt" (SequenceAt): place [4] of a sequence of 4`, []part{weight(list("i", 4)), op("SplitToSequence", in("x"), "s", aInt("axis", 1)), op("SequenceAt", in("s", "i"), "y")}},
	{"a sequence's parts", `"the SplitToSequence" (SplitToSequence): parts [1 2] of batch×4×6×6 along axis 1`, []part{weight(list("p", 1, 2)), op("SplitToSequence", in("x", "p"), "y", aInt("axis", 1))}},
	{"an output that is a sequence", `output "y" must be a tensor, not a sequence`, []part{op("SplitToSequence", in("x"), "y", aInt("axis", 1))}},
	{"parts of nothing", `"the SplitToSequence" (SplitToSequence): parts of 0 elements`, []part{weight(&pb.TensorProto{Name: proto.String("p"), DataType: proto.Int32(7), Int64Data: []int64{0}}), op("SplitToSequence", in("x", "p"), "y", aInt("axis", 1))}},
	{"a condition of the input", `"the If" (If): the condition must be a constant`, []part{op("ReduceMax", in("x"), "c", aInts("axes", 1, 2, 3)), op("If", in("c"), "y", aGraph("then_branch", "x"), aGraph("else_branch", "x"))}},
	{"a loop with a body", `"the Loop" (Loop): operator "Loop" is not supported: a network must be the same`, []part{weight(list("n", 2)), op("Loop", in("n", "", "x"), "y", aBody("body", []string{"i", "on", "state"}, "on",
		&pb.NodeProto{OpType: proto.String("Relu"), Input: []string{"state"}, Output: []string{"out"}}))}},
	{"no branch", `"the If" (If): attribute else_branch is missing`, []part{weight(list("c", 1)), op("If", in("c"), "y", aGraph("then_branch", "x"))}},
	{"a branch of nothing", `"the If" (If): nothing gives its input "z"`, []part{weight(list("c", 1)), op("If", in("c"), "y", aGraph("then_branch", "z"), aGraph("else_branch", "x"))}},
	{"a product of what is open", `"the Mul" (Mul): can't fold ? Mul ?: it depends on an extent that the file leaves open, whose value must be given (Options.Dims)`, []part{inputDims(-1, 4, -1, -1), weight(list("i", 2)), op("Shape", in("x"), "s"), op("Gather", in("s", "i"), "h"), op("Mul", in("h", "h"), "hh"), op("Expand", in("x", "hh"), "y")}},
	{"a size that the file notes", `whose value must be given (Options.Dims); the file was exported for imgsz [640, 640]`, []part{inputDims(-1, 4, -1, -1), weight(list("i", 2)), op("Shape", in("x"), "s"), op("Gather", in("s", "i"), "h"), op("Mul", in("h", "h"), "hh"), op("Expand", in("x", "hh"), "y"), func(m *pb.ModelProto) {
		m.MetadataProps = []*pb.StringStringEntryProto{{Key: proto.String("imgsz"), Value: proto.String("[640, 640]")}, {Key: proto.String("imgsz"), Value: proto.String("no")}}
	}}},
	{"a product of the batch", `"the Mul" (Mul): can't fold batch Mul batch: it depends on the batch (Options.Dims can fix it)`, []part{weight(list("i", 0)), op("Shape", in("x"), "s"), op("Gather", in("s", "i"), "h"), op("Mul", in("h", "h"), "hh"), op("Expand", in("x", "hh"), "y")}},
	{"adding integers", `"the Add" (Add): a tensor with a constant of integers`, []part{weight(list("l", 1)), op("Add", in("x", "l"), "y")}},

	{"reshape to other elements", `"the Reshape" (Reshape): batch×4×6×6 to batch×5: numbers of elements differ`, []part{weight(list("f", 5)), op("Shape", in("x"), "all"), weight(list("zero", 0)), op("Gather", in("all", "zero"), "n"), op("Concat", in("n", "f"), "s", aInt("axis", 0)), op("Reshape", in("x", "s"), "y")}},
	{"reshape to a fixed batch", `the model holds a fixed batch`, []part{weight(list("s", 1, 144)), op("Reshape", in("x", "s"), "y")}},
	{"reshape with -1 twice", `"the Reshape" (Reshape): to -1×-1: -1 twice`, []part{weight(list("s", -1, -1)), op("Reshape", in("x", "s"), "y")}},
	{"reshape with -2", `an extent is negative`, []part{weight(list("s", -2)), op("Reshape", in("x", "s"), "y")}},
	{"reshape to 0", `a 0 copies an extent that isn't there`, []part{weight(list("s", 1, 1, 1, 1, 0)), op("Reshape", in("x", "s"), "y")}},
	{"reshape by a tensor", `"the Reshape" (Reshape): input 1 must be a constant list`, []part{op("Reshape", in("x", "x"), "y")}},
	{"reshape that overflows", `"the Reshape" (Reshape)`, []part{weight(list("s", 1<<62, 4, 1<<62, -1)), op("Reshape", in("x", "s"), "y")}},
	{"reshape to many dimensions", `"the Reshape" (Reshape): 40 dimensions`, []part{weight(list("s", make([]int64, 40)...)), op("Reshape", in("x", "s"), "y")}},
	{"no permutation", `"the Transpose" (Transpose): perm [0 0 1 2]`, []part{op("Transpose", in("x"), "y", aInts("perm", 0, 0, 1, 2))}},
	{"squeezing the batch", `"the Squeeze" (Squeeze): axis 0 of batch×4×6×6 isn't known to be 1 (Options.Dims can fix it)`, []part{opset(11), op("Squeeze", in("x"), "y", aInts("axes", 0))}},
	{"squeezing 4", `"the Squeeze" (Squeeze): axis 1 of batch×4×6×6 isn't 1`, []part{opset(11), op("Squeeze", in("x"), "y", aInts("axes", 1))}},
	{"many new axes", `"the Unsqueeze" (Unsqueeze): 20 axes`, []part{opset(11), op("Unsqueeze", in("x"), "y", aInts("axes", make([]int64, 20)...))}},
	{"a new axis twice", `"the Unsqueeze" (Unsqueeze): axis 0 is given twice`, []part{opset(11), op("Unsqueeze", in("x"), "y", aInts("axes", 0, 0))}},
	{"axes as an attribute", `axes is an input`, []part{weight(list("a", 0)), op("Unsqueeze", in("x", "a"), "y", aInts("axes", 0))}},
	{"pads that leave nothing", `"the Pad" (Pad): pads [0 0 0 0 0 0 0 -6]: a tensor batch×4×6×0 holds no elements`, []part{weight(list("p", 0, 0, 0, 0, 0, 0, 0, -6)), op("Pad", in("x", "p"), "y")}},
	{"pad of the batch", `"the Pad" (Pad): pads [1 0 0 0 0 0 0 0]: the batch`, []part{weight(list("p", 1, 0, 0, 0, 0, 0, 0, 0)), op("Pad", in("x", "p"), "y")}},
	{"a pad's mode", `"the Pad" (Pad): mode "mirror"`, []part{weight(list("p", 0, 0, 0, 0, 0, 0, 0, 1)), op("Pad", in("x", "p"), "y", aString("mode", "mirror"))}},
	{"pads of a free row", `"the Pad" (Pad): pads [0 0 0 1 0 0 0 0 0 0]: moving elements of batch×4×2×?×3: extents aren't fixed`, []part{inputDims(-1, 4, 2, -1, 3), weight(list("p", 0, 0, 0, 1, 0, 0, 0, 0, 0, 0)), op("Pad", in("x", "p"), "y")}},
	{"blocks", `"the DepthToSpace" (DepthToSpace): 4 channels: blocks of 3×3`, []part{op("DepthToSpace", in("x"), "y", aInt("blocksize", 3))}},
	{"blocks of 0", `"the SpaceToDepth" (SpaceToDepth): blocksize 0`, []part{op("SpaceToDepth", in("x"), "y")}},
	{"blocks beyond", `"the SpaceToDepth" (SpaceToDepth): a tensor batch×4×6×6: blocks of 4×4`, []part{op("SpaceToDepth", in("x"), "y", aInt("blocksize", 4))}},
	{"a mode of blocks", `"the DepthToSpace" (DepthToSpace): mode "ABC"`, []part{op("DepthToSpace", in("x"), "y", aInt("blocksize", 2), aString("mode", "ABC"))}},
	{"tiling by 3 numbers", `"the Tile" (Tile): 3 repeats of a tensor of rank 4`, []part{weight(list("r", 1, 1, 2)), op("Tile", in("x", "r"), "y")}},
	{"tiling to nothing", `holds no elements`, []part{weight(list("r", 1, 1, 0, 1)), op("Tile", in("x", "r"), "y")}},
	{"expanding 4 to 8", `"the Expand" (Expand): batch×4×6×6 and 1×8×1×1 don't fit together`, []part{weight(list("r", 1, 8, 1, 1)), op("Expand", in("x", "r"), "y")}},
	{"pad that overflows", `"the Pad" (Pad)`, []part{weight(list("p", 0, 0, 0, math.MaxInt64, 0, 0, 0, math.MaxInt64)), op("Pad", in("x", "p"), "y")}},
	{"gather beyond", `"the Gather" (Gather): index 4 of 4`, []part{weight(list("i", 4)), op("Gather", in("x", "i"), "y", aInt("axis", 1))}},
	{"gather from the batch", `"the Gather" (Gather): along axis 0 of batch`, []part{weight(list("i", 0)), op("Gather", in("x", "i"), "y")}},
	{"gather by a tensor", `"the Gather" (Gather): the indices must be constant`, []part{op("Gather", in("x", "x"), "y", aInt("axis", 1))}},
	{"slice to nothing", `holds no elements`, []part{opset(9), op("Slice", in("x"), "y", aInts("starts", 2), aInts("ends", 2), aInts("axes", 1))}},
	{"slice step 0", `a step of 0`, []part{weight(list("a", 1)), weight(list("z", 0)), op("Slice", in("x", "a", "a", "a", "z"), "y")}},
	{"split in parts", `"the Split" (Split): parts [3]`, []part{weight(list("p", 3)), op("Split", in("x", "p"), "y", aInt("axis", 1))}},
	{"concat without axis", `"the Concat" (Concat): attribute axis`, []part{op("Concat", in("x", "x"), "y")}},
	{"concat of other extents", `"the Concat" (Concat)`, []part{op("GlobalMaxPool", in("x"), "p"), op("Concat", in("x", "p"), "y", aInt("axis", 1))}},
	{"concat that overflows", `"the Concat" (Concat)`, []part{inputDims(1, 1<<30), op("Concat", in("x", "x", "x", "x"), "y", aInt("axis", 1))}},
	{"cast to text", `"the Cast" (Cast): to STRING`, []part{op("Cast", in("x"), "y", aInt("to", 8))}},
	{"an integer output", `output "y": an integer constant`, []part{op("Shape", in("x"), "y"), op("Relu", in("x"), "z")}},
	{"two values", `"the Constant" (Constant): has 2 attributes`, []part{op("Constant", nil, "c", aFloat("value_float", 1), aInt("value_int", 1)), op("Relu", in("x"), "y")}},
	{"a text value", `"the Constant" (Constant): unknown attribute "value_string"`, []part{op("Constant", nil, "c", aString("value_string", "a")), op("Relu", in("x"), "y")}},
}
