// Package images turns photos into what a network reads: it decodes files, turns them upright, resizes and crops them, and
// normalises their levels.
package images

import (
	"bytes"
	"context"
	"fmt"
	"image"
	_ "image/gif" // the formats that image.Decode knows; TIFF is left out on purpose
	_ "image/jpeg"
	_ "image/png"
	"io"
	"io/fs"

	_ "golang.org/x/image/bmp"
	_ "golang.org/x/image/webp"
)

// Load reads a JPEG, PNG, GIF (its first frame), WebP or BMP file; see Decode. The error names the file.
func Load(path string, l Limits) (image.Image, error) {
	m, _, err := NewDecoder(l).Load(context.Background(), path)
	return m, err
}

// LoadFS is Load for a file of a file system.
func LoadFS(fsys fs.FS, name string, l Limits) (image.Image, error) {
	m, _, err := NewDecoder(l).LoadFS(context.Background(), fsys, name)
	return m, err
}

// Decode reads the content of an image file, whose format is told by its first bytes, and turns the image upright as its
// EXIF orientation says. The header is checked against the limits before any pixel is decoded. The image has whatever type is least
// work to scale. Preset.Fit, and Opaque for a copy of all pixels, make R, G, B of it: alpha is dropped, not blended, as Pillow's
// convert("RGB") does (but a GIF's transparent pixels are black); grey is repeated in R, G and B; of 16 bits the upper 8 are kept.
// For many pictures at once, a Decoder has one budget of memory.
func Decode(r io.Reader, l Limits) (image.Image, error) {
	l = l.filled()
	data, err := io.ReadAll(io.LimitReader(r, l.Bytes+1))
	if err != nil {
		return nil, err
	}
	return decode(data, l)
}

// decode is Decode for a file in memory, which isn't counted.
func decode(data []byte, l Limits) (image.Image, error) {
	h, err := examine(bytes.NewReader(data), int64(len(data)), l)
	if err == nil {
		err = l.checkMemory(h, h.need)
	}
	if err != nil {
		return nil, err
	}
	return decodePixels(data, h)
}

// decodePixels is decode once the header is known.
func decodePixels(data []byte, h header) (img image.Image, err error) {
	// A decoder's panic on a damaged file must not end a run over many.
	defer func() {
		if r := recover(); r != nil {
			img, err = nil, fmt.Errorf("%s: the decoder failed on this file: %v", h.format, r)
		}
	}()
	m, _, err := image.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("%s: truncated, damaged or of an unknown kind: %w", h.format, err)
	}
	if h.format == "gif" { // its frame may be a part of the canvas
		return opaque(m, image.Rectangle{Max: h.size}), nil
	}
	if a, ok := m.(*image.NYCbCrA); ok {
		m = &a.YCbCr // alpha is dropped
	}
	if ycc, ok := m.(*image.YCbCr); ok && h.format == "webp" {
		fullRange(ycc)
	}
	switch t := m.(type) {
	case *image.YCbCr, *image.Gray, *image.NRGBA: // scaled as they are, which is less work
		return turn(m, orientation(data, h.format)), nil
	case *image.RGBA:
		if t.Opaque() {
			return turn(m, orientation(data, h.format)), nil
		}
	}
	return turn(opaque(m, m.Bounds()), orientation(data, h.format)), nil
}
