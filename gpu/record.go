package gpu

import (
	"context"
	"errors"
	"fmt"
)

// Recording is waves made ready to run any number of times, from any goroutine:
// checked, and turned into a list of GL calls that a pass replays at once. It
// holds no GL objects of its own, so there is nothing to close. Once one of its
// buffers is closed, running it gives ErrClosed.
type Recording struct {
	dev     *Device
	waves   []recordedWave
	calls   []call
	buffers []*Buffer // each once
	closed  uint64    // Device.closedBuffers when all of them were open; used on the thread only
}

// recordedWave says which calls belong to which dispatch.
type recordedWave struct {
	dispatches []recordedDispatch
	end        int // of its calls in Recording.calls, barrier included
}

type recordedDispatch struct {
	name string
	end  int // of its calls in Recording.calls
}

// call is one GL call with names resolved. C reads it: see gl_replay.go.
type call struct {
	op           callOp
	a, b, c      uint32
	offset, size int64
}

type callOp uint32

// The calls, with what a, b, c stand for.
const (
	callProgram  callOp = iota // program
	callStorage                // binding, buffer
	callUniforms               // binding, buffer
	callTexture                // unit, view
	callImage                  // unit, view
	callDispatch               // workgroups in x, y, z
	callBarrier
)

// Record makes a Recording of waves for Pass.Recording. The slices are the
// caller's again when it returns; later changes to them change nothing.
func (d *Device) Record(ctx context.Context, waves [][]Dispatch) (*Recording, error) {
	if d.closed() {
		return nil, fmt.Errorf("gpu: record: device: %w", ErrClosed)
	}
	if err := d.checkWaves(waves); err != nil {
		return nil, fmt.Errorf("gpu: record: %w", err)
	}
	var r *Recording
	err := d.do(ctx, func() (err error) {
		r, err = d.record(waves)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("gpu: record: %w", err)
	}
	r.buffers = buffersOf(waves)
	return r, nil
}

// record is for checked waves, on the thread.
func (d *Device) record(waves [][]Dispatch) (*Recording, error) {
	closed := d.closedBuffers.Load() // first: a buffer may be closed at any time
	if err := eachBuffer(waves, (*Buffer).open); err != nil {
		return nil, err
	}
	rec := recorder{view: d.drv.view, r: &Recording{dev: d, closed: closed, waves: make([]recordedWave, 0, len(waves))}}
	for _, wave := range waves {
		rec.wave(wave)
	}
	if rec.err != nil {
		return nil, rec.err
	}
	return rec.r, nil
}

// buffersOf lists every buffer of the waves once.
func buffersOf(waves [][]Dispatch) []*Buffer {
	var list []*Buffer
	seen := map[*Buffer]bool{}
	_ = eachBuffer(waves, func(b *Buffer) error {
		if !seen[b] {
			seen[b] = true
			list = append(list, b)
		}
		return nil
	})
	return list
}

// ready reports whether the recording can run. Its buffers are looked at only if
// one of the device's has been closed since the last time.
func (r *Recording) ready() error {
	now := r.dev.closedBuffers.Load()
	if r.closed == now {
		return nil
	}
	for _, b := range r.buffers {
		if err := b.open(); err != nil {
			return fmt.Errorf("recorded %w: record the waves again with buffers that are open", err)
		}
	}
	r.closed = now
	return nil
}

// dispatches is the number of them.
func (r *Recording) dispatches() int {
	n := 0
	for i := range r.waves {
		n += len(r.waves[i].dispatches)
	}
	return n
}

// recorder writes a Recording. It leaves out a binding that is in place already:
// between the calls of one recording nothing else binds.
type recorder struct {
	r     *Recording
	view  func(*Texel) (uint32, error)
	err   error  // of the first view that could not be made
	bound []call // the last call for each binding point and unit, and for the program
}

func (rec *recorder) wave(wave []Dispatch) {
	w := recordedWave{dispatches: make([]recordedDispatch, 0, len(wave))}
	for i := range wave {
		rec.dispatch(&wave[i])
		w.dispatches = append(w.dispatches, recordedDispatch{wave[i].Name, len(rec.r.calls)})
	}
	rec.r.calls = append(rec.r.calls, call{op: callBarrier})
	w.end = len(rec.r.calls)
	rec.r.waves = append(rec.r.waves, w)
}

func (rec *recorder) dispatch(x *Dispatch) {
	rec.bind(call{op: callProgram, b: x.Program.id})
	for _, s := range x.Storage {
		rec.bind(call{op: callStorage, a: uint32(s.Binding), b: s.Buffer.ids.buffer,
			offset: int64(s.Offset), size: int64(rangeSize(s.Buffer, s.Offset, s.Size))})
	}
	for _, u := range x.Uniforms {
		rec.bind(call{op: callUniforms, a: uint32(u.Binding), b: u.Buffer.ids.buffer,
			offset: int64(u.Offset), size: int64(rangeSize(u.Buffer, u.Offset, u.Size))})
	}
	for i := range x.Texels {
		t := &x.Texels[i]
		op := callTexture
		if t.Kind == TexelImage {
			op = callImage
		}
		view, err := rec.view(t)
		if err != nil && rec.err == nil {
			rec.err = fmt.Errorf("dispatch %s: a view of buffer %s: %w", x.Name, t.Buffer.name, err)
		}
		rec.bind(call{op: op, a: uint32(t.Unit), b: view})
	}
	rec.r.calls = append(rec.r.calls, call{op: callDispatch, a: uint32(x.Groups[0]), b: uint32(x.Groups[1]), c: uint32(x.Groups[2])})
}

// bind adds the call unless its effect is there already.
func (rec *recorder) bind(c call) {
	for i, have := range rec.bound {
		if have.op == c.op && have.a == c.a {
			if have != c {
				rec.bound[i] = c
				rec.r.calls = append(rec.r.calls, c)
			}
			return
		}
	}
	rec.bound = append(rec.bound, c)
	rec.r.calls = append(rec.r.calls, c)
}

// checkRecording is for a pass with one.
func (d *Device) checkRecording(p *Pass) error {
	switch {
	case p.Recording == nil:
		return nil
	case len(p.Waves) > 0:
		return errors.New("the pass has Waves and a Recording: want one of them")
	case p.Recording.dev == nil:
		return errors.New("the recording is empty: make it with Device.Record")
	case p.Recording.dev != d:
		return errors.New("the recording belongs to another device")
	}
	return nil
}
