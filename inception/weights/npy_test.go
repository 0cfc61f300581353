package weights

import (
	"bytes"
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// npyFile is a version 1.0 file with the given dictionary, padded as NumPy does.
func npyFile(dict string, data ...byte) []byte {
	dict += strings.Repeat(" ", 63-(10+len(dict))%64) + "\n"
	return append(append(binary.LittleEndian.AppendUint16([]byte("\x93NUMPY\x01\x00"), uint16(len(dict))), dict...), data...)
}

func dict(descr, order, shape string) string {
	return "{'descr': '" + descr + "', 'fortran_order': " + order + ", 'shape': " + shape + ", }"
}

func TestReadNpy(t *testing.T) {
	le32 := []byte{0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0}
	be32 := []byte{0x3f, 0x80, 0, 0, 0xc0, 0, 0, 0}
	f64 := binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(nil, math.Float64bits(1+1e-12)), math.Float64bits(-2))
	b64 := binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, math.Float64bits(1+1e-12)), math.Float64bits(-2))
	version2 := func() []byte {
		d := dict("<f4", "False", "(2,)") + "\n"
		return append(append(binary.LittleEndian.AppendUint32([]byte("\x93NUMPY\x02\x00"), uint32(len(d))), d...), le32...)
	}()
	for name, c := range map[string]struct {
		data []byte
		dims []int
		want []float64
	}{
		"float32":    {npyFile(dict("<f4", "False", "(2,)"), le32...), []int{2}, []float64{1, -2}},
		"big-endian": {npyFile(dict(">f4", "False", "(1, 2, 1)"), be32...), []int{1, 2, 1}, []float64{1, -2}},
		"float64":    {npyFile(dict("<f8", "False", "(2, 1)"), f64...), []int{2, 1}, []float64{1 + 1e-12, -2}},
		"big 64":     {npyFile(dict(">f8", "False", "(1, 2)"), b64...), []int{1, 2}, []float64{1 + 1e-12, -2}},
		"scalar":     {npyFile(dict("<f4", "False", "()"), le32[:4]...), []int{}, []float64{1}},
		"empty":      {npyFile(dict("<f4", "False", "(0, 5)")), []int{0, 5}, []float64{}},
		"version 2":  {version2, []int{2}, []float64{1, -2}},
		"float16":    {npyFile(dict("<f2", "False", "(4,)"), 0x00, 0x3e, 0x01, 0x80, 0xff, 0x7b, 0x00, 0xfc), []int{4}, []float64{1.5, -0x1p-24, 65504, math.Inf(-1)}},
		"bytes":      {npyFile(dict("|u1", "False", "(2,)"), 255, 7), []int{2}, []float64{255, 7}},
		"int8":       {npyFile(dict("|i1", "False", "(2,)"), 255, 7), []int{2}, []float64{-1, 7}},
		"booleans":   {npyFile(dict("|b1", "False", "(2,)"), 1, 0), []int{2}, []float64{1, 0}},
		"int16":      {npyFile(dict(">i2", "False", "(2,)"), 0xff, 0xfe, 0, 3), []int{2}, []float64{-2, 3}},
		"uint16":     {npyFile(dict("<u2", "False", "(1,)"), 0xfe, 0xff), []int{1}, []float64{65534}},
		"int32":      {npyFile(dict("<i4", "False", "(1,)"), 0xfe, 0xff, 0xff, 0xff), []int{1}, []float64{-2}},
		"uint32":     {npyFile(dict("<u4", "False", "(1,)"), 0, 0, 0, 0xff), []int{1}, []float64{0xff000000}},
		"int64":      {npyFile(dict("<i8", "False", "(2,)"), 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 1, 0, 0, 0, 0, 0, 0), []int{2}, []float64{-2, 256}},
		"uint64":     {npyFile(dict("<u8", "False", "(1,)"), 0, 1, 0, 0, 0, 0, 0, 0), []int{1}, []float64{256}},
	} {
		path := filepath.Join(t.TempDir(), "x.npy")
		if err := os.WriteFile(path, c.data, 0o600); err != nil {
			t.Fatal(err)
		}
		dims, v, err := ReadNpy64(path)
		if err != nil || !reflect.DeepEqual(dims, c.dims) || !reflect.DeepEqual(v, c.want) {
			t.Errorf("%s: %v %v, %v", name, dims, v, err)
		}
		a, err := ReadNpy(path)
		if err != nil || !reflect.DeepEqual(a.Dims, c.dims) || len(a.Data) != len(c.want) {
			t.Errorf("%s: %v, %v", name, a, err)
		}
		for i := range a.Data {
			if a.Data[i] != float32(c.want[i]) {
				t.Errorf("%s: %v, want %v", name, a.Data, c.want)
			}
		}
	}
}

func TestReadNpyHostile(t *testing.T) {
	eight := make([]byte, 8)
	long := append(binary.LittleEndian.AppendUint32([]byte("\x93NUMPY\x02\x00"), 0xfffffff0), eight...)
	for name, c := range map[string]struct {
		data []byte
		says string
	}{
		"empty":            {nil, "0 bytes"},
		"text":             {[]byte("hello, hello, hello"), "not a .npy"},
		"version 3":        {[]byte("\x93NUMPY\x03\x00\x00\x00\x00\x00"), "3.0"},
		"header of 4 GB":   {long, "truncated"},
		"empty header":     {[]byte("\x93NUMPY\x01\x00\x00\x00    "), "numpy.save"},
		"header, no dict":  {npyFile("", eight...), "numpy.save"},
		"swapped keys":     {npyFile("{'shape': (2,), 'fortran_order': False, 'descr': '<f4', }", eight...), "numpy.save"},
		"closed too early": {npyFile("}{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", eight...), "numpy.save"},
		"Fortran":          {npyFile(dict("<f4", "True", "(1, 2)"), eight...), "ascontiguousarray"},
		"complex numbers":  {npyFile(dict("<c8", "False", "(1,)"), eight...), "<c8"},
		"a large integer":  {npyFile(dict("<i8", "False", "(1,)"), 1, 0, 0, 0, 0, 0, 0, 0x80), "element 0: an integer beyond 2^53"},
		"bytes in order":   {npyFile(dict("=u1", "False", "(8,)"), eight...), "=u1"},
		"floats, no order": {npyFile(dict("|f4", "False", "(2,)"), eight...), "|f4"},
		"native order":     {npyFile(dict("f4", "False", "(2,)"), eight...), "f4"},
		"objects":          {npyFile(dict("|O", "False", "(1,)"), eight...), "|O"},
		"negative":         {npyFile(dict("<f4", "False", "(-2,)"), eight...), "numpy.save"},
		"3.8 GB":           {npyFile(dict("<f4", "False", "(1000000000,)"), eight...), "truncated"},
		"overflow":         {npyFile(dict("<f4", "False", "(4294967296, 4294967296)"), eight...), "out of range"},
		"overflow to 2":    {npyFile(dict("<f4", "False", "(9223372036854775809, 2)"), eight...), "out of range"},
		"overflow, zero":   {npyFile(dict("<f4", "False", "(0, 4294967296)")), "out of range"},
		"two commas":       {npyFile(dict("<f4", "False", "(2,,1)"), eight...), "invalid"},
		"left over":        {npyFile(dict("<f4", "False", "(1,)"), eight...), "needs 132 bytes, has 136"},
		"long shape":       {npyFile(dict("<f4", "False", "("+strings.Repeat("1, ", 20000)+"9)"), eight...), "bytes"},
	} {
		path := filepath.Join(t.TempDir(), "x.npy")
		if err := os.WriteFile(path, c.data, 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := ReadNpy(path)
		if err == nil || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v: does not say %q and the file", name, err, c.says)
		}
		if _, _, err64 := ReadNpy64(path); err64 == nil || err64.Error() != err.Error() {
			t.Errorf("%s: ReadNpy64 says %v, ReadNpy %v", name, err64, err)
		}
	}
	path := filepath.Join(t.TempDir(), "x.npy")
	data := npyFile(dict("<f8", "False", "(1,)"), binary.LittleEndian.AppendUint64(nil, math.Float64bits(-1e39))...)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadNpy(path); err == nil || !strings.Contains(err.Error(), "element 0: -1e+39") {
		t.Errorf("too large for float32: %v", err)
	}
	odd := filepath.Join(t.TempDir(), "odd.npy")
	if err := WriteNpyInts(odd, []int{2}, []int64{-5, 1<<24 + 1}); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadNpy(odd); err == nil || !strings.Contains(err.Error(), "element 1: 1.6777217e+07 is not among float32's numbers") {
		t.Errorf("an integer that float32 can't hold: %v", err)
	}
	if dims, v, err := ReadNpy64(odd); err != nil || len(dims) != 1 || v[0] != -5 || v[1] != 1<<24+1 {
		t.Errorf("in float64: %v, %v, %v", dims, v, err)
	}
	if _, v, err := ReadNpy64(path); err != nil || v[0] != -1e39 {
		t.Errorf("in float64: %v, %v", v, err)
	}
}

func TestNpyRoundTripAndTruncation(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.npy")
	for _, dims := range [][]int{{}, {1}, {0}, {6}, {2, 3}, {1, 2, 3, 1}, {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}} {
		n, _ := count(dims)
		data := make([]float32, n)
		for i := range data {
			data[i] = float32(i) - 0.3
		}
		if err := WriteNpy(path, dims, data); err != nil {
			t.Fatal(err)
		}
		a, err := ReadNpy(path)
		if err != nil || !reflect.DeepEqual(a.Dims, dims) || !reflect.DeepEqual(a.Data, data) {
			t.Fatalf("%v: %v, %v", dims, a, err)
		}
		whole, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if (len(whole)-4*n)%64 != 0 {
			t.Errorf("%v: the data starts at %d", dims, len(whole)-4*n)
		}
		for k := range whole {
			if a, err := readNpy(whole[:k]); err == nil {
				t.Fatalf("%v: %d of %d bytes: no error, %v", dims, k, len(whole), a)
			}
			if _, v, err := readNpy64(whole[:k]); err == nil {
				t.Fatalf("%v: %d of %d bytes: no error, %v", dims, k, len(whole), v)
			}
		}
	}
	// What numpy.save itself writes.
	const golden = "../testdata/golden/inception_a_2x5x13x7_in.npy"
	a, err := ReadNpy(golden)
	if err != nil {
		t.Fatal(err)
	}
	if err := WriteNpy(path, a.Dims, a.Data); err != nil {
		t.Fatal(err)
	}
	ours, _ := os.ReadFile(path)
	theirs, err := os.ReadFile(golden)
	if err != nil || !bytes.Equal(ours, theirs) {
		t.Errorf("WriteNpy writes other bytes than numpy.save: %v", err)
	}
	for name, dims := range map[string][]int{"count": {7}, "negative": {-6}, "overflow": {math.MaxInt, 2}} {
		if err := WriteNpy(path, dims, make([]float32, 6)); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func FuzzNpy(f *testing.F) {
	f.Add(npyFile(dict("<f4", "False", "(2,)"), make([]byte, 8)...))
	f.Add(npyFile(dict(">f8", "False", "(1, 1)"), make([]byte, 8)...))
	f.Add(npyFile(dict("<f4", "False", "()"), make([]byte, 4)...))
	f.Fuzz(func(t *testing.T, data []byte) {
		a, err := readNpy(data)
		if err == nil {
			if n, err := count(a.Dims); err != nil || n != len(a.Data) || n > len(data) {
				t.Fatalf("%v holds %d elements, from %d bytes", a.Dims, len(a.Data), len(data))
			}
		}
		if dims, v, err := readNpy64(data); err == nil {
			if n, err := count(dims); err != nil || n != len(v) || n > len(data) {
				t.Fatalf("%v holds %d elements, from %d bytes", dims, len(v), len(data))
			}
		}
	})
}
