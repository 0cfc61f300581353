package weights

import (
	"bytes"
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"inceptiongl/inception/tensor"
)

// file is a safetensors file: a header and data.
func file(header string, data ...byte) []byte {
	return append(append(binary.LittleEndian.AppendUint64(nil, uint64(len(header))), header...), data...)
}

func TestReadSafetensorsTypes(t *testing.T) {
	inf, nan := float32(math.Inf(1)), math.NaN()
	f64 := func(vs ...float64) (raw []byte) {
		for _, v := range vs {
			raw = binary.LittleEndian.AppendUint64(raw, math.Float64bits(v))
		}
		return raw
	}
	u16 := func(vs ...uint16) (raw []byte) {
		for _, v := range vs {
			raw = binary.LittleEndian.AppendUint16(raw, v)
		}
		return raw
	}
	for _, c := range []struct {
		dtype, shape string
		raw          []byte
		want         []float32
		dims         []int
	}{
		{"F32", "[2]", []byte{0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0}, []float32{1, -2}, []int{2}},
		{"F32", "[]", []byte{0, 0, 0x80, 0x3f}, []float32{1}, []int{}},
		{"F32", "[0,3]", nil, []float32{}, []int{0, 3}},
		{"F64", "[2,1]", f64(0.1, -1e-60), []float32{0.1, float32(math.Copysign(0, -1))}, []int{2, 1}},
		{"F64", "[1]", f64(math.Inf(1)), []float32{inf}, []int{1}},
		{"BF16", "[3]", u16(0x3f80, 0xc040, 0x7f80), []float32{1, -3, inf}, []int{3}},
		{"F16", "[9]", u16(0x3c00, 0xc000, 0x7bff, 0x0001, 0x83ff, 0x0400, 0x7c00, 0x0000, 0x3555),
			[]float32{1, -2, 65504, 0x1p-24, -1023 * 0x1p-24, 0x1p-14, inf, 0, 0.333251953125}, []int{9}},
	} {
		header := `{"x":{"dtype":"` + c.dtype + `","shape":` + c.shape + `,"data_offsets":[0,` + strconv.Itoa(len(c.raw)) + `]},"__metadata__":{"format":"pt"}}`
		m, err := ReadSafetensors(file(header, c.raw...))
		if err != nil {
			t.Errorf("%s %s: %v", c.dtype, c.shape, err)
			continue
		}
		if got := m["x"]; len(m) != 1 || !reflect.DeepEqual(got.Data, c.want) || !reflect.DeepEqual(got.Dims, c.dims) {
			t.Errorf("%s %s: %v, want %v %v", c.dtype, c.shape, m, c.dims, c.want)
		}
	}
	for _, half := range []uint16{0x7e00, 0xfc01} {
		if v := tensor.FromHalf(half); v == v {
			t.Errorf("half %#x is %v, want NaN", half, v)
		}
	}
	if v, err := narrow(nan); err != nil || v == v {
		t.Errorf("NaN becomes %v, %v", v, err)
	}
	m, err := ReadSafetensors(file(`{"bn.num_batches_tracked":{"dtype":"I64","shape":[],"data_offsets":[0,8]}}`, make([]byte, 8)...))
	if err != nil || len(m) != 0 {
		t.Errorf("num_batches_tracked: %v, %v", m, err)
	}
}

func TestReadSafetensorsHostile(t *testing.T) {
	tensorOf := func(shape, offsets string) string {
		return `{"x":{"dtype":"F32","shape":` + shape + `,"data_offsets":` + offsets + `}}`
	}
	four := []byte{1, 2, 3, 4}
	for name, c := range map[string]struct {
		data []byte
		says string
	}{
		"empty":                {nil, "0 bytes"},
		"seven bytes":          {make([]byte, 7), "7 bytes"},
		"header past the end":  {binary.LittleEndian.AppendUint64(nil, 100), "100 bytes"},
		"header length −1":     {binary.LittleEndian.AppendUint64(nil, math.MaxUint64), "truncated"},
		"header length 2⁶⁴−8":  {binary.LittleEndian.AppendUint64(nil, math.MaxUint64-7), "truncated"},
		"long header":          {file(strings.Repeat(" ", maxHeader+1)), "allowed"},
		"no JSON":              {file("hello"), "damaged"},
		"empty header":         {file(""), "damaged"},
		"array":                {file("[]"), "damaged"},
		"null tensor":          {file(`{"x":null}`), `"x"`},
		"deep":                 {file(strings.Repeat("[", 100000)), "damaged"},
		"huge shape":           {file(tensorOf("[9223372036854775807]", "[0,4]"), four...), "damaged"},
		"overflowing shape":    {file(tensorOf("[4294967296,4294967296]", "[0,0]")), "damaged"},
		"huge dim beside zero": {file(tensorOf("[0,9223372036854775807]", "[0,0]")), `"x"`},
		"big shape, one zero":  {file(tensorOf("[2000000000,2000000000,0]", "[0,0]")), `"x"`},
		"offsets past the end": {file(tensorOf("[2]", "[0,8]"), four...), "damaged"},
		"offsets reversed":     {file(tensorOf("[1]", "[4,0]"), four...), "damaged"},
		"offsets negative":     {file(tensorOf("[1]", "[-4,0]"), four...), "damaged"},
		"offsets huge":         {file(tensorOf("[1]", "[18446744073709551612,18446744073709551616]"), four...), "damaged"},
		"hole":                 {file(tensorOf("[1]", "[4,8]"), append(four, four...)...), "damaged"},
		"data left over":       {file(tensorOf("[1]", "[0,4]"), append(four, 0)...), "damaged"},
		"fraction":             {file(tensorOf("[1.5]", "[0,4]"), four...), "damaged"},
		"unknown type":         {file(`{"x":{"dtype":"F8_E4M3","shape":[1],"data_offsets":[0,1]}}`, 1), `"x"`},
		"integers":             {file(`{"x":{"dtype":"I8","shape":[1],"data_offsets":[0,1]}}`, 1), `"x": has type I8`},
		"too large for float32": {file(`{"x":{"dtype":"F64","shape":[1],"data_offsets":[0,8]}}`,
			binary.LittleEndian.AppendUint64(nil, math.Float64bits(1e39))...), `"x": element 0: 1e+39`},
		"a name twice":    {file(`{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}`, four...), `"x" is given twice`},
		"a field twice":   {file(`{"x":{"dtype":"F16","dtype":"F32","shape":[1],"data_offsets":[0,4]}}`, four...), `"dtype" is given twice`},
		"a name in bytes": {file("{\"\xff\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", four...), "not UTF-8"},
		"overlap":         {file(`{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"y":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}`, four...), "damaged"},
	} {
		m, err := ReadSafetensors(c.data)
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, %v: does not say %q", name, m, err, c.says)
		}
		if err != nil && len(err.Error()) > 600 {
			t.Errorf("%s: the error is %d bytes long", name, len(err.Error()))
		}
	}
}

func sample() map[string]tensor.Array {
	return map[string]tensor.Array{
		"b":             arr([]float32{1, 2, 3, 4, 5, 6}, 2, 3),
		"a.weight":      arr([]float32{float32(math.Inf(-1)), 1e-40}, 1, 2, 1, 1),
		"scalar":        {Dims: []int{}, Data: []float32{7}},
		"none":          {Dims: []int{0}, Data: []float32{}},
		"<ü>&\"\\\x00 ": arr([]float32{8}, 1),
	}
}

func TestSafetensorsRoundTrip(t *testing.T) {
	path := filepath.Join(t.TempDir(), "m.safetensors")
	var first []byte
	for i := range 5 {
		if err := SaveSafetensors(path, sample()); err != nil { // the later ones replace the file
			t.Fatal(err)
		}
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			first = data
		}
		if !bytes.Equal(first, data) {
			t.Fatal("the same map gives other bytes")
		}
	}
	m, err := LoadSafetensors(path)
	if err != nil || !reflect.DeepEqual(m, sample()) {
		t.Errorf("%v, %v", m, err)
	}
	left, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(left) != 1 {
		t.Errorf("files left: %v, %v", left, err)
	}
}

func TestSafetensorsTruncated(t *testing.T) {
	path := filepath.Join(t.TempDir(), "m.safetensors")
	if err := SaveSafetensors(path, sample()); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for n := range whole {
		if m, err := ReadSafetensors(whole[:n]); err == nil {
			t.Fatalf("%d of %d bytes: no error, %v", n, len(whole), m)
		}
		if err := os.WriteFile(path, whole[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := LoadSafetensors(path); err == nil || !strings.Contains(err.Error(), path) {
			t.Fatalf("%d of %d bytes: %v: does not name the file", n, len(whole), err)
		}
	}
}

func TestSafetensorsErrors(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "m.safetensors")
	for name, m := range map[string]map[string]tensor.Array{
		"short":         {"x": arr([]float32{1}, 2)},
		"negative":      {"x": arr(nil, -1)},
		"overflow":      {"x": arr(nil, math.MaxInt, 4)},
		"reserved name": {"__metadata__": arr([]float32{1}, 1)},
		"not UTF-8":     {"\xff": arr([]float32{1}, 1)},
	} {
		if err := SaveSafetensors(path, m); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if left, _ := os.ReadDir(dir); len(left) != 0 {
		t.Errorf("files left: %v", left)
	}
	if err := SaveSafetensors(filepath.Join(dir, "no", "such", "folder"), sample()); err == nil {
		t.Error("no folder: no error")
	}
	if err := os.Mkdir(path, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := SaveSafetensors(path, sample()); err == nil { // the rename fails
		t.Error("a folder in the way: no error")
	}
	if left, _ := os.ReadDir(dir); len(left) != 1 {
		t.Errorf("files left: %v", left)
	}
	if _, err := LoadSafetensors(dir); err == nil || !strings.Contains(err.Error(), "regular") {
		t.Errorf("a folder: %v", err)
	}
	if _, err := LoadSafetensors(filepath.Join(dir, "absent")); err == nil || !strings.Contains(err.Error(), "absent") {
		t.Errorf("absent: %v", err)
	}
}

func FuzzSafetensors(f *testing.F) {
	f.Add(file(`{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}`, 1, 2, 3, 4))
	f.Add(file(`{"x":{"dtype":"F16","shape":[2,1],"data_offsets":[0,4]},"__metadata__":{"a":"b"}}`, 1, 2, 3, 4))
	f.Add(file(`{"x":{"dtype":"F64","shape":[],"data_offsets":[0,8]},"n":{"dtype":"I64","shape":[0],"data_offsets":[8,8]}}`, make([]byte, 8)...))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := ReadSafetensors(data)
		if err != nil {
			return
		}
		for name, a := range m {
			if n, err := count(a.Dims); err != nil || n != len(a.Data) || n > len(data) {
				t.Fatalf("%q: %v holds %d elements, from %d bytes", name, a.Dims, len(a.Data), len(data))
			}
		}
	})
}

// TestSafetensorsOwned: arrays share no memory, with each other or with the caller's bytes; nor does alignment matter.
func TestSafetensorsOwned(t *testing.T) {
	var b bytes.Buffer
	want := map[string]tensor.Array{"a": arr([]float32{1, -2, 3.5}, 3), "b": arr([]float32{4}, 1)}
	if err := EncodeSafetensors(&b, want); err != nil {
		t.Fatal(err)
	}
	for shift := range 4 {
		moved := append(make([]byte, shift, shift+b.Len()), b.Bytes()...)[shift:]
		m, err := ReadSafetensors(moved)
		if err != nil {
			t.Fatal(err)
		}
		for i := range moved {
			moved[i] = 0xff
		}
		if !reflect.DeepEqual(m, want) {
			t.Errorf("at %d: %v", shift, m)
		}
	}
}
