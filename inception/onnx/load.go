// Package onnx reads ONNX models: opset 7 to 28, the operators of convolutional networks and of the attention in some, as a graph.Graph.
//
// A model is input from a stranger. Extents, counts and offsets are checked before anything is allocated; an operator,
// attribute or type that isn't known is an error that names the node. Shape arithmetic and other constants are folded. Extents of the
// input that are symbolic, 0 or −1 stay open; a leading one is the batch.
//
// What networks can't compute, such as where the largest elements are, is left to the host where nothing but the model's end needs it: see
// Model.Tail.
//
// Tensors of booleans, inputs and outputs too, are tensors of floats here: 1 is true, 0 is false, and any number but 0 is taken as true.
// Tensors of integers of 8 and 16 bits are floats, too.
package onnx

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	slash "path"
	"path/filepath"
	"slices"

	"inceptiongl/inception/files"
	"inceptiongl/inception/graph"
	"inceptiongl/inception/tail"
	"inceptiongl/inception/tensor"
)

// Options say what the file leaves open. The zero value is fine for most models.
type Options struct {
	// Dims replaces the input's declared extents, one for each dimension, in the file's order; −1 leaves one open. {−1, 3, 224, 224} frees the
	// batch of a model exported with a batch of 1, and with it the first extents that its Reshapes have for that.
	Dims []int

	// Batch, if above 0, fixes a batch that the file leaves open: for networks that don't keep the images of a batch apart.
	Batch int

	// Bind gives graph inputs fixed values: they become constants, and one input must be left.
	Bind map[string]tensor.Array

	// Outputs names the values wanted, which may be inner ones, such as what comes before the last layer; nil means the model's outputs.
	Outputs []string

	// Memory bounds what loading takes in bytes, beyond the size of the model's own weights as float32 and what is computed of each once: for
	// the file's structure, and for constants that it computes and doesn't store, such as ConstantOfShape's. 0 means 256 MiB.
	Memory int
}

// Model is an imported network.
type Model struct {
	Graph     *graph.Graph
	Input     string // the input's name
	InputDims []int  // its extents, in the file's order; −1 for what is open
	// InputOrder tells where the graph's input, N × C × H × W, has those: its k-th axis is axis InputOrder[k] of the file. It is
	// 0, 1, 2, 3 for most models, and 0, 3, 1, 2 for one whose pictures are N × H × W × C: see Tensor.
	InputOrder []int
	Outputs    []Output
	Opset      int
	Metadata   map[string]string // what the file says of itself, by name; texts of more than 1 MiB are left out

	// Tail is the end of the model that the host computes; nil for most models. Then the graph's outputs are what it reads, which Network
	// lists in Outputs' place: see Finish.
	Tail    *tail.Tail
	Network []Output
}

// Output is one of the outputs wanted: Graph.Outputs has its value at the same place, where there is no Tail. The value's elements stand in the
// order of the ONNX tensor. One of rank 4 is N × C × H × W, of rank 3 N × C × 1 × W, of rank 2 N × C × 1 × 1.
type Output struct {
	Name string
	Dims []int // −1 for what depends on the input
}

// Load reads a model from a file, until the context ends. External data is read from files in the same folder or below it, and from nowhere else.
func Load(ctx context.Context, path string, o Options) (*Model, error) {
	data, err := readModel(ctx, func(name string) (fs.File, error) { return files.Open(name) }, path)
	if err != nil {
		return nil, fmt.Errorf("onnx: %w", err)
	}
	root, err := os.OpenRoot(filepath.Dir(path)) // it keeps symbolic links inside, too
	if err != nil {
		return nil, fmt.Errorf("onnx: %w", err)
	}
	defer root.Close()
	return parseFile(ctx, path, data, o, root.FS())
}

// LoadFS is Load for a file of a file system, which also holds the external data: in the model's folder or below it. Links are
// followed as fsys does it: os.Root.FS keeps them inside, os.DirFS does not.
func LoadFS(ctx context.Context, fsys fs.FS, name string, o Options) (*Model, error) {
	data, err := readModel(ctx, func(name string) (fs.File, error) { return files.OpenFS(fsys, name) }, name)
	if err != nil {
		return nil, fmt.Errorf("onnx: %w", err)
	}
	folder, err := fs.Sub(fsys, slash.Dir(name))
	if err != nil {
		return nil, fmt.Errorf("onnx: %w", err)
	}
	return parseFile(ctx, name, data, o, folder)
}

func parseFile(ctx context.Context, name string, data []byte, o Options, fsys fs.FS) (*Model, error) {
	m, err := parse(ctx, data, o, newFolder(ctx, fsys).tensor)
	if err != nil {
		return nil, fmt.Errorf("onnx: %s: %w", name, err)
	}
	return m, nil
}

// Parse reads a model from memory. External data is an error.
func Parse(ctx context.Context, data []byte, o Options) (*Model, error) {
	m, err := parse(ctx, data, o, noExternal)
	if err != nil {
		return nil, fmt.Errorf("onnx: %w", err)
	}
	return m, nil
}

// Decode is Parse for what r gives, up to its end and at most 2 GiB.
func Decode(ctx context.Context, r io.Reader, o Options) (*Model, error) {
	data, err := io.ReadAll(io.LimitReader(reader{ctx, r}, maxFile+1)) // unmarshal refuses more than maxFile
	if err != nil {
		return nil, fmt.Errorf("onnx: %w", err)
	}
	return Parse(ctx, data, o)
}

// verify checks the graph, its weights and, where the input's extents are known, its shapes.
func (m *Model) verify() error {
	if err := m.Graph.Check(); err != nil {
		return err
	}
	if err := m.Graph.CheckWeights(); err != nil {
		return err
	}
	if slices.Contains(m.InputDims[min(1, len(m.InputDims)):], -1) {
		return nil
	}
	s, err := m.InputShape(0)
	if err != nil {
		return err
	}
	_, err = m.Graph.Shapes(s)
	return err
}

func readModel(ctx context.Context, open func(string) (fs.File, error), name string) ([]byte, error) {
	f, err := open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := readAt(ctx, f, 0, -1, maxFile)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return data, nil
}

// readAt reads length bytes from offset; a length below 0 means to the end. The size of the file is checked first.
func readAt(ctx context.Context, f fs.File, offset, length, limit int64) ([]byte, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if length < 0 {
		length = info.Size() - offset
	}
	if err := within(offset, length, info.Size(), limit); err != nil {
		return nil, err
	}
	r := io.Reader(f)
	if at, ok := f.(io.ReaderAt); ok {
		r = io.NewSectionReader(at, offset, length)
	} else if offset > 0 {
		return nil, fmt.Errorf("can't be read from offset %d on", offset)
	}
	var b bytes.Buffer
	if _, ok := f.(*os.File); ok { // elsewhere, as in a zip archive, the size is only claimed
		b.Grow(int(length) + bytes.MinRead)
	}
	if n, err := io.Copy(&b, io.LimitReader(reader{ctx, r}, length)); err != nil || n != length {
		return nil, fmt.Errorf("%d bytes of %d can be read: %w", n, length, cmp.Or(err, io.ErrUnexpectedEOF))
	}
	return b.Bytes(), nil
}

// reader is r until the context ends.
type reader struct {
	ctx context.Context
	r   io.Reader
}

func (r reader) Read(p []byte) (int, error) {
	if r.ctx.Err() != nil {
		return 0, context.Cause(r.ctx)
	}
	return r.r.Read(p[:min(len(p), 4<<20)]) // a large file takes a while
}

// within reports a part that doesn't lie in a file of size bytes, or is longer than the limit.
func within(offset, length, size, limit int64) error {
	if offset < 0 || length < 0 || offset > size || length > size-offset {
		return fmt.Errorf("%d bytes at offset %d don't lie in a file of %d bytes", length, offset, size)
	}
	if length > limit {
		return fmt.Errorf("%d bytes: more than the %d that are left of %d", length, limit, int64(maxFile))
	}
	return nil
}
