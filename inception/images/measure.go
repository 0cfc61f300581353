package images

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"io/fs"

	"inceptiongl/inception/files"
)

// Measure is the size of the picture in a file, upright, without a pixel decoded. What Load would refuse by the file's header is an
// error here, too.
func (d *Decoder) Measure(ctx context.Context, path string) (Size, error) {
	f, err := files.Open(path)
	if err != nil {
		return Size{}, err // names the path
	}
	return d.measure(ctx, f, path)
}

// MeasureFS is Measure for a file of a file system.
func (d *Decoder) MeasureFS(ctx context.Context, fsys fs.FS, name string) (Size, error) {
	f, err := files.OpenFS(fsys, name)
	if err != nil {
		return Size{}, err
	}
	return d.measure(ctx, f, name)
}

// MeasureEncoded is Measure for the content of a file.
func (d *Decoder) MeasureEncoded(data []byte) (Size, error) {
	h, err := examine(bytes.NewReader(data), int64(len(data)), d.limits)
	if err != nil {
		return Size{}, err
	}
	upright := sides(h.size, orientation(data, h.format))
	return Size{upright.Y, upright.X}, nil
}

// measure counts the file, which may have its orientation at its end, in the budget of memory for as long as it is looked at.
func (d *Decoder) measure(ctx context.Context, f fs.File, name string) (s Size, err error) {
	defer f.Close()
	defer func() {
		if err != nil {
			err = fmt.Errorf("%s: %w", name, err)
		}
	}()
	info, err := f.Stat()
	if err != nil {
		return Size{}, err
	}
	size := info.Size()
	if err := d.limits.checkSize(size); err != nil {
		return Size{}, err
	}
	if size > d.limits.Memory {
		return Size{}, fmt.Errorf("%d bytes: %w: at most %d MiB for photos at once", size, ErrMemory, d.limits.Memory>>20)
	}
	if err := d.memory.Acquire(ctx, size); err != nil {
		return Size{}, context.Cause(ctx)
	}
	defer d.memory.Release(size)
	data, err := io.ReadAll(io.LimitReader(f, size))
	if err != nil {
		return Size{}, err
	}
	return d.MeasureEncoded(data)
}
