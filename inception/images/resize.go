package images

import (
	"fmt"
	"image"
	"math"

	"golang.org/x/image/draw"
)

// Resize scales m to w × h pixels with a triangle filter, which widens where it shrinks: Pillow's BILINEAR. Every level is
// within 1 of Pillow's, which rounds once more between rows and columns.
func Resize(m *image.RGBA, w, h int) *image.RGBA {
	if m.Rect.Dx() == w && m.Rect.Dy() == h {
		return m
	}
	// x/image cuts off what is below 8 bits: so it scales into 16 bits, and the rounding is done here.
	wide := image.NewRGBA64(image.Rect(0, 0, w, h))
	draw.BiLinear.Scale(wide, wide.Rect, m, m.Rect, draw.Src, nil)
	out := image.NewRGBA(wide.Rect)
	for i := range out.Pix {
		v := uint32(wide.Pix[2*i])<<8 | uint32(wide.Pix[2*i+1])
		out.Pix[i] = uint8((v + 128) / 257)
	}
	return out
}

// ResizeShort scales m so that its shorter side has n pixels, torchvision's Resize(n): the longer side is rounded down. It is
// an error where the longer side becomes too long.
func ResizeShort(m *image.RGBA, n int) (*image.RGBA, error) {
	w, h := m.Rect.Dx(), m.Rect.Dy()
	short, long := min(w, h), max(w, h)
	if n*long/short > DefaultLimits.Side {
		return nil, fmt.Errorf("an image of %d×%d pixels is too narrow: with a shorter side of %d, the longer has %d", w, h, n, n*long/short)
	}
	return Resize(m, n*w/short, n*h/short), nil
}

// CenterCrop cuts w × h pixels out of the middle, torchvision's CenterCrop: an odd margin is halved to the even number. m
// must be that large.
func CenterCrop(m *image.RGBA, w, h int) *image.RGBA {
	x := int(math.RoundToEven(float64(m.Rect.Dx()-w) / 2))
	y := int(math.RoundToEven(float64(m.Rect.Dy()-h) / 2))
	return m.SubImage(image.Rect(x, y, x+w, y+h).Add(m.Rect.Min)).(*image.RGBA)
}
