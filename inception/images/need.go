package images

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"io"
)

// header is what is known of an image file before its pixels are decoded.
type header struct {
	format string
	size   image.Point
	kind   string // "progressive", "16 bits" …; may be empty
	need   int64  // bytes that decoding and scaling take at most, the file itself not counted
}

func (h header) String() string {
	s := fmt.Sprintf("%s of %d×%d pixels", h.format, h.size.X, h.size.Y)
	if h.kind != "" {
		s += ", " + h.kind
	}
	return s
}

// examine reads the header of a file of that many bytes, and checks it against the limits.
func examine(r io.ReaderAt, size int64, l Limits) (h header, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%s: the decoder failed on this file's header: %v", h.format, r)
		}
	}()
	if err := l.checkSize(size); err != nil {
		return header{}, err
	}
	begin := make([]byte, min(size, 32))
	if err := readAt(r, begin, 0); err != nil {
		return header{}, err
	}
	config, format, err := image.DecodeConfig(io.NewSectionReader(r, 0, size))
	if err != nil {
		return header{}, notImage(size, err)
	}
	h = header{format: format, size: image.Pt(config.Width, config.Height)}
	fail := func(err error) (header, error) { return h, fmt.Errorf("%s: %w", format, err) }
	if err := l.check(h.size); err != nil {
		return fail(fmt.Errorf("the header claims %w", err))
	}
	pixels := int64(h.size.X) * int64(h.size.Y)
	switch format {
	case "jpeg":
		f, err := scanJPEG(io.NewSectionReader(r, 0, size))
		if err != nil {
			return fail(err)
		}
		if f.progressive {
			h.kind = "progressive"
		}
		h.need = f.need(pixels)
	case "png":
		if len(begin) < 29 {
			return fail(io.ErrUnexpectedEOF)
		}
		h.need, h.kind = needPNG(pixels, begin[24], begin[25], begin[28] != 0)
	case "gif":
		h.need = 6 * pixels // indices, those again where interlaced, R, G, B, A
	case "bmp":
		h.need = 5 * pixels // indices, R, G, B, A
	case "webp":
		if h.need, err = needWebP(r, size, l); err != nil {
			return fail(err)
		}
	default:
		return fail(errors.New("not known here"))
	}
	h.need += int64(h.size.Y) * perRow
	return h, nil
}

// readAt fills b.
func readAt(r io.ReaderAt, b []byte, at int64) error {
	if n, err := r.ReadAt(b, at); n < len(b) {
		return cmp.Or(err, io.ErrUnexpectedEOF)
	}
	return nil
}

// perRow is what scaling to 342 columns keeps of each row: three levels of 16 bits for each.
const perRow = 3 * 2 * 342

// needPNG is for a bit depth and a colour type. Where a chunk tRNS makes one colour transparent, grey has four levels, too.
func needPNG(pixels int64, depth, colour byte, interlaced bool) (need int64, kind string) {
	const palette = 3
	perPixel, rgba := int64(4), int64(0)
	if colour == palette {
		perPixel, rgba = 1, 4
	}
	if depth == 16 {
		perPixel, rgba, kind = 8, 4, "16 bits"
	}
	if interlaced {
		perPixel *= 2 // each pass is an image of its own
		kind += " interlaced"
	}
	return pixels * (perPixel + rgba), kind
}

// needWebP adds up what each chunk's decoder allocates. image.DecodeConfig believes the first chunk. Animations are an error: the
// decoder doesn't know them.
func needWebP(r io.ReaderAt, size int64, l Limits) (need int64, err error) {
	var canvas image.Point
	var head [10]byte
	for at := int64(12); at+8 <= size; {
		if err := readAt(r, head[:8], at); err != nil {
			return 0, err
		}
		kind, n := string(head[:4]), int64(binary.LittleEndian.Uint32(head[4:]))
		c := head[:max(min(size-at-8, n, int64(len(head))), 0)]
		if err := readAt(r, c, at+8); err != nil {
			return 0, err
		}
		var s image.Point
		var more func(pixels int64) int64
		switch {
		case kind == "ANIM":
			return 0, errors.New("animated WebP is not supported: extract a frame")
		case kind == "VP8X" && len(c) >= 10: // flags (4), width − 1 and height − 1 in 24 bits each
			s = image.Pt(int(uint24(c[4:]))+1, int(uint24(c[7:]))+1)
			canvas = s
		case kind == "VP8 " && len(c) >= 10: // frame tag (3), start code (3), width and height in 14 bits of 16
			s = image.Pt(int(binary.LittleEndian.Uint16(c[6:])&0x3fff), int(binary.LittleEndian.Uint16(c[8:])&0x3fff))
			more = func(int64) int64 { return int64(s.X+15) * int64(s.Y+15) * 3 / 2 } // Y, Cb, Cr of whole macroblocks
		case kind == "VP8L" && len(c) >= 5: // signature, width − 1 and height − 1 in 14 bits each
			v := binary.LittleEndian.Uint32(c[1:])
			s = image.Pt(int(v&0x3fff)+1, int(v>>14&0x3fff)+1)
			more = func(pixels int64) int64 { return lossless(pixels, n) }
		case kind == "ALPH":
			s = canvas
			more = func(pixels int64) int64 { return lossless(pixels, n) + pixels } // compressed as VP8L is
		}
		if kind != "ALPH" && s != (image.Point{}) || more != nil {
			if err := l.check(s); err != nil {
				return 0, fmt.Errorf("the header claims %w", err)
			}
		}
		if more != nil {
			need += more(int64(s.X) * int64(s.Y))
		}
		at += 8 + n + n&1
	}
	return need, nil
}

func uint24(b []byte) uint32 { return uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16 }

// lossless is what golang.org/x/image/vp8l allocates for pixels that come in a chunk of n bytes: R, G, B, A, and those again where a
// transformation needs room; up to three pictures of transformations and one of groups, of a sixteenth of the size; and up to 2,600
// groups of five Huffman trees. A tree has two nodes of 8 bytes for a symbol, and half a bit can stand for one.
func lossless(pixels, n int64) int64 {
	const most, group, largest = 2600, 5 * 536, 52 << 10
	groups := min(most, pixels/16+1)
	return 9*pixels + groups*group + min(groups*largest, 256*n) + 64<<10
}

// notImage says what is wrong with a file that has no readable header.
func notImage(size int64, err error) error {
	switch {
	case size == 0:
		return fmt.Errorf("the file is empty")
	case err == image.ErrFormat:
		return fmt.Errorf("not a JPEG, PNG, GIF, WebP or BMP image")
	}
	return fmt.Errorf("truncated or damaged header: %w", err)
}

// unchanged reports a file that says something else of itself than a moment before.
func (h header) unchanged(data []byte, l Limits) error {
	now, err := examine(bytes.NewReader(data), int64(len(data)), l)
	if err == nil && now != h {
		err = errors.New("the file changes while it is read")
	}
	return err
}
