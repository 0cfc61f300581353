package weights

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"io/fs"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/sbinet/npyio/npy"

	"inceptiongl/inception/files"
	"inceptiongl/inception/tensor"
)

// ReadNpy reads a NumPy .npy file of float32 or float64 numbers; float64 is rounded to float32, where a finite number that
// becomes infinite is an error.
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
	if h.item == 4 {
		var v []float32
		err := npy.Read(bytes.NewReader(data), &v)
		return tensor.Array{Dims: h.dims, Data: v}, err
	}
	var wide []float64
	if err := npy.Read(bytes.NewReader(data), &wide); err != nil {
		return tensor.Array{}, err
	}
	v := make([]float32, len(wide))
	for i, x := range wide {
		if v[i], err = narrow(x); err != nil {
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
	if h.item == 8 {
		var v []float64
		err := npy.Read(bytes.NewReader(data), &v)
		return h.dims, v, err
	}
	var narrow []float32
	if err := npy.Read(bytes.NewReader(data), &narrow); err != nil {
		return nil, nil, err
	}
	v := make([]float64, len(narrow))
	for i, x := range narrow {
		v[i] = float64(x)
	}
	return h.dims, v, nil
}

// npyHeader is what a .npy file says of itself.
type npyHeader struct {
	dims []int
	item int // bytes of one element: 4 or 8
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
	switch descr := string(m[1]); descr {
	case "<f4", ">f4":
		h.item = 4
	case "<f8", ">f8":
		h.item = 8
	default:
		return h, fmt.Errorf(".npy of type %s: must be float32 or float64, convert with numpy's astype", quote(descr))
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

// WriteNpy writes data, of the given dimensions, as a float32 .npy file. The file appears whole or not at all.
func WriteNpy(path string, dims []int, data []float32) error {
	err := files.Write(path, func(w io.Writer) error { return encodeNpy(w, dims, data) })
	if err != nil {
		return fmt.Errorf("weights: %w", err)
	}
	return nil
}

// EncodeNpy is WriteNpy to a writer.
func EncodeNpy(w io.Writer, dims []int, data []float32) error {
	if err := encodeNpy(w, dims, data); err != nil {
		return fmt.Errorf("weights: %w", err)
	}
	return nil
}

func encodeNpy(w io.Writer, dims []int, data []float32) error {
	if n, err := count(dims); err != nil || n != len(data) {
		return fmt.Errorf("dimensions %v don't fit %d elements", dims, len(data))
	}
	// npyio writes one-dimensional slices only, so the header is written here: magic, version 1.0, the dictionary padded
	// so that the data starts at a multiple of 64.
	tuple := ""
	for _, d := range dims {
		tuple += strconv.Itoa(d) + ", "
	}
	if len(dims) > 1 {
		tuple = strings.TrimSuffix(tuple, ", ")
	} else {
		tuple = strings.TrimSuffix(tuple, " ")
	}
	dict := "{'descr': '<f4', 'fortran_order': False, 'shape': (" + tuple + "), }"
	dict += strings.Repeat(" ", 63-(10+len(dict))%64) + "\n"
	if len(dict) > math.MaxUint16 {
		return fmt.Errorf("%d dimensions are too many", len(dims))
	}
	head := slices.Concat([]byte("\x93NUMPY\x01\x00"), binary.LittleEndian.AppendUint16(nil, uint16(len(dict))), []byte(dict))
	if _, err := w.Write(head); err != nil {
		return err
	}
	_, err := w.Write(f32View{tensor.Array{Data: data}}.Data())
	return err
}
