// Package images turns photos into what a network reads: it decodes files, turns them upright, resizes and crops them, and
// normalises their levels.
package images

import (
	"bytes"
	"fmt"
	"image"
	_ "image/gif" // the formats that image.Decode knows; TIFF is left out on purpose
	_ "image/jpeg"
	_ "image/png"
	"io"
	"io/fs"

	_ "golang.org/x/image/bmp"
	_ "golang.org/x/image/webp"

	"inceptiongl/inception/files"
)

// Limits bound what is decoded: a small file can claim a huge image.
type Limits struct {
	Bytes  int64 // of the file
	Pixels int64 // width × height
	Side   int   // the longer of the two: what resizing needs grows with it
}

// DefaultLimits suit photos.
var DefaultLimits = Limits{Bytes: 256 << 20, Pixels: 100e6, Side: 1 << 15}

// Load reads a JPEG, PNG, GIF (its first frame), WebP or BMP file; see Decode. The error names the file.
func Load(path string, l Limits) (image.Image, error) {
	f, err := files.Open(path)
	if err != nil {
		return nil, err // names the path
	}
	return readImage(f, path, l)
}

// LoadFS is Load for a file of a file system.
func LoadFS(fsys fs.FS, name string, l Limits) (image.Image, error) {
	f, err := files.OpenFS(fsys, name)
	if err != nil {
		return nil, err
	}
	return readImage(f, name, l)
}

func readImage(f fs.File, name string, l Limits) (image.Image, error) {
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if info.Size() > l.Bytes {
		return nil, fmt.Errorf("%s: %d bytes are more than the %d allowed", name, info.Size(), l.Bytes)
	}
	img, err := Decode(f, l)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return img, nil
}

// Decode reads the content of an image file, whose format is told by its first bytes, and turns the image upright as its
// EXIF orientation says. The header is checked against the limits before any pixel is decoded. The image has whatever type is least
// work to scale. Preset.Fit, and Opaque for a copy of all pixels, make R, G, B of it: alpha is dropped, not blended, as Pillow's
// convert("RGB") does (but a GIF's transparent pixels are black); grey is repeated in R, G and B; of 16 bits the upper 8 are kept.
func Decode(r io.Reader, l Limits) (image.Image, error) {
	data, err := io.ReadAll(io.LimitReader(r, l.Bytes+1))
	if err != nil {
		return nil, err
	}
	if int64(len(data)) > l.Bytes {
		return nil, fmt.Errorf("more than the %d bytes allowed", l.Bytes)
	}
	return decode(data, l)
}

func decode(data []byte, l Limits) (img image.Image, err error) {
	header, format, err := image.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return nil, notImage(data, err)
	}
	sizes := []image.Point{{X: header.Width, Y: header.Height}}
	if format == "webp" {
		inner, err := webpSizes(data)
		if err != nil {
			return nil, fmt.Errorf("webp: %w", err)
		}
		sizes = append(sizes, inner...)
	}
	for _, s := range sizes {
		if err := l.check(s); err != nil {
			return nil, fmt.Errorf("%s: the header claims %w", format, err)
		}
	}
	// A decoder's panic on a damaged file must not end a run over many.
	defer func() {
		if r := recover(); r != nil {
			img, err = nil, fmt.Errorf("%s: the decoder failed on this file: %v", format, r)
		}
	}()
	m, _, err := image.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("%s: truncated, damaged or of an unknown kind: %w", format, err)
	}
	if format == "gif" { // its frame may be a part of the canvas
		return opaque(m, image.Rect(0, 0, header.Width, header.Height)), nil
	}
	switch m.(type) {
	case *image.YCbCr, *image.Gray, *image.NRGBA: // scaled as they are, which is less work
		return turn(m, orientation(data, format)), nil
	}
	return turn(opaque(m, m.Bounds()), orientation(data, format)), nil
}

func (l Limits) check(s image.Point) error {
	if s.X < 1 || s.Y < 1 {
		return fmt.Errorf("%d×%d pixels", s.X, s.Y)
	}
	if max(s.X, s.Y) > l.Side || int64(s.X) > l.Pixels/int64(s.Y) {
		return fmt.Errorf("%d×%d pixels; at most %d million are allowed, and %d a side", s.X, s.Y, l.Pixels/1e6, l.Side)
	}
	return nil
}

// notImage says what is wrong with data that has no readable header.
func notImage(data []byte, err error) error {
	switch {
	case len(data) == 0:
		return fmt.Errorf("the file is empty")
	case err == image.ErrFormat:
		return fmt.Errorf("not a JPEG, PNG, GIF, WebP or BMP image")
	}
	return fmt.Errorf("truncated or damaged header: %w", err)
}
