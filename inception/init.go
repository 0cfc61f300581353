package inception

import (
	"hash/fnv"
	"math"
	"math/rand/v2"

	"inceptiongl/inception/graph"
	"inceptiongl/inception/tensor"
)

// InitHe gives every parameter of g random values that depend on the seed and the parameter's name only:
// weights normal with variance 2/fan-in (He et al. 2015, eq. 10), biases normal with deviation 0.1, so that they matter.
func InitHe(g *graph.Graph, seed uint64) {
	if g.Weights == nil {
		g.Weights = map[string]tensor.Array{}
	}
	for _, p := range g.Params() {
		n, fanIn := 1, 1
		for i, d := range p.Dims {
			n *= max(d, 0) // a graph with a bad count is reported by Check, not here
			if i > 0 {
				fanIn *= max(d, 1)
			}
		}
		scale := 0.1
		if len(p.Dims) > 1 {
			scale = math.Sqrt(2 / float64(fanIn))
		}
		h := fnv.New64a()
		h.Write([]byte(p.Name))
		rng := rand.New(rand.NewPCG(seed, h.Sum64()))
		data := make([]float32, n)
		for i := range data {
			data[i] = float32(rng.NormFloat64() * scale)
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
