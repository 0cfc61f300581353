package weights

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"inceptiongl/inception/graph"
	"inceptiongl/inception/tensor"
)

const networks = "../testdata/networks/"

// TestLoadPTH: what torch.save wrote is what it wrote as safetensors, bit for bit: in every type, with strides, shared
// storages and an offset; in protocols 2 and 4; as a state dict and in a checkpoint.
func TestLoadPTH(t *testing.T) {
	want, err := Load(networks + "tiny.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"tiny.pth", "tiny_checkpoint.pth"} {
		got, err := Load(networks + name)
		if err != nil {
			t.Fatal(err)
		}
		if len(got) != len(want) || len(got) < 12 {
			t.Errorf("%s: %d tensors, want %d", name, len(got), len(want))
		}
		for key, w := range want {
			if g := got[key]; !reflect.DeepEqual(bits(g), bits(w)) || !reflect.DeepEqual(g.Dims, w.Dims) {
				t.Errorf("%s: %s is %v, want %v", name, key, g, w)
			}
		}
	}
}

func bits(a tensor.Array) []uint32 {
	b := make([]uint32, len(a.Data))
	for i, v := range a.Data {
		b[i] = math.Float32bits(v)
	}
	return b
}

func TestLoadErrors(t *testing.T) {
	dir := t.TempDir()
	copyOf := func(name string, data []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for path, says := range map[string]string{
		networks + "tiny_legacy.pth":         `torch.save(torch.load(OLD`,
		networks + "tiny.onnx":               ".safetensors, .pth or .pt",
		networks + "absent.PT":               "absent",
		networks:                             "must end in",
		copyOf("empty.pth", nil):             "0 bytes",
		copyOf("text.pt", []byte("hello")):   "5 bytes",
		copyOf("zip.pth", stored("x/y", "")): "without the data.pkl",
		copyOf("script.pt", stored("x/data.pkl", "", "x/constants.pkl", "")): "TorchScript",
	} {
		if m, err := Load(path); err == nil || !strings.Contains(err.Error(), says) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v, %v: does not say %q and the file", path, m, err, says)
		}
	}
}

// stored is a zip archive without compression, of names and contents.
func stored(namesAndContents ...string) []byte { return archived(zip.Store, namesAndContents...) }

func archived(method uint16, namesAndContents ...string) []byte {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for i := 0; i < len(namesAndContents); i += 2 {
		f, err := w.CreateHeader(&zip.FileHeader{Name: namesAndContents[i], Method: method})
		if err != nil {
			panic(err)
		}
		f.Write([]byte(namesAndContents[i+1]))
	}
	w.Close()
	return b.Bytes()
}

// pth is an archive as torch.save makes it, with one storage.
func pth(pickle, data string) []byte {
	return stored("x/data.pkl", pickle, "x/data/0", data, "x/version", "3\n")
}

// The pieces of a pickle.
func text(s string) string {
	return "X" + string(binary.LittleEndian.AppendUint32(nil, uint32(len(s)))) + s
}
func number(v int64) string {
	return "\x8a\x08" + string(binary.LittleEndian.AppendUint64(nil, uint64(v)))
}
func numbers(v ...int64) string {
	s := "("
	for _, x := range v {
		s += number(x)
	}
	return s + "t"
}
func storagePickle(typ string, n int64) string {
	return "(" + text("storage") + "ctorch\n" + typ + "\n" + text("0") + text("cpu") + number(n) + "tQ"
}
func tensorPickle(storage string, offset int64, size, stride string) string {
	return "ctorch._utils\n_rebuild_tensor_v2\n(" + storage + number(offset) + size + stride + "\x89NtR"
}

// stateDict is {"w": value}.
func stateDict(value string) string { return "\x80\x02}" + text("w") + value + "s." }

// floats is {"w": a float32 tensor} with a storage of n elements.
func floats(n, offset int64, size, stride string) string {
	return stateDict(tensorPickle(storagePickle("FloatStorage", n), offset, size, stride))
}

func TestReadPTH(t *testing.T) {
	le := "\x00\x00\x80\x3f\x00\x00\x00\x40\x00\x00\x40\x40" // 1, 2, 3
	be := "\x3f\x80\x00\x00\x40\x00\x00\x00\x40\x40\x00\x00"
	three := floats(3, 0, numbers(3), numbers(1))
	for name, c := range map[string]struct {
		data []byte
		want tensor.Array
	}{
		"little-endian": {stored("x/data.pkl", three, "x/data/0", le, "x/byteorder", "little"), arr([]float32{1, 2, 3}, 3)},
		"big-endian":    {stored("x/data.pkl", three, "x/data/0", be, "x/byteorder", "big"), arr([]float32{1, 2, 3}, 3)},
		"stride 0":      {pth(floats(3, 1, numbers(2, 2), numbers(1, 0)), le), arr([]float32{2, 2, 3, 3}, 2, 2)},
		"strides of 1s": {pth(floats(3, 2, numbers(1, 1), numbers(math.MaxInt64, 0)), le), arr([]float32{3}, 1, 1)},
		"empty":         {pth(floats(3, 99, numbers(5, 0), numbers(9, 9)), le), arr([]float32{}, 5, 0)},
		"seven arguments": {pth(stateDict("ctorch._utils\n_rebuild_tensor_v2\n("+storagePickle("FloatStorage", 3)+number(1)+
			numbers(1)+numbers(1)+"\x89N}tR"), le), arr([]float32{2}, 1)},
	} {
		m, err := ReadPTH(c.data)
		if err != nil || len(m) != 1 || !reflect.DeepEqual(m["w"], c.want) {
			t.Errorf("%s: %v, %v; want %v", name, m, err, c.want)
		}
	}
}

func TestPickleIntegers(t *testing.T) {
	for program, want := range map[string]int64{
		"K\xff": 255, "M\xff\xff": 65535, "J\xfe\xff\xff\xff": -2,
		"\x8a\x00": 0, "\x8a\x01\xff": -1, "\x8a\x02\x00\x80": -32768, "\x8a\x02\xff\x00": 255, number(math.MinInt64): math.MinInt64,
	} {
		if v, err := unpickle([]byte(program + ".")); err != nil || v != want {
			t.Errorf("%q: %v, %v; want %d", program, v, err, want)
		}
	}
}

// TestPTHHostile: nothing is run, and nothing is allocated that the file's size doesn't justify.
func TestPTHHostile(t *testing.T) {
	twelve := strings.Repeat("\x00", 12)
	ok := floats(3, 0, numbers(3), numbers(1))
	many := "\x80\x02}(" // 2000 tensors of all 30,000 elements of one storage
	for i := range 2000 {
		many += text(strings.Repeat("n", i+1)) + tensorPickle(storagePickle("FloatStorage", 30000), 0, numbers(30000), numbers(1))
	}
	many += "u."
	badSum := pth(ok, "twelve bytes")
	badSum[bytes.Index(badSum, []byte("twelve"))] = 'T'
	for name, c := range map[string]struct {
		data []byte
		says string
	}{
		"system":            {pth("\x80\x02cos\nsystem\n("+text("echo")+"tR.", ""), `"os.system"`},
		"system, 4":         {pth("\x80\x04"+text("os")+text("system")+"\x93.", ""), `"os.system"`},
		"a model":           {pth("\x80\x02ctorchvision.models.googlenet\nGoogLeNet\n)\x81.", ""), "model.state_dict()"},
		"INST":              {pth("\x80\x02(ios\nsystem\n.", ""), "0x69"},
		"calls a type":      {pth("\x80\x02ctorch\nFloatStorage\n)R.", ""), "other arguments"},
		"calls a number":    {pth("\x80\x02K\x01)R.", ""), "no function"},
		"no arguments":      {pth("\x80\x02ctorch._utils\n_rebuild_tensor_v2\n)R.", ""), "other arguments"},
		"wrong arguments":   {pth("\x80\x02ctorch._utils\n_rebuild_tensor_v2\n(KNNNtR.", ""), ""},
		"parameter of None": {pth("\x80\x02ctorch._utils\n_rebuild_parameter\nN\x85R.", ""), "other arguments"},
		"filled dict":       {pth("\x80\x02ccollections\nOrderedDict\n]\x85R.", ""), "other arguments"},
		"persistent id":     {pth("\x80\x02NQ.", ""), "persistent id"},
		"persistent length": {pth(stateDict(storagePickle("FloatStorage", -1)), ""), "damaged"},
		"protocol 1":        {pth("\x80\x01}.", ""), "protocol 1"},
		"empty stack":       {pth("\x80\x02.", ""), "takes 1"},
		"pops past a mark":  {pth("\x80\x02K\x01(\x85.", ""), "takes 1"},
		"no mark":           {pth("\x80\x02t.", ""), "no mark"},
		"odd items":         {pth("\x80\x02}(Nu.", ""), "key without"},
		"items of a list":   {pth("\x80\x02]NNs.", ""), "changes"},
		"appends to a dict": {pth("\x80\x02}Na.", ""), "changes"},
		"unset memo":        {pth("\x80\x02h\x07.", ""), "memo 7"},
		"long text":         {pth("\x80\x02X\xff\xff\xff\xffabc.", ""), "truncated"},
		"not UTF-8":         {pth("\x80\x02X\x01\x00\x00\x00\xff.", ""), "UTF-8"},
		"huge integer":      {pth("\x80\x02\x8a\x09"+twelve+".", ""), "too large"},
		"unfinished":        {pth("\x80\x02}", ""), "truncated"},
		"long pickle":       {pth(strings.Repeat("N", maxPickle+1), ""), "allowed"},
		"a list":            {pth("\x80\x02].", ""), "holds a list"},
		"number as a key":   {pth("\x80\x02}K\x01Ns.", ""), "a key is 1"},
		"dict as a value":   {pth(stateDict("}"), ""), `"w" is a dict of 0`},
		"itself as a value": {pth("\x80\x02}q\x00"+text("w")+"h\x00s.", ""), `"w" is a dict of 1`},
		"integers":          {pth(stateDict(tensorPickle(storagePickle("LongStorage", 1), 0, numbers(1), numbers(1))), twelve), "int64"},
		"complex":           {pth(stateDict(tensorPickle(storagePickle("ComplexFloatStorage", 1), 0, numbers(1), numbers(1))), twelve), "ComplexFloatStorage"},

		"storage too short":    {pth(floats(4, 0, numbers(4), numbers(1)), twelve), "has 12 bytes"},
		"storage of 2⁶³":       {pth(floats(math.MaxInt64, 0, numbers(4), numbers(1)), twelve), "has 12 bytes"},
		"size past the end":    {pth(floats(3, 0, numbers(4), numbers(1)), twelve), "reaches past"},
		"offset −1":            {pth(floats(3, -1, numbers(1), numbers(1)), twelve), "reaches past"},
		"offset at the end":    {pth(floats(3, 3, numbers(1), numbers(1)), twelve), "reaches past"},
		"offset of 2⁶³":        {pth(floats(3, math.MaxInt64, numbers(2), numbers(1)), twelve), "reaches past"},
		"stride past":          {pth(floats(3, 0, numbers(2), numbers(3)), twelve), "reaches past"},
		"stride of 2⁶³":        {pth(floats(3, 0, numbers(3), numbers(math.MaxInt64)), twelve), "reaches past"},
		"strides add up":       {pth(floats(3, 0, numbers(2, 2, 2), numbers(1, 1, 1)), twelve), "reaches past"},
		"strides overflow":     {pth(floats(3, 0, numbers(math.MaxInt32, math.MaxInt32, math.MaxInt32), numbers(2, 2, 2)), twelve), "reaches past"},
		"stride −1":            {pth(floats(3, 2, numbers(3), numbers(-1)), twelve), "stride -1"},
		"dimension −1":         {pth(floats(3, 0, numbers(-1), numbers(1)), twelve), "dimension 0 is -1"},
		"dimension of 2⁶³":     {pth(floats(3, 0, numbers(math.MaxInt64), numbers(0)), twelve), "dimension 0"},
		"dimension, text":      {pth(floats(3, 0, "("+text("3")+"t", numbers(0)), twelve), "dimension 0"},
		"fewer strides":        {pth(floats(3, 0, numbers(3, 1), numbers(1)), twelve), "1 strides"},
		"65 dimensions":        {pth(floats(3, 0, numbers(make([]int64, 65)...), numbers(make([]int64, 65)...)), twelve), "65 dimensions"},
		"one element, 8 GB":    {pth(floats(3, 0, numbers(math.MaxInt32), numbers(0)), twelve), "its size allows"},
		"product overflows":    {pth(floats(3, 0, numbers(1<<30, 1<<30, 1<<30), numbers(0, 0, 0)), twelve), "out of range"},
		"many, shared":         {pth(many, strings.Repeat(twelve, 10000)), "its size allows"},
		"too large for f32":    {pth(stateDict(tensorPickle(storagePickle("DoubleStorage", 1), 0, numbers(1), numbers(1))), "\xff\xff\xff\xff\xff\xff\xef\x7f"), "float32"},
		"no such storage":      {stored("x/data.pkl", ok), `lacks "x/data/0"`},
		"storage far away":     {stored("x/data.pkl", ok, "y/data/0", twelve), `lacks "x/data/0"`},
		"byte order":           {stored("x/data.pkl", ok, "x/data/0", twelve, "x/byteorder", "middle"), "middle"},
		"two data.pkl":         {stored("x/data.pkl", ok, "y/data.pkl", ok), "two files"},
		"the same twice":       {stored("x/data.pkl", ok, "x/data.pkl", ok), "two files"},
		"deep data.pkl":        {stored("x/y/data.pkl", ok), "without the data.pkl"},
		"compressed":           {archived(zip.Deflate, "x/data.pkl", ok, "x/data/0", strings.Repeat(twelve, 1000)), "compressed"},
		"checksum":             {badSum, "checksum"},
		"begins as an archive": {[]byte("PK\x03\x04 and nothing more"), "damaged"},
	} {
		m, err := ReadPTH(c.data)
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, %v: does not say %q", name, m, err, c.says)
		}
		if err != nil && len(err.Error()) > 600 {
			t.Errorf("%s: the error is %d bytes long", name, len(err.Error()))
		}
	}
}

// TestPTHDamaged: every truncation is an error, and no changed byte is worse than an error.
func TestPTHDamaged(t *testing.T) {
	for _, name := range []string{"tiny.pth", "tiny_checkpoint.pth", "tiny_legacy.pth"} {
		whole, err := os.ReadFile(networks + name)
		if err != nil {
			t.Fatal(err)
		}
		for n := range whole {
			if m, err := ReadPTH(whole[:n]); err == nil {
				t.Fatalf("%s: %d of %d bytes: no error, %v", name, n, len(whole), m)
			}
		}
		for i := range whole {
			for _, flip := range []byte{1, 0x80, 0xff} {
				whole[i] ^= flip
				checkRead(t, whole)
				whole[i] ^= flip
			}
		}
	}
	// The same to the pickle alone, with a right checksum.
	whole := []byte(floats(3, 0, numbers(1, 3), numbers(3, 1)))
	for i := range whole {
		if _, err := ReadPTH(pth(string(whole[:i]), "123412341234")); err == nil {
			t.Fatalf("%d of %d bytes of the pickle: no error", i, len(whole))
		}
		for v := range 256 {
			old := whole[i]
			whole[i] = byte(v)
			checkRead(t, pth(string(whole), "123412341234"))
			whole[i] = old
		}
	}
}

// checkRead reads and, where that works, checks what came out.
func checkRead(t *testing.T, data []byte) {
	m, err := ReadPTH(data)
	if err != nil {
		return
	}
	total := 0
	for name, a := range m {
		n, err := count(a.Dims)
		if total += n; err != nil || n != len(a.Data) || total > len(data)+1<<16 {
			t.Fatalf("%q: %v holds %d elements, from %d bytes", name, a.Dims, len(a.Data), len(data))
		}
	}
}

func FuzzPTH(f *testing.F) {
	for _, name := range []string{"tiny.pth", "tiny_checkpoint.pth", "tiny_legacy.pth"} {
		data, err := os.ReadFile(networks + name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(checkRead)
}

// FuzzPickle spares the fuzzer the archive's checksums.
func FuzzPickle(f *testing.F) {
	for _, name := range []string{"tiny", "tiny_checkpoint"} {
		r, err := zip.OpenReader(networks + name + ".pth")
		if err != nil {
			f.Fatal(err)
		}
		file, err := r.Open(name + "/data.pkl")
		if err != nil {
			f.Fatal(err)
		}
		var b bytes.Buffer
		if _, err := b.ReadFrom(file); err != nil {
			f.Fatal(err)
		}
		r.Close()
		f.Add(b.Bytes(), []byte("123456789012"))
	}
	f.Add([]byte(floats(3, 0, numbers(1, 3), numbers(3, 1))), []byte("123412341234"))
	f.Fuzz(func(t *testing.T, pickle, data []byte) { checkRead(t, pth(string(pickle), string(data))) })
}

// TestApplyFullyConnected: torch.nn.Linear's O × I is the weight of a 1×1 convolution; a constant of the builder stays.
func TestApplyFullyConnected(t *testing.T) {
	g, v := graph.New("fc", 2)
	g.Weights["transform_input.scale"] = arr([]float32{7, 8}, 2)
	v = g.Add("transform_input", graph.Affine{Channels: 2, Scale: "transform_input.scale"}, v)
	g.Outputs = []graph.Value{g.Add("fc", graph.Conv2D{In: 2, Out: 1, Kernel: graph.Square(1), Weight: "fc.weight"}, v)}
	if err := Apply(g, map[string]tensor.Array{"fc.weight": arr([]float32{1, 2}, 1, 2)}); err != nil {
		t.Fatal(err)
	}
	if err := g.CheckWeights(); err != nil || g.Weights["transform_input.scale"].Data[1] != 8 {
		t.Errorf("%v, %v", g.Weights, err)
	}
	for _, dims := range [][]int{{2}, {2, 1}, {1}, {}, {1, 2, 1, 1, 1}} {
		if err := Apply(g, map[string]tensor.Array{"fc.weight": arr([]float32{1, 2}, dims...)}); err == nil {
			t.Errorf("dimensions %v: no error", dims)
		}
	}
	delete(g.Weights, "transform_input.scale")
	if err := Apply(g, map[string]tensor.Array{"fc.weight": arr([]float32{1, 2}, 1, 2)}); err == nil {
		t.Error("a constant that nobody set: no error")
	}
}
