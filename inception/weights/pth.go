package weights

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math"
	"slices"
	"strings"

	"inceptiongl/inception/tensor"
)

// LoadPTH reads a .pth or .pt file: what torch.save of PyTorch 1.6 and later writes for a state dict, or for a dict that has one
// under the key "state_dict". No code in the file is run: whatever is not needed for a state dict is an error. Types are
// treated as by LoadSafetensors.
func LoadPTH(path string) (map[string]tensor.Array, error) { return load(openPath, path, pthFile) }

// ReadPTH is LoadPTH for a file's content.
func ReadPTH(data []byte) (map[string]tensor.Array, error) {
	m, err := readPTH(data)
	if err != nil {
		return nil, fmt.Errorf("weights: %w", err)
	}
	return m, nil
}

// zipMagic is how a zip archive begins.
const zipMagic = "PK\x03\x04"

// oldPTH is how files of PyTorch before 1.6 begin.
const oldPTH = "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."

// checkPTH knows a file by its first bytes.
func checkPTH(head []byte, size int64) error {
	switch {
	case bytes.HasPrefix(head, []byte(zipMagic)):
		return nil
	case bytes.HasPrefix(head, []byte(oldPTH)):
		return fmt.Errorf(`PyTorch's format before version 1.6 is not supported; in Python: torch.save(torch.load(OLD, map_location="cpu"), NEW)`)
	default:
		return fmt.Errorf("not a file of torch.save, or damaged: %d bytes that don't start as a zip archive", size)
	}
}

func readPTH(data []byte) (map[string]tensor.Array, error) {
	if err := checkPTH(data, int64(len(data))); err != nil {
		return nil, err
	}
	a, err := openArchive(data)
	if err != nil {
		return nil, err
	}
	program, err := a.record("data.pkl")
	if err != nil {
		return nil, err
	}
	top, err := unpickle(program)
	if err != nil {
		return nil, err
	}
	d, ok := top.(*pyDict)
	if !ok {
		return nil, fmt.Errorf("it holds %s, not a state dict", describe(top))
	}
	if nested, ok := d.get("state_dict").(*pyDict); ok {
		d = nested
	}
	m := map[string]tensor.Array{}
	for i, key := range d.keys {
		name, ok := key.(string)
		if !ok {
			return nil, fmt.Errorf("not a state dict: a key is %s, not text", describe(key))
		}
		t, ok := d.values[i].(*pthTensor)
		if !ok {
			return nil, fmt.Errorf("not a state dict: %s is %s, not a tensor", quote(name), describe(d.values[i]))
		}
		if t.storage.typ.decode == nil && (name == "num_batches_tracked" || strings.HasSuffix(name, ".num_batches_tracked")) {
			continue
		}
		if m[name], err = a.decode(t); err != nil {
			return nil, fmt.Errorf("tensor %s: %w", quote(name), err)
		}
	}
	return m, nil
}

// describe is a pickle's value in words, for errors.
func describe(v any) string {
	switch v := v.(type) {
	case *pyDict:
		return fmt.Sprintf("a dict of %d", len(v.keys))
	case *pthTensor:
		return "a tensor"
	case *pyList, pyTuple:
		return "a list"
	case string:
		return quote(v)
	case int64, float64, bool:
		return fmt.Sprint(v)
	case nil:
		return "None"
	default:
		return "something else"
	}
}

// archive is a zip of stored entries: records are parts of the file's own bytes.
type archive struct {
	data    []byte
	folder  string // every name starts with it
	files   map[string]*zip.File
	checked map[string][]byte // records whose checksum is right
	order   binary.ByteOrder  // of the tensors
	budget  int               // how many elements may still be decoded
}

func openArchive(data []byte) (*archive, error) {
	r, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, fmt.Errorf("not a file of torch.save, truncated or damaged: %w", clip(err))
	}
	// Tensors may share one storage, and repeat its elements by strides of 0: the budget keeps a small file from filling
	// the memory, and leaves room for float32 tensors that share every element with three others.
	a := &archive{data: data, files: map[string]*zip.File{}, checked: map[string][]byte{}, order: binary.LittleEndian, budget: len(data) + 1<<16}
	found := false
	for _, f := range r.File {
		if a.files[f.Name] != nil {
			return nil, fmt.Errorf("the archive has two files %s", quote(f.Name))
		}
		a.files[f.Name] = f
		if folder, ok := strings.CutSuffix(f.Name, "data.pkl"); ok && strings.Count(folder, "/") == 1 && strings.HasSuffix(folder, "/") {
			if found {
				return nil, fmt.Errorf("the archive has two files data.pkl")
			}
			a.folder, found = folder, true
		}
	}
	if !found {
		return nil, fmt.Errorf("a zip archive, but without the data.pkl of torch.save")
	}
	if a.files[a.folder+"constants.pkl"] != nil {
		return nil, fmt.Errorf("a TorchScript archive, which holds a program: save the state dict; in Python: torch.save(torch.jit.load(OLD).state_dict(), NEW)")
	}
	if a.files[a.folder+"byteorder"] == nil {
		return a, nil // before PyTorch 2.1
	}
	b, err := a.record("byteorder")
	switch {
	case err != nil:
		return nil, err
	case string(b) == "big":
		a.order = binary.BigEndian
	case string(b) != "little":
		return nil, fmt.Errorf("byte order %s is not known", quote(string(b)))
	}
	return a, nil
}

// record is the content of one file.
func (a *archive) record(name string) ([]byte, error) {
	name = a.folder + name
	if b, ok := a.checked[name]; ok {
		return b, nil
	}
	f := a.files[name]
	if f == nil {
		return nil, fmt.Errorf("the archive lacks %s", quote(name))
	}
	if f.Method != zip.Store || f.CompressedSize64 != f.UncompressedSize64 {
		return nil, fmt.Errorf("%s is compressed, which torch.save never does", quote(name))
	}
	start, err := f.DataOffset()
	if err != nil {
		return nil, fmt.Errorf("%s: truncated or damaged: %w", quote(name), clip(err))
	}
	if start < 0 || start > int64(len(a.data)) || f.UncompressedSize64 > uint64(int64(len(a.data))-start) {
		return nil, fmt.Errorf("%s reaches past the end of the file: truncated or damaged", quote(name))
	}
	b := a.data[start:][:f.UncompressedSize64]
	if crc32.ChecksumIEEE(b) != f.CRC32 {
		return nil, fmt.Errorf("%s has a wrong checksum: damaged, or saved without checksums (torch.serialization.set_crc32_options)", quote(name))
	}
	a.checked[name] = b
	return b, nil
}

// The functions that a state dict calls.
const (
	orderedDict      global = "collections.OrderedDict"
	rebuildTensor    global = "torch._utils._rebuild_tensor_v2"
	rebuildParameter global = "torch._utils._rebuild_parameter"
)

// storageType is the type of a storage's elements. decode is nil for integers, which are read but not converted.
type storageType struct {
	name   string
	size   int
	decode func(order binary.ByteOrder, b []byte) (float32, error)
}

// storageTypes have the names that torch.save gives them.
var storageTypes = map[global]*storageType{
	"torch.FloatStorage": {"float32", 4, func(o binary.ByteOrder, b []byte) (float32, error) {
		return math.Float32frombits(o.Uint32(b)), nil
	}},
	"torch.DoubleStorage": {"float64", 8, func(o binary.ByteOrder, b []byte) (float32, error) {
		return narrow(math.Float64frombits(o.Uint64(b)))
	}},
	"torch.HalfStorage": {"float16", 2, func(o binary.ByteOrder, b []byte) (float32, error) {
		return tensor.FromHalf(o.Uint16(b)), nil
	}},
	"torch.BFloat16Storage": {"bfloat16", 2, func(o binary.ByteOrder, b []byte) (float32, error) {
		return math.Float32frombits(uint32(o.Uint16(b)) << 16), nil // the upper half of a float32
	}},
	"torch.LongStorage":  {name: "int64", size: 8},
	"torch.IntStorage":   {name: "int32", size: 4},
	"torch.ShortStorage": {name: "int16", size: 2},
	"torch.CharStorage":  {name: "int8", size: 1},
	"torch.ByteStorage":  {name: "uint8", size: 1},
	"torch.BoolStorage":  {name: "bool", size: 1},
}

// storage is one of the archive's data files, not yet read.
type storage struct {
	typ *storageType
	key string // its name under data/
	len int64  // elements
}

// newStorage is what torch.save's persistent id stands for: ("storage", type, key, location, number of elements).
func newStorage(id any) (*storage, error) {
	t, _ := id.(pyTuple)
	if len(t) != 5 || t[0] != "storage" {
		return nil, fmt.Errorf("a persistent id is not that of a storage")
	}
	g, _ := t[1].(global)
	key, ok1 := t[2].(string)
	n, ok2 := t[4].(int64)
	typ := storageTypes[g]
	if typ == nil || !ok1 || !ok2 || n < 0 {
		return nil, fmt.Errorf("a storage's persistent id is damaged")
	}
	return &storage{typ, key, n}, nil
}

// pthTensor is a view of a storage, not yet checked or read.
type pthTensor struct {
	storage      *storage
	offset       int64
	dims, stride pyTuple
}

// reduce calls a function of a state dict.
func reduce(f global, args pyTuple) (any, error) {
	switch {
	case f == orderedDict && len(args) == 0:
		return &pyDict{}, nil
	case f == rebuildTensor && len(args) >= 4: // storage, offset, size, stride, requires_grad, hooks
		s, ok0 := args[0].(*storage)
		offset, ok1 := args[1].(int64)
		dims, ok2 := args[2].(pyTuple)
		stride, ok3 := args[3].(pyTuple)
		if ok0 && ok1 && ok2 && ok3 {
			return &pthTensor{s, offset, dims, stride}, nil
		}
	case f == rebuildParameter && len(args) >= 1: // data, requires_grad, hooks
		if t, ok := args[0].(*pthTensor); ok {
			return t, nil
		}
	}
	return nil, fmt.Errorf("calls %s with other arguments than torch.save writes", quote(string(f)))
}

// decode is a tensor's elements in row-major order, in float32.
func (a *archive) decode(t *pthTensor) (tensor.Array, error) {
	typ := t.storage.typ
	if typ.decode == nil {
		return tensor.Array{}, fmt.Errorf("has type %s: weights must be float32, float16, bfloat16 or float64; convert them first", typ.name)
	}
	raw, err := a.record("data/" + t.storage.key)
	if err != nil {
		return tensor.Array{}, err
	}
	if t.storage.len > int64(len(raw)/typ.size) {
		return tensor.Array{}, fmt.Errorf("its storage of %d elements of %d bytes has %d bytes: damaged", t.storage.len, typ.size, len(raw))
	}
	dims, stride, err := t.view()
	if err != nil {
		return tensor.Array{}, err
	}
	n, err := count(dims)
	if err != nil {
		return tensor.Array{}, err
	}
	if n > a.budget {
		return tensor.Array{}, fmt.Errorf("dimensions %v: the file's tensors have more elements than its size allows", dims)
	}
	a.budget -= n
	out, index, pos := make([]float32, n), make([]int, len(dims)), int(t.offset)
	for i := range out {
		if out[i], err = typ.decode(a.order, raw[pos*typ.size:]); err != nil {
			return tensor.Array{}, fmt.Errorf("element %d: %w", i, err)
		}
		for k := len(dims) - 1; k >= 0; k-- { // count up, from the last dimension
			index[k]++
			pos += stride[k]
			if index[k] < dims[k] {
				break
			}
			pos -= stride[k] * dims[k]
			index[k] = 0
		}
	}
	return tensor.Array{Dims: dims, Data: out}, nil
}

// view is the tensor's dimensions and strides, once every element is known to be in the storage.
func (t *pthTensor) view() (dims, stride []int, err error) {
	const maxDims = 64 // PyTorch's own
	if len(t.dims) != len(t.stride) || len(t.dims) > maxDims {
		return nil, nil, fmt.Errorf("has %d dimensions and %d strides", len(t.dims), len(t.stride))
	}
	dims, stride = make([]int, len(t.dims)), make([]int, len(t.dims))
	for i := range t.dims {
		d, ok1 := t.dims[i].(int64)
		s, ok2 := t.stride[i].(int64)
		if !ok1 || !ok2 || d < 0 || d > tensor.MaxElements || s < 0 {
			return nil, nil, fmt.Errorf("dimension %d is %s with stride %s", i, describe(t.dims[i]), describe(t.stride[i]))
		}
		dims[i] = int(d)
		if d > 1 { // else the stride doesn't matter
			stride[i] = int(min(s, t.storage.len))
		}
	}
	if slices.Contains(dims, 0) {
		return dims, stride, nil // nothing to read
	}
	room := t.storage.len - 1 // elements after the last one of the tensor
	ok := t.offset >= 0 && t.offset <= room
	room -= t.offset
	for i, d := range dims {
		s := int64(stride[i])
		ok = ok && (s == 0 || int64(d-1) <= room/s)
		room -= int64(d-1) * s // may overflow where ok is false
	}
	if !ok {
		return nil, nil, fmt.Errorf("reaches past its storage of %d elements: damaged", t.storage.len)
	}
	return dims, stride, nil
}
