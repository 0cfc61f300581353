package images

import (
	"image"
	"image/color"
)

// turned is a picture as a file has it, with what turns it upright. Turning it once it is small costs next to nothing.
type turned struct {
	stored      image.Image
	orientation int // EXIF's, 2 to 8
}

// turn is m with its EXIF orientation.
func turn(m image.Image, orientation int) image.Image {
	if orientation < 2 || orientation > 8 {
		return m
	}
	return &turned{m, orientation}
}

// ColorModel is that of the stored picture.
func (t *turned) ColorModel() color.Model { return t.stored.ColorModel() }

// Bounds is the upright picture's, from (0, 0) on.
func (t *turned) Bounds() image.Rectangle {
	return image.Rectangle{Max: sides(t.stored.Bounds().Size(), t.orientation)}
}

// At is the upright picture's colour.
func (t *turned) At(x, y int) color.Color {
	b := t.stored.Bounds()
	return t.stored.At(b.Min.X+where(b.Size(), t.orientation, x, y).X, b.Min.Y+where(b.Size(), t.orientation, x, y).Y)
}

// sides is the size of the upright picture for one that is stored with the size s, and the other way round.
func sides(s image.Point, orientation int) image.Point {
	if orientation >= 5 {
		return image.Pt(s.Y, s.X)
	}
	return s
}

// where is the place of the upright picture's pixel (x, y) in the stored one, of size s. EXIF's orientation 1 is upright; 2 to 4 are
// mirrored left to right, turned by 180°, mirrored top to bottom; 5 to 8 are those with rows and columns exchanged.
func where(s image.Point, orientation, x, y int) image.Point {
	right, bottom := s.X-1, s.Y-1
	switch orientation {
	case 2:
		return image.Pt(right-x, y)
	case 3:
		return image.Pt(right-x, bottom-y)
	case 4:
		return image.Pt(x, bottom-y)
	case 5:
		return image.Pt(y, x)
	case 6:
		return image.Pt(y, bottom-x)
	case 7:
		return image.Pt(right-y, bottom-x)
	case 8:
		return image.Pt(right-y, x)
	}
	return image.Pt(x, y)
}

// whereAll is where for a rectangle.
func whereAll(s image.Point, orientation int, r image.Rectangle) image.Rectangle {
	a, b := where(s, orientation, r.Min.X, r.Min.Y), where(s, orientation, r.Max.X-1, r.Max.Y-1)
	return image.Rect(min(a.X, b.X), min(a.Y, b.Y), max(a.X, b.X)+1, max(a.Y, b.Y)+1)
}

// upright undoes an EXIF orientation.
func upright(m *image.RGBA, orientation int) *image.RGBA {
	if orientation < 2 || orientation > 8 {
		return m
	}
	s := m.Rect.Size()
	out := image.NewRGBA(image.Rectangle{Max: sides(s, orientation)})
	for y := range out.Rect.Dy() {
		for x := range out.Rect.Dx() {
			from := where(s, orientation, x, y)
			copy(out.Pix[out.PixOffset(x, y):][:4], m.Pix[m.PixOffset(m.Rect.Min.X+from.X, m.Rect.Min.Y+from.Y):])
		}
	}
	return out
}
