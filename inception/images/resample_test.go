package images

import (
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"math"
	"math/rand/v2"
	"runtime"
	"testing"
)

// noise is an opaque picture of random levels.
func noise(w, h int, seed uint64) *image.RGBA {
	m, r := image.NewRGBA(image.Rect(0, 0, w, h)), rand.New(rand.NewPCG(seed, 1))
	for i := range m.Pix {
		m.Pix[i] = uint8(r.Uint32()) | uint8(i%4/3*255)
	}
	return m
}

// triangle is the filter's formula in float64: one channel of m at (x, y) of w × h.
func triangle(m *image.RGBA, w, h, x, y, channel int) float64 {
	shares := func(n, out, i int) []float64 {
		scale := float64(n) / float64(out)
		all, sum := make([]float64, n), 0.0
		for k := range all {
			all[k] = max(0, 1-math.Abs(float64(k)+0.5-(float64(i)+0.5)*scale)/max(scale, 1))
			sum += all[k]
		}
		for k := range all {
			all[k] /= sum
		}
		return all
	}
	across, down, sum := shares(m.Rect.Dx(), w, x), shares(m.Rect.Dy(), h, y), 0.0
	for j, b := range down {
		for i, a := range across {
			if a*b > 0 {
				sum += a * b * float64(m.Pix[m.PixOffset(i, j)+channel])
			}
		}
	}
	return sum
}

// TestScale: every level is the formula's, rounded, whatever is shrunk, enlarged or left out.
func TestScale(t *testing.T) {
	for i, c := range []struct {
		w, h, toW, toH int
		part           image.Rectangle
	}{
		{40, 30, 13, 11, image.Rect(0, 0, 13, 11)},
		{40, 30, 13, 11, image.Rect(3, 2, 4, 9)},
		{9, 7, 31, 18, image.Rect(5, 0, 31, 17)},
		{9, 50, 31, 3, image.Rect(0, 1, 31, 3)},
		{17, 13, 17, 13, image.Rect(1, 1, 16, 12)},
		{1, 1, 5, 4, image.Rect(0, 0, 5, 4)},
		{300, 2, 1, 1, image.Rect(0, 0, 1, 1)},
	} {
		m := noise(c.w, c.h, uint64(i))
		got := scale(m, c.toW, c.toH, c.part)
		if got.Rect != image.Rect(0, 0, c.part.Dx(), c.part.Dy()) {
			t.Fatalf("%v: the result is %v", c, got.Rect)
		}
		for k, v := range got.Pix {
			x, y := c.part.Min.X+k/4%c.part.Dx(), c.part.Min.Y+k/4/c.part.Dx()
			if want := triangle(m, c.toW, c.toH, x, y, k%4); !(math.Abs(float64(v)-want) < 0.51) {
				t.Fatalf("%v: channel %d at (%d, %d) is %d, want %.3f", c, k%4, x, y, v, want)
			}
		}
	}
}

// TestScaleYCbCr: a JPEG's planes, scaled, are at least as near to the photo as it was before pixels shared colours as what is made R, G
// and B first: the triangle goes between shared colours, as Pillow's decoder does. Without shared colours they are the same. Sizes are
// such that the shared pixels don't divide them.
func TestScaleYCbCr(t *testing.T) {
	photo := load(t, "photos/coffee.png")
	for ratio := range subsampling {
		m := image.NewYCbCr(image.Rect(0, 0, 397, 299), ratio)
		flat := image.NewYCbCr(m.Rect, ratio)
		sums := make([][3]int, len(m.Cb)) // of Cb, of Cr, and how many
		for y := range 299 {
			for x := range 397 {
				c := photo.RGBAAt(x, y)
				at, shared := m.YOffset(x, y), m.COffset(x, y)
				level, cb, cr := color.RGBToYCbCr(c.R, c.G, c.B)
				sum := &sums[shared]
				sum[0], sum[1], sum[2] = sum[0]+int(cb), sum[1]+int(cr), sum[2]+1
				m.Y[at], m.Cb[shared], m.Cr[shared] = level, uint8(sum[0]/sum[2]), uint8(sum[1]/sum[2])
				flat.Y[at], flat.Cb[shared], flat.Cr[shared] = color.RGBToYCbCr(200, 100, 50)
			}
		}
		for _, size := range []image.Point{{61, 47}, {190, 151}, {397, 299}, {800, 611}} {
			p := Preset{Exact: Size{size.Y, size.X}, Crop: Size{31, 60}}
			want := fit(t, p, photo.SubImage(m.Rect))
			largest, mean := difference(t, fit(t, p, m), want)
			_, first := difference(t, fit(t, p, rgba(t, m)), want)
			t.Logf("%v to %v: largest difference %d, mean %.3f; R, G and B first: %.3f", ratio, size, largest, mean, first)
			if !(mean < first+0.02) || ratio == image.YCbCrSubsampleRatio444 && largest > 2 {
				t.Errorf("%v to %v: the largest difference is %d, the mean %.3f; R, G and B first: %.3f", ratio, size, largest, mean, first)
			}
			got, colour := fit(t, p, flat), rgba(t, flat).RGBAAt(0, 0)
			for i, v := range got.Pix {
				if d := int(v) - int([]uint8{colour.R, colour.G, colour.B, colour.A}[i%4]); d < -1 || d > 1 {
					t.Fatalf("%v to %v: a picture of one colour, %v, has a level of %d", ratio, size, colour, v)
				}
			}
		}
	}
}

// TestFitTurned: a picture that is scaled before it is turned is the one that is turned before it is scaled.
func TestFitTurned(t *testing.T) {
	stored := noise(61, 44, 7)
	for orientation := range 10 {
		m := turn(stored, orientation)
		want := upright(stored, orientation)
		if d, _ := difference(t, rgba(t, m), want); d != 0 {
			t.Errorf("orientation %d: Opaque differs by %d", orientation, d)
		}
		drawn := image.NewRGBA(m.Bounds())
		draw.Draw(drawn, drawn.Rect, m, m.Bounds().Min, draw.Src)
		if d, _ := difference(t, drawn, want); d != 0 {
			t.Errorf("orientation %d: drawn, it differs by %d", orientation, d)
		}
		for _, p := range []Preset{
			{Short: 32, Crop: Size{21, 30}}, {Short: 50, Crop: Size{49, 50}}, {Exact: Size{20, 33}}, {Exact: Size{20, 33}, Crop: Size{19, 2}},
		} {
			if d, _ := difference(t, fit(t, p, m), fit(t, p, want)); d > 1 {
				t.Errorf("orientation %d, %+v: a level differs by %d", orientation, p, d)
			}
		}
	}
}

// TestFitMemory: what scaling needs is a small part of the photo.
func TestFitMemory(t *testing.T) {
	p, err := FindPreset("imagenet")
	if err != nil {
		t.Fatal(err)
	}
	r := image.Rect(0, 0, 4000, 3000)
	for _, m := range []image.Image{image.NewYCbCr(r, image.YCbCrSubsampleRatio420), turn(image.NewNRGBA(r), 6)} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		fit(t, p, m)
		runtime.ReadMemStats(&after)
		if n := after.TotalAlloc - before.TotalAlloc; n > 6<<20 {
			t.Errorf("%T: %d bytes", m, n)
		}
	}
}

// BenchmarkFit is of photos of 12 million pixels.
func BenchmarkFit(b *testing.B) {
	p, err := FindPreset("imagenet")
	if err != nil {
		b.Fatal(err)
	}
	r := image.Rect(0, 0, 4000, 3000)
	black := image.NewRGBA(r)
	draw.Draw(black, r, image.Black, image.Point{}, draw.Src)
	for _, m := range []image.Image{image.NewYCbCr(r, image.YCbCrSubsampleRatio420), image.NewGray(r), black, image.NewNRGBA(r)} {
		b.Run(fmt.Sprintf("%T", m), func(b *testing.B) {
			for b.Loop() {
				if _, err := p.Fit(m); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
