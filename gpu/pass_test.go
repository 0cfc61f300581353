package gpu_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"inceptiongl/gpu"
	"inceptiongl/gpu/gputest"
)

func TestTwoWaves(t *testing.T) {
	d := gputest.Open(t)
	p := program(t, d, double)
	const n = 1000
	a, b, c := buffer(t, d, "a", make([]float32, n)), buffer(t, d, "b", make([]float32, n)), buffer(t, d, "c", make([]float32, n))
	got := make([]float32, n)
	timing, err := d.Run(bg, &gpu.Pass{
		Uploads:   []gpu.Transfer{{Buffer: a, Data: count(n)}},
		Waves:     [][]gpu.Dispatch{{doubleDispatch(p, a, b)}, {doubleDispatch(p, b, c)}},
		Downloads: []gpu.Transfer{{Buffer: c, Data: got}},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := count(n)
	for i := range want {
		want[i] *= 4
	}
	same(t, got, want)
	if timing.Wall <= 0 || timing.Total != 0 || timing.Waves != nil {
		t.Errorf("timing without Pass.Time is %+v, want only Wall", timing)
	}
}

// TestTexels reads what a storage block wrote, through both kinds of view.
func TestTexels(t *testing.T) {
	const copyText = `layout(local_size_x = 8) in;
layout(std430, binding = 2) writeonly buffer Out { vec4 dst[]; };
VIEW
void main() {
	uint i = gl_GlobalInvocationID.x;
	if (i < dst.length()) dst[i] = LOAD(src, int(i)) + 1.0;
}
`
	for _, tc := range []struct {
		name    string
		kind    gpu.TexelKind
		unit    int
		prelude string
	}{
		{"sampler", gpu.TexelSampler, 3, "#define VIEW layout(binding = 3) uniform samplerBuffer src;\n#define LOAD texelFetch\n"},
		{"image", gpu.TexelImage, 1, "#define VIEW layout(binding = 1, rgba32f) uniform readonly imageBuffer src;\n#define LOAD imageLoad\n"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			d := gputest.Open(t)
			twice := program(t, d, double)
			add := program(t, d, gpu.Source{Name: "add.comp", Prelude: tc.prelude, Text: copyText})
			const n = 4 * 37
			a, b, c := buffer(t, d, "a", count(n)), buffer(t, d, "b", make([]float32, n)), buffer(t, d, "c", make([]float32, n))
			x := gpu.Dispatch{
				Name: "add", Program: add, Groups: [3]int{5, 1, 1},
				Storage: []gpu.Storage{{Binding: 2, Buffer: c}},
				Texels:  []gpu.Texel{{Unit: tc.unit, Kind: tc.kind, Buffer: b}},
			}
			for range 2 { // the second pass uses the view that the first one made
				if _, err := d.Run(bg, &gpu.Pass{Waves: [][]gpu.Dispatch{{doubleDispatch(twice, a, b)}, {x}}}); err != nil {
					t.Fatal(err)
				}
			}
			want := count(n)
			for i := range want {
				want[i] = 2*want[i] + 1
			}
			same(t, download(t, c), want)
		})
	}
}

func TestUniformRanges(t *testing.T) {
	d := gputest.Open(t)
	p := program(t, d, gpu.Source{Name: "fill.comp", Text: `layout(local_size_x = 16) in;
layout(std140, binding = 1) uniform Params { vec4 value; ivec4 size; };
layout(std430, binding = 0) writeonly buffer Out { float dst[]; };
void main() {
	uint i = gl_GlobalInvocationID.x;
	if (i < uint(size.x)) dst[i] = value.y;
}
`})
	align := d.Limits().UniformAlign
	step := (32 + align - 1) / align * align
	u, err := d.NewBuffer(bg, "params", 2*step)
	if err != nil {
		t.Fatal(err)
	}
	defer u.Close()
	var raw [32]byte
	for k, v := range []float32{5, 7} {
		if err := u.Upload(bg, k*step, []float32{0, v, 0, 0}); err != nil {
			t.Fatal(err)
		}
		raw[16] = byte(16 * (k + 1)) // size.x
		if err := u.UploadBytes(bg, k*step+16, raw[16:]); err != nil {
			t.Fatal(err)
		}
	}
	a, b := buffer(t, d, "a", make([]float32, 32)), buffer(t, d, "b", make([]float32, 32))
	fill := func(to *gpu.Buffer, k int) gpu.Dispatch {
		return gpu.Dispatch{Name: "fill", Program: p, Groups: [3]int{2, 1, 1},
			Storage:  []gpu.Storage{{Binding: 0, Buffer: to}},
			Uniforms: []gpu.Uniforms{{Binding: 1, Buffer: u, Offset: k * step, Size: 32}}}
	}
	if _, err := d.Run(bg, &gpu.Pass{Waves: [][]gpu.Dispatch{{fill(a, 0), fill(b, 1)}}}); err != nil {
		t.Fatal(err)
	}
	wantA, wantB := make([]float32, 32), make([]float32, 32)
	for i := range 32 {
		wantB[i] = 7
		if i < 16 {
			wantA[i] = 5
		}
	}
	same(t, download(t, a), wantA)
	same(t, download(t, b), wantB)

	short := fill(a, 0)
	short.Uniforms[0].Size = 16
	if _, err := d.Run(bg, &gpu.Pass{Waves: [][]gpu.Dispatch{{short}}}); err == nil || !strings.Contains(err.Error(), "Params") {
		t.Errorf("a uniform range shorter than its block gave %v", err)
	}
}

// TestStorageRanges checks that a range starts at its offset and ends at its size.
func TestStorageRanges(t *testing.T) {
	d := gputest.Open(t)
	p := program(t, d, double)
	gap := max(64, d.Limits().StorageAlign/4)
	from, to := buffer(t, d, "from", count(3*gap)), buffer(t, d, "to", make([]float32, 3*gap))
	x := gpu.Dispatch{Name: "middle", Program: p, Groups: [3]int{(gap + 63) / 64, 1, 1}, Storage: []gpu.Storage{
		{Binding: 0, Buffer: from, Offset: 4 * gap},
		{Binding: 1, Buffer: to, Offset: 4 * gap, Size: 4 * gap},
	}}
	if _, err := d.Run(bg, &gpu.Pass{Waves: [][]gpu.Dispatch{{x}}}); err != nil {
		t.Fatal(err)
	}
	want := make([]float32, 3*gap)
	for i := gap; i < 2*gap; i++ {
		want[i] = 2 * float32(i+1)
	}
	same(t, download(t, to), want)
}

// TestOneFloat binds buffers smaller than a vec4, which some drivers round up to.
func TestOneFloat(t *testing.T) {
	d := gputest.Open(t)
	from, to := buffer(t, d, "from", []float32{21}), buffer(t, d, "to", []float32{0})
	if _, err := d.Run(bg, &gpu.Pass{Waves: [][]gpu.Dispatch{{doubleDispatch(program(t, d, double), from, to)}}}); err != nil {
		t.Fatal(err)
	}
	same(t, download(t, to), []float32{42})
}

// TestGroups checks that every workgroup in three dimensions runs once.
func TestGroups(t *testing.T) {
	d := gputest.Open(t)
	p := program(t, d, gpu.Source{Name: "groups.comp", Text: `layout(local_size_x = 4, local_size_y = 2) in;
layout(std430, binding = 0) buffer Out { float dst[]; };
void main() {
	uvec3 n = gl_NumWorkGroups * gl_WorkGroupSize, i = gl_GlobalInvocationID;
	dst[(i.z * n.y + i.y) * n.x + i.x] += 1.0;
}
`})
	if got := p.LocalSize(); got != [3]int{4, 2, 1} {
		t.Errorf("LocalSize is %v, want [4 2 1]", got)
	}
	groups := [3]int{3, 5, 7}
	b := buffer(t, d, "b", make([]float32, 3*5*7*4*2))
	x := gpu.Dispatch{Name: "groups", Program: p, Groups: groups, Storage: []gpu.Storage{{Binding: 0, Buffer: b}}}
	if _, err := d.Run(bg, &gpu.Pass{Waves: [][]gpu.Dispatch{{x}, {x}}}); err != nil {
		t.Fatal(err)
	}
	want := make([]float32, b.Size()/4)
	for i := range want {
		want[i] = 2
	}
	same(t, download(t, b), want)
}

func TestTiming(t *testing.T) {
	d := gputest.Open(t)
	p := program(t, d, double)
	a, b, c := buffer(t, d, "a", count(4096)), buffer(t, d, "b", make([]float32, 4096)), buffer(t, d, "c", make([]float32, 4096))
	pass := &gpu.Pass{Time: true, Waves: [][]gpu.Dispatch{{doubleDispatch(p, a, b), doubleDispatch(p, a, c)}, {}, {doubleDispatch(p, b, c)}}}
	for range 3 {
		got, err := d.Run(bg, pass)
		if err != nil {
			t.Fatal(err)
		}
		if len(got.Waves) != 3 || len(got.Dispatches) != 3 || len(got.Dispatches[0]) != 2 || len(got.Dispatches[1]) != 0 || len(got.Dispatches[2]) != 1 {
			t.Fatalf("wrong shape: %+v", got)
		}
		sum := got.Waves[0] + got.Waves[1] + got.Waves[2]
		if sum != got.Total || got.Total < 0 || got.Wall <= 0 {
			t.Errorf("waves add up to %v: %+v", sum, got)
		}
		for w, wave := range got.Dispatches {
			for _, each := range wave {
				if each < 0 || each > got.Waves[w] {
					t.Errorf("dispatch of %v in a wave of %v", each, got.Waves[w])
				}
			}
		}
	}
}

func TestRunRefuses(t *testing.T) {
	d := gputest.Open(t)
	p := program(t, d, double)
	a, b := buffer(t, d, "a", count(64)), buffer(t, d, "b", make([]float32, 64))
	shut := buffer(t, d, "shut", count(64))
	if err := shut.Close(); err != nil {
		t.Fatal(err)
	}
	lim := d.Limits()
	fine := func() gpu.Dispatch { return doubleDispatch(p, a, b) }
	for _, tc := range []struct {
		name string
		is   error // nil: any error
		edit func(x *gpu.Dispatch)
	}{
		{"no program", nil, func(x *gpu.Dispatch) { x.Program = nil }},
		{"no groups", gpu.ErrLimit, func(x *gpu.Dispatch) { x.Groups[1] = 0 }},
		{"negative groups", gpu.ErrLimit, func(x *gpu.Dispatch) { x.Groups[2] = -1 }},
		{"too many groups", gpu.ErrLimit, func(x *gpu.Dispatch) { x.Groups[1] = lim.MaxGroups[1] + 1 }},
		{"no buffer", nil, func(x *gpu.Dispatch) { x.Storage[0].Buffer = nil }},
		{"closed buffer", gpu.ErrClosed, func(x *gpu.Dispatch) { x.Storage[0].Buffer = shut }},
		{"binding left out", nil, func(x *gpu.Dispatch) { x.Storage = x.Storage[:1] }},
		{"binding too high", gpu.ErrLimit, func(x *gpu.Dispatch) { x.Storage[0].Binding = lim.StorageBindings }},
		{"negative binding", gpu.ErrLimit, func(x *gpu.Dispatch) { x.Storage[0].Binding = -1 }},
		{"misaligned", nil, func(x *gpu.Dispatch) { x.Storage[0].Offset = 1 }},
		{"negative offset", nil, func(x *gpu.Dispatch) { x.Storage[0].Offset = -256 }},
		{"offset at the end", nil, func(x *gpu.Dispatch) { x.Storage[0].Offset = 256 }},
		{"negative size", nil, func(x *gpu.Dispatch) { x.Storage[0].Size = -4 }},
		{"size too big", nil, func(x *gpu.Dispatch) { x.Storage[0].Size = 257 }},
		{"unit too high", gpu.ErrLimit, func(x *gpu.Dispatch) { x.Texels = []gpu.Texel{{Unit: lim.TextureUnits, Buffer: a}} }},
		{"image unit too high", gpu.ErrLimit, func(x *gpu.Dispatch) {
			x.Texels = []gpu.Texel{{Unit: lim.ImageUnits, Kind: gpu.TexelImage, Buffer: a}}
		}},
		{"unknown kind", nil, func(x *gpu.Dispatch) { x.Texels = []gpu.Texel{{Kind: 9, Buffer: a}} }},
		{"uniform binding too high", gpu.ErrLimit, func(x *gpu.Dispatch) {
			x.Uniforms = []gpu.Uniforms{{Binding: lim.UniformBindings, Buffer: a}}
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			x := fine()
			tc.edit(&x)
			_, err := d.Run(bg, &gpu.Pass{Waves: [][]gpu.Dispatch{{x}}})
			if err == nil || (tc.is != nil && !errors.Is(err, tc.is)) {
				t.Errorf("got %v, want %v", err, tc.is)
			}
		})
	}
	if _, err := d.Run(bg, nil); err == nil {
		t.Error("no error for a nil pass")
	}
	if _, err := d.Run(bg, &gpu.Pass{Uploads: []gpu.Transfer{{Buffer: a, Offset: 4, Data: count(64)}}}); err == nil {
		t.Error("no error for an upload past the end")
	}
	if _, err := d.Run(bg, &gpu.Pass{Downloads: []gpu.Transfer{{Data: count(64)}}}); err == nil {
		t.Error("no error for a download without a buffer")
	}
	// None of it may have hurt the device.
	if _, err := d.Run(bg, &gpu.Pass{Waves: [][]gpu.Dispatch{{fine()}}}); err != nil {
		t.Error(err)
	}
}

func TestRunCancelled(t *testing.T) {
	d := gputest.Open(t)
	p := program(t, d, double)
	a, b := buffer(t, d, "a", count(64)), buffer(t, d, "b", make([]float32, 64))
	ctx, cancel := context.WithCancel(bg)
	cancel()
	_, err := d.Run(ctx, &gpu.Pass{Waves: [][]gpu.Dispatch{{doubleDispatch(p, a, b)}}})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
	same(t, download(t, b), make([]float32, 64))

	// A context that ends after the first wave started must leave out the last.
	many := make([][]gpu.Dispatch, 50)
	for i := range many {
		many[i] = []gpu.Dispatch{doubleDispatch(p, a, b)}
	}
	could, stop := context.WithCancel(bg)
	defer stop()
	_, err = d.Run(&countdown{Context: could, left: 5}, &gpu.Pass{Waves: many})
	if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "before wave") {
		t.Errorf("got %v, want context.DeadlineExceeded between waves", err)
	}
	if _, err := d.Run(bg, &gpu.Pass{Waves: many}); err != nil {
		t.Errorf("after a cancelled pass: %v", err)
	}
}

// countdown is a context that ends after Err was asked left times.
type countdown struct {
	context.Context
	left int
}

func (c *countdown) Err() error {
	if c.left--; c.left < 0 {
		return context.DeadlineExceeded
	}
	return nil
}
