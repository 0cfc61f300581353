package onnx_test

import (
	"archive/zip"
	"bytes"
	"context"
	"embed"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"testing/iotest"

	"google.golang.org/protobuf/proto"

	"inceptiongl/inception/onnx"
	pb "inceptiongl/inception/onnx/internal/onnxpb"
)

//go:embed testdata/golden/inception_a_2x5x13x7.onnx
var golden embed.FS

const goldenName = "testdata/golden/inception_a_2x5x13x7.onnx"

// TestSources: a path, a file system and a reader give the same model.
func TestSources(t *testing.T) {
	want, err := onnx.Load(context.Background(), goldenName, onnx.Options{})
	if err != nil {
		t.Fatal(err)
	}
	data, err := golden.ReadFile(goldenName)
	if err != nil {
		t.Fatal(err)
	}
	for name, load := range map[string]func() (*onnx.Model, error){
		"embedded": func() (*onnx.Model, error) {
			return onnx.LoadFS(context.Background(), golden, goldenName, onnx.Options{})
		},
		"reader": func() (*onnx.Model, error) {
			return onnx.Decode(context.Background(), iotest.HalfReader(bytes.NewReader(data)), onnx.Options{})
		},
	} {
		m, err := load()
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if !slices.Equal(m.InputDims, want.InputDims) || len(m.Graph.Nodes) != len(want.Graph.Nodes) || len(m.Graph.Weights) != len(want.Graph.Weights) {
			t.Errorf("%s: another model", name)
		}
		for key, w := range want.Graph.Weights {
			if !slices.Equal(m.Graph.Weights[key].Data, w.Data) {
				t.Errorf("%s: weight %s differs", name, key)
			}
		}
	}
	if _, err := onnx.Decode(context.Background(), iotest.TimeoutReader(iotest.OneByteReader(bytes.NewReader(data))), onnx.Options{}); err == nil {
		t.Error("half a model passes")
	}
	for name, words := range map[string]string{"testdata": "not a regular file", "../x.onnx": "not exist", "nothing.onnx": "not exist"} {
		if _, err := onnx.LoadFS(context.Background(), golden, name, onnx.Options{}); err == nil || !strings.Contains(err.Error(), words) {
			t.Errorf("%s: error %v, want one with %s", name, err, words)
		}
	}
}

// zipped is a file system whose compressed files can only be read from their beginning.
func zipped(t *testing.T, files map[string][]byte) *zip.Reader {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for name, data := range files {
		f, err := w.Create(name)
		if err == nil {
			_, err = f.Write(data)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	r, err := zip.NewReader(bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestExternalDataFS: two tensors of one file, in file systems that can and can't read from the middle of it.
func TestExternalDataFS(t *testing.T) {
	v, w := ramp("v", 4, 4, 1, 1), ramp("w", 4, 4, 1, 1)
	data := append(bytes.Clone(w.RawData), v.RawData...)
	external := func(tensor *pb.TensorProto, offset string) {
		tensor.RawData, tensor.DataLocation = nil, pb.TensorProto_EXTERNAL.Enum()
		for _, kv := range [][2]string{{"location", "data/weights.bin"}, {"offset", offset}, {"length", "64"}} {
			tensor.ExternalData = append(tensor.ExternalData, &pb.StringStringEntryProto{Key: proto.String(kv[0]), Value: proto.String(kv[1])})
		}
	}
	for _, c := range []struct {
		at, of string // the second tensor's offset, and the file with the data
		words  string
	}{
		{"64", "net/data/weights.bin", ""},
		{"65", "net/data/weights.bin", "don't lie in a file of 128 bytes"},
		{"-9223372036854775808", "net/data/weights.bin", "don't lie"},
		{"64", "data/weights.bin", "not exist"}, // beside the model's folder
		{"64", "net/data", "weights.bin"},
	} {
		v.ExternalData, w.ExternalData = nil, nil
		external(v, c.at)
		external(w, "0")
		files := map[string][]byte{
			"net/m.onnx": encode(t, model(weight(v), weight(w), op("Conv", in("x", "v"), "a"), op("Conv", in("a", "w"), "y"))),
			c.of:         data,
		}
		inMemory := fstest.MapFS{}
		for name, data := range files {
			inMemory[name] = &fstest.MapFile{Data: data}
		}
		for kind, fsys := range map[string]fs.FS{"memory": inMemory, "zip": zipped(t, files)} {
			m, err := onnx.LoadFS(context.Background(), fsys, "net/m.onnx", onnx.Options{})
			if c.words != "" {
				if err == nil || !strings.Contains(err.Error(), c.words) {
					t.Errorf("%s, offset %s of %s: error %v, want one with %s", kind, c.at, c.of, err, c.words)
				}
				continue
			}
			if err != nil {
				t.Errorf("%s: %v", kind, err)
			} else if got := m.Graph.Weights["v"].Data; len(got) != 16 || got[15] != 1.6 {
				t.Errorf("%s: weights %v", kind, got)
			}
		}
	}
}
