package shaders

import (
	"fmt"
	"math"
)

// maxQuotient bounds what the kernels' quick division of indices can do (common.glsl); beyond it they take a second step.
const maxQuotient = 1 << 20

// quotient bounds the quotients of indices that the kernels form for p: rows of planes, planes of an element, taps, and what the axes of a
// Move's row leave.
func (p *Params) quotient() int {
	images, groups := max(int(p.N), int(p.OutN)), int(p.OutG)
	if g := int(p.Groups); g > 1 {
		groups = max(groups, g*groupTexels(int(p.OutC)/g)) // of 4 outputs, those twice that two groups share
	}
	row := 0
	if p.Axes[3] > 1 {
		row = int(p.OutW)
	}
	return max(images*max(int(p.OutH)*groups, int(p.C), int(p.OutC)), int(p.C)*int(p.KernelH), row)
}

// Iterations bounds the loop iterations of one invocation, summed over all its loops.
func (k Key) Iterations(p *Params) int {
	n := MaxSegments * max(k.TileG, 1)
	if k.Kernel.iterations != nil {
		n += k.Kernel.iterations(k, p)
	}
	return n
}

// Check reports why k can't run p on t: a property that the kernel doesn't serve, or a limit.
func (k Key) Check(p *Params, t Target) error {
	if err := k.Validate(); err != nil {
		return err
	}
	fail := func(format string, a ...any) error {
		return fmt.Errorf("kernel %v: %w", k, fmt.Errorf(format, a...))
	}
	if err := p.check(); err != nil {
		return fail("%w", err)
	}
	if k.Aligned && !p.Aligned() {
		return fail("a destination needs unaligned stores")
	}
	if !k.Kernel.convolves && p.Segments != 1 {
		return fail("%d destinations; it writes one", p.Segments)
	}
	if k.has(tuneWindow) {
		w := k.window(p)
		if k.Chunks != k.chunked(p) {
			return fail("rows of %d taps: it knows whether they are one chunk", w[0])
		}
		if k.Chunks && w[0]%k.KernelW == 0 {
			w[0] = k.KernelW
		}
		if w != [3]int{k.KernelW, k.StrideW, k.DilationW} {
			return fail("window %d, stride %d, dilation %d differ from the kernel's", w[0], w[1], w[2])
		}
	}
	if n := k.inputs(p); n != k.Inputs {
		return fail("%d channels: it is made for %d", p.C, k.Inputs)
	}
	if !k.Wide && p.quotient() >= maxQuotient {
		return fail("indices need the long division")
	}
	if !k.Rest && k.rest(p) {
		return fail("a sum doesn't fill its last slice, or its taps")
	}
	if _, ok := k.Acts.alone(); ok && k.Acts != p.acts() {
		return fail("the epilogue knows one destination, with %v", k.Acts)
	}
	if k.Residual != (p.Residual != 0) || k.Residual && p.Segments != 1 {
		return fail("%d destinations, residual %d: it knows whether to add one, to one destination", p.Segments, p.Residual)
	}
	if missing := p.severalActs() &^ k.Acts; missing != 0 {
		return fail("the epilogue lacks %v", missing)
	}
	if k.Kernel.serves != nil {
		if err := k.Kernel.serves(k, p); err != nil {
			return fail("%w", err)
		}
	}
	if n := k.ScratchTexels(p); n > math.MaxInt32/4 {
		return fail("%d texels of partial sums are beyond its indices", n)
	}
	for _, n := range k.Workgroups(p) {
		if n > maxWorkgroups {
			return fail("%d workgroups along a dimension, %d are possible", n, maxWorkgroups)
		}
	}
	if n := k.Iterations(p); t.MaxIterations > 0 && n > t.MaxIterations {
		return fail("%d loop iterations per invocation, the driver stops after %d", n, t.MaxIterations)
	}
	return nil
}

// keepsChannels and keepsPixels are what most kernels beside convolutions demand.
func keepsChannels(_ Key, p *Params) error {
	if p.OutC != p.C {
		return fmt.Errorf("maps %d channels to %d; it keeps them", p.C, p.OutC)
	}
	return nil
}

func keepsShape(k Key, p *Params) error {
	if p.OutH != p.H || p.OutW != p.W {
		return fmt.Errorf("the output has the input's %d×%d pixels, not %d×%d", p.H, p.W, p.OutH, p.OutW)
	}
	return keepsChannels(k, p)
}
