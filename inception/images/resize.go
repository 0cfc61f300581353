package images

import (
	"fmt"
	"image"
	"math"
)

// Resize scales m to w × h pixels with a triangle filter, which widens where it shrinks: Pillow's BILINEAR. Every level is
// within 1 of Pillow's, which rounds once more between rows and columns.
func Resize(m *image.RGBA, w, h int) *image.RGBA {
	if m.Rect.Dx() == w && m.Rect.Dy() == h {
		return m
	}
	return scale(m, w, h, image.Rect(0, 0, w, h))
}

// ResizeShort scales m so that its shorter side has n pixels, torchvision's Resize(n): the longer side is rounded down. It is
// an error where the longer side becomes too long.
func ResizeShort(m *image.RGBA, n int) (*image.RGBA, error) {
	size, err := shortSize(m.Rect.Size(), n)
	if err != nil {
		return nil, err
	}
	return Resize(m, size.X, size.Y), nil
}

// shortSize is the size that ResizeShort gives a picture of the size s.
func shortSize(s image.Point, n int) (image.Point, error) {
	short, long := min(s.X, s.Y), max(s.X, s.Y)
	if n*long/short > DefaultLimits.Side {
		return s, fmt.Errorf("an image of %d×%d pixels is too narrow: with a shorter side of %d, the longer has %d", s.X, s.Y, n, n*long/short)
	}
	return image.Pt(n*s.X/short, n*s.Y/short), nil
}

// CenterCrop cuts w × h pixels out of the middle, torchvision's CenterCrop: an odd margin is halved to the even number. m
// must be that large.
func CenterCrop(m *image.RGBA, w, h int) *image.RGBA {
	return m.SubImage(middle(m.Rect.Size(), w, h).Add(m.Rect.Min)).(*image.RGBA)
}

// middle is what CenterCrop cuts out of a picture of the size s.
func middle(s image.Point, w, h int) image.Rectangle {
	x := int(math.RoundToEven(float64(s.X-w) / 2))
	y := int(math.RoundToEven(float64(s.Y-h) / 2))
	return image.Rect(x, y, x+w, y+h)
}

// scale is the part of m, scaled to w × h pixels, that lies in part. m is what simple gives.
func scale(m image.Image, w, h int, part image.Rectangle) *image.RGBA {
	out := image.NewRGBA(image.Rect(0, 0, part.Dx(), part.Dy()))
	size := m.Bounds().Size()
	colours := func(pix []uint8, stride int) {
		s := samples{pix, stride, 3, size.X, size.Y, float64(size.X), float64(size.Y)}
		for i, v := range s.scale(w, h, part) {
			out.Pix[i/3*4+i%3] = level(int64(v), 8)
		}
	}
	plane := func(pix []uint8, stride int, ratio image.Point) []uint16 {
		s := samples{pix, stride, 1, (size.X + ratio.X - 1) / ratio.X, (size.Y + ratio.Y - 1) / ratio.Y,
			float64(size.X) / float64(ratio.X), float64(size.Y) / float64(ratio.Y)}
		return s.scale(w, h, part)
	}
	switch m := m.(type) {
	case *image.RGBA:
		colours(m.Pix, m.Stride)
	case *image.NRGBA:
		colours(m.Pix, m.Stride)
	case *image.Gray:
		for i, v := range plane(m.Pix, m.Stride, image.Pt(1, 1)) {
			l := level(int64(v), 8)
			copy(out.Pix[4*i:], []uint8{l, l, l})
		}
	case *image.YCbCr: // made R, G, B where there are few pixels left
		ratio := subsampling[m.SubsampleRatio]
		ys := plane(m.Y, m.YStride, image.Pt(1, 1))
		cbs, crs := plane(m.Cb, m.CStride, ratio), plane(m.Cr, m.CStride, ratio)
		for i, y := range ys { // JFIF's factors, × 2¹⁶
			y, cb, cr := int64(y)<<16, int64(cbs[i])-128<<8, int64(crs[i])-128<<8
			copy(out.Pix[4*i:], []uint8{level(y+91881*cr, 24), level(y-22554*cb-46802*cr, 24), level(y+116130*cb, 24)})
		}
	}
	for i := 3; i < len(out.Pix); i += 4 {
		out.Pix[i] = 255
	}
	return out
}

// level is v / 2ᵇⁱᵗˢ, rounded and in 0…255.
func level(v int64, bits int) uint8 {
	return uint8(min(max((v+1<<(bits-1))>>bits, 0), 255))
}

// subsampling is how many pixels share a pixel of the colour planes.
var subsampling = map[image.YCbCrSubsampleRatio]image.Point{
	image.YCbCrSubsampleRatio444: {X: 1, Y: 1}, image.YCbCrSubsampleRatio422: {X: 2, Y: 1}, image.YCbCrSubsampleRatio420: {X: 2, Y: 2},
	image.YCbCrSubsampleRatio440: {X: 1, Y: 2}, image.YCbCrSubsampleRatio411: {X: 4, Y: 1}, image.YCbCrSubsampleRatio410: {X: 4, Y: 2},
}

// simple is m as one of the types that scale knows, without a copy where it is one.
func simple(m image.Image) (image.Image, error) {
	if m != nil && !m.Bounds().Empty() {
		if a, ok := m.(*image.NYCbCrA); ok {
			m = &a.YCbCr // alpha is dropped
		}
		switch m := m.(type) {
		case *image.NRGBA, *image.Gray:
			return m, nil
		case *image.YCbCr:
			if _, ok := subsampling[m.SubsampleRatio]; ok && m.Rect.Min == (image.Point{}) { // elsewhere, colours may begin within a pixel
				return m, nil
			}
		}
	}
	return Opaque(m)
}
