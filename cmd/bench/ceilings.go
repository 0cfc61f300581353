package main

import (
	"context"
	"embed"
	"encoding/binary"
	"fmt"
	"math"
	"time"

	"inceptiongl/gpu"
	"inceptiongl/shaders"
)

//go:embed ceilings/*.comp
var ceilingShaders embed.FS

// CeilingsReport is what small shaders reached on the device in the same run: the roofs of the roofline. Each is the best of
// several runs of several variants, since a ceiling is what can be reached.
type CeilingsReport struct {
	Compute       Ceiling // GFLOP/s: chains of multiply-adds in registers
	Cache         Ceiling // GB/s: reading as much as a module's data, again and again
	Memory        Ceiling // GB/s: reading far more
	EmptyDispatch Timing  // one dispatch of a shader that does nothing, with its barrier, among others
}

// Ceiling is one roof.
type Ceiling struct {
	Rate    float64 // 10⁹ a second
	Variant string  // what reached it
	Bytes   int64   `json:",omitempty"` // what was read again and again
}

const (
	ceilingGroups = 4096 // workgroups of 64: enough to fill a large GPU
	invocations   = 64 * ceilingGroups
	ceilingRuns   = 8
	ceilingTime   = 8 * time.Millisecond // a run takes at least this, so that its dispatch doesn't count
	ceilingRounds = 1 << 13              // and at most these loop iterations, below what software drivers allow
	cacheBytes    = 1 << 20
	memoryBytes   = 64 << 20
)

// ceilingBench holds the buffers of one ceiling.
type ceilingBench struct {
	dev     *gpu.Device
	buffers []*gpu.Buffer
}

func (b *ceilingBench) buffer(ctx context.Context, name string, data []float32) (*gpu.Buffer, error) {
	buf, err := b.dev.NewBuffer(ctx, name, 4*len(data))
	if err != nil {
		return nil, err
	}
	b.buffers = append(b.buffers, buf)
	return buf, buf.Upload(ctx, 0, data)
}

func (b *ceilingBench) close() {
	for _, buf := range b.buffers {
		buf.Close()
	}
}

// measureCeilings runs the shaders. It fails where one of them computes something else than it should.
func measureCeilings(ctx context.Context, d *gpu.Device) (*CeilingsReport, error) {
	r := &CeilingsReport{}
	for _, m := range []func() error{
		func() (err error) { r.EmptyDispatch, err = emptyDispatch(ctx, d); return err },
		func() (err error) { r.Compute, err = computeCeiling(ctx, d); return err },
		func() (err error) { r.Cache, err = readCeiling(ctx, d, cacheBytes); return err },
		func() (err error) { r.Memory, err = readCeiling(ctx, d, memoryBytes); return err },
	} {
		if err := m(); err != nil {
			return nil, fmt.Errorf("measuring the device's ceilings: %w", err)
		}
	}
	return r, nil
}

// best has the better of each.
func (c *CeilingsReport) best(o *CeilingsReport) *CeilingsReport {
	higher := func(a, b Ceiling) Ceiling {
		if b.Rate > a.Rate {
			return b
		}
		return a
	}
	r := &CeilingsReport{higher(c.Compute, o.Compute), higher(c.Cache, o.Cache), higher(c.Memory, o.Memory), c.EmptyDispatch}
	if o.EmptyDispatch.Median < r.EmptyDispatch.Median {
		r.EmptyDispatch = o.EmptyDispatch
	}
	return r
}

func ceilingProgram(ctx context.Context, d *gpu.Device, name, prelude string) (*gpu.Program, error) {
	text, err := ceilingShaders.ReadFile("ceilings/" + name)
	if err != nil {
		return nil, err
	}
	return d.Program(ctx, gpu.Source{Name: name, Prelude: prelude, Text: string(text)})
}

// emptyDispatch times passes of many waves of one empty dispatch, with the same time stamps as the timed plans have.
func emptyDispatch(ctx context.Context, d *gpu.Device) (Timing, error) {
	p, err := ceilingProgram(ctx, d, "empty.comp", "")
	if err != nil {
		return Timing{}, err
	}
	const waves, runs = 32, 11
	pass := &gpu.Pass{Time: true}
	for range waves {
		pass.Waves = append(pass.Waves, []gpu.Dispatch{{Name: "empty", Program: p, Groups: [3]int{1, 1, 1}}})
	}
	var times []time.Duration
	for i := range 1 + runs {
		t, err := d.Run(ctx, pass)
		if err != nil {
			return Timing{}, err
		}
		if i > 0 {
			times = append(times, t.Total)
		}
	}
	t := summarise(times)
	t.Median, t.P10, t.P90 = t.Median/waves, t.P10/waves, t.P90/waves
	return t, nil
}

func computeCeiling(ctx context.Context, d *gpu.Device) (Ceiling, error) {
	b := &ceilingBench{dev: d}
	defer b.close()
	factors, err := b.buffer(ctx, "factors", []float32{0.5, 0.5, 0.5, 0.5, 1, 1, 1, 1})
	if err != nil {
		return Ceiling{}, err
	}
	result, err := b.buffer(ctx, "result", make([]float32, 4*invocations))
	if err != nil {
		return Ceiling{}, err
	}
	var best Ceiling
	for _, chains := range []int{2, 3, 4} {
		p, err := ceilingProgram(ctx, d, "flops.comp", fmt.Sprintf("#define CHAINS %d\n", chains))
		if err != nil {
			return best, err
		}
		x := gpu.Dispatch{Name: "flops", Program: p, Groups: [3]int{ceilingGroups, 1, 1},
			Storage: []gpu.Storage{{Binding: 0, Buffer: factors}, {Binding: 1, Buffer: result}}}
		const flops = 16 * 2 * 4 // of a chain in a round: steps, multiplication and addition, lanes
		_, t, err := b.fastest(ctx, x, 0)
		if err != nil {
			return best, err
		}
		if err := b.expect(ctx, result, invocations, 8); err != nil { // 4 chains at 2
			return best, fmt.Errorf("flops.comp: %w", err)
		}
		if v := t.rate(flops * float64(chains) * invocations); v > best.Rate {
			best = Ceiling{Rate: v, Variant: fmt.Sprintf("%d independent multiply-add chains an invocation", 4*chains)}
		}
	}
	return best, nil
}

func readCeiling(ctx context.Context, d *gpu.Device, bytes int) (Ceiling, error) {
	b := &ceilingBench{dev: d}
	defer b.close()
	for bytes > 4096 && (bytes > d.Limits().MaxStorageBlock || bytes/16 > d.Limits().MaxTexelBuffer) {
		bytes /= 2
	}
	ones := make([]float32, bytes/4)
	for i := range ones {
		ones[i] = 1
	}
	source, err := b.buffer(ctx, "source", ones)
	if err != nil {
		return Ceiling{}, err
	}
	result, err := b.buffer(ctx, "result", make([]float32, 4*invocations))
	if err != nil {
		return Ceiling{}, err
	}
	best := Ceiling{Bytes: int64(bytes)}
	for _, load := range []shaders.Load{shaders.LoadSSBO, shaders.LoadImage, shaders.LoadSampler} {
		p, err := ceilingProgram(ctx, d, "stream.comp", fmt.Sprintf("#define LOAD %d\n", load))
		if err != nil {
			return best, err
		}
		x := gpu.Dispatch{Name: "stream", Program: p, Groups: [3]int{ceilingGroups, 1, 1}, Storage: []gpu.Storage{{Binding: 1, Buffer: result}}}
		switch load {
		case shaders.LoadSSBO:
			x.Storage = append(x.Storage, gpu.Storage{Binding: 0, Buffer: source})
		case shaders.LoadImage:
			x.Texels = []gpu.Texel{{Unit: 0, Kind: gpu.TexelImage, Buffer: source}}
		default:
			x.Texels = []gpu.Texel{{Unit: 0, Kind: gpu.TexelSampler, Buffer: source}}
		}
		rounds, t, err := b.fastest(ctx, x, uint32(bytes/16-1))
		if err != nil {
			return best, err
		}
		if err := b.expect(ctx, result, invocations, float32(4*rounds)); err != nil {
			return best, fmt.Errorf("stream.comp, %v loads: %w", load, err)
		}
		if v := t.rate(4 * 16 * invocations); v > best.Rate {
			best.Rate, best.Variant = v, fmt.Sprintf("%v loads", load)
		}
	}
	return best, nil
}

// perRound is the time of one round, in seconds.
type perRound float64

func (t perRound) rate(amount float64) float64 { return amount / float64(t) / 1e9 }

// fastest finds how many rounds take ceilingTime, runs them ceilingRuns times and returns the best time of a round.
func (b *ceilingBench) fastest(ctx context.Context, x gpu.Dispatch, mask uint32) (rounds int, best perRound, err error) {
	work, err := b.buffer(ctx, "work", make([]float32, 4))
	if err != nil {
		return 0, 0, err
	}
	x.Uniforms = []gpu.Uniforms{{Binding: 0, Buffer: work}}
	pass := &gpu.Pass{Waves: [][]gpu.Dispatch{{x}}, Time: true}
	run := func(rounds int) (time.Duration, error) {
		params := binary.NativeEndian.AppendUint32(nil, uint32(rounds))
		if err := work.UploadBytes(ctx, 0, binary.NativeEndian.AppendUint32(params, mask)); err != nil {
			return 0, err
		}
		t, err := b.dev.Run(ctx, pass)
		return t.Total, err
	}
	rounds = 8
	if _, err = run(rounds); err != nil { // some drivers compile at the first dispatch
		return 0, 0, err
	}
	for {
		t, err := run(rounds)
		if err != nil {
			return 0, 0, err
		}
		if t >= ceilingTime || rounds >= ceilingRounds {
			break
		}
		rounds *= 2
	}
	best = perRound(math.Inf(1))
	for range ceilingRuns {
		t, err := run(rounds)
		if err != nil {
			return 0, 0, err
		}
		best = min(best, perRound(t.Seconds()/float64(rounds)))
	}
	if best <= 0 {
		return 0, 0, fmt.Errorf("%s: the device's clock measured no time", x.Name)
	}
	return rounds, best, nil
}

// expect checks n vec4s of a result.
func (b *ceilingBench) expect(ctx context.Context, result *gpu.Buffer, n int, want float32) error {
	got := make([]float32, 4*n)
	if err := result.Download(ctx, 0, got); err != nil {
		return err
	}
	for i, v := range got {
		if v != want {
			return fmt.Errorf("%w: element %d of the result is %v, want %v: the ceiling would mean nothing", errWrong, i, v, want)
		}
	}
	return nil
}

// describe names a ceiling for people.
func (c Ceiling) describe(unit string) string {
	s := fmt.Sprintf("%s %s (%s", figures(c.Rate), unit, c.Variant)
	if c.Bytes > 0 {
		s += " of " + size(c.Bytes)
	}
	return s + ")"
}
