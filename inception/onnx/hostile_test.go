package onnx_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"inceptiongl/inception/onnx"
	pb "inceptiongl/inception/onnx/internal/onnxpb"
	"inceptiongl/inception/tensor"
)

// TestHostile: every bad model gives an error, without a panic and without much memory.
func TestHostile(t *testing.T) {
	for _, c := range slices.Concat(hostile, hostileProducts) {
		t.Run(c.name, func(t *testing.T) {
			data := encode(t, model(c.parts...))
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := onnx.Parse(context.Background(), data, onnx.Options{Memory: 32 << 20})
			runtime.ReadMemStats(&after)
			if err == nil || !strings.Contains(err.Error(), c.words) {
				t.Errorf("error %v, want one with %s", err, c.words)
			}
			if got := after.TotalAlloc - before.TotalAlloc; got > 96<<20+20*uint64(len(data)) {
				t.Errorf("allocated %d MiB for a file of %d bytes", got>>20, len(data))
			}
		})
	}
}

// TestTruncated: no beginning of a model is a model, and nothing panics.
func TestTruncated(t *testing.T) {
	data := read(t, "testdata/exports/chains_13.onnx")
	for n := range data {
		if _, err := onnx.Parse(context.Background(), data[:n], onnx.Options{}); err == nil {
			t.Errorf("the first %d of %d bytes were accepted", n, len(data))
		}
	}
	for _, s := range []string{"", "\x00", "\xff\xff\xff\xff", "<html>", strings.Repeat("\x0a", 1000)} {
		if _, err := onnx.Parse(context.Background(), []byte(s), onnx.Options{}); err == nil {
			t.Errorf("%.20q was accepted", s)
		}
	}
}

// TestLongNames: what a stranger wrote is cut in errors.
func TestLongNames(t *testing.T) {
	long := strings.Repeat("long\x00\xff ", 1<<16)
	m := model(op("Relu", in("x"), "y"))
	n := m.Graph.Node[0]
	n.Name, n.OpType, n.Domain = nil, proto.String("LSTM"), nil
	for _, f := range []func(){
		func() { n.Name = &long }, func() { n.OpType = &long }, func() { n.Input[0] = long }, func() { n.Input[0] = "x"; n.Domain = &long },
		func() { n.Domain = nil; n.Attribute = []*pb.AttributeProto{{Name: &long}} },
	} {
		f()
		data, err := proto.MarshalOptions{AllowPartial: true}.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := onnx.Parse(context.Background(), data, onnx.Options{}); err == nil || len(err.Error()) > 2000 {
			t.Errorf("error of %d bytes", len(err.Error()))
		}
	}
}

func TestBadOptions(t *testing.T) {
	data := encode(t, model(op("Relu", in("x"), "y")))
	for _, c := range []struct {
		o     onnx.Options
		words string
	}{
		{onnx.Options{Bind: map[string]tensor.Array{"z": {}}}, `no input "z"`},
		{onnx.Options{Bind: map[string]tensor.Array{"x": {Dims: []int{2}, Data: make([]float32, 3)}}}, "bound to extents [2] and 3 elements"},
		{onnx.Options{Bind: map[string]tensor.Array{"x": {Dims: []int{1}, Data: make([]float32, 1)}}}, "has 0 inputs"},
		{onnx.Options{Dims: []int{1, 4}}, "Options.Dims 2"},
		{onnx.Options{Dims: []int{1, -2, 6, 6}}, "extent 1 is -2"},
		{onnx.Options{Dims: []int{1, -1, 6, 6}}, "number of channels"},
		{onnx.Options{Outputs: []string{"z"}}, `output "z": nothing gives it`},
		{onnx.Options{Outputs: []string{}}, `has no output`},
	} {
		if _, err := onnx.Parse(context.Background(), data, c.o); err == nil || !strings.Contains(err.Error(), c.words) {
			t.Errorf("%+v: error %v, want one with %s", c.o, err, c.words)
		}
	}
}

// TestBatch: a network that mixes the images of a batch runs where that is fixed.
func TestBatch(t *testing.T) {
	data := encode(t, model(op("Softmax", in("x"), "y", aInt("axis", 0))))
	m, err := onnx.Parse(context.Background(), data, onnx.Options{Batch: 3})
	if err != nil || !slices.Equal(m.InputDims, []int{3, 4, 6, 6}) {
		t.Errorf("%v, %v", m, err)
	}
	if m, err = onnx.Parse(context.Background(), encode(t, model(inputDims(2, 4, 6, 6), op("Relu", in("x"), "y"))), onnx.Options{Batch: 3}); err != nil || m.InputDims[0] != 2 {
		t.Errorf("a batch that isn't open: %v, %v", m, err)
	}
}

// TestExternalData: data outside the model is read from its folder and from nowhere else.
func TestExternalData(t *testing.T) {
	outer := t.TempDir()
	dir := filepath.Join(outer, "model")
	if err := os.MkdirAll(filepath.Join(dir, "sub"), 0o755); err != nil {
		t.Fatal(err)
	}
	raw := ramp("w", 4, 4, 1, 1).RawData
	for _, path := range []string{filepath.Join(outer, "secret"), filepath.Join(dir, "w.bin"), filepath.Join(dir, "sub", "w.bin")} {
		if err := os.WriteFile(path, append(bytes.Repeat([]byte{0}, 16), raw...), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for link, to := range map[string]string{"escape": filepath.Join(outer, "secret"), "escape2": "../secret", "inside": "w.bin"} {
		if err := os.Symlink(to, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	root, err := os.OpenRoot(outer)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	for _, c := range []struct{ location, offset, length, words string }{
		{"w.bin", "16", "64", ""},
		{"w.bin", "16", "", ""},
		{"sub/w.bin", "0", "64", ""},
		{"inside", "16", "64", ""},
		{"", "0", "64", "must be a path inside"},
		{"../secret", "16", "64", "must be a path inside"},
		{"sub/../../secret", "16", "64", "must be a path inside"},
		{filepath.Join(outer, "secret"), "16", "64", "must be a path inside"},
		{"escape", "16", "64", "escape"},
		{"escape2", "16", "64", "escape"},
		{"missing.bin", "16", "64", "no such file"},
		{".", "0", "64", "not a regular file"},
		{"w.bin", "17", "64", "don't lie in a file of 80 bytes"},
		{"w.bin", "-1", "64", "don't lie"},
		{"w.bin", "9223372036854775807", "64", "don't lie"},
		{"w.bin", "16", "63", "length 63, the extents need 64"},
		{"w.bin", "16", "-64", "length -64"},
		{"w.bin", "sixteen", "64", `offset is "sixteen"`},
		{"w.bin", "16", "99999999999999999999", "length is"},
	} {
		w := ramp("w", 4, 4, 1, 1)
		w.RawData, w.DataLocation = nil, pb.TensorProto_EXTERNAL.Enum()
		for _, kv := range [][2]string{{"location", c.location}, {"offset", c.offset}, {"length", c.length}} {
			if kv[1] != "" {
				w.ExternalData = append(w.ExternalData, &pb.StringStringEntryProto{Key: &kv[0], Value: &kv[1]})
			}
		}
		path := filepath.Join(dir, "m.onnx")
		if err := os.WriteFile(path, encode(t, model(weight(w), op("Conv", in("x", "w"), "y"))), 0o644); err != nil {
			t.Fatal(err)
		}
		for source, load := range map[string]func() (*onnx.Model, error){
			"path": func() (*onnx.Model, error) { return onnx.Load(context.Background(), path, onnx.Options{}) },
			"file system": func() (*onnx.Model, error) {
				return onnx.LoadFS(context.Background(), root.FS(), "model/m.onnx", onnx.Options{})
			},
		} {
			words := c.words
			if source == "file system" && c.location == "escape2" { // the link leads out of the model's folder, not of the file system
				words = ""
			}
			m, err := load()
			switch {
			case words == "" && err != nil:
				t.Errorf("%s: %s: %v", source, c.location, err)
			case words == "":
				if got := m.Graph.Weights["w"].Data; c.offset == "16" && (len(got) != 16 || got[15] != 1.6) {
					t.Errorf("%s: %s: weights %v", source, c.location, got)
				}
			case err == nil || !strings.Contains(err.Error(), words):
				t.Errorf("%s: %s, offset %s, length %s: error %v, want one with %s", source, c.location, c.offset, c.length, err, words)
			}
		}
	}
	for path, words := range map[string]string{dir: "not a regular file", filepath.Join(dir, "nothing.onnx"): "no such file"} {
		if _, err := onnx.Load(context.Background(), path, onnx.Options{}); err == nil || !strings.Contains(err.Error(), words) {
			t.Errorf("%s: error %v, want one with %s", path, err, words)
		}
	}
}
