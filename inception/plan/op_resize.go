package plan

import (
	"inceptiongl/inception/graph"
	"inceptiongl/shaders"
)

// resizeRow: its weights are the tables of its taps, which depend on the input's extents.
var resizeRow = operator{
	lower: func(d *draft, n lowering) error {
		op := n.node.Op.(graph.Resize)
		op.In = graph.Pair{H: n.in[0].H, W: n.in[0].W}
		if _, _, err := op.Taps(op.In); err != nil {
			return err
		}
		u := n.unit(op)
		u.weights.source = op
		d.units = append(d.units, u)
		return nil
	},
	attributes: func(p *shaders.Params, op graph.Op) {
		rows, columns := resizeTaps(op)
		p.KernelH, p.KernelW = int32(rows.Each), int32(columns.Each)
		p.Value = op.(graph.Resize).Extrapolation
	},
	kernels: only(shaders.Resize),
	values: func(op graph.Op, _ func(string) []float32) (weight, bias []float32, err error) {
		rows, columns := resizeTaps(op)
		return append(packTaps(rows), packTaps(columns)...), nil, nil
	},
	dims: func(op graph.Op) shaders.Dims {
		rows, columns := resizeTaps(op)
		texels := shaders.TapTexelsLen(rows.Outputs(), rows.Each) + shaders.TapTexelsLen(columns.Outputs(), columns.Each)
		return shaders.Dims{Out: texels, In: 1, KernelH: 1, KernelW: 4}
	},
	takesEpilogue: true,
}

// resizeTaps are the tables of a lowered Resize.
func resizeTaps(op graph.Op) (rows, columns graph.Taps) {
	r := op.(graph.Resize)
	rows, columns, _ = r.Taps(r.In) // lower has seen that there is no error
	return rows, columns
}

func packTaps(t graph.Taps) []float32 { return shaders.PackTaps(t.Index, t.Weight, t.Each) }
