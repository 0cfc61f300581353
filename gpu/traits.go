package gpu

import (
	"regexp"
	"strconv"
	"strings"
)

// Traits are what a driver does differently from others, and no limit of GL
// says. Zero means unknown or none.
type Traits struct {
	// MaxIterations is how many loop iterations one invocation may make, summed
	// over its loops; 0 means no limit. Beyond it the loops just end, without an
	// error.
	MaxIterations int
	// Lanes is how many invocations a software driver runs in one vector.
	Lanes int
	// StoresNumbers says that a shader's stores are made number by number and lane by
	// lane, of 32 or of 64 bits, and that fewer and wider ones pay: Mesa's gallivm has a loop
	// around each (emit_store_mem). On AMD's Zen 3 two floats stored as a double save 5–7 % of
	// a depthwise or a small 1×1 convolution. On Intel's Sapphire Rapids they cost more than
	// they save: 2–20 % of these, a quarter of a Winograd transform.
	StoresNumbers bool
	// Multiprocessors is how many parts of the GPU each run workgroups of their own
	// (GL_SM_COUNT_NV).
	Multiprocessors int
	// Registers is about how many numbers a shader's invocation can keep at once; beyond
	// that they go to memory (spills). 0 means unknown: as many as any shader wants.
	Registers int
	// Staging says that transfers go by way of memory that host and GPU share.
	// NVIDIA's driver moves a buffer that is read directly to host memory, for good
	// (glium issue 445, yuzu pull request 4175), and others stall. Renderers on the
	// CPU go the direct way: their buffers are host memory, and a second copy costs
	// (16 MiB to and fro: 1.9 times as long on llvmpipe, 1.2 on zink; BenchmarkTransfers).
	Staging bool
	// StaleViews says that a texel view of a new buffer may show the memory of a
	// deleted one. Zink (Mesa 22.3.6) finds the view of the deleted buffer by its
	// handle, which is the new one's too, as long as a unit of the last dispatch
	// holds it: see glDriver.letGo. The deleted one need not have had a view itself: a
	// buffer of parameters will do. TestBatch and TestConv of package shaders fail without it.
	StaleViews bool
}

// Traits returns what is known of the device's driver.
func (d *Device) Traits() Traits { return d.traits }

// rasteriser is a renderer that runs on the CPU, known by a part of its
// GL_RENDERER in lower case.
type rasteriser struct {
	part          string
	maxIterations int
}

// rasterisers is the one list of drivers by name. The first that matches counts.
func rasterisers() []rasteriser {
	return []rasteriser{
		// Mesa's gallivm ends a loop when a counter for the whole invocation has
		// reached 65535 (LP_MAX_TGSI_LOOP_ITERATIONS), silently. TestMaxIterations
		// shows it on 22.3.6. Zink on lavapipe reports "zink (llvmpipe (LLVM …))".
		{"llvmpipe", 65535},
		{"lavapipe", 65535},
		// Mesa's interpreter: the same test makes 200,000 iterations.
		{"softpipe", 0},
		// Of the rest no limit is known.
		{"swiftshader", 0},
		{"swrast", 0},
		{"software", 0},
		{"microsoft basic", 0},
		{"gdi generic", 0},
	}
}

// rasteriserOf finds the CPU renderer of that name.
func rasteriserOf(renderer string) (rasteriser, bool) {
	low := strings.ToLower(renderer)
	for _, r := range rasterisers() {
		if strings.Contains(low, r.part) {
			return r, true
		}
	}
	return rasteriser{}, false
}

// isSoftware recognises CPU renderers by GL_RENDERER. flagged says that EGL
// calls the device software; Mesa says so of D3D12 under WSL too, wrongly.
func isSoftware(renderer string, flagged bool) bool {
	_, known := rasteriserOf(renderer)
	return known || (flagged && !strings.HasPrefix(strings.ToLower(renderer), "d3d12"))
}

// intelRegisters: Intel's threads have 128 registers of 8 numbers, one for each lane of the narrowest vector, some of them for addresses and
// what the hardware says. Of this project's shaders Mesa's compiler for Tiger Lake spills most that keep 80 numbers and more at once (64 outputs
// with staging: 200 spills, 600 fills), and hardly any that keep fewer.
const intelRegisters = 76

// traitsOf tells what a renderer's name gives away.
// amd says whose CPU renders where that is one.
func traitsOf(renderer string, amd bool) Traits {
	t := Traits{StaleViews: strings.HasPrefix(strings.ToLower(renderer), "zink")}
	if regexp.MustCompile(`\bIntel\b`).MatchString(renderer) {
		t.Registers = intelRegisters
	}
	r, ok := rasteriserOf(renderer)
	if !ok {
		return t
	}
	t.MaxIterations = r.maxIterations
	// "llvmpipe (LLVM 15.0.6, 256 bits)": a lane is a float of 32 bits.
	if m := regexp.MustCompile(`\b(\d{2,5}) bits`).FindStringSubmatch(renderer); m != nil {
		bits, _ := strconv.Atoi(m[1]) // the pattern admits digits only
		t.Lanes = bits / 32
		t.StoresNumbers = amd // only gallivm names its vectors
	}
	return t
}
