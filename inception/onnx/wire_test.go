package onnx

import (
	"io/fs"
	"os"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	pb "inceptiongl/inception/onnx/internal/onnxpb"
)

// TestLighten: a model whose weights' raw data are left where they are is the one that protobuf decodes.
func TestLighten(t *testing.T) {
	files := map[string][]byte{}
	err := fs.WalkDir(os.DirFS("testdata"), ".", func(name string, d fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(name, ".onnx") {
			files[name], err = fs.ReadFile(os.DirFS("testdata"), name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	field := func(id protowire.Number, values ...[]byte) (b []byte) {
		for _, v := range values {
			b = protowire.AppendBytes(protowire.AppendTag(b, id, protowire.BytesType), v)
		}
		return b
	}
	name := field(8, []byte("name")) // of a tensor, whose raw data have number 9
	tensors := [][]byte{
		append(field(9, []byte("abcd")), name...), name, field(9, nil), nil,
		append(field(9, []byte("first")), append(name, field(9, []byte("second"))...)...),
		append(protowire.AppendVarint(protowire.AppendTag(nil, 9, protowire.VarintType), 7), name...), // of another type: unknown
	}
	graph := append(field(5, tensors...), field(2, []byte("graph"))...)
	files["hand-made"] = append(field(7, graph), field(2, []byte("producer"))...)
	files["two graphs, which are one"] = field(7, graph, field(5, tensors[0]))
	files["no graph"] = field(2, []byte("producer"))
	raw := 0
	for name, data := range files {
		want := &pb.ModelProto{}
		if err := (proto.UnmarshalOptions{DiscardUnknown: true}).Unmarshal(data, want); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		got, _, err := unmarshal(data, defaultMemory)
		if err != nil || !proto.Equal(got, want) {
			t.Errorf("%s: %v, and the model is another than protobuf's", name, err)
		}
		light, _ := lighten(data)
		for _, x := range got.GetGraph().GetInitializer() {
			raw += len(x.GetRawData())
		}
		if len(light) > len(data) {
			t.Errorf("%s: %d bytes became %d", name, len(data), len(light))
		}
	}
	if raw == 0 || len(files) < 4 {
		t.Errorf("%d bytes of raw data in %d models", raw, len(files))
	}
}
