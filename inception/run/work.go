package run

import (
	"fmt"
	"math"

	"inceptiongl/inception/plan"
	"inceptiongl/shaders"
)

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

// estimate is the work of a step with a kernel: its multiplications, or the numbers that the kernel's loops go over where those are more, as
// pools' are.
func estimate(s *plan.Step, k shaders.Key, p *shaders.Params) float64 {
	numbers := 4 * float64(k.Iterations(p))
	for i, n := range k.Workgroups(p) {
		numbers *= float64(n * k.LocalSize()[i])
	}
	return max(numbers, float64(s.MACs))
}

// launches are a step's dispatches with a kernel, and their parameters but for what differs between them. What would take more than most
// goes in parts; of a step that takes several dispatches each counts as all of it.
func launches(step *plan.Step, k shaders.Key, most int64) ([]shaders.Launch, shaders.Params, error) {
	params := step.ParamsFor(k)
	whole, err := k.Launches(&params)
	if err != nil {
		return nil, params, fmt.Errorf("step %s: %w", step.Name, err)
	}
	parts := max(estimate(step, k, &params)/float64(most), 1)
	var all []shaders.Launch
	for _, l := range whole {
		n := l.Workgroups
		all = append(all, l.Split(int(float64(n[0]*n[1]*n[2])/parts))...)
	}
	return all, params, nil
}

// paramBlocks are the uniform blocks of a step's dispatches, slot bytes apart.
func paramBlocks(step *plan.Step, k shaders.Key, most int64, slot int) ([]byte, error) {
	all, params, err := launches(step, k, most)
	if err != nil {
		return nil, err
	}
	blocks := make([]byte, slot*len(all))
	for i, l := range all {
		l.Fill(&params)
		copy(blocks[i*slot:], params.Bytes())
	}
	return blocks, nil
}
