package weights

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"io/fs"
	"regexp"
	"strconv"
	"strings"

	"github.com/sbinet/npyio/npy"

	"inceptiongl/inception/tensor"
)

// ReadNpy reads a NumPy .npy file of floats, integers or booleans, of 8 to 64 bits. float64 is rounded to float32, where a finite number
// that becomes infinite is an error; so is an integer that float32 can't hold.
func ReadNpy(path string) (tensor.Array, error) { return loadNpy(openPath, path) }

// ReadNpyFS is ReadNpy for a file of a file system.
func ReadNpyFS(fsys fs.FS, name string) (tensor.Array, error) { return loadNpy(openFS(fsys), name) }

// DecodeNpy is ReadNpy for what r gives, up to its end and at most 2 GiB.
func DecodeNpy(r io.Reader) (tensor.Array, error) {
	data, err := readStream(r)
	if err != nil {
		return tensor.Array{}, fmt.Errorf("weights: %w", err)
	}
	a, err := readNpy(data)
	if err != nil {
		return tensor.Array{}, fmt.Errorf("weights: %w", err)
	}
	return a, nil
}

// ReadNpy64 is ReadNpy with the numbers in float64, exactly: dimensions and elements.
func ReadNpy64(path string) ([]int, []float64, error) {
	data, err := readFile(openPath, path, checkNpy)
	if err != nil {
		return nil, nil, fmt.Errorf("weights: %w", err)
	}
	dims, v, err := readNpy64(data)
	if err != nil {
		return nil, nil, fmt.Errorf("weights: %s: %w", path, err)
	}
	return dims, v, nil
}

func loadNpy(open opener, name string) (tensor.Array, error) {
	data, err := readFile(open, name, checkNpy)
	if err != nil {
		return tensor.Array{}, fmt.Errorf("weights: %w", err)
	}
	a, err := readNpy(data)
	if err != nil {
		return tensor.Array{}, fmt.Errorf("weights: %s: %w", name, err)
	}
	return a, nil
}

func readNpy(data []byte) (tensor.Array, error) {
	h, err := parseNpy(data, int64(len(data)))
	if err != nil {
		return tensor.Array{}, err
	}
	if h.kind == "f4" {
		var v []float32
		err := npy.Read(bytes.NewReader(data), &v)
		return tensor.Array{Dims: h.dims, Data: v}, err
	}
	_, wide, err := readNpy64(data)
	if err != nil {
		return tensor.Array{}, err
	}
	v := make([]float32, len(wide))
	for i, x := range wide {
		if v[i], err = narrow(x); err == nil && h.kind[0] != 'f' && float64(v[i]) != x {
			err = fmt.Errorf("%v is not among float32's numbers", x)
		}
		if err != nil {
			return tensor.Array{}, fmt.Errorf("element %d: %w", i, err)
		}
	}
	return tensor.Array{Dims: h.dims, Data: v}, nil
}

func readNpy64(data []byte) ([]int, []float64, error) {
	h, err := parseNpy(data, int64(len(data)))
	if err != nil {
		return nil, nil, err
	}
	if h.kind == "f8" {
		var v []float64
		err := npy.Read(bytes.NewReader(data), &v)
		return h.dims, v, err
	}
	raw := data[h.start:]
	v := make([]float64, len(raw)/h.item)
	for i := range v {
		if v[i], err = h.number(raw[i*h.item:]); err != nil {
			return nil, nil, fmt.Errorf("element %d: %w", i, err)
		}
	}
	return h.dims, v, nil
}

// npyHeader is what a .npy file says of itself.
type npyHeader struct {
	dims  []int
	start int              // of the data
	kind  string           // of an element: f4, i8 …
	item  int              // its bytes
	order binary.ByteOrder // and theirs
}

// npyDict is the header as numpy.save writes it. npyio finds the values by position and slices out of range on others.
var npyDict = regexp.MustCompile(`^\{'descr': '([^']*)', 'fortran_order': (True|False), 'shape': \(([0-9, ]*)\), \} *\n$`)

func checkNpy(head []byte, size int64) error {
	_, err := parseNpy(head, size)
	return err
}

// parseNpy checks a file by its head and size. npyio does not: it allocates what the header claims, and takes a truncated
// file for a whole one.
func parseNpy(head []byte, size int64) (npyHeader, error) {
	if !bytes.HasPrefix(head, []byte("\x93NUMPY")) || len(head) < 12 {
		return npyHeader{}, fmt.Errorf("not a .npy file, or truncated: %d bytes", size)
	}
	var start, length int
	switch head[6] { // major version
	case 1:
		start, length = 10, int(binary.LittleEndian.Uint16(head[8:]))
	case 2:
		start, length = 12, int(min(binary.LittleEndian.Uint32(head[8:]), headLen))
	default:
		return npyHeader{}, fmt.Errorf(".npy version %d.%d is not supported: save with numpy.save", head[6], head[7])
	}
	if length > len(head)-start {
		return npyHeader{}, fmt.Errorf(".npy header of %d bytes is truncated or too long", length)
	}
	dict := head[start:][:length]
	m := npyDict.FindSubmatch(dict)
	if m == nil {
		return npyHeader{}, fmt.Errorf(".npy header is not as numpy.save writes it: %s", quote(string(dict)))
	}
	var h npyHeader
	h.start = start + length
	if err := h.describe(string(m[1])); err != nil {
		return h, err
	}
	if string(m[2]) == "True" {
		return h, fmt.Errorf(".npy in Fortran order: save numpy.ascontiguousarray(x) instead")
	}
	var err error
	if h.dims, err = parseDims(string(m[3])); err != nil {
		return h, fmt.Errorf(".npy shape (%s): %w", clip(fmt.Errorf("%s", m[3])), err)
	}
	n, err := count(h.dims)
	if err != nil {
		return h, fmt.Errorf(".npy: %w", clip(err))
	}
	if want := int64(start+length) + int64(n)*int64(h.item); size != want {
		return h, fmt.Errorf(".npy of shape %v needs %d bytes, has %d: truncated or damaged", h.dims, want, size)
	}
	return h, nil
}

// parseDims is the inside of a Python tuple: "", "3,", "2, 3".
func parseDims(s string) ([]int, error) {
	dims := []int{}
	if s == "" {
		return dims, nil
	}
	parts := strings.Split(strings.TrimSuffix(s, ","), ",")
	for _, p := range parts {
		d, err := strconv.Atoi(strings.TrimPrefix(p, " "))
		if err != nil {
			return nil, clip(err)
		}
		dims = append(dims, d)
	}
	return dims, nil
}
