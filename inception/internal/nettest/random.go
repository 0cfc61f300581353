package nettest

import (
	"fmt"
	"math/rand/v2"

	"inceptiongl/inception"
	"inceptiongl/inception/graph"
	"inceptiongl/inception/tensor"
)

// Random is a random DAG of every operator, of odd channel counts, with weights. Values that nothing reads and values that
// many nodes read both come up, and so do several outputs.
func Random(rng *rand.Rand) Network {
	pick := func(n int) int { return 1 + rng.IntN(n) }
	in := Shape(pick(2), pick(9), 3+rng.IntN(6), 3+rng.IntN(6))
	g, x := graph.New("random", in.C)
	values, shapes := []graph.Value{x}, []tensor.Shape{in}
	for i := range 4 + rng.IntN(10) {
		name := fmt.Sprintf("n%d", i)
		k := rng.IntN(len(values))
		if rng.IntN(2) == 0 {
			k = len(values) - 1 // deep rather than wide
		}
		s := shapes[k]
		op, from := randomOp(rng, s, name), []graph.Value{values[k]}
		ins := []tensor.Shape{s}
		switch op.(type) {
		case graph.Concat:
			for j, o := range shapes {
				if o.H == s.H && o.W == s.W && rng.IntN(2) == 0 && len(from) < 4 {
					from, ins = append(from, values[j]), append(ins, o)
				}
			}
		case graph.Binary, graph.MatMul:
			for _, j := range rng.Perm(len(shapes)) { // finds k, if no other
				if _, err := op.OutShape([]tensor.Shape{s, shapes[j]}); err == nil {
					from, ins = append(from, values[j]), append(ins, shapes[j])
					break
				}
			}
		}
		out, err := op.OutShape(ins)
		if err != nil || out.C > 60 || out.H > 20 || out.W > 20 {
			continue // a window larger than what is left of the image, or concatenations that explode
		}
		values, shapes = append(values, g.Add(name, op, from...)), append(shapes, out)
	}
	g.Outputs = []graph.Value{values[len(values)-1]}
	for range rng.IntN(3) {
		g.Outputs = append(g.Outputs, values[rng.IntN(len(values))])
	}
	inception.InitHe(g, rng.Uint64())
	return Network{"random", g, in}
}

func randomOp(rng *rand.Rand, in tensor.Shape, name string) graph.Op {
	c := graph.Conv2D{In: in.C, Out: 1 + rng.IntN(11), Kernel: graph.Square(1), Weight: name + ".weight"}
	if rng.IntN(4) != 0 {
		c.Bias = name + ".bias"
	}
	pool := graph.Pool2D{Type: graph.PoolKind(rng.IntN(2)), Kernel: graph.Square(3), Pad: graph.Pad(1), CountIncludePad: rng.IntN(2) == 0}
	switch rng.IntN(26) {
	case 0, 1, 2, 3:
		return c
	case 4, 5:
		c.Kernel, c.Pad = graph.Square(3), graph.Pad(1)
		return c
	case 6:
		c.Kernel, c.Pad = graph.Pair{H: 1, W: 3}, graph.Padding{Left: 1, Right: 1}
		return c
	case 7:
		c.Kernel, c.Stride, c.Pad = graph.Square(3), graph.Square(2), graph.Pad(1)
		return c
	case 8:
		c.Groups, c.Out = in.C, in.C*(1+rng.IntN(2)) // depthwise
		c.Kernel, c.Pad, c.Dilation = graph.Square(3), graph.Pad(2), graph.Square(2)
		return c
	case 9:
		return pool
	case 10:
		pool.Pad = graph.Padding{}
		return pool
	case 11:
		pool.Stride, pool.CeilMode = graph.Square(2), rng.IntN(2) == 0
		return pool
	case 12, 13:
		return graph.ReLU{}
	case 14:
		return []graph.Op{
			graph.Clip{Min: -0.5, Max: 1}, graph.Unary{Type: graph.Tanh}, graph.Unary{Type: graph.HardSwish, Alpha: 1. / 6, Beta: 0.5},
			graph.Scale{Channels: in.C, Factor: 0.17},
		}[rng.IntN(4)] // few: each is a program of its own
	case 15:
		return graph.Binary{Type: graph.BinaryKind(rng.IntN(4) / 3)} // mostly sums: products grow
	case 16:
		return graph.Binary{Type: []graph.BinaryKind{graph.Sub, graph.Minimum, graph.Maximum, graph.Keep}[rng.IntN(4)]}
	case 17:
		return graph.BatchNorm{Channels: in.C, Eps: 1e-3, Scale: name + ".weight", Shift: name + ".bias", Mean: name + ".mean", Var: name + ".var"}
	case 18:
		pad := graph.Pad2D{Pad: graph.Padding{Top: rng.IntN(3), Left: rng.IntN(3), Bottom: rng.IntN(2), Right: rng.IntN(2)}}
		if rng.IntN(3) == 0 {
			pad.Value, pad.Mode = -0.5, graph.PadMode(rng.IntN(4))
		}
		return pad
	case 19:
		return []graph.Op{
			graph.Reshape{C: in.C * in.H * in.W, H: 1, W: 1}, graph.GlobalPool{Type: pool.Type}, graph.Softmax{},
			graph.LRN{Size: 3, Alpha: 0.5, Beta: 0.75, Bias: 1}, graph.Channels{Index: rng.Perm(in.C)},
			randomMove(rng, in), graph.CumSum{Exclusive: rng.IntN(2) == 0, Reverse: rng.IntN(2) == 0},
		}[rng.IntN(7)]
	case 20:
		up := graph.ConvTranspose2D{In: in.C, Out: 1 + rng.IntN(7), Kernel: graph.Square(1 + rng.IntN(3)), Stride: graph.Square(1 + rng.IntN(2)),
			Weight: name + ".weight", Bias: c.Bias}
		if rng.IntN(3) == 0 {
			up.Groups, up.Out = in.C, in.C
		}
		return up
	case 21:
		return graph.Resize{H: graph.Extent{Size: 1 + rng.IntN(9)}, W: graph.Extent{Scale: 0.5 + rng.Float32()*1.5}, Mode: graph.Interpolation(rng.IntN(3)),
			CubicA: -0.75}
	case 22:
		n := graph.Normalize{Type: graph.NormalizeKind(rng.IntN(4)), Channels: in.C, Groups: []int{0, 1, in.C}[rng.IntN(3)], Eps: 0.1}
		if rng.IntN(2) == 0 {
			n.Scale, n.Shift = name+".weight", name+".bias"
		}
		return n
	case 23:
		return graph.MatMul{TransA: rng.IntN(2) == 0, TransB: rng.IntN(2) == 0}
	default:
		return graph.Concat{}
	}
}
