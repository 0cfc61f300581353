package shaders

import (
	"fmt"
	"strings"
)

// Totals is where a tiled or shared convolution's totals wait while it sums the next block of a long sum: see blocks.glsl.
type Totals int

// The places.
const (
	TotalsRegisters Totals = iota // software drivers: registers or the stack, which cost them little
	TotalsScratch                 // GPUs: a texel is read and written once a block, beside hundreds of multiplications
	TotalsNowhere                 // GPUs, where the sum is one block. See Key.For
)

// Terms of a block: about those after which CPU libraries add to their totals; more where totals go to memory.
const (
	registerBlock = 128
	scratchBlock  = 256
)

// totals is what Totals is for p: no sum of one block needs scratch.
func (k Key) totals(p *Params) Totals {
	switch {
	case k.Totals == TotalsRegisters:
		return TotalsRegisters
	case 4*ceil(k.taps(p), k.splits()*max(int(p.Groups), 1)) > scratchBlock:
		return TotalsScratch
	}
	return TotalsNowhere
}

// byPixel: the taps of a row are summed pixel by pixel, each row by itself. On llvmpipe it takes 0.85–1 of the time of blocks, where Mesa
// unrolls the loop over the taps: up to 32 of them.
func (k Key) byPixel() bool {
	return k.has(tuneWindow) && k.Totals == TotalsRegisters && k.KernelW >= 3 && k.KernelW <= 32
}

// turns is how many turns of the loop make up a block.
func (k Key) turns() int {
	terms := k.Kernel.turn(k)
	switch {
	case k.Totals == TotalsNowhere || k.byPixel():
		return 1 << 24 // all
	case k.Totals == TotalsScratch:
		return max(scratchBlock/terms, 1)
	}
	return max(registerBlock/terms, 1)
}

// withBlocks is n turns of a loop and those of the loop around it, over blocks.
func (k Key) withBlocks(n int) int { return n + ceil(n, k.turns()) }

// writeBlocks writes blocks.glsl, which errors call by that number, and what it wants to know.
func (k Key) writeBlocks(b *strings.Builder, number int) error {
	text, err := textOf("blocks.glsl")
	if err != nil {
		return err
	}
	totals, byPixel := k.Totals, 0
	if k.byPixel() {
		totals, byPixel = TotalsNowhere, 1
	}
	fmt.Fprintf(b, "#define TOTALS %d\n#define TURNS %d\n#define BY_PIXEL %d\n#line 1 %d\n%s", totals, k.turns(), byPixel, number, text)
	return nil
}

// totalTexels is how many texels of scratch the totals take.
func (k Key) totalTexels(p *Params) int {
	if k.Totals != TotalsScratch {
		return 0
	}
	return k.count(p) * k.localX() * k.localY() * k.TileX * k.TileG
}
