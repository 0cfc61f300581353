package v2

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"math"
	"strconv"

	"inceptiongl/inception/tensor"
)

// The datatypes that are spoken.
const (
	FP32  = "FP32"
	FP16  = "FP16"
	UINT8 = "UINT8"
	BYTES = "BYTES"
)

// Tensor is an input or output: numbers, or strings of bytes.
type Tensor struct {
	Name     string
	Datatype string
	Shape    []int64
	Numbers  []float32 // FP32, FP16, UINT8; row-major
	Strings  [][]byte  // BYTES
	Binary   bool      // as an output: to be sent so
}

const (
	maxRank    = 8    // as clients have it
	maxStrings = 4096 // each is a picture
)

// Len is the number of elements that the shape has.
func (t *Tensor) Len() (int, error) {
	if len(t.Shape) > maxRank {
		return 0, Errorf(Invalid, "tensor %q has %d dimensions: at most %d are allowed", t.Name, len(t.Shape), maxRank)
	}
	n := int64(1)
	for _, d := range t.Shape {
		if d < 1 {
			return 0, Errorf(Invalid, "tensor %q has shape %v: every extent must be at least 1", t.Name, t.Shape)
		}
		if n > tensor.MaxElements/d {
			return 0, Errorf(Invalid, "tensor %q has shape %v: more than %d elements", t.Name, t.Shape, tensor.MaxElements)
		}
		n *= d
	}
	return int(n), nil
}

// size is the bytes of a number of that type.
func size(datatype string) int {
	return map[string]int{FP32: 4, FP16: 2, UINT8: 1}[datatype]
}

// known reports a type that isn't spoken, or a shape that can't be.
func (t *Tensor) known() (int, error) {
	if size(t.Datatype) == 0 && t.Datatype != BYTES {
		return 0, Errorf(Invalid, "tensor %q has datatype %q: FP32, FP16, UINT8 and BYTES are offered", t.Name, t.Datatype)
	}
	n, err := t.Len()
	if err == nil && t.Datatype == BYTES && n > maxStrings {
		err = Errorf(Invalid, "tensor %q has shape %v: at most %d strings are allowed", t.Name, t.Shape, maxStrings)
	}
	return n, err
}

// Take takes memory before it is allocated, or says why there is none. A nil one is without limit.
type Take func(bytes int64) error

// numbers makes room for n numbers.
func (take Take) numbers(n int) ([]float32, error) {
	if take != nil {
		if err := take(4 * int64(n)); err != nil {
			return nil, err
		}
	}
	return make([]float32, n), nil
}

// SetRaw takes the elements as the binary extension and gRPC's raw contents have them: little-endian, and each of BYTES after its
// length in four bytes.
func (t *Tensor) SetRaw(raw []byte, take Take) error {
	n, err := t.known()
	if err != nil {
		return err
	}
	if t.Datatype == BYTES {
		return t.setStrings(raw, n)
	}
	each := size(t.Datatype)
	if len(raw)%each != 0 || len(raw)/each != n {
		return Errorf(Invalid, "tensor %q of shape %v and datatype %s needs %d bytes, has %d", t.Name, t.Shape, t.Datatype, int64(n)*int64(each), len(raw))
	}
	if t.Numbers, err = take.numbers(n); err != nil {
		return err
	}
	for i := range t.Numbers {
		switch t.Datatype {
		case FP32:
			t.Numbers[i] = math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:]))
		case FP16:
			t.Numbers[i] = tensor.FromHalf(binary.LittleEndian.Uint16(raw[2*i:]))
		case UINT8:
			t.Numbers[i] = float32(raw[i])
		}
	}
	return nil
}

func (t *Tensor) setStrings(raw []byte, n int) error {
	for len(raw) > 0 && len(t.Strings) < n {
		if len(raw) < 4 {
			return Errorf(Invalid, "tensor %q: element %d is cut off within its length", t.Name, len(t.Strings))
		}
		length := binary.LittleEndian.Uint32(raw)
		raw = raw[4:]
		if int64(length) > int64(len(raw)) {
			return Errorf(Invalid, "tensor %q: element %d claims %d bytes, %d are left", t.Name, len(t.Strings), length, len(raw))
		}
		t.Strings = append(t.Strings, raw[:length:length])
		raw = raw[length:]
	}
	if len(t.Strings) != n || len(raw) > 0 {
		return Errorf(Invalid, "tensor %q of shape %v needs %d elements; it has %d, and %d bytes more", t.Name, t.Shape, n, len(t.Strings), len(raw))
	}
	return nil
}

// SetNumbers takes the elements as gRPC's typed contents have them.
func (t *Tensor) SetNumbers(numbers []float32) error {
	n, err := t.known()
	if err != nil {
		return err
	}
	if t.Datatype == BYTES || n != len(numbers) {
		return Errorf(Invalid, "tensor %q of shape %v and datatype %s needs %d elements, %d numbers are given", t.Name, t.Shape, t.Datatype, n, len(numbers))
	}
	t.Numbers = numbers
	return nil
}

// SetStrings is SetNumbers for BYTES.
func (t *Tensor) SetStrings(strings [][]byte) error {
	n, err := t.known()
	if err != nil {
		return err
	}
	if t.Datatype != BYTES || n != len(strings) {
		return Errorf(Invalid, "tensor %q of shape %v and datatype %s needs %d elements, %d strings are given", t.Name, t.Shape, t.Datatype, n, len(strings))
	}
	t.Strings = strings
	return nil
}

// setJSON takes the elements as JSON has them: a list, or lists of lists in the tensor's shape. BYTES are strings in base64.
func (t *Tensor) setJSON(data []byte, take Take) error {
	n, err := t.known()
	if err != nil {
		return err
	}
	if t.Datatype == BYTES {
		return t.setBase64(data)
	}
	if n > len(data) { // each takes a byte at least: so that nothing is allocated for a mere claim
		return Errorf(Invalid, "tensor %q of shape %v needs %d numbers", t.Name, t.Shape, n)
	}
	numbers, err := take.numbers(n)
	if err != nil {
		return err
	}
	numbers = numbers[:0]
	for i := 0; i < len(data); {
		switch data[i] {
		case '[', ']', ',', ' ', '\t', '\r', '\n': // it is well-formed JSON
			i++
			continue
		}
		end := i
		for end < len(data) && data[end] != ',' && data[end] != ']' && data[end] > ' ' {
			end++
		}
		v, err := strconv.ParseFloat(string(data[i:end]), 32)
		if err != nil {
			return Errorf(Invalid, "tensor %q: element %d, %.40q, is no FP32 number", t.Name, len(numbers), data[i:end])
		}
		if t.Datatype == UINT8 && (v < 0 || v > 255 || v != math.Trunc(v)) {
			return Errorf(Invalid, "tensor %q: element %d, %v, is no UINT8", t.Name, len(numbers), v)
		}
		if len(numbers) == n {
			return Errorf(Invalid, "tensor %q of shape %v has more than %d numbers", t.Name, t.Shape, n)
		}
		numbers = append(numbers, float32(v))
		i = end
	}
	if len(numbers) != n {
		return Errorf(Invalid, "tensor %q of shape %v needs %d numbers, has %d", t.Name, t.Shape, n, len(numbers))
	}
	t.Numbers = numbers
	return nil
}

func (t *Tensor) setBase64(data []byte) error {
	var few [maxStrings + 1]*string // so that a list of a million empty ones takes no memory
	if err := json.Unmarshal(data, &few); err != nil {
		return Errorf(Invalid, "tensor %q: BYTES are a list of strings in base64, or binary data: %v", t.Name, err)
	}
	list, err := given(few[:])
	if err != nil {
		return Errorf(Invalid, "tensor %q: %v", t.Name, err)
	}
	strings := make([][]byte, len(list))
	for i, s := range list {
		b, err := base64.StdEncoding.DecodeString(s)
		if err != nil {
			return Errorf(Invalid, "tensor %q: element %d is not base64: %v", t.Name, i, err)
		}
		strings[i] = b
	}
	return t.SetStrings(strings)
}

// AppendRaw is the elements as SetRaw takes them. Of numbers, those of FP32 can be written.
func (t *Tensor) AppendRaw(b []byte) []byte {
	if t.Datatype == BYTES {
		for _, s := range t.Strings {
			b = append(binary.LittleEndian.AppendUint32(b, uint32(len(s))), s...)
		}
		return b
	}
	for _, v := range t.Numbers {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
	}
	return b
}

// RawLen is the length of what AppendRaw appends.
func (t *Tensor) RawLen() int {
	n := 4 * len(t.Numbers)
	for _, s := range t.Strings {
		n += 4 + len(s)
	}
	return n
}
