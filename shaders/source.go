package shaders

import (
	"fmt"
	"strings"
)

// Source is a shader in parts: file name, what goes before its text, and its text.
type Source struct{ Name, Prelude, Text string }

// GLSL is the whole shader as one text, for compilers other than the driver's.
func (s Source) GLSL() string { return "#version 430 core\n" + s.Prelude + s.Text }

// libraries stand before a kernel's text, the last one first.
var libraries = []string{"common.glsl", "activations.glsl", "math.glsl", "nan.glsl"}

// source is the specialised shader, without its #version line.
func (k Key) source() (Source, error) {
	if err := k.Validate(); err != nil {
		return Source{}, err
	}
	text, err := textOf(k.Kernel.file())
	if err != nil {
		return Source{}, err
	}
	var b strings.Builder
	b.Grow(26 << 10) // about what most become
	define := func(name string, v int) { fmt.Fprintf(&b, "#define %s %d\n", name, v) }
	define("LOAD", int(k.Load))
	define("ALIGNED", number(k.partial || k.Kernel.hands || k.Aligned && !k.Kernel.scalar))
	define("PAIRS", number(k.Pairs))
	define("SCALAR", number(k.Kernel.scalar))
	define("SECOND", number(k.Kernel.second || k.Residual))
	define("RESIDUAL", number(k.Residual))
	define("INPUT", number(k.Kernel.input))
	define("WIDE", number(k.Wide))
	define("PARTIAL", number(k.partial))
	define("SPLITS", k.splits())
	define("LOCAL_X", k.localX())
	define("LOCAL_Y", k.localY())
	if k.Acts&EveryAct != 0 {
		define("ACTS", 1)
	}
	for _, a := range k.Acts.List() {
		define(a.macro(), int(a))
	}
	if a, ok := k.Acts.alone(); ok {
		define("ACT", int(a))
	}
	if k.has(tuneTile) {
		define("TILE_X", k.TileX)
		define("TILE_G", k.TileG)
		if k.Kernel.convolves {
			k.unroll(&b)
		}
	}
	if k.has(tuneSlice) {
		define("TILE_K", k.tileK())
		define("PAD", k.Pad)
		define("REST", number(k.Rest))
		define("AHEAD", number(k.ahead()))
	}
	if k.Kernel.uneven != nil {
		define("UNEVEN", number(k.Rest))
	}
	if k.has(tuneRows) {
		define("TILE_Y", k.TileY)
	}
	if k.has(tuneWindow) {
		define("KERNEL_W", k.KernelW)
		define("STRIDE_W", k.StrideW)
		define("DILATION_W", k.DilationW)
		if k.Kernel.chunks {
			define("CHUNKS", number(k.Chunks))
		}
	}
	if k.Kernel.macros != nil {
		for _, m := range k.Kernel.macros(k) {
			define(m.name, m.value)
		}
	}
	// Errors carry the source string's number: 0 is the kernel's own text, 1 common.glsl, and so on.
	for i := len(libraries) - 1; i >= 0; i-- {
		if libraries[i] == "math.glsl" && k.Acts&EveryAct == 0 && !k.Kernel.math {
			continue
		}
		lib, err := textOf(libraries[i])
		if err != nil {
			return Source{}, err
		}
		fmt.Fprintf(&b, "#line 1 %d\n%s", i+1, lib)
	}
	if k.Kernel.turn != nil {
		if err := k.writeBlocks(&b, len(libraries)+1); err != nil {
			return Source{}, err
		}
	}
	b.WriteString("#line 1 0\n")
	return Source{Name: k.Kernel.file(), Prelude: b.String(), Text: text}, nil
}

// unroll writes out the loops over a tile's groups and a row's taps, and over its groups and pixels: where a compiler left one
// rolled it would index the sums by a variable, which moves them from registers to memory.
func (k Key) unroll(b *strings.Builder) {
	var taps, outputs, add, keep strings.Builder
	for g := range k.TileG {
		for x := range max(k.KernelW, 1) {
			fmt.Fprintf(&taps, " TAP(%d, %d)", g, x)
		}
		fmt.Fprintf(&outputs, " GROUP(%d)", g)
		for x := range k.TileX {
			fmt.Fprintf(&outputs, " OUTPUT(%d, %d)", g, x)
			fmt.Fprintf(&add, " ADD_TOTAL(%d, %d)", g, x)
			fmt.Fprintf(&keep, " KEEP_TOTAL(%d, %d)", g, x)
		}
	}
	fmt.Fprintf(b, "#define TAPS%s\n#define OUTPUTS%s\n#define ADD_TOTALS%s\n#define KEEP_TOTALS%s\n", taps.String(), outputs.String(), add.String(), keep.String())
}

func number(b bool) int {
	if b {
		return 1
	}
	return 0
}
