package shaders

import (
	"cmp"
	"slices"
)

// What the choice among a GPU's keys assumes of a multiprocessor: enough to order keys, not to predict times. Cycles and bytes.
const (
	gpuLanes    = 128   // multiply-adds a cycle
	gpuLatency  = 700   // from a load to its value
	gpuStart    = 3000  // of a workgroup: indices, first loads, epilogue
	gpuDispatch = 4000  // a barrier and another dispatch
	gpuBytes    = 32    // a cycle, from the cache that all multiprocessors share
	gpuResident = 16384 // accumulators that fit beside all else
	gpuUnknown  = 32    // multiprocessors, where nobody says how many
)

// Rank orders p's keys for a GPU, the best guess first, knowing nothing of it but its multiprocessors. Keys that give every
// multiprocessor a workgroup come before those that don't; where none does, the more workgroups the better. Among equals
// the estimated time decides: of multiplications (overhanging tiles included), of loads, of waiting where few invocations hide
// it, and of a split's second dispatch. Keys of kernels without an estimate keep their places at the end.
func Rank(keys []Key, p *Params, t Target) {
	type ranked struct {
		k     Key
		known bool
		idle  int // multiprocessors
		time  float64
	}
	m := t.multiprocessors()
	list := make([]ranked, len(keys))
	for i, k := range keys {
		list[i] = ranked{k: k}
		if k.Kernel.estimate != nil {
			list[i] = ranked{k, true, max(m-k.count(p), 0), k.Kernel.estimate(k, p, m)}
		}
	}
	slices.SortStableFunc(list, func(a, b ranked) int {
		switch {
		case a.known != b.known:
			return cmp.Compare(number(b.known), number(a.known))
		case a.idle != b.idle:
			return cmp.Compare(a.idle, b.idle)
		}
		return cmp.Compare(a.time, b.time)
	})
	for i := range list {
		keys[i] = list[i].k
	}
}

func (t Target) multiprocessors() int {
	if t.Multiprocessors == 0 {
		return gpuUnknown
	}
	return t.Multiprocessors
}

// held is about how many numbers an invocation keeps at once: a tile's sums, the texels on their way to shared memory, and the operands of
// a turn of the loop.
func (k Key) held() int {
	texels := k.TileX + 4 // a weight's four
	switch {
	case k.has(tuneSlice):
		texels += k.tileK() * (k.localX()*k.TileX + 4*k.localY()*k.TileG) / (k.localX() * k.localY())
	case k.has(tuneWindow) && k.KernelW > 1:
		texels = k.row() + 4
	}
	return 4 * (k.TileX*k.TileG + texels)
}

// count is the number of workgroups of the first dispatch.
func (k Key) count(p *Params) int {
	w := k.Workgroups(p)
	return w[0] * w[1] * w[2]
}

// timed bounds what is worth timing of ranked keys: the best of each way to read, most of them with storage buffers.
func timed(keys []Key) []Key {
	left := [loads]int{LoadSSBO: 8, LoadImage: 2, LoadSampler: 2}
	return slices.DeleteFunc(keys, func(k Key) bool {
		if k.Kernel.estimate == nil {
			return false
		}
		left[k.Load]--
		return left[k.Load] < 0
	})
}

// withParts is keys, each with its sum whole and in every number of parts that leaves a part splitLeast terms, where the whole
// sums give a GPU fewer than two workgroups a multiprocessor.
func withParts(keys []Key, p *Params, t Target) []Key {
	terms := int(p.C) * int(p.KernelH) * int(p.KernelW)
	var all []Key
	for _, k := range keys {
		if k.Validate() != nil {
			continue
		}
		all = append(all, k)
		whole := k.count(p)
		for k.Splits = 2; k.Splits <= 16 && whole < 2*t.multiprocessors() && terms/k.Splits >= splitLeast; k.Splits *= 2 {
			n := p.taps() // what is dealt out to the parts
			if k.has(tuneSlice) {
				n = ceil(n, k.tileK())
			}
			if each := ceil(n, k.Splits); (k.Splits-1)*each < n { // no part is empty
				all = append(all, k)
			}
		}
	}
	return all
}

// direct is the time of a kernel whose invocations share nothing: each goes through turns of a loop that waits for its loads, with
// that many texels loaded and numbers multiplied in all.
func (k Key) direct(p *Params, m, turns, texels, multiplications int) float64 {
	threads := float64(ceil(k.count(p), m) * k.localX()) // of the busiest multiprocessor
	waiting := (float64(turns)*gpuLatency + gpuStart) * float64(ceil(int(threads), 1024))
	working := threads / gpuLanes * (float64(multiplications)/0.45 + gpuStart/8)
	loading := threads * float64(texels) * 8 / gpuBytes // neighbours share half of them
	time := max(waiting, working, loading)
	switch k.Load { // as in estimate
	case LoadSampler:
		time *= 1.1
	case LoadImage:
		time *= 1.2
	}
	return time
}

// estimate is the time of a tiled convolution on m multiprocessors, in cycles. A slice, or a turn of the loop, is slice texels
// long for an invocation. ahead says that its loads run beside the multiplications before it; loaded is the bytes that a
// workgroup loads for a texel of the sum; issue is the share of instructions that multiply.
func (k Key) estimate(p *Params, m, slice int, ahead bool, loaded, issue float64) float64 {
	threads, outputs := float64(k.localX()*k.localY()), float64(4*k.TileX*k.TileG)
	turns := float64(ceil(ceil(k.taps(p), slice), k.splits()))
	each := float64(ceil(k.count(p), m)) // workgroups of the busiest multiprocessor
	busy := outputs * 4 * float64(slice) / issue
	turn := busy + gpuLatency
	if ahead {
		turn = max(busy, gpuLatency)
	}
	// One after the other where registers allow no more at once.
	resident := max(1, float64(int(gpuResident/(threads*max(outputs, 16)))))
	waiting := (turns*turn + gpuStart) * float64(ceil(int(each), int(resident)))
	working := each * threads / gpuLanes * (turns*busy + gpuStart/8)
	loading := each * turns * float64(slice) * loaded / gpuBytes
	time := max(waiting, working, loading)
	if s := float64(k.splits()); s > 1 {
		time += gpuDispatch + (2*s+1)*16*float64(p.texels())/float64(m)/gpuBytes
	}
	switch k.Load { // textures have fewer ports
	case LoadSampler:
		time *= 1.1
	case LoadImage:
		time *= 1.2
	}
	return time
}
