package onnx

import "fmt"

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

// cast between types of floats does nothing.
func (n *node) cast() (*value, error) {
	n.int("saturate", 1)
	if to := int32(n.int("to", 0)); !isFloat(to) {
		return nil, fmt.Errorf("to %s is not supported", dtype(to))
	}
	return n.in[0], nil
}
