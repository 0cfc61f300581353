package plan

import "inceptiongl/shaders"

// group is the units that one step computes: one, or merged siblings.
type group []*unit

// waves orders the groups: each goes to the first wave after all that it reads is written, or, without ConcurrentWaves,
// to a wave of its own.
func (d *draft) waves(on Rewrite, limit int) [][]group {
	ready := map[int]int{} // value → first wave that may read it; the input and constants from the start
	var waves [][]group
	for _, b := range d.merged(on&MergePointwise != 0, limit) {
		w := max(ready[b[0].in], ready[b[0].in2])
		if on&ConcurrentWaves == 0 {
			w = len(waves)
		}
		if w == len(waves) {
			waves = append(waves, nil)
		}
		waves[w] = append(waves[w], b)
		for _, u := range b {
			ready[u.out.value] = max(ready[u.out.value], w+1)
		}
	}
	return waves
}

// merged groups the units into steps: with merge, 1×1 convolutions that read the same value go together, up to limit floats
// of weights.
func (d *draft) merged(merge bool, limit int) []group {
	var all []group
	open := map[int]int{} // value → index of the group that takes further siblings
	size := map[int]int{} // index of a group → floats of its packed weights
	for _, u := range d.units {
		row, err := rowOf(u.op)
		if !merge || err != nil || row.merges == nil || !row.merges(u.op) || u.residual() {
			all = append(all, group{u})
			continue
		}
		floats := shaders.ConvTexels.Len(row.dims(u.op)) + shaders.PackedBiasLen(u.shape.C)
		if i, ok := open[u.in]; ok && len(all[i]) < shaders.MaxSegments && size[i]+floats <= limit {
			all[i] = append(all[i], u)
			size[i] += floats
			continue
		}
		open[u.in] = len(all)
		size[len(all)] = floats
		all = append(all, group{u})
	}
	return all
}

// lifetimes makes the tensors that exist in the arena, with the waves between which each is needed. The input is what is uploaded.
func (d *draft) lifetimes(waves [][]group, input int) []*Placed {
	placed := make([]*Placed, len(d.values))
	see := func(v, wave int) {
		if placed[v] == nil {
			placed[v] = &Placed{Name: d.values[v].name, Shape: d.values[v].shape, First: wave}
		}
		placed[v].First = min(placed[v].First, wave)
		placed[v].Last = max(placed[v].Last, wave)
	}
	see(input, -1)
	for w, groups := range waves {
		for _, b := range groups {
			see(b[0].in, w)
			if b[0].in2 != none {
				see(b[0].in2, w)
			}
			for _, u := range b {
				see(u.out.value, w)
			}
		}
	}
	for _, v := range d.outputs {
		see(v, len(waves))
	}
	for v := range d.fixed {
		if placed[v] != nil { // nothing may take its memory: the next run needs it again
			see(v, -1)
			see(v, len(waves))
		}
	}
	return placed
}
