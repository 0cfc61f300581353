package images

import (
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
)

// Opaque is m as RGBA with its upper left at (0, 0) and without alpha, which is dropped, not blended, as in Decode. An opaque
// *image.RGBA is returned as it is; of types that Decode doesn't give, DefaultLimits bound the size.
func Opaque(m image.Image) (*image.RGBA, error) {
	if m == nil {
		return nil, errors.New("no picture")
	}
	bounds := m.Bounds()
	if bounds.Empty() {
		return nil, errors.New("the picture is empty: it has no pixels")
	}
	if rgba, ok := m.(*image.RGBA); ok && rgba.Opaque() {
		return rgba, nil
	}
	switch m := m.(type) {
	case *turned:
		return upright(opaque(m.stored, m.stored.Bounds()), m.orientation), nil
	case *image.YCbCr, *image.Gray, *image.NRGBA: // have their pixels in memory already, as Decode's limits allowed
	default:
		if err := DefaultLimits.check(bounds.Size()); err != nil { // image.Uniform, for one, has a side of 2 billion
			return nil, fmt.Errorf("the picture has %w", err)
		}
	}
	return opaque(m, bounds), nil
}

// opaque copies m onto a black canvas whose upper left becomes (0, 0), and drops alpha.
func opaque(m image.Image, canvas image.Rectangle) *image.RGBA {
	out := image.NewRGBA(image.Rect(0, 0, canvas.Dx(), canvas.Dy()))
	to := m.Bounds().Sub(canvas.Min)
	switch m := m.(type) {
	case *image.NYCbCrA: // what it is without A
		draw.Draw(out, to, &m.YCbCr, m.Bounds().Min, draw.Src)
	case *image.NRGBA:
		for y := range to.Dy() {
			copy(out.Pix[out.PixOffset(to.Min.X, to.Min.Y+y):][:4*to.Dx()], m.Pix[y*m.Stride:])
		}
	case *image.NRGBA64: // big-endian
		for y := range to.Dy() {
			from, row := m.Pix[y*m.Stride:], out.Pix[out.PixOffset(to.Min.X, to.Min.Y+y):]
			for x := range to.Dx() {
				row[4*x], row[4*x+1], row[4*x+2] = from[8*x], from[8*x+2], from[8*x+4]
			}
		}
	case *image.Paletted:
		palette := make([]color.NRGBA, 256) // an index beyond the palette is black
		for i, c := range m.Palette {
			palette[i] = straight(c)
		}
		for y := range to.Dy() {
			for x := range to.Dx() {
				c := palette[m.Pix[y*m.Stride+x]]
				out.SetRGBA(to.Min.X+x, to.Min.Y+y, color.RGBA{c.R, c.G, c.B, 255})
			}
		}
	case opaquer:
		if m.Opaque() { // YCbCr, Gray, Gray16, CMYK …
			draw.Draw(out, to, m, m.Bounds().Min, draw.Src)
			break
		}
		straighten(out, to, m)
	default:
		straighten(out, to, m)
	}
	for i := 3; i < len(out.Pix); i += 4 {
		out.Pix[i] = 255
	}
	return out
}

// opaquer is an image that knows whether it has alpha.
type opaquer interface {
	image.Image
	Opaque() bool
}

// straighten copies pixel by pixel.
func straighten(out *image.RGBA, to image.Rectangle, m image.Image) {
	for y := range to.Dy() {
		for x := range to.Dx() {
			c := straight(m.At(m.Bounds().Min.X+x, m.Bounds().Min.Y+y))
			out.SetRGBA(to.Min.X+x, to.Min.Y+y, color.RGBA{c.R, c.G, c.B, 255})
		}
	}
}

// straight is c without its alpha multiplied in. Go's own conversion makes black of what is wholly transparent.
func straight(c color.Color) color.NRGBA {
	switch c := c.(type) {
	case color.NRGBA:
		return c
	case color.NRGBA64:
		return color.NRGBA{uint8(c.R >> 8), uint8(c.G >> 8), uint8(c.B >> 8), uint8(c.A >> 8)}
	}
	return color.NRGBAModel.Convert(c).(color.NRGBA)
}
