// Package cli is what the commands' command lines share: flags, and what is made of them.
package cli

import (
	"context"
	"fmt"

	"inceptiongl/gpu"
	"inceptiongl/inception/run"
)

// DeviceFlags choose a device, and how kernels are chosen on it.
type DeviceFlags struct {
	Tune    bool   `help:"First measure which kernels are fastest here, however long it takes, and remember them for later runs."`
	NoCache bool   `help:"Neither use nor keep measurements in the user's cache folder."`
	Exact   bool   `help:"Leave out the rewrites and kernels that round elsewhere than the network does: for numbers near a float's limit, or a step-by-step comparison."`
	Device  string `placeholder:"NAME" help:"The GPU's number, name or part of its name, from bench --list-devices. Default: the environment variable INCEPTIONGL_DEVICE, else the best."`
}

// Open opens the device. It must be closed.
func (f DeviceFlags) Open(ctx context.Context) (*gpu.Device, error) {
	o := gpu.Options{Device: f.Device}
	if !f.NoCache {
		o.Programs = run.Programs()
	}
	return gpu.Open(ctx, o)
}

// About is a device in words.
func About(d *gpu.Device) string {
	kind := ""
	if d.Info().Software {
		kind = ", a software rasterizer"
	}
	return fmt.Sprintf("%s, OpenGL %s%s", d.Info().Renderer, d.Info().Version, kind)
}
