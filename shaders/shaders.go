// Package shaders holds the compute kernels. Each is a *.comp file with a row of Go beside it (Kernel) that says all there is to
// know of it: what it serves, what it needs, its workgroups, how it wants weights packed, how many dispatches it takes. Every
// header of a *.comp states its kernel's formula; common.glsl states what they share.
//
// It is an engine room: inception/plan and inception/run use it, and so do programs that look inside.
//
// A tensor N×C×H×W is stored as texels (vec4) of 4 channels, NC4HW4: element (n, c, y, x) is lane c%4 of texel
// base + ((n·C4 + c/4)·H + y)·W + x, with C4 = ⌈C/4⌉. The lanes of channels ≥ C are always 0.
package shaders

import (
	"embed"
	"fmt"
	"io/fs"
	"sync"
)

//go:embed *.comp *.glsl
var files embed.FS

// texts are all files, read once: a network's compilation asks for hundreds.
var texts = sync.OnceValues(func() (map[string]string, error) {
	all := map[string]string{}
	err := fs.WalkDir(files, ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		data, err := files.ReadFile(name)
		all[name] = string(data)
		return err
	})
	return all, err
})

// textOf is a file's text.
func textOf(name string) (string, error) {
	all, err := texts()
	if err != nil {
		return "", fmt.Errorf("shaders: %w", err)
	}
	text, ok := all[name]
	if !ok {
		return "", fmt.Errorf("shaders: no file %s", name)
	}
	return text, nil
}

// Load is how a kernel reads its tensors and its weights.
type Load int

// The ways to read. Which is fast depends on the driver: image loads are 2–6 times as fast as SSBO loads on llvmpipe.
const (
	LoadSSBO    Load = iota // storage buffers 0 (input), 2 (weights) and 3 (second input)
	LoadImage               // imageBuffer rgba32f, units 0, 1 and 2
	LoadSampler             // samplerBuffer, units 0, 1 and 2
	loads
)

// Loads lists the ways to read, those that are fast on software drivers first.
func Loads() []Load { return []Load{LoadImage, LoadSampler, LoadSSBO} }

func (l Load) String() string {
	switch l {
	case LoadSSBO:
		return "ssbo"
	case LoadImage:
		return "image"
	case LoadSampler:
		return "sampler"
	}
	return fmt.Sprintf("Load(%d)", int(l))
}

// Bindings: where every kernel finds its buffers. Storage and texel units of one role share the role's row.
const (
	BindParams      = 0 // uniform block
	BindSource      = 0 // storage
	BindDestination = 1 // storage
	BindWeights     = 2 // storage
	BindSecond      = 3 // storage
	BindTotals      = 4 // storage, read and written
	BindInput       = 5 // storage
	UnitSource      = 0 // image or sampler
	UnitWeights     = 1 // image or sampler
	UnitSecond      = 2 // image or sampler
	UnitInput       = 3 // image or sampler
)

// Target is what the choice of kernels may depend on: a device in a few numbers. The zero value is any device.
type Target struct {
	MaxIterations   int  // of all loops of one invocation; 0: no limit
	Multiprocessors int  // 0: not known
	Registers       int  // numbers that an invocation can keep at once; 0: not known
	Lanes           int  // of a vector, on software drivers; 0: not known
	Software        bool // runs on the CPU
	Pairs           bool // Key.Pairs pays: stores are made number by number
}

func ceil(a, b int) int { return (a + b - 1) / b }

// groups is the number of 4-channel groups that hold c channels.
func groups(c int) int { return ceil(c, 4) }
