package onnx

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"path"
	"path/filepath"
	"strconv"

	"inceptiongl/inception/files"
	pb "inceptiongl/inception/onnx/internal/onnxpb"
)

// newFolder is a folder with all of its bounds.
func newFolder(ctx context.Context, fsys fs.FS) *folder {
	return &folder{ctx: ctx, fsys: fsys, left: maxFile, room: maxFile, whole: map[string][]byte{}}
}

// folder is where a model's files are.
type folder struct {
	ctx   context.Context // of the import
	fsys  fs.FS
	left  int64             // bytes of external data that may still be read
	whole map[string][]byte // files that can't be read from the middle, by name
	room  int64             // bytes of those that may still be kept
}

func noExternal(*pb.TensorProto, int64) ([]byte, error) {
	return nil, fmt.Errorf("has external data, which only Load and LoadFS read")
}

// tensor reads the external data of t.
func (d *folder) tensor(t *pb.TensorProto, bytes int64) ([]byte, error) {
	location, offset, length := "", int64(0), bytes
	for _, e := range t.GetExternalData() {
		var err error
		switch e.GetKey() {
		case "location":
			location = e.GetValue()
		case "offset":
			offset, err = strconv.ParseInt(e.GetValue(), 10, 64)
		case "length":
			length, err = strconv.ParseInt(e.GetValue(), 10, 64)
		case "checksum", "basepath":
		default:
			err = fmt.Errorf("unknown key")
		}
		if err != nil {
			return nil, fmt.Errorf("external data: %s is %s: not understood", shorten(e.GetKey(), 50), quote(e.GetValue()))
		}
	}
	if length != bytes {
		return nil, fmt.Errorf("external data: length %d, the extents need %d bytes", length, bytes)
	}
	data, err := d.read(location, offset, length)
	if err != nil {
		return nil, fmt.Errorf("external data %s: %s", quote(location), shorten(err.Error(), 300))
	}
	d.left -= length
	return data, nil
}

func (d *folder) read(location string, offset, length int64) ([]byte, error) {
	name := path.Clean(filepath.ToSlash(location))
	if !filepath.IsLocal(filepath.FromSlash(location)) || !fs.ValidPath(name) {
		return nil, fmt.Errorf("must be a path inside the model's folder")
	}
	f, err := files.OpenFS(d.fsys, name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if _, ok := f.(io.ReaderAt); ok {
		return readAt(d.ctx, f, offset, length, d.left)
	}
	// A file of a zip archive, say. Read once: thousands of tensors may lie in it.
	data, ok := d.whole[name]
	if !ok {
		if data, err = readAt(d.ctx, f, 0, -1, d.room); err != nil {
			return nil, err
		}
		d.whole[name] = data
		d.room -= int64(len(data))
	}
	if err := within(offset, length, int64(len(data)), d.left); err != nil {
		return nil, err
	}
	return data[offset:][:length], nil
}
