package images

import (
	"errors"
	"fmt"
	"image"
)

// Limits bound what is decoded: a small file can claim a huge image.
type Limits struct {
	Bytes  int64 // of the file
	Pixels int64 // width × height
	Side   int   // the longer of the two: what resizing needs grows with it
	// Memory is what decoding may take, in bytes: of one picture alone, and of all that a Decoder has in hand. It is counted before a
	// pixel is decoded, from what each format's decoder allocates. Go's garbage collector may keep as much again for a while.
	Memory int64
}

// DefaultLimits suit photos.
var DefaultLimits = Limits{Bytes: 256 << 20, Pixels: 100e6, Side: 1 << 15, Memory: 256 << 20}

// ErrLimit is what a picture beyond the Limits gives.
var ErrLimit = errors.New("more than is allowed")

// ErrMemory is the ErrLimit of a picture beyond Limits.Memory.
var ErrMemory = fmt.Errorf("decoding takes %w", ErrLimit)

func (l Limits) checkSize(bytes int64) error {
	if bytes > l.Bytes {
		return fmt.Errorf("%d bytes: %w: at most %d", bytes, ErrLimit, l.Bytes)
	}
	return nil
}

func (l Limits) check(s image.Point) error {
	if s.X < 1 || s.Y < 1 {
		return fmt.Errorf("%d×%d pixels", s.X, s.Y)
	}
	if max(s.X, s.Y) > l.Side || int64(s.X) > l.Pixels/int64(s.Y) {
		return fmt.Errorf("%d×%d pixels: %w: at most %d million, and %d a side", s.X, s.Y, ErrLimit, l.Pixels/1e6, l.Side)
	}
	return nil
}

// checkMemory reports a picture that would take too much: h says of what kind it is.
func (l Limits) checkMemory(h header, bytes int64) error {
	if bytes > l.Memory {
		return fmt.Errorf("%v: %w: up to %d MiB, at most %d MiB for photos at once; make it smaller first", h, ErrMemory, (bytes+1<<20-1)>>20, l.Memory>>20)
	}
	return nil
}
