package onnx

import (
	"fmt"
	"math"

	"inceptiongl/inception/graph"
)

// unary emits an operator that works on single elements, on the tensor as it is.
func (n *node) unary(x *value, op graph.Op) (*value, error) {
	p, err := n.b.tensor(x)
	if err != nil {
		return nil, err
	}
	return x.like(n.emit(op, x.dims, p.view, p).t), nil
}

// bounds are Clip's: attributes before opset 11, inputs since.
func (n *node) bounds() (low, high float32, err error) {
	low, high = -math.MaxFloat32, math.MaxFloat32
	if n.b.opset < 11 {
		if len(n.in) > 1 {
			return 0, 0, fmt.Errorf("has %d inputs: the bounds are attributes before opset 11", len(n.in))
		}
		return n.float("min", low), n.float("max", high), n.err
	}
	for k, bound := range []*float32{&low, &high} {
		if n.opt(1+k) == nil {
			continue
		}
		c, err := n.known(1 + k)
		if err != nil {
			return 0, 0, err
		}
		if c.len() != 1 || c.f[0] != c.f[0] {
			return 0, 0, fmt.Errorf("input %d must be one number", 1+k)
		}
		*bound = max(-math.MaxFloat32, min(c.f[0], math.MaxFloat32))
	}
	return low, high, nil
}

// clip cuts numbers off at bounds.
func (n *node) clip() (*value, error) {
	low, high, err := n.bounds()
	if err != nil {
		return nil, err
	}
	low = min(low, high) // as ONNX has it where they are the other way round
	switch c := n.in[0].con; {
	case low == -math.MaxFloat32 && high == math.MaxFloat32:
		return n.in[0], nil
	case c != nil && !c.isInt: // paddings that PyTorch computes are
		if err := n.b.spend(c.len()); err != nil {
			return nil, err
		}
		out := make([]float32, c.len())
		for k, v := range c.f {
			out[k] = min(max(v, low), high)
		}
		return known(floats("", c.dims, out)), nil
	case low == 0 && high == math.MaxFloat32:
		return n.unary(n.in[0], graph.ReLU{})
	}
	return n.unary(n.in[0], graph.Clip{Min: low, Max: high})
}

func (n *node) neg() (*value, error) {
	p, err := n.uniform(n.in[0], -1, 0)
	if err != nil {
		return nil, err
	}
	return n.in[0].like(p), nil
}

// uniform is scale·x + shift with the same numbers everywhere.
func (n *node) uniform(x *value, scale, shift float64) (*picture, error) {
	p, err := n.b.tensor(x)
	if err != nil {
		return nil, err
	}
	c := p.view[0]
	if c.sym != number {
		return nil, fmt.Errorf("a tensor %s: the number of channels isn't fixed (Options.Dims)", show(x.dims))
	}
	if err := n.b.spend(2 * c.n); err != nil {
		return nil, err
	}
	return p.affine(n.label, ones(nil, c.n, scale), ones(nil, c.n, shift)), nil
}

// batchNorm is a BatchNorm in evaluation mode.
func (n *node) batchNorm() (*value, error) {
	x := n.in[0]
	op := graph.BatchNorm{Eps: float64(n.float("epsilon", 1e-5))}
	training, err := n.batchNormMode()
	if err != nil {
		return nil, err
	}
	if training {
		return nil, fmt.Errorf("training mode is not supported but for constants: export the model with its eval() called")
	}
	if x.rank() < 2 || x.dims[1].sym != number {
		return nil, fmt.Errorf("a tensor %s: the number of channels isn't fixed (Options.Dims)", show(x.dims))
	}
	op.Channels = x.dims[1].n
	for k, name := range []*string{&op.Scale, &op.Shift, &op.Mean, &op.Var} {
		if *name, err = n.perChannel(1+k, op.Channels); err != nil {
			return nil, err
		}
	}
	x, p, err := n.b.channels(x, 1)
	if err != nil {
		return nil, err
	}
	return x.like(n.emit(op, nil, p.view, p).t), nil
}

// lrn is an LRN.
func (n *node) lrn() (*value, error) {
	x := n.in[0]
	op := graph.LRN{
		Size: n.int("size", 0), Alpha: float64(n.float("alpha", 1e-4)), Beta: float64(n.float("beta", 0.75)), Bias: float64(n.float("bias", 1)),
	}
	if x.rank() < 2 || op.Size < 1 || op.Size > maxExtent {
		return nil, fmt.Errorf("size %d, rank %d: must be in 1…%d and at least 2", op.Size, x.rank(), maxExtent)
	}
	x, p, err := n.b.channels(x, 1)
	if err != nil {
		return nil, err
	}
	return x.like(n.emit(op, nil, p.view, p).t), nil
}
