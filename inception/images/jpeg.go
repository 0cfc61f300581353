package images

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// jpegFrame is what decides how much decoding a JPEG takes.
type jpegFrame struct {
	progressive bool
	samples     int64 // of all planes, whole blocks of 8×8
	planes      int
	rgb         bool // may be converted from planes to pixels
}

// What a progressive JPEG may have. Every scan may visit every block of the picture, though a few bytes tell it to do nothing there:
// files of a few kilobytes could keep a processor busy for hours. Encoders make about ten scans.
const (
	maxScans  = 100
	maxVisits = 12e6 // blocks × scans: fifteen scans of the largest picture that the default memory allows
)

// scanJPEG reads a file's markers, in the way in which image/jpeg does.
func scanJPEG(r io.Reader) (jpegFrame, error) {
	b := bufio.NewReaderSize(r, 64<<10)
	var f jpegFrame
	scans := 0
	_, err := b.Discard(2)
	for err == nil {
		var marker byte
		if marker, err = nextMarker(b); err != nil || marker == 0xd9 { // end of image
			break
		}
		if marker >= 0xd0 && marker <= 0xd7 { // restart
			continue
		}
		var two [2]byte
		if _, err = io.ReadFull(b, two[:]); err != nil {
			break
		}
		left := int(binary.BigEndian.Uint16(two[:])) - 2
		if left < 0 {
			break
		}
		body, _ := b.Peek(min(left, 32))
		switch {
		case marker >= 0xc0 && marker <= 0xc2 && f.planes == 0:
			if err := f.start(body, marker == 0xc2); err != nil {
				return f, err
			}
		case marker == 0xee && len(body) >= 12 && string(body[:5]) == "Adobe" && body[11] == 0:
			f.rgb = true
		case marker == 0xda:
			if scans++; f.progressive && (scans > maxScans || int64(scans)*f.samples/64 > maxVisits) {
				return f, fmt.Errorf("%d scans of a progressive picture: %w", scans, ErrLimit)
			}
		}
		_, err = b.Discard(left)
	}
	if err != nil && err != io.EOF && !errors.Is(err, io.ErrUnexpectedEOF) {
		return f, err
	}
	return f, nil // what is missing, the decoder will miss
}

// nextMarker skips what stands before the next marker: a scan's bits, mostly.
func nextMarker(b *bufio.Reader) (byte, error) {
	for {
		if _, err := b.ReadSlice(0xff); err == bufio.ErrBufferFull {
			continue
		} else if err != nil {
			return 0, err
		}
		m := byte(0xff)
		for m == 0xff {
			var err error
			if m, err = b.ReadByte(); err != nil {
				return 0, err
			}
		}
		if m != 0 {
			return m, nil
		}
	}
}

// start reads the frame's header: bits, height, width, number of planes, and for each an id, its sampling factors, and a table.
func (f *jpegFrame) start(b []byte, progressive bool) error {
	if len(b) < 6 || len(b) < 6+3*int(b[5]) {
		return errors.New("a damaged frame header")
	}
	f.progressive, f.planes = progressive, int(b[5])
	h, w := int64(binary.BigEndian.Uint16(b[1:])), int64(binary.BigEndian.Uint16(b[3:]))
	planes := b[6:][:3*f.planes]
	f.rgb = f.rgb || f.planes == 3 && planes[0] == 'R' && planes[3] == 'G' && planes[6] == 'B'
	var first, sum int64
	for i := range f.planes {
		x, y := int64(planes[3*i+1]>>4), int64(planes[3*i+1]&15)
		if f.planes == 1 {
			x, y = 1, 1
		}
		if x*y == 0 {
			return errors.New("a damaged frame header")
		}
		if i == 0 {
			w, h, first = (w+8*x-1)/(8*x), (h+8*y-1)/(8*y), x*y
		}
		sum += max(x*y, 1)
	}
	f.samples = 64 * w * h * max(sum, first)
	return nil
}

// need is the planes, the coefficients of a progressive picture, and where the planes are made pixels of four bytes, those.
func (f jpegFrame) need(pixels int64) int64 {
	n := f.samples
	if f.progressive {
		n += 4 * f.samples
	}
	switch {
	case f.planes == 4:
		n += 8 * pixels // CMYK, then R, G, B, A
	case f.rgb:
		n += 4 * pixels
	}
	return n
}
