package images

import (
	"image"
	"image/color"
	"image/draw"
)

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
	case *image.NRGBA64, *image.RGBA64:
		for y := range to.Dy() {
			for x := range to.Dx() {
				c := straight(m.At(m.Bounds().Min.X+x, m.Bounds().Min.Y+y))
				out.SetRGBA(to.Min.X+x, to.Min.Y+y, color.RGBA{c.R, c.G, c.B, 255})
			}
		}
	default: // YCbCr, Gray, Gray16, CMYK, RGBA: opaque as Go's decoders make them
		draw.Draw(out, to, m, m.Bounds().Min, draw.Src)
	}
	for i := 3; i < len(out.Pix); i += 4 {
		out.Pix[i] = 255
	}
	return out
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
