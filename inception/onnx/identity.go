package onnx

import (
	"fmt"

	pb "inceptiongl/inception/onnx/internal/onnxpb"
)

func (n *node) identity() (*value, error) { return n.in[0], nil }

// dropout does nothing in inference.
func (n *node) dropout() (*value, error) {
	n.float("ratio", 0.5)
	n.int("seed", 0)
	if v := n.opt(1); v != nil && v.con == nil {
		return nil, fmt.Errorf("the ratio must be a constant")
	}
	if n.opt(2) != nil {
		mode, err := n.list(2)
		if err != nil {
			return nil, err
		}
		if len(mode) != 1 || mode[0] != 0 {
			return nil, fmt.Errorf("training mode is not supported")
		}
	}
	return n.in[0], nil
}

// cast between types of floats does nothing, and neither does it from truths, which are floats here; to truths it compares with 0.
func (n *node) cast() (*value, error) {
	n.int("saturate", 1)
	n.string("round_mode", "")
	to := int32(n.int("to", 0))
	switch {
	case pb.TensorProto_DataType(to) == pb.TensorProto_BOOL:
		return n.combine("differs", n.in[0], numeral(0))
	case !isFloat(to):
		return nil, fmt.Errorf("to %s is not supported", dtype(to))
	}
	return n.in[0], nil
}

// castLike casts to the type of the second input. All tensors are floats here, and truths as well.
func (n *node) castLike() (*value, error) {
	n.int("saturate", 1)
	n.string("round_mode", "")
	x, like := n.in[0], n.in[1]
	switch {
	case x.con != nil && x.con.isInt && (like.con == nil || !like.con.isInt):
		return n.b.truths(x.con)
	case like.con != nil && like.con.isInt && (x.con == nil || !x.con.isInt):
		return nil, fmt.Errorf("to integers is not supported")
	}
	return x, nil
}
