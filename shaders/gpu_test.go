package shaders_test

import (
	"context"
	"fmt"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"inceptiongl/cpuref"
	"inceptiongl/gpu"
	"inceptiongl/gpu/gputest"
	"inceptiongl/inception/tensor"
	"inceptiongl/shaders"
)

func TestMain(m *testing.M) { gputest.Main(m) }

// seed is fresh in every run; INCEPTIONGL_TEST_SEED repeats one.
var seed = func() uint64 {
	if s, err := strconv.ParseUint(os.Getenv("INCEPTIONGL_TEST_SEED"), 10, 64); err == nil {
		return s
	}
	return uint64(time.Now().UnixNano())
}()

// poison is a NaN with a payload: what the arena holds before a run, and after it wherever nothing should be written.
var poison = math.Float32frombits(0x7fc0dead)

// float32NaN is another NaN than poison.
var float32NaN = float32(math.NaN())

const guard = 16 // texels of poison around every tensor

// target is one destination of a problem: a tensor with more channels than are written.
type target struct {
	tensor.Shape                 // the destination tensor
	base, channel int            // its first texel; where the segment starts
	want          *cpuref.Result // what the segment holds; nil in benchmarks
	winograd      *cpuref.Result // the same, with the bound of a kernel that transforms; nil where none serves
}

// problem is a step ready to run: parameters, the arena before it, weights, and the answer.
type problem struct {
	name    string
	params  shaders.Params
	arena   []float32
	src     [2]int // where the input stands in the arena: between guards, and at its very end
	second  int    // where the second input stands, or 0
	weights []float32
	parts   []part // what weights are packed from, for kernels with another layout; none: weights is all there is
	targets []target
	flops   float64
}

// part is one segment's weights and bias as the graph has them.
type part struct {
	dims   shaders.Dims
	w, b   []float32
	noBias bool
}

// packed are the weights in the layout of k, and where the biases start: a guard before them and poison after them, so that a
// wrong base or a read past the end shows.
func (p *problem) packed(k shaders.Key) (weights []float32, biasBase int32) {
	if len(p.parts) == 0 {
		return p.weights, p.params.BiasBase
	}
	weights, biasBase = []float32{poison, poison, poison, poison}, -1
	l := k.Kernel.Layout()
	for _, a := range p.parts {
		to := make([]float32, l.Len(a.dims))
		for i := range to {
			to[i] = poison
		}
		l.Pack(to, a.w, a.dims)
		weights = append(weights, to...)
	}
	for i, a := range p.parts {
		if a.noBias {
			continue
		}
		if i == 0 {
			biasBase = int32(len(weights) / 4)
		}
		to := make([]float32, shaders.PackedBiasLen(len(a.b)))
		shaders.PackBias(to, a.b)
		weights = append(weights, to...)
	}
	return append(weights, poison, poison, poison, poison), biasBase
}

// lab is a device with buffers of just the problem's size.
type lab struct {
	tb  testing.TB
	dev *gpu.Device
	// exact binds each tensor by itself, the input at the very end of the buffer, as sessions do. Else the arena is bound whole,
	// where NaNs surround every tensor.
	exact                           bool
	sweeps                          int      // so far, of cases with the same window one after another
	window                          [7]int32 // the last one's
	arena, weights, params, scratch *gpu.Buffer
}

// newLabs are the two contexts: of tests, in debug mode, and of users. The test runs beside others: software drivers compile on one
// core, and that is most of the time.
func newLabs(t *testing.T) []*lab {
	t.Parallel()
	return []*lab{newLab(t), newUserLab(t)}
}

// someLabs are newLabs, of which on zink, where compiling takes longest, a run has one, as its seed has it.
func someLabs(t *testing.T) []*lab {
	l := newLabs(t)
	if i := seed % 2; strings.HasPrefix(l[0].dev.Info().Renderer, "zink") && !whole {
		return l[i : i+1]
	}
	return l
}

// A lab's device is the test's own: others don't wait while it compiles.
func newLab(tb testing.TB) *lab {
	return &lab{tb: tb, dev: gputest.New(tb, gpu.Options{Debug: true}, true)}
}

func newUserLab(tb testing.TB) *lab {
	return &lab{tb: tb, dev: gputest.New(tb, gpu.Options{}, true), exact: true}
}

func (l *lab) fit(b **gpu.Buffer, name string, bytes int) {
	if *b != nil && (*b).Size() == bytes {
		return
	}
	if *b != nil {
		_ = (*b).Close()
	}
	made, err := l.dev.NewBuffer(context.Background(), name, bytes)
	if err != nil {
		l.tb.Fatal(err)
	}
	*b = made
}

func (l *lab) target() shaders.Target { return shaders.Target{MaxIterations: 65535} }

// dispatches loads p's parameters and returns what computes it with kernel k: each launch in about that many parts.
func (l *lab) dispatches(k shaders.Key, p *problem, parts int) ([][]gpu.Dispatch, error) {
	params := p.params
	params.SrcBase = int32(p.src[0])
	params.Src2Base = int32(p.second)
	if l.exact {
		params.SrcBase, params.Src2Base = 0, 0
	}
	packed, biasBase := p.packed(k)
	params.BiasBase = biasBase
	whole, err := k.Launches(&params)
	if err != nil {
		return nil, err
	}
	align := max(l.dev.Limits().UniformAlign, 1)
	slot := (len(params.Bytes()) + align - 1) / align * align
	var launches []shaders.Launch
	var blocks []byte
	for _, launch := range whole {
		n := launch.Workgroups
		for _, part := range launch.Split((n[0]*n[1]*n[2] + parts - 1) / parts) {
			part.Fill(&params)
			launches = append(launches, part)
			blocks = append(blocks, append(params.Bytes(), make([]byte, slot-len(params.Bytes()))...)...)
		}
	}
	l.fit(&l.arena, "arena", 4*len(p.arena))
	l.fit(&l.weights, "weights", 4*len(packed))
	l.fit(&l.params, "params", len(blocks))
	l.fit(&l.scratch, "scratch", 16*max(k.ScratchTexels(&params), 1))
	if err := l.params.UploadBytes(context.Background(), 0, blocks); err != nil {
		return nil, err
	}
	var passes [][]gpu.Dispatch
	for i, launch := range launches {
		src, err := launch.Source()
		if err != nil {
			return nil, err
		}
		prog, err := l.dev.Program(context.Background(), gpu.Source(src))
		if err != nil {
			return nil, err
		}
		d := gpu.Dispatch{
			Name: k.String(), Program: prog, Groups: launch.Workgroups,
			Storage:  []gpu.Storage{{Binding: shaders.BindDestination, Buffer: l.arena}},
			Uniforms: []gpu.Uniforms{{Binding: shaders.BindParams, Buffer: l.params, Offset: i * slot, Size: len(params.Bytes())}},
		}
		if launch.To == shaders.Scratch {
			d.Storage[0].Buffer, d.Storage[0].Offset = l.scratch, 16*launch.ToRange.First
		}
		if launch.Totals {
			d.Storage = append(d.Storage, gpu.Storage{Binding: shaders.BindTotals, Buffer: l.scratch})
		}
		read := func(binding, unit int, b *gpu.Buffer, base int) { // from base on, where tensors are bound by themselves
			if !l.exact && b != l.scratch {
				base = 0
			}
			switch k.Load {
			case shaders.LoadSSBO:
				d.Storage = append(d.Storage, gpu.Storage{Binding: binding, Buffer: b, Offset: 16 * base})
			case shaders.LoadImage:
				d.Texels = append(d.Texels, gpu.Texel{Unit: unit, Kind: gpu.TexelImage, Buffer: b, Offset: 16 * base})
			default:
				d.Texels = append(d.Texels, gpu.Texel{Unit: unit, Kind: gpu.TexelSampler, Buffer: b, Offset: 16 * base})
			}
		}
		if launch.From == shaders.Scratch {
			read(shaders.BindSource, shaders.UnitSource, l.scratch, launch.FromRange.First)
		} else {
			read(shaders.BindSource, shaders.UnitSource, l.arena, p.src[1])
		}
		read(shaders.BindWeights, shaders.UnitWeights, l.weights, 0)
		if launch.Input {
			read(shaders.BindInput, shaders.UnitInput, l.arena, p.src[1])
		}
		if launch.Second {
			read(shaders.BindSecond, shaders.UnitSecond, l.arena, p.second)
		}
		passes = append(passes, []gpu.Dispatch{d})
	}
	return passes, nil
}

// check runs p with kernel k and compares every float of the arena: outputs with the reference, all else with itself.
func (l *lab) check(k shaders.Key, p *problem) error {
	got, err := l.run(k, p, 1)
	if err != nil {
		return err
	}
	return p.compareWith(k, got)
}

// checkParts is whether p with kernel k gives the same bits in several dispatches.
func (l *lab) checkParts(k shaders.Key, p *problem) error {
	whole, err := l.run(k, p, 1)
	if err != nil {
		return err
	}
	parts := 2 + int(seed+uint64(l.sweeps))%6
	got, err := l.run(k, p, parts)
	if err != nil {
		return err
	}
	for i := range got {
		if math.Float32bits(got[i]) != math.Float32bits(whole[i]) {
			return fmt.Errorf("in %d parts float %d of the arena is %v, not %v", parts, i, got[i], whole[i])
		}
	}
	return nil
}

// run is the arena after p ran with kernel k, in so many parts.
func (l *lab) run(k shaders.Key, p *problem, parts int) ([]float32, error) {
	acts := k.Acts
	k = k.For(&p.params)
	if acts != 0 || !l.exact || k.Load != shaders.LoadImage { // an epilogue for any destinations, else for this one: it is the same for every way to read
		k.Acts = acts | k.Acts&shaders.EveryAct // a test may want more than are needed
	}
	if err := k.Check(&p.params, l.target()); err != nil {
		return nil, err
	}
	waves, err := l.dispatches(k, p, parts)
	if err != nil {
		return nil, err
	}
	poisoned := make([]float32, l.scratch.Size()/4)
	for i := range poisoned {
		poisoned[i] = poison
	}
	packed, _ := p.packed(k)
	got := make([]float32, len(p.arena))
	_, err = l.dev.Run(context.Background(), &gpu.Pass{
		Uploads:   []gpu.Transfer{{Buffer: l.arena, Data: p.arena}, {Buffer: l.weights, Data: packed}, {Buffer: l.scratch, Data: poisoned}},
		Waves:     waves,
		Downloads: []gpu.Transfer{{Buffer: l.arena, Data: got}},
	})
	if err == nil {
		gputest.Case()
	}
	return got, err
}

// sweep runs one problem with every key that its destinations allow, and returns how many did. The last one runs in parts, too.
//
// Compiling is nine tenths of the time (and minutes with zink): the ways to read take turns from one window to the next, others in
// one context than in the other, from another start in every run. INCEPTIONGL_SWEEP=1 runs every one of them.
func (l *lab) sweep(t *testing.T, p *problem, keys []shaders.Key) int {
	t.Helper()
	q := &p.params
	if window := [...]int32{q.C, q.KernelH, q.KernelW, q.StrideH, q.StrideW, q.DilationH, q.DilationW}; window != l.window {
		l.window = window
		l.sweeps++
	}
	if os.Getenv("INCEPTIONGL_SWEEP") == "" {
		load := shaders.Loads()[(uint64(l.sweeps)+seed+number(l.exact))%3]
		if turn := slices.DeleteFunc(slices.Clone(keys), func(k shaders.Key) bool { return k.Load != load }); len(turn) > 0 {
			keys = turn
		}
	}
	ran := 0
	var last shaders.Key
	failed := func(k shaders.Key, err error) {
		t.Errorf("%v, exact %v\n  on %s: %v\n  INCEPTIONGL_TEST_SEED=%d", k, l.exact, p.name, err, seed)
	}
	for _, k := range keys {
		if k.Aligned && !p.params.Aligned() {
			continue // refused by Key.Check, see TestRefused
		}
		ran++
		last = k
		if err := l.check(k, p); err != nil {
			failed(k, err)
		}
	}
	if ran > 0 {
		if err := l.checkParts(last, p); err != nil {
			failed(last, err)
		}
	}
	return ran
}

func number(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}

// compare is check's verdict on the arena after the run of a kernel that sums directly.
func (p *problem) compare(got []float32) error {
	return p.compareWith(shaders.Key{Kernel: shaders.Conv}, got)
}

func (p *problem) compareWith(k shaders.Key, got []float32) error {
	free := make([]bool, len(got)) // floats that the step may write
	for i, t := range p.targets {
		segment := tensor.New(t.want.Shape)
		at := func(n, c, pixel int) int { // float index of channel c of the destination
			return 4*(t.base+(n*((t.C+3)/4)+c/4)*t.H*t.W+pixel) + c%4
		}
		for n := range t.N {
			for pixel := range t.H * t.W {
				for c := range segment.C {
					j := at(n, t.channel+c, pixel)
					segment.Data[(n*segment.C+c)*t.H*t.W+pixel] = got[j]
					free[j] = true
				}
				for c := t.C; c%4 != 0 && t.channel+segment.C == t.C; c++ {
					j := at(n, c, pixel)
					if math.Float32bits(got[j]) != 0 {
						return fmt.Errorf("segment %d: tail lane %d at image %d, pixel %d is %v, not 0", i, c, n, pixel, got[j])
					}
					free[j] = true
				}
			}
		}
		want := t.want
		if rows, _ := k.Kernel.Transforms(); rows != nil {
			want = t.winograd
		}
		if r := cpuref.Check(segment, want); r.Err != nil {
			return fmt.Errorf("segment %d: %w", i, r.Err)
		}
	}
	for j := range got {
		if !free[j] && math.Float32bits(got[j]) != math.Float32bits(p.arena[j]) {
			return fmt.Errorf("wrote %v to float %d of the arena, outside the destination (texel %d, input at texels %v)", got[j], j, j/4, p.src)
		}
	}
	return nil
}

// random fills n floats with values in ±scale.
// align is the texels that tensors start at multiples of: a range may be bound there on any device.
const align = 16

// place lays out the arena: guard, input, then for every destination guard and tensor, a guard, the second input if there is
// one, a guard, and the input once more at the very end.
// sameTensor as a target's base: the destination is the one before's.
const sameTensor = -1

// convProblem builds the problem of a case; ref says whether to compute the answer.
// poolProblem builds the problem of a pooling or copy case.
