package shaders

import "math/bits"

// SplitSum is split_sum.comp: the second dispatch of every split sum. It is no step's kernel by itself.
var SplitSum = &Kernel{
	Name: "split_sum", convolves: true, local: [2]int{64},
	workgroups: perTexel,
	iterations: func(k Key, _ *Params) int { return k.splits() },
}

// Where a split is worth a second dispatch: each part sums at least splitLeast terms.
const splitLeast = 128

// withSplits adds, where the keys give t's multiprocessors too little to do, the same keys with the sum in parts; and where the
// driver stops loops early, as many parts as it takes.
func withSplits(keys []Key, p *Params, t Target) []Key {
	terms := int(p.C) * int(p.KernelH) * int(p.KernelW)
	for i, k := range keys {
		if k.Validate() != nil {
			continue
		}
		if n := k.Iterations(p); t.MaxIterations > 0 && n > t.MaxIterations {
			keys[i].Splits = 1 << bits.Len(uint(n/t.MaxIterations)) // the next power of two
		}
	}
	for _, k := range keys[:len(keys):len(keys)] {
		if k.Validate() != nil {
			continue
		}
		w := k.Workgroups(p)
		have := w[0] * w[1] * w[2]
		if k.splits() > 1 || t.Multiprocessors == 0 || have >= 2*t.Multiprocessors {
			continue
		}
		for k.Splits = 2; k.Splits < 16 && have*k.Splits < 2*t.Multiprocessors; k.Splits *= 2 {
		}
		for k.Splits > 1 && terms/k.Splits < splitLeast {
			k.Splits /= 2
		}
		if k.Splits > 1 {
			keys = append(keys, k)
		}
	}
	return keys
}
