package shaders

import (
	"errors"
	"slices"
)

// Kernel is a row: everything that is known of one *.comp file. Its row stands in a Go file of the same name.
type Kernel struct {
	Name  string // of the file, without ".comp", where text says no other
	Plain bool   // reads like its formula, one output (or texel of outputs) an invocation; every operator has such a one
	tunes tune   // which fields of a Key it has

	text       string // the file, where several kernels share one
	math       bool   // uses math.glsl
	scalar     bool   // loads and stores single lanes, so that Key.Aligned means nothing to it
	second     bool   // reads a second input
	input      bool   // reads the step's input, beside what the dispatch before it handed on
	hands      bool   // writes what the step's next dispatch reads: whole texels, whatever Key.Aligned says
	convolves  bool   // maps channels by weights, to several segments; others keep the channels
	multiple   int    // TileX is a multiple of it; 0: of 1
	local      [2]int
	layout     *Layout                                  // of its weights; nil where it has none
	lanes      func(p *Params) bool                     // whether it must store single lanes though p is aligned; nil: never
	serves     func(k Key, p *Params) error             // why it can't compute p; nil: whatever Key.Check allows
	workgroups func(k Key, p *Params) [2]int            // before a count past 65535 is folded into z
	iterations func(k Key, p *Params) int               // of all loops of one invocation, without the epilogue's
	shared     func(k Key) int                          // bytes of shared memory
	macros     func(k Key) []macro                      // beside those of every kernel
	taps       func(p *Params) int                      // texels that an output's sum goes over; nil: Params.taps
	inputs     bool                                     // it is made for a number of input channels: see Key.Inputs
	chunks     bool                                     // a row of taps may be taken in several chunks
	window     func(p *Params) [3]int                   // what KernelW, StrideW and DilationW must be; nil: p's own
	uneven     func(p *Params) bool                     // sums of different lengths, which Key.Rest tells; nil: as TileK has it
	turn       func(k Key) int                          // terms of the sum in a turn of its loop; nil: it doesn't sum in blocks (blocks.glsl)
	launches   func(k Key, p *Params) ([]Launch, error) // several dispatches, of its own; nil: one, or a split sum's two
	scratch    func(k Key, p *Params) []Range           // what those hand on
	candidates func(p *Params) []Key                    // tiles worth timing, the best guess first; nil: the kernel as it is. Candidates does the rest
	onGPU      func(p *Params) []Key                    // the same where workgroups run on multiprocessors, in any order; nil: candidates
	// estimate orders onGPU's keys on that many multiprocessors: see Rank.
	estimate func(k Key, p *Params, multiprocessors int) float64
}

// tune says which fields of a Key mean something to a kernel.
type tune int

const (
	tuneTile   tune = 1 << iota // TileX, TileG
	tuneLocalY                  // LocalY
	tuneWindow                  // KernelW, StrideW, DilationW
	tuneRows                    // TileY
	tuneSplit                   // Splits
	tuneSlice                   // TileK, Pad, Rest
	tuneTotals                  // Totals
)

// macro is one #define.
type macro struct {
	name  string
	value int
}

// Kernels lists every kernel.
func Kernels() []*Kernel {
	return []*Kernel{
		Pointwise, PointwiseTiled, PointwiseShared, Conv, ConvTiled, ConvShared, SplitSum, Winograd, WinogradIn, WinogradOut,
		Depthwise, DepthwiseTiled, Grouped, Dense, Stem, ConvTransposeTiled, ConvTranspose, ConvTransposeDepthwise, ConvTransposeGrouped,
		AvgPool, AvgPoolTiled, AvgPoolWide, MaxPool, MaxPoolTiled, MaxPoolWide,
		Copy, Affine, Quantize, Add, Mul, AddBroadcast, MulBroadcast, Sub, Div, Pow, Minimum, Maximum, PReLU,
		Equal, NotEqual, Greater, GreaterEqual, And, Or, Xor, Keep, Drop, LRN, Normalize, NormalizeWide, NormalizeGroups, NormalizeApply, Softmax, SoftmaxWide, CumSum, Reshape, Pad, Gather, Move, Resize,
		MatMul, matMulTiled[0], matMulTiled[1], matMulTiled[2], matMulTiled[3],
	}
}

// Find is the kernel of that name, or nil.
func Find(name string) *Kernel {
	for _, k := range Kernels() {
		if k.Name == name {
			return k
		}
	}
	return nil
}

// file holds its text.
func (k *Kernel) file() string {
	if k.text != "" {
		return k.text
	}
	return k.Name + ".comp"
}

func (k *Kernel) String() string {
	if k == nil {
		return "no kernel"
	}
	return k.Name
}

// Layout is how the kernel wants weights; nil where it has none.
func (k *Kernel) Layout() *Layout { return k.layout }

// Candidates are the keys, of these kernels, that can run p on t and are worth timing, the best guess first: on software
// drivers every tile with every way to read, on GPUs those that Rank puts first. Scalar kernels are among them only where no other serves. The error says why none can.
func Candidates(kernels []*Kernel, p *Params, t Target) ([]Key, error) {
	var why error
	for _, scalar := range []bool{false, true} {
		var keys []Key
		for _, load := range Loads() {
			for _, kernel := range kernels {
				if kernel.scalar != scalar {
					continue
				}
				for _, k := range kernel.tiles(p, t) {
					k.Load, k.Aligned = load, p.Aligned() && !kernel.scalar && !(kernel.lanes != nil && kernel.lanes(p))
					k.Pairs = k.Aligned && t.Pairs
					k = k.For(p)
					if err := k.Check(p, t); err == nil {
						if !slices.Contains(keys, k) { // on small maps tiles coincide
							keys = append(keys, k)
						}
					} else {
						why = err // the last is the simplest kernel's
					}
				}
			}
		}
		if len(keys) > 0 {
			if !t.Software {
				Rank(keys, p, t)
				keys = timed(keys)
			}
			return keys, nil
		}
	}
	return nil, why
}

// PlainKey is the plain one among these kernels that serves p, reading storage buffers.
func PlainKey(kernels []*Kernel, p *Params, t Target) (Key, error) {
	why := errors.New("it has no plain kernel")
	for _, kernel := range kernels {
		if !kernel.Plain {
			continue
		}
		k := Key{Kernel: kernel, Aligned: p.Aligned() && !kernel.scalar}.For(p)
		if why = k.Check(p, t); why == nil {
			return k, nil
		}
	}
	return Key{}, why
}

// tiles are the kernel's keys worth timing, split sums included.
func (k *Kernel) tiles(p *Params, t Target) []Key {
	keys := []Key{{}}
	gpu := k.onGPU != nil && !t.Software
	switch {
	case gpu:
		keys = k.onGPU(p)
	case k.candidates != nil:
		keys = k.candidates(p)
	}
	for i := range keys {
		keys[i].Kernel = k
		if gpu && k.tunes&tuneTotals != 0 {
			keys[i].Totals = TotalsScratch
		}
		if t.Software && keys[i].LocalX != 0 { // half a vector would do nothing
			keys[i].LocalX = max(keys[i].LocalX, t.Lanes)
		}
	}
	if !t.Software && t.Registers > 0 {
		fits := slices.DeleteFunc(slices.Clone(keys), func(k Key) bool { return k.held() > t.Registers })
		if len(fits) > 0 || k.tunes&tuneSlice != 0 { // of those that stage none may be left: others compute the same
			keys = fits
		}
	}
	switch {
	case gpu && k.tunes&tuneSplit != 0:
		keys = withParts(keys, p, t)
	case k.tunes&tuneSplit != 0:
		keys = withSplits(keys, p, t)
	}
	return keys
}

// perTexel is the workgroups of a kernel that computes one texel of outputs an invocation.
func perTexel(k Key, p *Params) [2]int {
	return [2]int{ceil(p.texels(), k.localX()), 1}
}

// tileWidth is the width in least … most whose tiles overhang a row of n pixels least; among equals, the widest.
func tileWidth(n, least, most int) int {
	if n <= most {
		return max(n, 1)
	}
	best, cover := least, 0
	for t := most; t >= least; t-- {
		if c := ceil(n, t) * t; cover == 0 || c < cover {
			best, cover = t, c
		}
	}
	return best
}
