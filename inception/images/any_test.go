package images

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	"image/draw"
	"math"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"testing/iotest"
)

// TestFitAny: a picture gives the same levels, whatever its type and wherever its bounds begin.
func TestFitAny(t *testing.T) {
	grey := image.NewGray(image.Rect(0, 0, 40, 30))
	for i := range grey.Pix {
		grey.Pix[i] = uint8(7*i + i/40)
	}
	p := Preset{Short: 24, Crop: Size{20, 16}, Order: RGB, Divisor: 1, Mean: []float32{0}, Std: []float32{1}}
	want, err := p.Tensor(grey)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		m    draw.Image
	}{
		{"Gray", image.NewGray(grey.Rect.Add(image.Pt(-5, 9)))},
		{"Gray16", image.NewGray16(grey.Rect)},
		{"RGBA", image.NewRGBA(grey.Rect.Add(image.Pt(3, 4)))},
		{"RGBA, part of a larger one", image.NewRGBA(image.Rect(0, 0, 60, 50)).SubImage(image.Rect(10, 10, 50, 40)).(draw.Image)},
		{"NRGBA", image.NewNRGBA(grey.Rect.Add(image.Pt(1, 1)))},
		{"NRGBA, part of a larger one", image.NewNRGBA(image.Rect(0, 0, 60, 50)).SubImage(image.Rect(10, 10, 50, 40)).(draw.Image)},
		{"RGBA64", image.NewRGBA64(grey.Rect)},
		{"NRGBA64", image.NewNRGBA64(grey.Rect)},
		{"CMYK", image.NewCMYK(grey.Rect)},
		{"a type of the user's", plain{image.NewRGBA(grey.Rect)}},
	} {
		draw.Draw(c.m, c.m.Bounds(), grey, image.Point{}, draw.Src)
		got, err := p.Tensor(c.m)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if !slices.Equal(got.Data, want.Data) {
			t.Errorf("%s: levels differ", c.name)
		}
	}
}

// plain hides what image.RGBA can do beyond a draw.Image.
type plain struct{ draw.Image }

// TestAlphaDropped: the colour of what is half transparent stays, for every type that has alpha.
func TestAlphaDropped(t *testing.T) {
	for name, m := range map[string]draw.Image{
		"RGBA": image.NewRGBA(image.Rect(0, 0, 2, 2)), "NRGBA": image.NewNRGBA(image.Rect(0, 0, 2, 2)),
		"RGBA64": image.NewRGBA64(image.Rect(0, 0, 2, 2)), "NRGBA64": image.NewNRGBA64(image.Rect(0, 0, 2, 2)),
		"a type of the user's": plain{image.NewNRGBA(image.Rect(0, 0, 2, 2))},
	} {
		draw.Draw(m, m.Bounds(), image.NewUniform(color.NRGBA{200, 100, 50, 128}), image.Point{}, draw.Src)
		got, err := Opaque(m)
		if err != nil {
			t.Fatal(err)
		}
		c := got.RGBAAt(1, 1) // within what alpha's multiplication rounds
		near := func(a uint8, b int) bool { return int(a) >= b-1 && int(a) <= b+1 }
		if !near(c.R, 200) || !near(c.G, 100) || !near(c.B, 50) || c.A != 255 {
			t.Errorf("%s: the colour is %v", name, c)
		}
	}
}

func TestFitErrors(t *testing.T) {
	p, err := FindPreset("imagenet")
	if err != nil {
		t.Fatal(err)
	}
	for want, m := range map[string]image.Image{
		"no picture": nil,
		"no pixels":  image.NewRGBA(image.Rectangle{}),
		"a side":     image.NewUniform(color.White),
		"million":    claims{image.Rect(0, 0, 30000, 30000)},
		"too narrow": image.NewGray(image.Rect(0, 0, 1, 1000)),
	} {
		if _, err := p.Fit(m); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error is %v, want %q", err, want)
		}
		if _, err := p.Tensor(image.NewGray(image.Rect(0, 0, 9, 9)), m); err == nil || !strings.Contains(err.Error(), "picture 1: ") {
			t.Errorf("error is %v, want the picture's number", err)
		}
	}
	if _, err := p.Tensor(); err == nil {
		t.Error("no pictures give a tensor")
	}
	p.Std = nil
	if _, err := p.Tensor(image.NewGray(image.Rect(0, 0, 9, 9))); err == nil {
		t.Error("a preset without std gives a tensor")
	}
}

// claims is an image of a size, without pixels.
type claims struct{ r image.Rectangle }

func (claims) ColorModel() color.Model   { return color.GrayModel }
func (c claims) Bounds() image.Rectangle { return c.r }
func (claims) At(int, int) color.Color   { return color.Gray{} }

func TestForSize(t *testing.T) {
	for _, c := range []struct {
		preset string
		size   Size
		want   Preset // its sizes
	}{
		{"imagenet", Square(224), Preset{Name: "imagenet", Short: 256, Crop: Square(224)}},
		{"imagenet", Square(227), Preset{Name: "imagenet, fitted to the model", Short: 259, Crop: Square(227)}},
		{"imagenet", Size{50, 63}, Preset{Name: "imagenet, fitted to the model", Short: 72, Crop: Size{50, 63}}},
		{"inception", Square(224), Preset{Name: "inception, fitted to the model", Short: 256, Crop: Square(224)}},
		{"caffe", Square(227), Preset{Name: "caffe, fitted to the model", Exact: Square(259), Crop: Square(227)}},
		{"digits", Size{32, 20}, Preset{Name: "digits, fitted to the model", Exact: Size{32, 20}}},
		{"digits", Size{}, Preset{Name: "digits", Exact: Square(28)}},
		{"unit", Square(1), Preset{Name: "unit, fitted to the model", Short: 1, Crop: Square(1)}},
	} {
		p, err := FindPreset(c.preset)
		if err != nil {
			t.Fatal(err)
		}
		got := p.ForSize(c.size)
		if got.Name != c.want.Name || got.Short != c.want.Short || got.Exact != c.want.Exact || got.Crop != c.want.Crop {
			t.Errorf("%s for %v is %+v, want %+v", c.preset, c.size, got, c.want)
		}
		if err := got.Check(); err != nil {
			t.Errorf("%s for %v: %v", c.preset, c.size, err)
		}
	}
	p, _ := FindPreset("imagenet")
	if err := p.ForSize(Square(math.MaxInt32)).Check(); err == nil {
		t.Error("an input of 2 billion rows passes")
	}
}

// TestSources: a path, a file system and a reader give the same picture, and the same bounds hold.
func TestSources(t *testing.T) {
	data, err := os.ReadFile("testdata/formats/rgb.jpg")
	if err != nil {
		t.Fatal(err)
	}
	want := load(t, "formats/rgb.jpg")
	inFS := func(l Limits) (image.Image, error) {
		return LoadFS(fstest.MapFS{"a/b.jpg": {Data: data}}, "a/b.jpg", l)
	}
	fromReader := func(l Limits) (image.Image, error) {
		return Decode(iotest.OneByteReader(bytes.NewReader(data)), l)
	}
	small := DefaultLimits
	small.Bytes = int64(len(data)) - 1
	for name, open := range map[string]func(Limits) (image.Image, error){"file system": inFS, "reader": fromReader} {
		got, err := open(DefaultLimits)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if d, _ := difference(t, rgba(t, got), want); d != 0 {
			t.Errorf("%s: a level differs by %d", name, d)
		}
		if _, err := open(small); err == nil || !strings.Contains(err.Error(), "allowed") {
			t.Errorf("%s: beyond the limit: %v", name, err)
		}
	}
	if _, err := LoadFS(os.DirFS("testdata"), "formats", DefaultLimits); err == nil || !strings.Contains(err.Error(), "regular") {
		t.Errorf("a folder: %v", err)
	}
	if _, err := LoadFS(os.DirFS("testdata"), "../images.go", DefaultLimits); err == nil {
		t.Error("a path out of the file system is read")
	}
	broken := errors.New("the line is cut")
	if _, err := Decode(iotest.ErrReader(broken), DefaultLimits); !errors.Is(err, broken) {
		t.Errorf("error is %v", err)
	}
}
