package run

import (
	"errors"
	"math"

	"inceptiongl/inception/plan"
	"inceptiongl/shaders"
)

// errTooLong means that a step would keep the GPU from everything else for too long, for so many images.
var errTooLong = errors.New("one dispatch takes too long")

// What one dispatch may multiply, so that it stays under half a second: a display on the same GPU stands still meanwhile, and systems
// reset a GPU that does not answer (Windows after two seconds). An integrated GPU of 400 GFLOP/s at a quarter of that does 2·20 GMAC in
// 0.4 s; one whose multiprocessors are counted does at least a fourth of 100 GFLOP/s in each.
const (
	leastWork         = 20e9
	multiprocessorCan = 5e9
)

// mostWork is what a step may multiply on t. Software drivers answer in between.
func (o Options) mostWork(t shaders.Target) int64 {
	switch {
	case o.work > 0:
		return o.work
	case t.Software:
		return math.MaxInt64
	}
	return max(leastWork, int64(t.Multiprocessors)*multiprocessorCan)
}

// longest is what the largest step multiplies. A step of several dispatches counts as one.
func longest(p *plan.Plan) int64 {
	most := int64(0)
	for _, s := range p.Steps() {
		most = max(most, s.MACs)
	}
	return most
}
