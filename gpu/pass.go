package gpu

import (
	"context"
	"fmt"
	"time"
)

// TexelKind is how a shader reads a Texel.
type TexelKind int

const (
	// TexelSampler is a samplerBuffer on a texture unit (texelFetch).
	TexelSampler TexelKind = iota
	// TexelImage is a readonly imageBuffer with format rgba32f on an image unit
	// (imageLoad).
	TexelImage
)

// Texel shows a range of a buffer to the shader as GL_RGBA32F texels (section
// 8.9); texel 0 is at Offset. Offset and Size are in bytes; Size 0 means to the
// end. Bytes after the last whole texel cannot be read. The buffer keeps a view
// for each range ever used, so that repeating a range costs nothing.
type Texel struct {
	Unit         int
	Kind         TexelKind
	Buffer       *Buffer
	Offset, Size int
}

// Storage binds a range of a buffer to a shader storage block (section 7.8).
// Offset and Size are in bytes; Size 0 means to the end.
type Storage struct {
	Binding      int
	Buffer       *Buffer
	Offset, Size int
}

// Uniforms binds a range of a buffer to a uniform block (section 7.6). Offset
// and Size are in bytes; Size 0 means to the end.
type Uniforms struct {
	Binding      int
	Buffer       *Buffer
	Offset, Size int
}

// Dispatch is one glDispatchCompute with everything it needs. Nothing is
// inherited from the dispatch before.
type Dispatch struct {
	Name     string
	Program  *Program
	Storage  []Storage
	Texels   []Texel
	Uniforms []Uniforms
	Groups   [3]int // workgroups, each at least 1
}

// Transfer copies Data to or from a buffer, from Offset bytes on.
type Transfer struct {
	Buffer *Buffer
	Offset int
	Data   []float32
}

// Pass is one unit of work: the uploads, then the waves in order, then the
// downloads. All dispatches of a wave may run at the same time and in any order,
// so none may touch what another one writes; a memory barrier after each wave
// (section 7.12.2) shows its writes to all that follows.
type Pass struct {
	Uploads []Transfer
	Waves   [][]Dispatch
	// Recording stands in for Waves: the same, made ready before. It saves most of
	// what a pass costs beside its dispatches.
	Recording *Recording
	Downloads []Transfer
	// Time asks for GPU timestamps after every dispatch and wave. They keep
	// dispatches from overlapping on some GPUs, so the total may grow.
	Time bool
	// Queued, if given, is called on the device's thread, at most once and before Run
	// returns, where all of the pass is on its way to the GPU and the thread is free for
	// others until its results are there: a pass of the same buffers comes after this one.
	// Only where the device has Traits.Staging, and downloads are small.
	Queued func()
}

// Timing says where a pass spent its time. All but Wall stay zero without
// Pass.Time.
type Timing struct {
	Total      time.Duration     // the waves, on the GPU
	Waves      []time.Duration   // each with its barrier; they add up to Total
	Dispatches [][]time.Duration // from the end of the one before
	Wall       time.Duration     // on the GL thread, transfers included
}

// Run checks the pass, hands it to the device's thread in one piece and waits.
// When the context ends, Run returns as soon as the driver lets it: at once if
// dispatches run asynchronously, else after the wave at work. No more waves are
// queued then; the few that are may still run, before any later call's work. The
// slices are the caller's again when Run returns. After an error the contents of
// the buffers written by the pass and of Downloads are undefined. A GPU that has not finished after
// minutes (hours, where the CPU stands in for one) is given up with ErrContextLost.
func (d *Device) Run(ctx context.Context, p *Pass) (Timing, error) {
	if d.closed() {
		return Timing{}, fmt.Errorf("gpu: run: device: %w", ErrClosed)
	}
	if err := d.checkPass(p); err != nil {
		return Timing{}, fmt.Errorf("gpu: run: %w", err)
	}
	var t Timing
	err := d.doInParts(ctx, func() (rest, error) {
		begin := now()
		r, err := d.ready(p)
		if err != nil {
			return nil, err
		}
		var left rest
		t, left, err = d.drv.run(ctx, p, r)
		t.Wall = now() - begin
		if left == nil || err != nil {
			return nil, err
		}
		p.Queued()
		return func() (bool, error) {
			done, err := left()
			t.Wall = now() - begin
			return done, err
		}, nil
	})
	if err != nil {
		return Timing{}, fmt.Errorf("gpu: run: %w", err)
	}
	return t, nil
}

// ready returns what the pass runs. A buffer may have been closed since it was
// checked.
func (d *Device) ready(p *Pass) (*Recording, error) {
	for _, list := range [][]Transfer{p.Uploads, p.Downloads} {
		for _, t := range list {
			if err := t.Buffer.open(); err != nil {
				return nil, err
			}
		}
	}
	if p.Recording == nil {
		return d.record(p.Waves)
	}
	return p.Recording, p.Recording.ready()
}

// open reports whether the buffer can be used.
func (b *Buffer) open() error { return b.check(0, 0) }

// eachBuffer calls f for every buffer that the waves bind, until it fails.
func eachBuffer(waves [][]Dispatch, f func(*Buffer) error) error {
	for _, wave := range waves {
		for i := range wave {
			if err := wave[i].eachBuffer(f); err != nil {
				return err
			}
		}
	}
	return nil
}

func (x *Dispatch) eachBuffer(f func(*Buffer) error) error {
	for _, s := range x.Storage {
		if err := f(s.Buffer); err != nil {
			return err
		}
	}
	for _, t := range x.Texels {
		if err := f(t.Buffer); err != nil {
			return err
		}
	}
	for _, u := range x.Uniforms {
		if err := f(u.Buffer); err != nil {
			return err
		}
	}
	return nil
}
