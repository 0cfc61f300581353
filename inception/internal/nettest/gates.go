package nettest

import "inceptiongl/inception/graph"

// gates has functions of single numbers behind convolutions, sums and by themselves, and pairs of tensors that broadcast: a squeeze
// and excite, slopes for each channel, weights for each pixel, a choice between two tensors.
func gates() *graph.Graph {
	g, x := graph.New("gates", 6)
	act := func(name string, u graph.Unary, v graph.Value) graph.Value { return g.Add(name, u, v) }
	pair := func(name string, kind graph.BinaryKind, a, b graph.Value) graph.Value {
		return g.Add(name, graph.Binary{Type: kind}, a, b)
	}

	a := act("silu", graph.Unary{Type: graph.Swish, Alpha: 1}, Conv(g, "a", x, 6, 13, 3))
	s := act("hard", graph.Unary{Type: graph.HardSigmoid, Alpha: 1. / 6, Beta: 0.5}, Conv(g, "squeeze", g.Add("pool", graph.GlobalPool{}, a), 13, 13, 1))
	v := pair("excite", graph.Mul, s, a)
	slope := g.Add("slopes", graph.Constant{Shape: Shape(1, 13, 1, 1), Value: "slopes.value"}, nil...)
	v = pair("prelu", graph.PReLU, v, slope)
	v = act("tanh", graph.Unary{Type: graph.Tanh}, pair("minus", graph.Sub, v, a))
	pixel := act("softplus", graph.Unary{Type: graph.Softplus}, Conv(g, "pixel", v, 13, 1, 1)) // one channel, above 0
	v = pair("quotient", graph.Div, v, pixel)
	rows := g.Add("rows", graph.Constant{Shape: Shape(1, 1, 5, 1), Value: "rows.value"}, nil...)
	mask := pair("mask", graph.Greater, pixel, rows)
	kept, rest := pair("kept", graph.Keep, v, mask), pair("rest", graph.Drop, x, mask)
	last := act("gelu", graph.Unary{Type: graph.Gelu}, pair("chosen", graph.Add, Conv(g, "b", kept, 13, 6, 1), rest))
	g.Outputs = []graph.Value{act("power", graph.Unary{Type: graph.Exp}, last), act("round", graph.Unary{Type: graph.Round}, v)}
	return g
}
