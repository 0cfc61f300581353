package models

import (
	"context"
	"time"

	"inceptiongl/cmd/internal/cli"
	"inceptiongl/gpu"
	"inceptiongl/inception/graph"
	"inceptiongl/inception/plan"
	"inceptiongl/inception/run"
	"inceptiongl/inception/tensor"
)

// Backend is a device as long as it works. After an error that wraps gpu.ErrContextLost it is closed, and another is opened.
type Backend interface {
	Compile(ctx context.Context, g *graph.Graph, in tensor.Shape) (Session, error)
	Name() string  // short
	About() string // in words, for people
	Close() error
}

// Session is a network ready to run. A *run.Session is one.
type Session interface {
	RunAllTimed(ctx context.Context, x *tensor.Tensor) ([]*tensor.Tensor, run.Timing, error)
	RunTimed(ctx context.Context, x *tensor.Tensor, perStep bool) (*tensor.Tensor, run.Timing, error)
	Trace(ctx context.Context, x *tensor.Tensor, visit func(run.StepTrace) error) ([]*tensor.Tensor, error)
	Plan() *plan.Plan
	Bytes() int64
	WeightsBytes() int64
	Close() error
}

// Open opens a backend, again and again where one is lost.
type Open func(context.Context) (Backend, error)

// GPU opens the device that flags name.
func GPU(f cli.DeviceFlags) Open {
	return func(ctx context.Context) (Backend, error) {
		d, err := f.Open(ctx)
		if err != nil {
			return nil, err
		}
		o := run.Options{NoCache: f.NoCache}
		if f.Tune {
			o.Kernels = run.KernelsMeasured
		}
		return device{d, o}, nil
	}
}

// device is a Backend.
type device struct {
	*gpu.Device
	o run.Options
}

func (d device) Compile(ctx context.Context, g *graph.Graph, in tensor.Shape) (Session, error) {
	s, err := run.Compile(ctx, d.Device, g, in, d.o)
	if err != nil {
		return nil, err // not a Session of nil
	}
	return s, nil
}

func (d device) Name() string  { return d.Info().Name }
func (d device) About() string { return cli.About(d.Device) }

// busy is the time that a run took of its device.
func busy(t run.Timing) time.Duration { return max(t.Total, t.Wall) }
