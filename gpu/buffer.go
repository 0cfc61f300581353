package gpu

import (
	"context"
	"fmt"
	"math"
	"sync/atomic"
	"unsafe"
)

// Buffer is a GL buffer object (section 6). It may be used from any goroutine.
type Buffer struct {
	dev  *Device
	name string
	size int
	ids  bufferIDs // used on the thread only
	shut atomic.Bool
}

// maxBuffer bounds a buffer's bytes. GL's sizes and offsets are signed words; half
// their range leaves drivers room to round up. What the driver really has is its
// own to say, with GL_OUT_OF_MEMORY.
const maxBuffer = math.MaxInt / 2

// NewBuffer allocates size bytes of GPU memory, filled with zeros. The name is
// for messages. It may be larger than Limits.MaxStorageBlock and MaxTexelBuffer:
// those limit the ranges that a dispatch binds. If the driver returns
// GL_OUT_OF_MEMORY the error is ErrOutOfMemory; what else uses the device goes on,
// unless the context is broken: then the error is ErrContextLost as well.
func (d *Device) NewBuffer(ctx context.Context, name string, size int) (*Buffer, error) {
	if d.closed() {
		return nil, fmt.Errorf("gpu: buffer %s: device: %w", name, ErrClosed)
	}
	if size <= 0 {
		return nil, fmt.Errorf("gpu: buffer %s: size %d: want at least 1 byte", name, size)
	}
	if size > maxBuffer {
		return nil, fmt.Errorf("gpu: buffer %s: %d bytes, a buffer can have %d: %w; use a smaller batch", name, size, maxBuffer, ErrLimit)
	}
	b := &Buffer{dev: d, name: name, size: size}
	err := d.do(ctx, func() (err error) {
		b.ids, err = d.drv.newBuffer(ctx, name, size)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("gpu: buffer %s (%d bytes): %w", name, size, err)
	}
	return b, nil
}

// Size is in bytes.
func (b *Buffer) Size() int { return b.size }

// Name is what NewBuffer was given.
func (b *Buffer) Name() string { return b.name }

// Upload copies data to the buffer, from offset bytes on. After an error those
// bytes are undefined.
func (b *Buffer) Upload(ctx context.Context, offset int, data []float32) error {
	return b.UploadBytes(ctx, offset, floatBytes(data))
}

// UploadBytes copies data to the buffer, from offset on.
func (b *Buffer) UploadBytes(ctx context.Context, offset int, data []byte) error {
	if err := b.check(offset, len(data)); err != nil {
		return fmt.Errorf("gpu: upload: %w", err)
	}
	err := b.dev.do(ctx, func() error {
		if b.shut.Load() || len(data) == 0 {
			return b.check(offset, len(data))
		}
		return b.dev.drv.upload(ctx, b, offset, data)
	})
	if err != nil {
		return fmt.Errorf("gpu: upload to %s: %w", b.name, err)
	}
	return nil
}

// Download fills data from the buffer, from offset bytes on.
func (b *Buffer) Download(ctx context.Context, offset int, data []float32) error {
	raw := floatBytes(data)
	if err := b.check(offset, len(raw)); err != nil {
		return fmt.Errorf("gpu: download: %w", err)
	}
	err := b.dev.do(ctx, func() error {
		if b.shut.Load() || len(raw) == 0 {
			return b.check(offset, len(raw))
		}
		return b.dev.drv.download(ctx, b, offset, raw)
	})
	if err != nil {
		return fmt.Errorf("gpu: download from %s: %w", b.name, err)
	}
	return nil
}

// Close frees the GPU memory after the call in progress. Closing again, or after
// the device was closed, does nothing.
func (b *Buffer) Close() error {
	if b.shut.Swap(true) || b.dev.closed() {
		return nil
	}
	b.dev.closedBuffers.Add(1) // after shut, and before the thread deletes it
	err := b.dev.do(context.Background(), func() error {
		b.dev.drv.deleteBuffer(b.ids)
		b.ids = bufferIDs{}
		return nil
	})
	if err != nil && !b.dev.closed() && !losesContext(err) {
		return fmt.Errorf("gpu: closing buffer %s: %w", b.name, err)
	}
	return nil
}

// check reports why the range cannot be used. Offset and n are bytes.
func (b *Buffer) check(offset, n int) error {
	switch {
	case b == nil:
		return fmt.Errorf("no buffer given")
	case b.dev.closed():
		return fmt.Errorf("buffer %s: device: %w", b.name, ErrClosed)
	case b.shut.Load():
		return fmt.Errorf("buffer %s: %w", b.name, ErrClosed)
	case offset < 0 || n < 0 || offset > b.size || n > b.size-offset:
		return fmt.Errorf("buffer %s: bytes %d to %d are outside its %d bytes", b.name, offset, offset+n, b.size)
	}
	return nil
}

// floatBytes views data as bytes, in the machine's byte order, which is GL's.
func floatBytes(data []float32) []byte {
	if len(data) == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(&data[0])), 4*len(data))
}
