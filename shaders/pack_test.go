package shaders_test

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unsafe"

	"inceptiongl/shaders"
)

func TestPackTensor(t *testing.T) {
	g := newGen()
	for _, s := range [][4]int{{1, 1, 1, 1}, {2, 3, 5, 7}, {3, 4, 1, 1}, {1, 15, 7, 9}, {2, 16, 3, 3}, {3, 33, 1, 17}, {1, 192, 28, 28}, {2, 193, 28, 28}} {
		n, c, h, w := s[0], s[1], s[2], s[3]
		src := g.random(n*c*h*w, 1)
		packed := make([]float32, shaders.TensorLen(n, c, h, w)+4)
		for i := range packed {
			packed[i] = poison
		}
		shaders.PackTensor(packed, src, n, c, h, w)
		c4 := (c + 3) / 4
		for i, v := range packed[:len(packed)-4] { // the definition: lane c%4 of texel ((n·C4 + c/4)·H + y)·W + x
			pixel, plane := i/4%(h*w), i/4/(h*w)
			ch, want := plane%c4*4+i%4, float32(0)
			if ch < c {
				want = src[(plane/c4*c+ch)*h*w+pixel]
			}
			if v != want {
				t.Fatalf("%v: packed float %d is %v, want %v", s, i, v, want)
			}
		}
		for _, v := range packed[len(packed)-4:] {
			if v == v {
				t.Fatalf("%v: packing wrote past the end", s)
			}
		}
		back := make([]float32, len(src))
		shaders.UnpackTensor(back, packed, n, c, h, w)
		if !slices.Equal(back, src) {
			t.Errorf("%v: unpacked differs", s)
		}
	}
}

func TestConvTexels(t *testing.T) {
	g := newGen()
	for _, s := range [][4]int{{1, 1, 1, 1}, {13, 3, 3, 3}, {16, 33, 1, 7}, {5, 6, 2, 1}} {
		out, in, kh, kw := s[0], s[1], s[2], s[3]
		w := g.random(out*in*kh*kw, 1)
		dims := shaders.Dims{Out: out, In: in, KernelH: kh, KernelW: kw}
		packed := make([]float32, shaders.ConvTexels.Len(dims))
		for i := range packed {
			packed[i] = poison
		}
		shaders.ConvTexels.Pack(packed, w, dims)
		ig := (in + 3) / 4
		for j, v := range packed {
			o, i, tap := j/16/(kh*kw)/ig*4+j%4, j/16/(kh*kw)%ig*4+j/4%4, j/16%(kh*kw)
			want := float32(0)
			if o < out && i < in {
				want = w[(o*in+i)*kh*kw+tap]
			}
			if v != want {
				t.Fatalf("%v: packed float %d is %v, want %v", s, j, v, want)
			}
		}
	}
	bias := []float32{poison, poison, poison, poison, poison, poison, poison, poison}
	shaders.PackBias(bias, []float32{1, 2, 3, 4, 5})
	if !slices.Equal(bias, []float32{1, 2, 3, 4, 5, 0, 0, 0}) {
		t.Errorf("packed bias is %v", bias)
	}
}

// TestParamsLayout compares the Go structs with std140: every field has 4 bytes, so fields follow each other, and arrays
// of structs start and step at multiples of 16.
func TestParamsLayout(t *testing.T) {
	var p shaders.Params
	if size := unsafe.Sizeof(p.Seg[0]); size != 32 {
		t.Errorf("Segment has %d bytes, not 32", size)
	}
	if size, at := unsafe.Sizeof(p.Axis[0]), unsafe.Offsetof(p.Axis); size != 16 || at%16 != 0 || unsafe.Offsetof(p.Axes)%16 != 0 {
		t.Errorf("Axis has %d bytes, not 16, or is at byte %d", size, at)
	}
	if at := unsafe.Offsetof(p.Seg); at%16 != 0 || at != 192 {
		t.Errorf("Seg is at byte %d, not 192", at)
	}
	if size := len(p.Bytes()); size != 192+8*32+16+12*16 || uintptr(size) != unsafe.Sizeof(p) {
		t.Errorf("Params has %d bytes", size)
	}
	// The names and their order, in the shader and in Go.
	launches, err := shaders.Key{Kernel: shaders.Copy}.Launches(&shaders.Params{N: 1, OutG: 1, OutH: 1, OutW: 1})
	if err != nil {
		t.Fatal(err)
	}
	src, err := launches[0].Source()
	if err != nil {
		t.Fatal(err)
	}
	for block, v := range map[string]reflect.Type{"uniform Params": reflect.TypeOf(p)} {
		_, text, _ := strings.Cut(src.Prelude, block)
		_, text, _ = strings.Cut(text, "{")
		text, _, _ = strings.Cut(text, "}")
		var names []string
		for line := range strings.Lines(text) {
			line, _, _ = strings.Cut(line, "//")
			for f := range strings.FieldsFuncSeq(line, func(r rune) bool { return strings.ContainsRune(" ,;\t\n", r) }) {
				if f, _, _ = strings.Cut(f, "["); f != "int" && f != "ivec4" && f != "float" {
					names = append(names, strings.ToLower(strings.ReplaceAll(f, "_", "")))
				}
			}
		}
		var want []string
		for i := range v.NumField() {
			if f := v.Field(i); f.Name != "_" {
				want = append(want, strings.ToLower(f.Name))
			}
		}
		if got := strings.ReplaceAll(fmt.Sprint(names), "convgroups", "groups"); got != fmt.Sprint(want) {
			t.Errorf("%s: GLSL has %v, Go has %v", block, got, want)
		}
	}
	if b := (&shaders.Params{SrcBase: 0x01020304}).Bytes(); b[16] != 4 || b[19] != 1 {
		t.Errorf("SrcBase is not at byte 16, or not little-endian: % x", b[:32])
	}
}

func BenchmarkPackTensor(b *testing.B) {
	src := make([]float32, 192*28*28)
	dst := make([]float32, len(src))
	b.SetBytes(int64(4 * len(src)))
	for b.Loop() {
		shaders.PackTensor(dst, src, 1, 192, 28, 28)
	}
}

func BenchmarkUnpackTensor(b *testing.B) {
	src := make([]float32, 192*28*28)
	dst := make([]float32, len(src))
	b.SetBytes(int64(4 * len(src)))
	for b.Loop() {
		shaders.UnpackTensor(dst, src, 1, 192, 28, 28)
	}
}
