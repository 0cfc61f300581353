package main

import (
	"archive/zip"
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"inceptiongl/gpu/gputest"
)

// hostile is a file that must be refused, and words that the error must have.
type hostile struct {
	name  string // with the extension
	data  []byte
	words string
}

// le and be are numbers of n bytes.
func le(n int, v uint64) []byte { return binary.LittleEndian.AppendUint64(nil, v)[:n] }
func be(n int, v uint64) []byte { return binary.BigEndian.AppendUint64(nil, v)[8-n:] }

func join(parts ...any) []byte {
	var b []byte
	for _, p := range parts {
		switch p := p.(type) {
		case string:
			b = append(b, p...)
		case []byte:
			b = append(b, p...)
		case int:
			b = append(b, byte(p))
		}
	}
	return b
}

// testFile is a file of another package's tests.
func testFile(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("../../inception", path))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func pngChunk(kind string, data []byte) []byte {
	body := join(kind, data)
	return join(be(4, uint64(len(data))), body, be(4, uint64(crc32.ChecksumIEEE(body))))
}

// pngOf has a header, and image data that become so many zeros.
func pngOf(w, h uint64, depth, colour, interlace, zeros int) []byte {
	var z bytes.Buffer
	zw := zlib.NewWriter(&z)
	zw.Write(make([]byte, zeros))
	zw.Close()
	return join("\x89PNG\r\n\x1a\n", pngChunk("IHDR", join(be(4, w), be(4, h), depth, colour, 0, 0, interlace)), pngChunk("PLTE", make([]byte, 3)),
		pngChunk("IDAT", z.Bytes()), pngChunk("IEND", nil))
}

func webpOf(chunks ...[]byte) []byte {
	body := join("WEBP", bytes.Join(chunks, nil))
	return join("RIFF", le(4, uint64(len(body))), body)
}

func riff(kind string, data []byte) []byte {
	return join(kind, le(4, uint64(len(data))), data, make([]byte, len(data)%2))
}

func vp8l(w, h uint64) []byte { return riff("VP8L", join(0x2f, le(4, w-1|(h-1)<<14), make([]byte, 9))) }

func vp8x(flags, w, h uint64) []byte { return riff("VP8X", join(le(4, flags), le(3, w-1), le(3, h-1))) }

// sof is a JPEG's frame header.
func sof(marker, h, w int, planes ...int) []byte {
	b := join(0xff, marker, be(2, uint64(8+3*len(planes))), 8, be(2, uint64(h)), be(2, uint64(w)), len(planes))
	for i, hv := range planes {
		b = append(b, byte(i+1), byte(hv), 0)
	}
	return b
}

// hostilePhotos are of every format.
func hostilePhotos(t *testing.T) []hostile {
	all := []hostile{
		{"empty.png", nil, "empty"}, {"text.jpg", []byte("a text"), "not a JPEG"}, {"zeros.bmp", make([]byte, 1000), "not a JPEG"},
		{"html.webp", []byte("<html>"), "not a JPEG"}, {"zip.gif", []byte("PK\x03\x04"), "not a JPEG"}, {"svg.png", []byte("<svg xmlns='x'/>"), "not a JPEG"},
		{"no pixels.png", pngOf(0, 5, 8, 2, 0, 10), ""}, {"nothing.png", pngOf(5, 5, 8, 2, 0, 10), "truncated"}, {"depth 3.png", pngOf(5, 5, 3, 2, 0, 10), ""},
		{"colour 9.png", pngOf(5, 5, 8, 9, 0, 10), ""}, {"interlace 7.png", pngOf(5, 5, 8, 2, 7, 10), ""}, {"more than it says.png", pngOf(5, 5, 8, 2, 0, 1<<20), "pixel data"},
		{"tall.png", pngOf(1, 1<<20, 8, 0, 0, 10), "a side"}, {"beyond int.png", pngOf(1<<31, 1<<31, 8, 0, 0, 10), ""},
		{"bad checksum.png", func() []byte { b := pngOf(5, 5, 8, 2, 0, 80); b[30] ^= 1; return b }(), "checksum"},
		{"huge canvas.gif", join("GIF89a", le(2, 65535), le(2, 65535), 0, 0, 0), "million"}, {"large canvas.gif", join("GIF89a", le(2, 9000), le(2, 9000), 0, 0, 0, ",", make([]byte, 9)), "memory|more than is allowed"},
		{"no frame.gif", join("GIF89a", le(2, 5), le(2, 5), 0, 0, 0, ";"), "missing image"}, {"frame beside it.gif", join("GIF89a", le(2, 5), le(2, 5), 0x80, 0, 0, make([]byte, 6), ",", le(2, 9), le(2, 9), le(2, 9), le(2, 9), 0, 2), "bounds"},
		{"no table.gif", join("GIF89a", le(2, 5), le(2, 5), 0, 0, 0, ",", make([]byte, 4), le(2, 5), le(2, 5), 0, 2, 0), "color table"},
		{"huge.jpg", join("\xff\xd8", sof(0xc0, 65535, 65535, 0x11), "\xff\xda\x00\x02"), "million"}, {"no scan.jpg", join("\xff\xd8", sof(0xc0, 5, 5, 0x11), "\xff\xd9"), ""},
		{"two frames.jpg", join("\xff\xd8", sof(0xc0, 5, 5, 0x11), sof(0xc0, 9000, 9000, 0x11)), ""}, {"no planes.jpg", join("\xff\xd8", sof(0xc0, 5, 5)), ""}, {"two planes.jpg", join("\xff\xd8", sof(0xc0, 5, 5, 0x11, 0x11)), ""},
		{"sampling 3.jpg", join("\xff\xd8", sof(0xc0, 5, 5, 0x33, 0x11, 0x11)), ""}, {"sampling 0.jpg", join("\xff\xd8", sof(0xc0, 5, 5, 0x00)), ""}, {"no height.jpg", join("\xff\xd8", sof(0xc0, 0, 5, 0x11), "\xff\xda\x00\x02"), "5×0 pixels"},
		{"arithmetic.jpg", join("\xff\xd8", sof(0xc9, 5, 5, 0x11)), ""}, {"short segment.jpg", []byte("\xff\xd8\xff\xe0\x00\x00"), ""}, {"only fill.jpg", join("\xff\xd8", bytes.Repeat([]byte{0xff}, 1<<16)), ""},
		{"progressive.jpg", join("\xff\xd8", sof(0xc2, 9000, 9000, 0x11, 0x11, 0x11), "\xff\xda\x00\x02"), "more than is allowed"}, {"inks.jpg", join("\xff\xd8", sof(0xc0, 7000, 7000, 0x11, 0x11, 0x11, 0x11), "\xff\xda\x00\x02"), "more than is allowed"},
		{"lossless.webp", webpOf(vp8l(9999, 9999)), "more than is allowed"}, {"largest.webp", webpOf(vp8l(16384, 16384)), "million"}, {"cut.webp", webpOf(vp8l(50, 50))[:24], ""},
		{"no chunk.webp", webpOf(), ""}, {"unknown chunk.webp", webpOf(riff("ABCD", make([]byte, 99))), ""}, {"canvas only.webp", webpOf(vp8x(0, 50, 50)), ""}, {"canvas twice.webp", webpOf(vp8x(0, 5, 5), vp8x(0, 5, 5), vp8l(5, 5)), ""},
		{"small canvas.webp", webpOf(vp8x(0, 1, 1), vp8l(9999, 9999)), "more than is allowed"}, {"wide canvas.webp", webpOf(vp8x(16, 1<<24, 1)), "a side"}, {"moving.webp", webpOf(vp8x(2, 5, 5), riff("ANIM", make([]byte, 6))), "animated"},
		{"large alpha.webp", webpOf(vp8x(16, 9000, 9000), riff("ALPH", make([]byte, 10))), "more than is allowed"}, {"alpha alone.webp", webpOf(riff("ALPH", make([]byte, 10)), vp8l(5, 5)), ""},
		{"lossy.webp", webpOf(riff("VP8 ", join(0x10, 0, 0, 0x9d, 0x01, 0x2a, le(2, 50), le(2, 50)))), ""}, {"chunk beyond.webp", join("RIFF", le(4, 30), "WEBPVP8L", le(4, 1<<31)), ""},
		{"huge.bmp", join("BM", make([]byte, 8), le(4, 54), le(4, 40), le(4, 60000), le(4, 60000), le(2, 1), le(2, 24), make([]byte, 24)), "million"}, {"large.bmp", join("BM", make([]byte, 8), le(4, 54), le(4, 40), le(4, 9000), le(4, 9000), le(2, 1), le(2, 24), make([]byte, 24)), "more than is allowed"},
		{"negative.bmp", join("BM", make([]byte, 8), le(4, 54), le(4, 40), le(4, 1<<32-5), le(4, 5), le(2, 1), le(2, 24), make([]byte, 24)), ""}, {"runs.bmp", join("BM", make([]byte, 8), le(4, 54), le(4, 40), le(4, 5), le(4, 5), le(2, 1), le(2, 8), le(4, 1), make([]byte, 20)), ""},
		{"header beyond.bmp", join("BM", make([]byte, 8), le(4, 1<<31), le(4, 1<<31), make([]byte, 40)), ""}, {"bits 7.bmp", join("BM", make([]byte, 8), le(4, 54), le(4, 40), le(4, 5), le(4, 5), le(2, 1), le(2, 7), make([]byte, 24)), ""},
	}
	for _, depth := range []int{8, 16} { // as large as the file format's own decoders would take
		for _, colour := range []int{0, 2, 4, 6} {
			for interlace := range 2 {
				all = append(all, hostile{fmt.Sprintf("bomb of %d bits, type %d, interlaced %d.png", depth, colour, interlace), pngOf(9990, 9990, depth, colour, interlace, 1<<20), "more than is allowed"})
			}
		}
	}
	for _, name := range []string{"rgb.png", "rgb.jpg", "progressive.jpg", "palette.gif", "lossless.webp", "lossy.webp", "rgb.bmp", "cmyk.jpg", "alpha.png"} {
		whole := testFile(t, "images/testdata/formats/"+name)
		for _, n := range []int{3, 12, 20, 30} {
			all = append(all, hostile{fmt.Sprintf("%d bytes of %s", n, name), whole[:n], ""})
		}
	}
	return all
}

func npyOf(dict string, data []byte) []byte {
	return join("\x93NUMPY", 1, 0, le(2, uint64(len(dict))), dict, data)
}

func hostileTensors() []hostile {
	dict := func(descr, order, shape string) string {
		return "{'descr': '" + descr + "', 'fortran_order': " + order + ", 'shape': " + shape + ", }\n"
	}
	whole := npyOf(dict("<f4", "False", "(1, 3, 2, 2)"), make([]byte, 48))
	all := []hostile{
		{"empty.npy", nil, "truncated"}, {"text.npy", []byte("1 2 3"), "not a .npy"}, {"version.npy", join("\x93NUMPY", 9, 0, le(2, 9)), "version"}, {"no header.npy", npyOf("", nil), ""}, {"long header.npy", join("\x93NUMPY", 2, 0, le(4, 1<<32-1), "{"), ""},
		{"objects.npy", npyOf(dict("|O", "False", "(1,)"), make([]byte, 8)), "must be floats"}, {"pickle.npy", npyOf("cos\nsystem\n(S'true'\ntR.", nil), "numpy.save"}, {"strings.npy", npyOf(dict("<U8", "False", "(1,)"), make([]byte, 32)), "must be floats"}, {"integers.npy", npyOf(dict("<i8", "False", "(1, 1, 1, 1)"), make([]byte, 8)), "extents"},
		{"fortran.npy", npyOf(dict("<f4", "True", "(1, 3, 2, 2)"), make([]byte, 48)), "Fortran"}, {"huge.npy", npyOf(dict("<f4", "False", "(1, 3, 30000, 30000)"), nil), ""}, {"overflowing.npy", npyOf(dict("<f4", "False", "(4294967296, 4294967296, 4)"), nil), ""},
		{"negative.npy", npyOf(dict("<f4", "False", "(-1, -1, 2, 2)"), nil), ""}, {"long number.npy", npyOf(dict("<f4", "False", "("+strings.Repeat("9", 1000)+",)"), nil), ""}, {"many dimensions.npy", npyOf(dict("<f4", "False", "("+strings.Repeat("1, ", 2000)+")"), make([]byte, 4)), ""},
		{"two dimensions.npy", npyOf(dict("<f4", "False", "(6, 2)"), make([]byte, 48)), "extents"}, {"nothing.npy", npyOf(dict("<f4", "False", "(0, 3, 2, 2)"), nil), ""}, {"other channels.npy", npyOf(dict("<f4", "False", "(1, 5, 2, 2)"), make([]byte, 80)), "channels"},
		{"too many bytes.npy", append(slices.Clone(whole), 0), "damaged"}, {"no float.npy", npyOf(dict("<f8", "False", "(1, 3, 1, 1)"), bytes.Repeat([]byte{0x7f, 0, 0, 0, 0, 0, 0, 0x7f}, 3)), ""},
	}
	for _, n := range []int{5, 9, 11, 30, len(whole) - 1} {
		all = append(all, hostile{fmt.Sprintf("%d bytes.npy", n), whole[:n], ""})
	}
	return all
}

func hostileWeights(t *testing.T) []hostile {
	st := func(header string, data []byte) []byte { return join(le(8, uint64(len(header))), header, data) }
	one := func(shape, offsets string) string {
		return `{"x":{"dtype":"F32","shape":` + shape + `,"data_offsets":` + offsets + `}}`
	}
	four := make([]byte, 4)
	all := []hostile{
		{"empty.safetensors", nil, ""}, {"short.safetensors", four, ""}, {"header beyond.safetensors", le(8, 1<<40), ""}, {"header of all.safetensors", le(8, 1<<64-1), ""}, {"text.safetensors", st("text", nil), "damaged"}, {"list.safetensors", st("[]", nil), "damaged"},
		{"deep.safetensors", st(strings.Repeat("[", 1<<20), nil), "nested"}, {"deep objects.safetensors", st(strings.Repeat(`{"a":`, 1<<18), nil), "nested"}, {"null.safetensors", st(`{"x":null}`, nil), ""}, {"twice.safetensors", st(`{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}`, four), "given twice"},
		{"bytes.safetensors", st("{\"\xff\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", four), "UTF-8"}, {"huge shape.safetensors", st(one("[9223372036854775807]", "[0,4]"), four), ""}, {"overflow.safetensors", st(one("[4294967296,4294967296]", "[0,0]"), nil), ""}, {"reversed.safetensors", st(one("[1]", "[4,0]"), four), ""},
		{"negative.safetensors", st(one("[1]", "[-4,0]"), four), ""}, {"hole.safetensors", st(one("[1]", "[4,8]"), make([]byte, 8)), ""}, {"left over.safetensors", st(one("[1]", "[0,4]"), make([]byte, 5)), ""}, {"type.safetensors", st(`{"x":{"dtype":"F99","shape":[1],"data_offsets":[0,4]}}`, four), ""}, {"other network.safetensors", st(one("[1]", "[0,4]"), four), "another network"},
		{"many names.safetensors", st(`{"__metadata__":{`+strings.Repeat(`"a":"b",`, 400_000)+`"z":"y"}}`, nil), ""}, {"spaces.safetensors", st(strings.Repeat(" ", 5<<20), nil), "allowed"},
	}
	zipped := func(method uint16, files ...string) []byte {
		var b bytes.Buffer
		z := zip.NewWriter(&b)
		for i := 0; i < len(files); i += 2 {
			w, err := z.CreateHeader(&zip.FileHeader{Name: files[i], Method: method})
			if err == nil {
				_, err = w.Write([]byte(files[i+1]))
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	pickle := func(program string) []byte { return zipped(zip.Store, "m/data.pkl", program) }
	tiny := testFile(t, "testdata/networks/tiny.pth")
	for name, c := range map[string]struct {
		data  []byte
		words string
	}{
		"empty": {nil, ""}, "text": {[]byte("text"), ""}, "old": {[]byte("\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."), "1.6"}, "empty archive": {zipped(zip.Store), ""}, "no pickle": {zipped(zip.Store, "m/version", "3"), "data.pkl"}, "two pickles": {zipped(zip.Store, "m/data.pkl", "\x80\x02}.", "n/data.pkl", "\x80\x02}."), "two files"},
		"script": {zipped(zip.Store, "m/data.pkl", "\x80\x02}.", "m/constants.pkl", ""), "TorchScript"}, "compressed": {zipped(zip.Deflate, "m/data.pkl", "\x80\x02}."+strings.Repeat("\x00", 1<<24)), "compressed"}, "cut": {tiny[:len(tiny)/2], ""}, "cut at the end": {tiny[:len(tiny)-1], ""}, "first bytes": {tiny[:100], ""},
		"system": {pickle("\x80\x02cos\nsystem\nX\x04\x00\x00\x00true\x85R."), "os.system"}, "eval": {pickle("\x80\x02cbuiltins\neval\nX\x01\x00\x00\x001\x85R."), "eval"}, "import": {pickle("\x80\x02c__builtin__\n__import__\nX\x02\x00\x00\x00os\x85R."), "__import__"}, "stack global": {pickle("\x80\x04\x8c\x02os\x8c\x06system\x93."), ""}, "build": {pickle("\x80\x02}}b."), ""}, "instance": {pickle("\x80\x02(ios\nsystem\n."), ""},
		"no end": {pickle("\x80\x02}"), "truncated"}, "empty stack": {pickle("\x80\x02."), ""}, "a number": {pickle("\x80\x02K\x01."), "state dict"}, "a list": {pickle("\x80\x02]."), ""}, "deep": {pickle("\x80\x02" + strings.Repeat("]", 1<<18) + strings.Repeat("a", 1<<18) + "."), ""}, "long text": {pickle("\x80\x02X\xff\xff\xff\x7f."), "truncated"}, "memo": {pickle("\x80\x02h\x09."), "memo"}, "frame": {pickle("\x80\x04\x95\xff\xff\xff\xff\xff\xff\xff\x7f."), ""},
	} {
		all = append(all, hostile{name + ".pth", c.data, c.words})
	}
	return all
}

func hostileModels(t *testing.T) []hostile {
	whole := testFile(t, "classify/testdata/pictures.onnx")
	all := []hostile{
		{"empty.onnx", nil, "opset"}, {"text.onnx", []byte("not a model at all"), ""}, {"zeros.onnx", make([]byte, 100), "not an ONNX"}, {"a length beyond.onnx", []byte("\x3a\xff\xff\xff\xff\x0f"), "truncated"}, {"nested.onnx", nestedModel(60), "nested"}, {"empty messages.onnx", join("\x3a", le(0, 0), varint(2<<20), bytes.Repeat([]byte("\x0a\x00"), 1<<20)), ""},
		{"other operators.onnx", bytes.ReplaceAll(whole, []byte("Clip"), []byte("Clap")), `"Clap" is not supported`}, {"a cycle.onnx", bytes.ReplaceAll(whole, []byte("same"), []byte("grey")), ""},
	}
	for n := 1; n < len(whole); n += len(whole) / 12 {
		all = append(all, hostile{fmt.Sprintf("%d bytes.onnx", n), whole[:n], ""})
	}
	return all
}

// varint is a protocol buffer's number.
func varint(v uint64) []byte { return binary.AppendUvarint(nil, v) }

// nestedModel is a graph in an attribute of a node of a graph in an attribute …
func nestedModel(depth int) []byte {
	b := []byte{}
	for range depth {
		b = join("\x32", varint(uint64(len(b))), b) // AttributeProto.g = 6
		b = join("\x2a", varint(uint64(len(b))), b) // NodeProto.attribute = 5
		b = join("\x0a", varint(uint64(len(b))), b) // GraphProto.node = 1
	}
	return join("\x3a", varint(uint64(len(b))), b) // ModelProto.graph = 7
}

func hostileLabels() []hostile {
	return []hostile{
		{"empty.txt", nil, "no labels"}, {"spaces.txt", []byte(" \n\n "), "no labels"}, {"null.json", []byte("null"), "no labels"}, {"nulls.json", []byte("[null]"), "label"}, {"numbers.json", []byte("[1, 2]"), "label"}, {"empty.json", []byte("[]"), "no labels"}, {"no keys.json", []byte("{}"), "no labels"}, {"cut.json", []byte(`["a", `), ""}, {"a gap.json", []byte(`{"0": "a", "2": "b"}`), "class 1"},
		{"twice.json", []byte(`{"0": "a", "0": "b"}`), "twice"}, {"deep.json", bytes.Repeat([]byte("["), 1<<20), "nested"}, {"latin.txt", []byte("caf\xe9"), "UTF-8"}, {"few.txt", []byte("one\ntwo"), "10 classes"}, {"long.txt", bytes.Repeat([]byte("a\n"), 9<<20), "MiB"}, {"utf-16.txt", []byte("\xff\xfea\x00\n\x00"), "UTF-8"},
	}
}

// TestHostile gives infer files that mean no good, or nothing: each is an error in words, at once, and takes little memory.
func TestHostile(t *testing.T) {
	if underRace {
		t.Skip("under the race detector: left out by choice, as it is about time and memory, and no goroutines meet")
	}
	dir := t.TempDir()
	good := filepath.Join(samples(t), "1a.png")
	groups := []struct {
		files []hostile
		args  func(path string) []string
		code  int
	}{
		{hostilePhotos(t), func(path string) []string { return []string{path, "--top=1"} }, 1},
		{hostileTensors(), func(path string) []string {
			return []string{"--in", path, "--model", pictures, "--shape=1x3x2x2", "--out", filepath.Join(dir, "y.npy")}
		}, 2},
		{hostileWeights(t), func(path string) []string { return []string{"--model", path, "--arch=googlenet", good} }, 2},
		{hostileModels(t), func(path string) []string { return []string{"--model", path, good} }, 2},
		{hostileLabels(), func(path string) []string { return []string{"--labels", path, good} }, 2},
	}
	ran := 0
	for _, g := range groups {
		for _, h := range g.files {
			path := filepath.Join(dir, h.name)
			write(t, path, h.data)
			runtime.GC()
			begin, stop := time.Now(), peak()
			_, log, err := infer(t, append(g.args(path), "--backend=cpu")...)
			took, most := time.Since(begin), stop()
			if status(err) != g.code {
				t.Errorf("%s: error is %v, status %d, want %d", h.name, err, status(err), g.code)
				continue
			}
			text := fmt.Sprint(err)
			if g.code == 1 { // of a photo
				text = log
			}
			words := strings.Split(h.words, "|")
			if !strings.Contains(text, h.name) || !slices.ContainsFunc(words, func(w string) bool { return strings.Contains(text, w) }) || len(err.Error()) > 1000 || strings.Contains(text, "panic") || strings.Contains(text, "runtime error") {
				t.Errorf("%s: the error is %.1000q, want %q and the name", h.name, text, h.words)
			}
			if took > 2*time.Second || most > 256<<20 {
				t.Errorf("%s: %d bytes took %v and %d MiB", h.name, len(h.data), took, most>>20)
			}
			ran++
		}
	}
	gputest.Tell(t, "%d hostile files", ran)
	if ran < 200 {
		t.Errorf("%d files, want 200 and more", ran)
	}
}

// peak watches how much the heap grows, until it is stopped.
func peak() (stop func() uint64) {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	before := m.HeapSys - m.HeapReleased
	done, answer := make(chan struct{}), make(chan uint64)
	go func() {
		most := before
		for {
			runtime.ReadMemStats(&m)
			most = max(most, m.HeapSys-m.HeapReleased)
			select {
			case <-done:
				answer <- most - before
				return
			case <-time.After(2 * time.Millisecond):
			}
		}
	}()
	return func() uint64 { close(done); return <-answer }
}
