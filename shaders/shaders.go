// Package shaders holds the compute kernels, one per *.comp file, and the Go that specialises them, packs their data and
// counts their workgroups. Every header states its kernel's formula; common.glsl states what they share.
//
// A tensor N×C×H×W is stored as texels (vec4) of 4 channels, NC4HW4: element (n, c, y, x) is lane c%4 of texel
// base + ((n·C4 + c/4)·H + y)·W + x, with C4 = ⌈C/4⌉. The lanes of channels ≥ C are always 0.
package shaders

import (
	"embed"
	"fmt"
	"strings"
)

//go:embed *.comp *.glsl
var files embed.FS

// Load is how a kernel reads the arena and the weights.
type Load int

// The ways to read. Which is fast depends on the driver: image loads are 2–6 times as fast as SSBO loads on llvmpipe.
const (
	LoadSSBO    Load = iota // storage buffers 0 (arena) and 2 (weights)
	LoadImage               // imageBuffer rgba32f, units 0 and 1
	LoadSampler             // samplerBuffer, units 0 and 1
	loads
)

func (l Load) String() string {
	if l < 0 || l >= loads {
		return fmt.Sprintf("Load(%d)", int(l))
	}
	return [...]string{"ssbo", "image", "sampler"}[l]
}

// Kernel names a *.comp file.
type Kernel int

// The kernels.
const (
	Pointwise       Kernel = iota // 1×1 convolution, one output per invocation
	PointwiseTiled                // 1×1 convolution, TileX pixels × 4·TileG outputs per invocation
	PointwiseShared               // 1×1 convolution, workgroup tiles in shared memory
	Conv                          // any convolution, one output per invocation
	ConvTiled                     // Groups 1, TileX pixels of a row × 4·TileG outputs per invocation
	ConvShared                    // Groups 1, workgroup tiles in shared memory
	AvgPool
	AvgPoolTiled // TileX pixels of a row per invocation
	MaxPool
	MaxPoolTiled // TileX pixels of a row per invocation
	ReLU
	Copy
	Affine
	Add
	Mul
	LRN
	Softmax
	Reshape
	Pad
	kernels
)

var stems = [kernels]string{"pointwise", "pointwise_tiled", "pointwise_shared", "conv", "conv_tiled", "conv_shared",
	"avgpool", "avgpool_tiled", "maxpool", "maxpool_tiled", "relu", "copy", "affine", "add", "mul", "lrn", "softmax", "reshape", "pad"}

func (k Kernel) String() string {
	if k < 0 || k >= kernels {
		return fmt.Sprintf("Kernel(%d)", int(k))
	}
	return stems[k]
}

func (k Kernel) tiled() bool     { return k == PointwiseTiled || k == ConvTiled || k.tiledPool() }
func (k Kernel) shared() bool    { return k == PointwiseShared || k == ConvShared }
func (k Kernel) conv() bool      { return k <= ConvShared }
func (k Kernel) tiledPool() bool { return k == AvgPoolTiled || k == MaxPoolTiled }

// windowed reports kernels that are specialised to a row window.
func (k Kernel) windowed() bool { return k == ConvTiled || k.tiledPool() }

// Key specialises a kernel. Equal keys mean the same program.
type Key struct {
	Kernel  Kernel
	Load    Load
	Aligned bool // store whole texels; allowed where Params.Aligned. Plain convolutions store scalars either way

	LocalX int // workgroup width; 0 is the kernel's default
	LocalY int // shared kernels: workgroup height, along output groups; 0 is the default
	TileX  int // tiled and shared kernels: output pixels per invocation
	TileG  int // tiled and shared kernels: output groups (of 4 channels) per invocation; 1 for tiled pooling

	KernelW, StrideW, DilationW int // conv_tiled and tiled pooling (DilationW 1): the row window, fixed at compile time
}

// String is short: "conv_tiled 8x2 image k3".
func (k Key) String() string {
	var b strings.Builder
	b.WriteString(k.Kernel.String())
	if k.Kernel.tiled() || k.Kernel.shared() {
		fmt.Fprintf(&b, " %dx%d", k.TileX, k.TileG)
	}
	b.WriteString(" " + k.Load.String())
	if k.Kernel.windowed() {
		fmt.Fprintf(&b, " k%d", k.KernelW)
		if k.StrideW != 1 {
			fmt.Fprintf(&b, " s%d", k.StrideW)
		}
		if k.DilationW != 1 {
			fmt.Fprintf(&b, " d%d", k.DilationW)
		}
	}
	switch {
	case k.LocalY != 0:
		fmt.Fprintf(&b, " local %dx%d", k.localX(), k.localY())
	case k.LocalX != 0:
		fmt.Fprintf(&b, " local %d", k.LocalX)
	}
	if !k.Aligned {
		b.WriteString(" unaligned")
	}
	return b.String()
}

func (k Key) localX() int {
	switch {
	case k.LocalX != 0:
		return k.LocalX
	case k.Kernel.shared():
		return 16
	case k.Kernel.tiled():
		return 32
	}
	return 64
}

func (k Key) localY() int {
	switch {
	case !k.Kernel.shared():
		return 1
	case k.LocalY != 0:
		return k.LocalY
	}
	return 16
}

// Limits that GL 4.3 guarantees or that keep compile times bounded.
const (
	maxLocal      = 1024  // invocations of a workgroup
	maxShared     = 32768 // bytes of shared memory
	maxTile       = 256   // outputs per invocation
	maxRow        = 64    // input texels of a conv_tiled row window
	maxWorkgroups = 65535 // per dimension
	maxIterations = 65535 // loop iterations per invocation, beyond which llvmpipe and lavapipe stop silently
	maxQuotient   = 1 << 20
)

// Validate reports a key that no shader serves.
func (k Key) Validate() error {
	fail := func(format string, a ...any) error {
		return fmt.Errorf("shaders: %v: %w", k, fmt.Errorf(format, a...))
	}
	if k.Kernel < 0 || k.Kernel >= kernels || k.Load < 0 || k.Load >= loads {
		return fail("no such kernel or load")
	}
	if k.LocalX < 0 || k.LocalY < 0 || k.localX()*k.localY() > maxLocal {
		return fail("a workgroup has 1 to %d invocations", maxLocal)
	}
	if k.LocalY != 0 && !k.Kernel.shared() {
		return fail("LocalY is for shared kernels")
	}
	if k.Kernel.tiled() || k.Kernel.shared() {
		if k.TileX < 1 || k.TileG < 1 || k.TileX > maxTile || k.TileG > maxTile || k.TileX*k.TileG*4 > maxTile {
			return fail("TileX·TileG·4 must be in 4 … %d", maxTile)
		}
		if k.Kernel.tiledPool() && k.TileG != 1 {
			return fail("TileG is 1 for pooling")
		}
	} else if k.TileX != 0 || k.TileG != 0 {
		return fail("this kernel has no tile")
	}
	if k.Kernel.shared() && k.sharedBytes() > maxShared {
		return fail("needs %d bytes of shared memory, %d are sure", k.sharedBytes(), maxShared)
	}
	if k.Kernel.windowed() {
		if k.KernelW < 1 || k.StrideW < 1 || k.DilationW < 1 || k.row() > maxRow {
			return fail("the row window must hold 1 to %d texels, has %d", maxRow, k.row())
		}
		if k.Kernel.tiledPool() && k.DilationW != 1 {
			return fail("pooling has dilation 1")
		}
	} else if k.KernelW != 0 || k.StrideW != 0 || k.DilationW != 0 {
		return fail("KernelW, StrideW and DilationW are for conv_tiled and tiled pooling")
	}
	return nil
}

// row is the number of input texels under TileX outputs of a row.
func (k Key) row() int { return (k.TileX-1)*k.StrideW + (k.KernelW-1)*k.DilationW + 1 }

// sharedK is the number of texels (4 input channels each) that a shared kernel stages at a time.
const sharedK = 4

// sharedBytes is the size of the staged input [sharedK][pixels] and weights [4·sharedK][groups], texels of 16 bytes, and of a
// window's position per pixel.
func (k Key) sharedBytes() int {
	return 16 * (sharedK*(k.localX()*k.TileX+4*k.localY()*k.TileG) + k.localX()*k.TileX)
}

// Source is a shader in parts: file name, what goes before its text, and its text.
type Source struct{ Name, Prelude, Text string }

// Source is the specialised shader, without its #version line.
func (k Key) Source() (Source, error) {
	if err := k.Validate(); err != nil {
		return Source{}, err
	}
	name := k.Kernel.String() + ".comp"
	text, err := files.ReadFile(name)
	if err != nil {
		return Source{}, fmt.Errorf("shaders: %w", err)
	}
	common, err := files.ReadFile("common.glsl")
	if err != nil {
		return Source{}, fmt.Errorf("shaders: %w", err)
	}
	var b strings.Builder
	define := func(name string, v int) { fmt.Fprintf(&b, "#define %s %d\n", name, v) }
	define("LOAD", int(k.Load))
	aligned := 0
	if k.Aligned && k.Kernel != Conv && k.Kernel != Pointwise {
		aligned = 1
	}
	define("ALIGNED", aligned)
	plain := 0
	if k.Kernel == Conv || k.Kernel == Pointwise {
		plain = 1
	}
	define("PLAIN", plain)
	define("LOCAL_X", k.localX())
	define("LOCAL_Y", k.localY())
	if k.Kernel.tiled() || k.Kernel.shared() {
		define("TILE_X", k.TileX)
		define("TILE_G", k.TileG)
	}
	if k.Kernel.shared() {
		define("TILE_K", sharedK)
	}
	if k.Kernel.windowed() {
		define("KERNEL_W", k.KernelW)
		define("STRIDE_W", k.StrideW)
		define("DILATION_W", k.DilationW)
	}
	// Errors in common.glsl carry source string number 1; the kernel's own text has number 0.
	b.WriteString("#line 1 1\n" + string(common) + "#line 1 0\n")
	return Source{Name: name, Prelude: b.String(), Text: string(text)}, nil
}

// Workgroups is how many workgroups cover p. A count past 65535 along x is folded into z: a kernel's workgroup index
// is x + z·gl_NumWorkGroups.x.
func (k Key) Workgroups(p *Params) [3]int {
	div := func(a, b int) int { return (a + b - 1) / b }
	pixels := int(p.N) * int(p.OutH) * int(p.OutW)
	g := int(p.OutG)
	var x, y int
	switch k.Kernel {
	case Pointwise, Conv:
		x, y = div(pixels, k.localX()), 4*g
	case PointwiseTiled:
		x, y = div(pixels, k.localX()*k.TileX), div(g, k.TileG)
	case ConvTiled:
		x, y = div(int(p.N)*int(p.OutH)*div(int(p.OutW), k.TileX), k.localX()), div(g, k.TileG)
	case AvgPoolTiled, MaxPoolTiled:
		x, y = div(int(p.N)*g*int(p.OutH)*div(int(p.OutW), k.TileX), k.localX()), 1
	case PointwiseShared, ConvShared:
		x, y = div(pixels, k.localX()*k.TileX), div(g, k.localY()*k.TileG)
	case Softmax:
		x, y = div(pixels, k.localX()), 1
	case Reshape:
		x, y = div(int(p.OutN)*int(p.OutH)*int(p.OutW)*g, k.localX()), 1
	default:
		x, y = div(pixels*g, k.localX()), 1
	}
	z := div(x, maxWorkgroups)
	return [3]int{div(x, z), y, z}
}

// Iterations bounds the loop iterations of one invocation, summed over all its loops. Past 65535 llvmpipe and lavapipe stop
// without an error.
func (k Key) Iterations(p *Params) int {
	ceil := func(a, b int) int { return (a + b - 1) / b }
	kh, kw := int(p.KernelH), int(p.KernelW)
	c := int(p.C) / max(int(p.Groups), 1)
	c4 := ceil(c, 4)
	epilogue := MaxSegments * max(k.TileG, 1)
	switch k.Kernel {
	case Pointwise:
		return c + epilogue
	case Conv:
		return c*(1+kh*(1+kw)) + epilogue
	case PointwiseTiled:
		return c4 + epilogue
	case ConvTiled:
		return c4*kh + epilogue
	case AvgPoolTiled, MaxPoolTiled:
		return kh + epilogue
	case PointwiseShared, ConvShared:
		if k.Kernel == PointwiseShared {
			kh, kw = 1, 1
		}
		threads := k.localX() * k.localY()
		pixels := k.localX() * k.TileX
		stage := ceil(sharedK*pixels, threads) + ceil(4*sharedK*k.localY()*k.TileG, threads)
		return ceil(pixels, threads) + ceil(c4*kh*kw, sharedK)*(1+stage+sharedK) + epilogue
	case AvgPool, MaxPool:
		return kh*(1+kw) + epilogue
	case LRN:
		return int(p.Size)/4 + 3 + epilogue
	case Softmax:
		return c4 * (3 + epilogue)
	}
	return epilogue
}

// Check reports why k can't run p: a property that the kernel doesn't serve, or a limit of GL or of software drivers.
func (k Key) Check(p *Params) error {
	if err := k.Validate(); err != nil {
		return err
	}
	fail := func(format string, a ...any) error {
		return fmt.Errorf("shaders: %v: %w", k, fmt.Errorf(format, a...))
	}
	if err := p.check(); err != nil {
		return fail("%w", err)
	}
	if k.Aligned && !p.Aligned() {
		return fail("a segment needs unaligned stores")
	}
	if k.Kernel.conv() && k.Kernel != Conv && p.Groups != 1 {
		return fail("%d groups; only conv serves more than 1", p.Groups)
	}
	if k.Kernel <= PointwiseShared && (p.OutH != p.H || p.OutW != p.W) {
		return fail("a pointwise output has the input's %d×%d pixels, not %d×%d", p.H, p.W, p.OutH, p.OutW)
	}
	if k.Kernel.windowed() && (int(p.KernelW) != k.KernelW || int(p.StrideW) != k.StrideW || int(p.DilationW) != k.DilationW) {
		return fail("window %d, stride %d, dilation %d differ from the key's", p.KernelW, p.StrideW, p.DilationW)
	}
	if err := k.checkShape(p); err != nil {
		return fail("%w", err)
	}
	// The kernels divide indices in floating point, exact up to this quotient (common.glsl).
	rows := int(p.OutH)
	if k.Kernel.tiledPool() {
		rows *= int(p.OutG)
	}
	if q := int(p.N) * max(rows, int(p.OutG), int(p.C)*int(p.KernelH)); q >= maxQuotient {
		return fail("%d rows, channel groups or taps, %d are possible", q, maxQuotient-1)
	}
	for _, n := range k.Workgroups(p) {
		if n > maxWorkgroups {
			return fail("%d workgroups along a dimension, %d are possible", n, maxWorkgroups)
		}
	}
	if n := k.Iterations(p); n > maxIterations {
		return fail("%d loop iterations per invocation, %d are possible", n, maxIterations)
	}
	return nil
}

// checkShape holds the kernels that are no convolutions to the shapes that they map.
func (k Key) checkShape(p *Params) error {
	if k.Kernel.conv() {
		return nil
	}
	if p.Segments != 1 {
		return fmt.Errorf("%d segments; it writes one", p.Segments)
	}
	if k.Kernel == Reshape {
		if in, out := int(p.N)*int(p.C)*int(p.H)*int(p.W), int(p.OutN)*int(p.OutC)*int(p.OutH)*int(p.OutW); in != out || out < 1 {
			return fmt.Errorf("the input has %d elements, the output %d", in, out)
		}
		if q := int(p.N) * int(p.C); q >= maxQuotient {
			return fmt.Errorf("%d input planes, %d are possible", q, maxQuotient-1)
		}
		return nil
	}
	if p.OutC != p.C {
		return fmt.Errorf("maps %d channels to %d; it keeps them", p.C, p.OutC)
	}
	switch k.Kernel {
	case AvgPool, AvgPoolTiled, MaxPool, MaxPoolTiled:
	case Pad:
		if p.OutH != p.H+p.PadTop+p.PadBottom || p.OutW != p.W+p.PadLeft+p.PadRight {
			return fmt.Errorf("the output's %d×%d pixels are not the padded input's", p.OutH, p.OutW)
		}
	default:
		if p.OutH != p.H || p.OutW != p.W {
			return fmt.Errorf("the output has the input's %d×%d pixels, not %d×%d", p.H, p.W, p.OutH, p.OutW)
		}
	}
	return nil
}
