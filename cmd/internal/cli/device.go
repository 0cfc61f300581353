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

// Opening is a device that is being opened, beside what the caller does meanwhile.
type Opening struct {
	cancel context.CancelFunc
	done   chan struct{} // closed when the rest is set
	device *gpu.Device
	err    error
}

// OpenAhead begins to open the device. The Opening must be closed.
func (f DeviceFlags) OpenAhead(ctx context.Context) *Opening {
	ctx, cancel := context.WithCancel(ctx)
	o := &Opening{cancel: cancel, done: make(chan struct{})}
	go func() {
		defer close(o.done)
		o.device, o.err = f.Open(ctx)
	}()
	return o
}

// Wait gives the device, once it is open. It stays the Opening's.
func (o *Opening) Wait() (*gpu.Device, error) {
	<-o.done // soon after the context ends
	return o.device, o.err
}

// Close closes the device, or has it opened no further.
func (o *Opening) Close() error {
	o.cancel()
	if d, err := o.Wait(); err == nil {
		return d.Close()
	}
	return nil
}

// About is a device in words.
func About(d *gpu.Device) string {
	kind := ""
	if d.Info().Software {
		kind = ", a software rasterizer"
	}
	return fmt.Sprintf("%s, OpenGL %s%s", d.Info().Renderer, d.Info().Version, kind)
}
