package onnx

import (
	"fmt"
	"strings"

	pb "inceptiongl/inception/onnx/internal/onnxpb"
)

// instead says what would work, for operators that are not supported.
var instead = map[string]string{
	"ConvInteger": qdq, "DynamicQuantizeLinear": qdq, "MatMulInteger": qdq, "QLinearConv": qdq, "QLinearMatMul": qdq,
	"GRU": recurrent, "LSTM": recurrent, "RNN": recurrent,
	"Loop": control, "Scan": control,
	"SequenceEmpty": control, "SequenceInsert": control, "SequenceErase": control, "SequenceLength": control,
	"RandomNormal": random, "RandomNormalLike": random, "RandomUniform": random, "RandomUniformLike": random, "Bernoulli": random, "Multinomial": random,
}

const (
	qdq       = "arithmetic of integers isn't; networks that are quantised with QuantizeLinear and DequantizeLinear around operators of floats are: export in QDQ format"
	recurrent = "layers that go through time aren't: this is for networks of convolutions"
	control   = "a network must be the same for every input: export it with a fixed shape, or simplify the file (onnxsim), which often removes this operator"
	random    = "an answer must depend on the input alone"
)

// unsupported is the error for a node's operator.
func unsupported(p *pb.NodeProto) error {
	op, domain := p.GetOpType(), p.GetDomain()
	hint := instead[op]
	switch {
	case standard(domain):
	case strings.HasPrefix(op, "QLinear"):
		hint = qdq
	case domain == "com.microsoft":
		hint = "it is onnxruntime's own: use the model as it was before onnxruntime optimised it"
	}
	if hint != "" {
		hint = ": " + hint
	}
	if !standard(domain) {
		return fmt.Errorf("operators of domain %s are not supported%s", quote(domain), hint)
	}
	return fmt.Errorf("operator %s is not supported%s", quote(op), hint)
}
