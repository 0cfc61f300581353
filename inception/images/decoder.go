package images

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"image"
	"io"
	"io/fs"
	"sync"
	"sync/atomic"

	"golang.org/x/sync/semaphore"

	"inceptiongl/inception/files"
)

// Decoder decodes pictures for any number of goroutines within one budget of memory, Limits.Memory: those that don't fit beside what
// is being decoded wait, and one that would never fit is an error.
type Decoder struct {
	limits Limits
	memory *semaphore.Weighted
	used   atomic.Int64
}

// NewDecoder is a decoder with those limits; those that are 0 are DefaultLimits'.
func NewDecoder(l Limits) *Decoder {
	l = l.filled()
	return &Decoder{limits: l, memory: semaphore.NewWeighted(l.Memory)}
}

// Limits are the decoder's.
func (d *Decoder) Limits() Limits { return d.limits }

// Used is how much of the memory the pictures in hand count for.
func (d *Decoder) Used() int64 { return d.used.Load() }

// acquire waits for some of the memory.
func (d *Decoder) acquire(ctx context.Context, bytes int64) error {
	if err := d.memory.Acquire(ctx, bytes); err != nil {
		return context.Cause(ctx)
	}
	d.used.Add(bytes)
	return nil
}

func (d *Decoder) release(bytes int64) {
	d.used.Add(-bytes)
	d.memory.Release(bytes)
}

// filled is l with the default of what isn't set.
func (l Limits) filled() Limits {
	d := DefaultLimits
	return Limits{cmp.Or(l.Bytes, d.Bytes), cmp.Or(l.Pixels, d.Pixels), cmp.Or(l.Side, d.Side), cmp.Or(l.Memory, d.Memory)}
}

// Load reads a file as the function Load does. The picture counts until release is called, which the caller does once when it is
// scaled; after an error there is nothing to release.
func (d *Decoder) Load(ctx context.Context, path string) (m image.Image, release func(), err error) {
	f, err := files.Open(path)
	if err != nil {
		return nil, nil, err // names the path
	}
	return d.named(ctx, f, path)
}

// LoadFS is Load for a file of a file system.
func (d *Decoder) LoadFS(ctx context.Context, fsys fs.FS, name string) (m image.Image, release func(), err error) {
	f, err := files.OpenFS(fsys, name)
	if err != nil {
		return nil, nil, err
	}
	return d.named(ctx, f, name)
}

func (d *Decoder) named(ctx context.Context, f fs.File, name string) (image.Image, func(), error) {
	defer f.Close()
	m, release, err := d.read(ctx, f)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", name, err)
	}
	return m, release, nil
}

// Decode is Load for the content of a file, which isn't counted.
func (d *Decoder) Decode(ctx context.Context, data []byte) (m image.Image, release func(), err error) {
	h, err := examine(bytes.NewReader(data), int64(len(data)), d.limits)
	if err != nil {
		return nil, nil, err
	}
	if release, err = d.take(ctx, h, h.need); err != nil {
		return nil, nil, err
	}
	return handOver(release)(decodePixels(data, h))
}

// read decodes a file, whose size and content count, too.
func (d *Decoder) read(ctx context.Context, f fs.File) (image.Image, func(), error) {
	info, err := f.Stat()
	if err != nil {
		return nil, nil, err
	}
	at, ok := f.(io.ReaderAt)
	if !ok {
		return d.readAll(ctx, f)
	}
	size := info.Size()
	h, err := examine(at, size, d.limits)
	if err != nil {
		return nil, nil, err
	}
	release, err := d.take(ctx, h, h.need+size)
	if err != nil {
		return nil, nil, err
	}
	data := make([]byte, size)
	_, err = io.ReadFull(io.NewSectionReader(at, 0, size), data)
	if err == nil {
		err = h.unchanged(data, d.limits)
	}
	if err != nil {
		release()
		return nil, nil, err
	}
	return handOver(release)(decodePixels(data, h))
}

// readAll is read for a file of a zip archive, say, which must be read to be examined: it has the whole budget meanwhile.
func (d *Decoder) readAll(ctx context.Context, r io.Reader) (image.Image, func(), error) {
	if err := d.acquire(ctx, d.limits.Memory); err != nil {
		return nil, nil, err
	}
	left := d.limits.Memory
	release := sync.OnceFunc(func() { d.release(left) })
	data, err := io.ReadAll(io.LimitReader(r, min(d.limits.Bytes, d.limits.Memory)+1))
	size := int64(len(data))
	var h header
	if err == nil {
		h, err = examine(bytes.NewReader(data), size, d.limits)
	}
	if err == nil {
		err = d.limits.checkMemory(h, h.need+size)
	}
	if err != nil {
		release()
		return nil, nil, err
	}
	left = h.need + size
	d.release(d.limits.Memory - left)
	return handOver(release)(decodePixels(data, h))
}

// take waits for that much of the budget.
func (d *Decoder) take(ctx context.Context, h header, bytes int64) (release func(), err error) {
	if err := d.limits.checkMemory(h, bytes); err != nil {
		return nil, err
	}
	if err := d.acquire(ctx, bytes); err != nil {
		return nil, err
	}
	return sync.OnceFunc(func() { d.release(bytes) }), nil
}

// handOver passes a picture on with what releases it, or releases at once what an error has left.
func handOver(release func()) func(image.Image, error) (image.Image, func(), error) {
	return func(m image.Image, err error) (image.Image, func(), error) {
		if err != nil {
			release()
			return nil, nil, err
		}
		return m, release, nil
	}
}
