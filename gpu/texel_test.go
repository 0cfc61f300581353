package gpu_test

import (
	"errors"
	"strings"
	"testing"

	"inceptiongl/gpu"
	"inceptiongl/gpu/gputest"
)

// TestTwoNewViews reads two buffers through samplers in their very first dispatch: making the second buffer's view must
// not take the first one's texture unit.
func TestTwoNewViews(t *testing.T) {
	d := own(t)
	p := program(t, d, gpu.Source{Name: "two_views.comp", Text: `layout(local_size_x = 1) in;
layout(binding = 0) uniform samplerBuffer a;
layout(binding = 1) uniform samplerBuffer b;
layout(std430, binding = 0) writeonly buffer Out { vec4 dst[]; };
void main() { dst[0] = texelFetch(a, 0) - 10.0 * texelFetch(b, 0); }
`})
	a, b, out := buffer(t, d, "a", count(4)), buffer(t, d, "b", count(4)), buffer(t, d, "out", make([]float32, 4))
	_, err := d.Run(bg, &gpu.Pass{Waves: [][]gpu.Dispatch{{{
		Program: p, Groups: [3]int{1, 1, 1},
		Storage: []gpu.Storage{{Binding: 0, Buffer: out}},
		Texels:  []gpu.Texel{{Unit: 0, Kind: gpu.TexelSampler, Buffer: a}, {Unit: 1, Kind: gpu.TexelSampler, Buffer: b}},
	}}}})
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range download(t, out) {
		if want := float32(i+1) * -9; v != want {
			t.Errorf("element %d is %v, want %v", i, v, want)
		}
	}
}

// pickText adds a texel of each of two views, whose macros the prelude gives.
const pickText = `layout(local_size_x = 1) in;
layout(binding = 0 FORMAT) uniform VIEW a;
layout(binding = 1 FORMAT) uniform VIEW b;
layout(std430, binding = 0) writeonly buffer Out { vec4 dst[]; };
void main() {
	dst[0] = LOAD(a, 0);
	dst[1] = LOAD(b, 1);
	dst[2] = LOAD(a, 0) - 10.0 * LOAD(b, 0);
}
`

const (
	pickSampler = "#define VIEW samplerBuffer\n#define LOAD texelFetch\n#define FORMAT\n"
	pickImage   = "#define VIEW readonly imageBuffer\n#define LOAD imageLoad\n#define FORMAT , rgba32f\n"
)

// TestTexelRanges shows one buffer at two offsets in one dispatch, both made in it, then other ranges of the same buffer.
func TestTexelRanges(t *testing.T) {
	for _, tc := range []struct {
		name, prelude string
		kind          gpu.TexelKind
	}{{"sampler", pickSampler, gpu.TexelSampler}, {"image", pickImage, gpu.TexelImage}} {
		t.Run(tc.name, func(t *testing.T) {
			d := own(t)
			p := program(t, d, gpu.Source{Name: "pick.comp", Prelude: tc.prelude, Text: pickText})
			step := max(d.Limits().TexelAlign, 32) // bytes; alignments are powers of two
			src := count(step / 4 * 4)
			a, out := buffer(t, d, "a", src), buffer(t, d, "out", make([]float32, 12))
			for _, r := range [][4]int{ // offset and size of either view, in steps
				{1, 1, 2, 1}, {2, 1, 1, 1}, {0, 0, 3, 0}, {3, 1, 0, 4}, {1, 1, 2, 1},
			} {
				x := gpu.Dispatch{
					Name: "pick", Program: p, Groups: [3]int{1, 1, 1},
					Storage: []gpu.Storage{{Binding: 0, Buffer: out}},
					Texels: []gpu.Texel{
						{Unit: 0, Kind: tc.kind, Buffer: a, Offset: r[0] * step, Size: r[1] * step},
						{Unit: 1, Kind: tc.kind, Buffer: a, Offset: r[2] * step, Size: r[3] * step},
					},
				}
				if _, err := d.Run(bg, &gpu.Pass{Waves: [][]gpu.Dispatch{{x}}}); err != nil {
					t.Fatal(err)
				}
				want := make([]float32, 12)
				for i := range 4 {
					va, vb := src[r[0]*step/4+i], src[r[2]*step/4+i]
					want[i], want[4+i], want[8+i] = va, src[r[2]*step/4+4+i], va-10*vb
				}
				same(t, download(t, out), want)
			}
		})
	}
}

func TestTexelRefuses(t *testing.T) {
	d := gputest.Open(t)
	p := program(t, d, gpu.Source{Name: "pick.comp", Prelude: pickSampler, Text: pickText})
	align := d.Limits().TexelAlign
	a, out := buffer(t, d, "a", count(1024)), buffer(t, d, "out", make([]float32, 12))
	for _, tc := range []struct {
		name         string
		offset, size int
		says         string // empty: fine
	}{
		{"whole", 0, 0, ""}, {"last texel", 4096 - max(16, align), max(16, align), ""}, {"less than two texels", 0, 31, ""},
		{"less than a texel", 0, 15, "texel"}, {"at the end", 4096, 0, "texel"}, {"too long", 16 * align, 4096, "outside"},
		{"negative offset", -align, 16, "outside"}, {"negative size", 0, -16, "outside"}, {"past the end", 4096 + align, 0, "outside"},
		{"misaligned", align + 1, 16, "multiple"},
	} {
		if align == 1 && tc.says == "multiple" {
			continue
		}
		t.Run(tc.name, func(t *testing.T) {
			x := gpu.Dispatch{
				Name: "pick", Program: p, Groups: [3]int{1, 1, 1},
				Storage: []gpu.Storage{{Binding: 0, Buffer: out}},
				Texels:  []gpu.Texel{{Unit: 0, Buffer: a, Offset: tc.offset, Size: tc.size}, {Unit: 1, Buffer: a}},
			}
			_, err := d.Run(bg, &gpu.Pass{Waves: [][]gpu.Dispatch{{x}}})
			if (err == nil) != (tc.says == "") || (err != nil && !strings.Contains(err.Error(), tc.says)) {
				t.Errorf("got %v, want an error that mentions %q", err, tc.says)
			}
		})
	}
}

// TestBeyondBlock uses the upper part of a buffer that is larger than a storage block, in every way a shader can, and the
// values around it to see that nothing else is touched.
func TestBeyondBlock(t *testing.T) {
	d := own(t)
	lim := d.Limits()
	size := 200 << 20
	if most := lim.MaxStorageBlock; most >= size {
		if size = most + 1<<20; most > 256<<20 {
			t.Logf("the device's storage blocks have %d MiB: 200 MiB must do", most>>20)
			size = 200 << 20
		}
	}
	big, err := d.NewBuffer(bg, "big", size)
	if err != nil {
		t.Fatal(err)
	}
	defer big.Close()
	align := max(lim.StorageAlign, lim.TexelAlign, 16)
	at := (size - 4<<20) / align * align // in its last 4 MiB
	const n = 1024                       // values
	in, out := at, at+8*n
	guard := make([]float32, 3*n)
	for i := range guard {
		guard[i] = -1
	}
	if err := big.Upload(bg, at-4*n, guard); err != nil {
		t.Fatal(err)
	}
	if err := big.Upload(bg, in, count(n)); err != nil {
		t.Fatal(err)
	}
	var waves [][]gpu.Dispatch
	for k, prelude := range []string{
		"#define SRC layout(std430, binding = 0) readonly buffer In { vec4 src[]; }\n#define AT(i) src[i]\n",
		"#define SRC layout(binding = 0) uniform samplerBuffer src\n#define AT(i) texelFetch(src, i)\n",
		"#define SRC layout(binding = 0, rgba32f) uniform readonly imageBuffer src\n#define AT(i) imageLoad(src, i)\n",
	} {
		p := program(t, d, gpu.Source{Name: "upper.comp", Prelude: prelude, Text: `layout(local_size_x = 64) in;
SRC;
layout(std430, binding = 1) writeonly buffer Out { vec4 dst[]; };
void main() {
	int i = int(gl_GlobalInvocationID.x);
	dst[i] = 2.0 * AT(i);
}
`})
		x := gpu.Dispatch{Name: "upper", Program: p, Groups: [3]int{n / 4 / 64, 1, 1},
			Storage: []gpu.Storage{{Binding: 1, Buffer: big, Offset: out + 4*n*k, Size: 4 * n}}}
		switch k {
		case 0:
			x.Storage = append(x.Storage, gpu.Storage{Binding: 0, Buffer: big, Offset: in, Size: 4 * n})
		case 1:
			x.Texels = []gpu.Texel{{Kind: gpu.TexelSampler, Buffer: big, Offset: in, Size: 4 * n}}
		case 2:
			x.Texels = []gpu.Texel{{Kind: gpu.TexelImage, Buffer: big, Offset: in, Size: 4 * n}}
		}
		waves = append(waves, []gpu.Dispatch{x})
	}
	if _, err := d.Run(bg, &gpu.Pass{Waves: waves}); err != nil {
		t.Fatal(err)
	}
	got := make([]float32, 7*n)
	if err := big.Download(bg, at-4*n, got); err != nil {
		t.Fatal(err)
	}
	want := append(append(append([]float32{}, guard[:n]...), count(n)...), guard[:n]...)
	for range 3 {
		for i := range n {
			want = append(want, 2*float32(i+1))
		}
	}
	same(t, got, append(want, make([]float32, n)...))

	// The whole of it is too much for one binding only where the limits say so.
	x := waves[0][0]
	x.Storage = []gpu.Storage{{Binding: 0, Buffer: big}, x.Storage[0]}
	if _, err := d.Run(bg, &gpu.Pass{Waves: [][]gpu.Dispatch{{x}}}); errors.Is(err, gpu.ErrLimit) != (size > lim.MaxStorageBlock) {
		t.Errorf("binding %d bytes, where %d are allowed, gave %v", size, lim.MaxStorageBlock, err)
	}
}

// TestViewsOfNewBuffers: a buffer made after another was closed is read through its own views, whatever memory, handle and size they
// have in common. Its contents come from a shader, so that no upload hides it.
func TestViewsOfNewBuffers(t *testing.T) {
	for _, tc := range []struct {
		name, prelude string
		kind          gpu.TexelKind
	}{{"sampler", pickSampler, gpu.TexelSampler}, {"image", pickImage, gpu.TexelImage}} {
		t.Run(tc.name, func(t *testing.T) {
			d := own(t)
			p := program(t, d, gpu.Source{Name: "pick.comp", Prelude: tc.prelude, Text: pickText})
			write := program(t, d, gpu.Source{Name: "write.comp", Text: "layout(local_size_x = 64) in;\n" +
				"layout(std430, binding = 0) buffer Out { float v[]; };\nlayout(std140, binding = 0) uniform From { float first; };\n" +
				"void main() { if (gl_GlobalInvocationID.x < v.length()) v[gl_GlobalInvocationID.x] = first + float(gl_GlobalInvocationID.x); }\n"})
			out, from := buffer(t, d, "out", make([]float32, 12)), buffer(t, d, "from", make([]float32, 4))
			for i := range 60 {
				size := []int{512, 1536, 512, 4096, 1536}[i%5]
				first := float32(1 + 10000*i)
				a := buffer(t, d, "a", make([]float32, size))
				if err := from.Upload(bg, 0, []float32{first, 0, 0, 0}); err != nil {
					t.Fatal(err)
				}
				view := func(unit, offset int) gpu.Texel {
					return gpu.Texel{Unit: unit, Kind: tc.kind, Buffer: a, Offset: offset}
				}
				if _, err := d.Run(bg, &gpu.Pass{Waves: [][]gpu.Dispatch{
					{{Name: "write", Program: write, Groups: [3]int{size / 64, 1, 1}, Storage: []gpu.Storage{{Binding: 0, Buffer: a}},
						Uniforms: []gpu.Uniforms{{Binding: 0, Buffer: from}}}},
					{{Name: "pick", Program: p, Groups: [3]int{1, 1, 1}, Storage: []gpu.Storage{{Binding: 0, Buffer: out}}, Texels: []gpu.Texel{view(0, 0), view(1, 0)}}},
				}}); err != nil {
					t.Fatal(err)
				}
				want := make([]float32, 12)
				for k := range 4 {
					v := first + float32(k)
					want[k], want[4+k], want[8+k] = v, first+float32(4+k), v-10*v
				}
				same(t, download(t, out), want)
				if err := a.Close(); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}
