package onnx

import (
	"fmt"
	"math"

	"inceptiongl/inception/graph"
)

// functions are ONNX's functions of single numbers that need no attributes.
var functions = map[string]graph.Op{
	"Relu": graph.ReLU{}, "Sigmoid": graph.Sigmoid{}, "HardSwish": graph.Unary{Type: graph.HardSwish, Alpha: 1. / 6, Beta: 0.5},
	"Abs": graph.Unary{Type: graph.Abs}, "Ceil": graph.Unary{Type: graph.Ceil}, "Erf": graph.Unary{Type: graph.Erf},
	"Exp": graph.Unary{Type: graph.Exp}, "Floor": graph.Unary{Type: graph.Floor}, "Log": graph.Unary{Type: graph.Log},
	"Mish": graph.Unary{Type: graph.Mish}, "Reciprocal": graph.Unary{Type: graph.Reciprocal}, "Round": graph.Unary{Type: graph.Round},
	"Sign": graph.Unary{Type: graph.Sign}, "Softplus": graph.Unary{Type: graph.Softplus}, "Softsign": graph.Unary{Type: graph.Softsign},
	"Sqrt": graph.Unary{Type: graph.Sqrt}, "Tanh": graph.Unary{Type: graph.Tanh},
}

// withNumbers are those that have some: the attributes' names, "" where there is none, and their defaults.
var withNumbers = map[string]struct {
	kind        graph.UnaryKind
	alpha, beta string
	a, b        float32
}{
	"Celu":            {graph.Celu, "alpha", "", 1, 0},
	"Elu":             {graph.Elu, "alpha", "", 1, 0},
	"HardSigmoid":     {graph.HardSigmoid, "alpha", "beta", 0.2, 0.5},
	"LeakyRelu":       {graph.LeakyReLU, "alpha", "", 0.01, 0},
	"Selu":            {graph.Selu, "alpha", "gamma", 1.67326319217681884765625, 1.05070102214813232421875},
	"Shrink":          {graph.Shrink, "lambd", "bias", 0.5, 0},
	"Swish":           {graph.Swish, "alpha", "", 1, 0},
	"ThresholdedRelu": {graph.ThresholdedReLU, "alpha", "", 1, 0},
}

// function is the node's function of single numbers.
func (n *node) function() (graph.Op, error) {
	if op, ok := functions[n.op]; ok {
		return op, nil
	}
	if n.op == "Gelu" {
		switch how := n.string("approximate", "none"); how {
		case "none":
			return graph.Unary{Type: graph.Gelu}, nil
		case "tanh":
			return graph.Unary{Type: graph.GeluTanh}, nil
		default:
			return nil, fmt.Errorf("approximate %s is not known", quote(how))
		}
	}
	f, ok := withNumbers[n.op]
	if !ok {
		return nil, fmt.Errorf("no function of numbers")
	}
	u := graph.Unary{Type: f.kind, Alpha: n.float(f.alpha, f.a), Beta: f.b}
	if f.beta != "" {
		u.Beta = n.float(f.beta, f.b)
	}
	if u.Type == graph.Celu && u.Alpha == 0 {
		return nil, fmt.Errorf("alpha is 0")
	}
	return u, nil
}

// element is a function of single numbers.
func (n *node) element() (*value, error) {
	op, err := n.function()
	if err != nil {
		return nil, err
	}
	return n.unary(n.in[0], op)
}

// waves are functions that models make constants with: codes of positions.
var waves = map[string]func(float64) float64{"Sin": math.Sin, "Cos": math.Cos}

// foldElement is the function of a constant, rounded once.
func (n *node) foldElement() (*value, error) {
	c := n.in[0].con
	f := waves[n.op]
	if f == nil {
		op, err := n.function()
		if err != nil {
			return nil, err
		}
		f = numeric(op)
	}
	if c.isInt {
		return nil, fmt.Errorf("of integers is not supported")
	}
	if err := n.b.spend(c.len()); err != nil {
		return nil, err
	}
	out := make([]float32, len(c.f))
	for k, v := range c.f {
		out[k] = float32(f(float64(v)))
	}
	return known(floats("", c.dims, out)), nil
}

// numeric is the function of an operator of single numbers.
func numeric(op graph.Op) func(float64) float64 {
	switch op := op.(type) {
	case graph.Unary:
		return op.At
	case graph.ReLU:
		return func(v float64) float64 { return max(v, 0) }
	}
	return func(v float64) float64 { return 1 / (1 + math.Exp(-v)) } // Sigmoid
}
