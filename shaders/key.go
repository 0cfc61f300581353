package shaders

import (
	"fmt"
	"strings"
)

// Key specialises a kernel. Equal keys mean the same program.
type Key struct {
	Kernel  *Kernel `json:"-"`
	Load    Load
	Aligned bool   // store whole texels; allowed where Params.Aligned. Scalar kernels ignore it
	Wide    bool   // indices whose quotients reach 2^20: divisions take a second step. See Key.For
	Pairs   bool   // with Aligned: store a texel as two doubles, which some drivers do in half the time. See Target.Pairs
	Acts    Acts   // activations that the epilogue knows. See Key.For
	Rest    bool   // shared kernels: the input's channels don't fill slices; convtranspose_tiled: some sums lack a column of taps; move: a coordinate has several axes, or a table. See Key.For
	Totals  Totals // convolutions' tiled and shared kernels: where totals of long sums wait. See Key.For
	// Residual: the epilogue of a convolution adds the second input. See Key.For
	Residual bool

	LocalX int // workgroup width; 0 is the kernel's default
	LocalY int // convolutions' tiled and shared kernels: workgroup height, along output groups; 0 is the default
	TileX  int // tiled and shared kernels: output pixels per invocation
	TileY  int // depthwise_tiled: output rows per invocation
	TileG  int // tiled and shared kernels: output groups (of 4 channels) per invocation
	TileK  int // shared kernels: texels (4 terms of the sum each) of a slice; 0 is the default
	Pad    int // shared kernels: texels between rows of staged weights, against bank conflicts
	Splits int // split-K: the sum is taken in that many parts, in order; 0 or 1 is one

	KernelW, StrideW, DilationW int // the row window, fixed at compile time
	// Chunks: KernelW is a part of a row of taps, which several make up. See Key.For
	Chunks bool
	Inputs int // stem: the input's channels. See Key.For

	partial bool // the first dispatch of a split: stores sums as they are. Set by Launches
}

// For is k with what only the parameters tell: whether indices are large, which activations there are, to how many
// destinations, whether a second input is added, whether the sum is long, and whether it fills its slices.
func (k Key) For(p *Params) Key {
	k.Wide = p.quotient() >= maxQuotient
	k.Acts = p.acts()
	k.Rest = k.rest(p)
	k.Totals = k.totals(p)
	k.Residual = p.Residual != 0
	k.Chunks = k.chunked(p)
	k.Inputs = k.inputs(p)
	return k
}

// String is short: "conv_tiled 8x2 image k3".
func (k Key) String() string {
	var b strings.Builder
	b.WriteString(k.Kernel.String())
	if k.has(tuneTile) {
		fmt.Fprintf(&b, " %dx%d", k.TileX, k.TileG)
	}
	if k.TileK != 0 {
		fmt.Fprintf(&b, "x%d", k.TileK)
	}
	if k.Pad != 0 {
		fmt.Fprintf(&b, " pad %d", k.Pad)
	}
	b.WriteString(" " + k.Load.String())
	if k.has(tuneWindow) {
		fmt.Fprintf(&b, " k%d", k.KernelW)
		if k.Chunks {
			b.WriteString(" chunks")
		}
		if k.StrideW != 1 {
			fmt.Fprintf(&b, " s%d", k.StrideW)
		}
		if k.DilationW != 1 {
			fmt.Fprintf(&b, " d%d", k.DilationW)
		}
	}
	if k.Inputs != 0 {
		fmt.Fprintf(&b, " of %d", k.Inputs)
	}
	if k.has(tuneRows) {
		fmt.Fprintf(&b, " rows %d", k.TileY)
	}
	switch {
	case k.LocalY != 0:
		fmt.Fprintf(&b, " local %dx%d", k.localX(), k.localY())
	case k.LocalX != 0:
		fmt.Fprintf(&b, " local %d", k.LocalX)
	}
	if k.splits() > 1 {
		fmt.Fprintf(&b, " split %d", k.Splits)
	}
	if !k.Aligned && k.Kernel != nil && !k.Kernel.scalar {
		b.WriteString(" unaligned")
	}
	if k.Wide {
		b.WriteString(" wide")
	}
	if k.Rest {
		b.WriteString(" rest")
	}
	switch k.Totals {
	case TotalsScratch:
		b.WriteString(" totals")
	case TotalsNowhere:
		b.WriteString(" short")
	}
	if k.Residual {
		b.WriteString(" residual")
	}
	if k.Pairs {
		b.WriteString(" pairs")
	}
	if _, ok := k.Acts.alone(); ok {
		b.WriteString(" act")
	}
	if k.Acts != 0 {
		b.WriteString(" " + k.Acts.String())
	}
	return b.String()
}

// Brief is String without what only shapes the way out: how texels are stored, and which activation there is.
func (k Key) Brief() string {
	k.Pairs, k.Acts = false, 0
	return k.String()
}

func (k Key) has(t tune) bool { return k.Kernel != nil && k.Kernel.tunes&t != 0 }

func (k Key) localX() int {
	if k.LocalX != 0 || k.Kernel == nil {
		return k.LocalX
	}
	return k.Kernel.local[0]
}

func (k Key) localY() int {
	switch {
	case k.LocalY != 0 || k.Kernel == nil:
		return k.LocalY
	case k.has(tuneLocalY):
		return k.Kernel.local[1]
	}
	return 1
}

// tileK is the number of texels of a slice.
func (k Key) tileK() int {
	if k.TileK == 0 {
		return 4
	}
	return k.TileK
}

// rest reports that the input's channels don't fill the last slice of a shared kernel, or that a kernel's sums are uneven.
func (k Key) rest(p *Params) bool {
	if k.Kernel != nil && k.Kernel.uneven != nil {
		return k.Kernel.uneven(p)
	}
	return k.has(tuneSlice) && groups(int(p.C))%max(k.tileK(), 1) != 0
}

// window is what a row window must be for p: kernel, stride and dilation.
func (k Key) window(p *Params) [3]int {
	if k.Kernel.window != nil {
		return k.Kernel.window(p)
	}
	return [3]int{int(p.KernelW), int(p.StrideW), int(p.DilationW)}
}

// inputs is what Inputs must be for p.
func (k Key) inputs(p *Params) int {
	if k.Kernel == nil || !k.Kernel.inputs {
		return 0
	}
	return int(p.C)
}

// chunked reports that a row of p's taps is several of the key's.
func (k Key) chunked(p *Params) bool {
	return k.Kernel != nil && k.Kernel.chunks && k.KernelW > 0 && int(p.KernelW) > k.KernelW
}

// taps is the number of texels that an output's sum goes over, each 4 terms of it.
func (k Key) taps(p *Params) int {
	if k.Kernel.taps != nil {
		return k.Kernel.taps(p)
	}
	return p.taps()
}

func (k Key) splits() int { return max(k.Splits, 1) }

// row is the number of input texels under TileX outputs of a row.
func (k Key) row() int { return (k.TileX-1)*k.StrideW + (k.KernelW-1)*k.DilationW + 1 }

// LocalSize is the workgroup's size in invocations.
func (k Key) LocalSize() [3]int { return [3]int{k.localX(), k.localY(), 1} }

// SharedBytes is how much shared memory a workgroup takes.
func (k Key) SharedBytes() int {
	if k.Kernel.shared == nil {
		return 0
	}
	return k.Kernel.shared(k)
}

// Shared reports a kernel that stages its input in shared memory.
func (k Key) Shared() bool { return k.SharedBytes() > 0 }

// Limits that GL 4.3 guarantees or that keep compile times bounded.
const (
	maxLocal      = 1024  // invocations of a workgroup
	maxShared     = 32768 // bytes of shared memory
	maxTile       = 256   // outputs per invocation
	maxRow        = 64    // input texels of a row window
	maxRows       = 64    // output rows that an invocation goes down
	maxSplits     = 64
	maxSlice      = 64    // texels of a slice, and of padding
	maxWorkgroups = 65535 // per dimension
)

// Validate reports a key that no shader serves.
func (k Key) Validate() error {
	fail := func(format string, a ...any) error {
		return fmt.Errorf("shaders: %v: %w", k, fmt.Errorf(format, a...))
	}
	if k.Kernel == nil || k.Load < 0 || k.Load >= loads {
		return fail("no such kernel or load")
	}
	if k.LocalX < 0 || k.LocalY < 0 || k.localX() > maxLocal || k.localY() > maxLocal || k.localX()*k.localY() > maxLocal {
		return fail("a workgroup has 1 to %d invocations", maxLocal)
	}
	if k.Pairs && (!k.Aligned || k.Kernel.scalar) {
		return fail("pairs are of whole texels")
	}
	if k.Residual && !k.Kernel.convolves {
		return fail("it adds no second input")
	}
	if k.LocalY != 0 && !k.has(tuneLocalY) {
		return fail("it has no LocalY")
	}
	if k.has(tuneTile) {
		if k.TileX < 1 || k.TileG < 1 || k.TileX > maxTile || k.TileG > maxTile || k.TileX*k.TileG*4 > maxTile {
			return fail("TileX·TileG·4 must be in 4 … %d", maxTile)
		}
		if k.TileX%max(k.Kernel.multiple, 1) != 0 {
			return fail("TileX must be a multiple of %d", k.Kernel.multiple)
		}
		if k.TileG != 1 && !k.Kernel.convolves {
			return fail("TileG is 1 for a kernel that keeps the channels")
		}
	} else if k.TileX != 0 || k.TileG != 0 {
		return fail("it has no tile")
	}
	if k.has(tuneRows) {
		if k.TileY < 1 || k.TileY > maxRows {
			return fail("TileY must be in 1 … %d", maxRows)
		}
	} else if k.TileY != 0 {
		return fail("it has no rows")
	}
	if k.Splits < 0 || k.Splits > maxSplits || k.Splits > 1 && !k.has(tuneSplit) && k.Kernel != SplitSum {
		return fail("%d splits", k.Splits)
	}
	if k.has(tuneSlice) {
		if err := k.slices(); err != nil {
			return fail("%w", err)
		}
	} else if k.TileK != 0 || k.Pad != 0 || k.Rest && k.Kernel.uneven == nil {
		return fail("it stages no slices")
	}
	if k.Totals < 0 || k.Totals > TotalsNowhere || k.Totals != TotalsRegisters && !k.has(tuneTotals) {
		return fail("it keeps no totals there")
	}
	if n := k.SharedBytes(); n > maxShared {
		return fail("needs %d bytes of shared memory, %d are sure", n, maxShared)
	}
	if k.Kernel.inputs && (k.Inputs < 1 || k.Inputs > stemInputs) || !k.Kernel.inputs && k.Inputs != 0 {
		return fail("%d input channels", k.Inputs)
	}
	if k.has(tuneWindow) {
		if k.KernelW < 1 || k.StrideW < 1 || k.DilationW < 1 || k.row() > maxRow || k.row() < 1 {
			return fail("the row window must hold 1 to %d texels, has %d", maxRow, k.row())
		}
		if k.DilationW != 1 && !k.Kernel.convolves {
			return fail("its dilation is 1")
		}
	} else if k.KernelW != 0 || k.StrideW != 0 || k.DilationW != 0 {
		return fail("it has no row window")
	}
	return nil
}
