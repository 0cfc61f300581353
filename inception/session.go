// Package inception runs CNNs, the Inception family first, on any GPU with OpenGL 4.3. ForwardGPU is the one-line way in;
// Compile and Session.Run are the way to serve. The networks here need weights: InitHe's, or a file's (package weights);
// package onnx loads others, package classify takes photos.
package inception

import (
	"context"

	"inceptiongl/gpu"
	"inceptiongl/inception/graph"
	"inceptiongl/inception/run"
	"inceptiongl/inception/tensor"
)

// ErrWeightsChanged means that a graph's weights were replaced after the session was compiled.
var ErrWeightsChanged = run.ErrWeightsChanged

// ErrNotFinite means that a value that a run looks at is NaN or infinite: see Options.Finite.
var ErrNotFinite = graph.ErrNotFinite

// Options says how to compile.
type Options struct {
	// Tune measures which kernels are fastest here, however long it takes, and remembers them for later runs of every program.
	// Without it, what was remembered is used, else a rule by device and shape; on hardware up to half a second goes into measuring.
	Tune bool
	// NoCache neither uses nor keeps anything in the user's cache folder. So does the environment variable INCEPTIONGL_NO_CACHE=1.
	NoCache bool
	// Exact leaves out the rewrites and kernels that round elsewhere than the network does. Their answers lie within the same kind of bound,
	// but where numbers reach 10³⁷ they may be infinite and the network's not: a 1×1 convolution runs before the average pool that it follows.
	Exact bool
	// Finite says which values, beside the outputs, runs look at for NaN and infinities, and fail with ErrNotFinite: by default those from
	// which an operator would make numbers, so that no output shows them.
	Finite graph.Finite
	// TakeWeights empties the graph's Weights while compiling: each goes as soon as it is on the device, so that they are never in
	// memory twice. The session computes with the device's; the graph can't be compiled again, even if compiling fails.
	TakeWeights bool
}

// Session is a network made ready on a device for one input shape. It serves any number of goroutines, one run at a time.
type Session struct{ s *run.Session }

// Compile makes g ready on d for inputs of one shape. The session must be closed; d stays open. Sessions of one graph on one
// device share its weights, which it must have by now. Where the device can't take the whole batch at once, runs take it in parts.
// Errors: a malformed graph, missing weights, an input that doesn't fit; gpu.ErrLimit where a step needs more than the device
// offers; gpu.ErrOutOfMemory; the context's.
func Compile(ctx context.Context, d *gpu.Device, g *graph.Graph, input tensor.Shape, o Options) (*Session, error) {
	options := run.Options{NoCache: o.NoCache, TakeWeights: o.TakeWeights, Exact: o.Exact, Finite: o.Finite}
	if o.Tune {
		options.Kernels = run.KernelsMeasured
	}
	s, err := run.Compile(ctx, d, g, input, options)
	if err != nil {
		return nil, err
	}
	return &Session{s}, nil
}

// Run computes the network's first output for x, which must have the shape that the session was compiled for. Runs from
// several goroutines take turns. Errors: a wrong shape; ErrWeightsChanged; gpu.ErrClosed; gpu.ErrContextLost; the context's.
func (s *Session) Run(ctx context.Context, x *tensor.Tensor) (*tensor.Tensor, error) {
	return s.s.Run(ctx, x)
}

// RunAll is Run with all of the network's outputs, in order.
func (s *Session) RunAll(ctx context.Context, x *tensor.Tensor) ([]*tensor.Tensor, error) {
	return s.s.RunAll(ctx, x)
}

// RunInto is RunAll into memory that the caller owns: a tensor for each of the first outputs, of its shape (see Outputs). After an
// error their contents are undefined.
func (s *Session) RunInto(ctx context.Context, x *tensor.Tensor, ys ...*tensor.Tensor) error {
	return s.s.RunInto(ctx, x, ys...)
}

// Notes say what a person who looks into a driver may want to know: kernels that it refused, and which took their place. Empty where
// all is well.
func (s *Session) Notes() []string { return s.s.Notes() }

// Input is the shape that the session was compiled for.
func (s *Session) Input() tensor.Shape { return s.s.Input() }

// Outputs are the shapes of the network's outputs.
func (s *Session) Outputs() []tensor.Shape { return s.s.Outputs() }

// Close frees the session's memory on the device. It waits for a run in progress; later runs fail with gpu.ErrClosed.
func (s *Session) Close() error { return s.s.Close() }
