package tensor

import "slices"

// Transpose is the array whose axis k is a's axis perm[k], as numpy.transpose has it. perm must be a permutation of a's axes.
func (a Array) Transpose(perm []int) Array {
	n := len(perm)
	out := Array{Dims: make([]int, n), Data: make([]float32, len(a.Data))}
	step := make([]int, n) // in a, for each axis of out
	for k, axis := range perm {
		out.Dims[k] = a.Dims[axis]
		step[k] = 1
		for _, d := range a.Dims[axis+1:] {
			step[k] *= d
		}
	}
	if slices.Contains(out.Dims, 0) {
		return out
	}
	at, from := make([]int, n), 0
	for i := range out.Data {
		out.Data[i] = a.Data[from]
		for k := n - 1; k >= 0; k-- {
			from += step[k]
			if at[k]++; at[k] < out.Dims[k] {
				break
			}
			from -= step[k] * out.Dims[k]
			at[k] = 0
		}
	}
	return out
}
