package onnx

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	pb "inceptiongl/inception/onnx/internal/onnxpb"
)

// folder is where a model's files are. os.Root keeps paths and symbolic links inside.
type folder struct {
	root *os.Root
	left int64 // bytes of external data that may still be read
}

func noExternal(*pb.TensorProto, int64) ([]byte, error) {
	return nil, fmt.Errorf("has external data, which only Load reads")
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
	local := filepath.FromSlash(location)
	if !filepath.IsLocal(local) {
		return nil, fmt.Errorf("must be a path inside the model's folder")
	}
	info, err := d.root.Stat(local)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("not a regular file")
	}
	f, err := d.root.Open(local)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return readAt(f, offset, length, d.left)
}
