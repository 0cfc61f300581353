package inception

import (
	"hash/fnv"
	"math"
	"math/rand/v2"
	"slices"

	"inceptiongl/inception/graph"
	"inceptiongl/inception/tensor"
)

// InitHe gives every parameter of g random values that depend on the seed and the parameter's name only: weights normal
// with variance 2/fan-in (He et al. 2015, eq. 10); biases, shifts and means normal with deviation 0.1, so that they
// matter; scales and variances uniform in 0.5 … 1.5. Parameters that the builder has set already, such as the constants of
// an input transform, are kept where keep lists them.
func InitHe(g *graph.Graph, seed uint64, keep ...string) {
	if g.Weights == nil {
		g.Weights = map[string]tensor.Array{}
	}
	positive := map[string]bool{}
	for _, n := range g.Nodes {
		switch op := n.Op.(type) {
		case graph.BatchNorm:
			positive[op.Scale], positive[op.Var] = true, true
		case graph.Affine:
			positive[op.Scale] = true
		case graph.Quantize:
			positive[op.Scale] = true
		case graph.Normalize:
			positive[op.Scale] = true
		}
	}
	for _, p := range g.Params() {
		if slices.Contains(keep, p.Name) {
			continue
		}
		n, fanIn := 1, 1
		for i, d := range p.Dims {
			n *= max(d, 0) // a graph with a bad count is reported by Check, not here
			if i > 0 {
				fanIn *= max(d, 1)
			}
		}
		h := fnv.New64a()
		h.Write([]byte(p.Name))
		rng := rand.New(rand.NewPCG(seed, h.Sum64()))
		draw := func() float64 { return rng.NormFloat64() * 0.1 }
		switch {
		case positive[p.Name]:
			draw = func() float64 { return 0.5 + rng.Float64() }
		case len(p.Dims) > 1:
			deviation := math.Sqrt(2 / float64(fanIn))
			draw = func() float64 { return rng.NormFloat64() * deviation }
		}
		data := make([]float32, n)
		for i := range data {
			data[i] = float32(draw())
		}
		g.Weights[p.Name] = tensor.Array{Dims: p.Dims, Data: data}
	}
}

// RandomInput is a tensor of standard normal values that depend on the seed only.
func RandomInput(s tensor.Shape, seed uint64) *tensor.Tensor {
	t := tensor.New(s)
	rng := rand.New(rand.NewPCG(seed, 0))
	for i := range t.Data {
		t.Data[i] = float32(rng.NormFloat64())
	}
	return t
}
