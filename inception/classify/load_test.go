package classify_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"testing/iotest"

	"google.golang.org/protobuf/encoding/protowire"

	"inceptiongl/inception"
	"inceptiongl/inception/classify"
	"inceptiongl/inception/graph"
	"inceptiongl/inception/images"
	"inceptiongl/inception/onnx"
	"inceptiongl/inception/tensor"
	"inceptiongl/inception/weights"
)

// message is a protocol buffer of these fields: number, value, number, value …
func message(fields ...any) []byte {
	var b []byte
	for i := 0; i < len(fields); i += 2 {
		n := protowire.Number(fields[i].(int))
		switch v := fields[i+1].(type) {
		case uint64:
			b = protowire.AppendVarint(protowire.AppendTag(b, n, protowire.VarintType), v)
		case string:
			b = protowire.AppendString(protowire.AppendTag(b, n, protowire.BytesType), v)
		case []byte:
			b = protowire.AppendBytes(protowire.AppendTag(b, n, protowire.BytesType), v)
		}
	}
	return b
}

// average is an ONNX model of one GlobalAveragePool over an input of these extents.
func average(extents ...uint64) []byte { return averageModel(false, extents...) }

// averageModel is average's; channelsLast: with a Transpose to N × C × H × W before it.
func averageModel(channelsLast bool, extents ...uint64) []byte {
	var shape []byte
	for _, e := range extents {
		shape = append(shape, message(1, message(1, e))...)
	}
	const float = uint64(1)
	input := message(1, "x", 2, message(1, message(1, float, 2, shape)))
	output := message(1, "y", 2, message(1, message(1, float)))
	node := message(1, "x", 2, "y", 3, "average", 4, "GlobalAveragePool")
	nodes := message(1, node)
	if channelsLast {
		perm := message(1, "perm", 20, uint64(7), 8, uint64(0), 8, uint64(3), 8, uint64(1), 8, uint64(2))
		nodes = message(1, message(1, "x", 2, "t", 3, "first", 4, "Transpose", 5, perm), 1, message(1, "t", 2, "y", 3, "average", 4, "GlobalAveragePool"))
	}
	return message(1, uint64(8), 7, append(nodes, message(2, "average", 11, input, 12, output)...), 8, message(2, uint64(13)))
}

const fixture = "testdata/average_227.onnx"

// TestFixture: the file is what average writes; INCEPTIONGL_UPDATE=1 writes it.
func TestFixture(t *testing.T) {
	want := average(1, 3, 227, 227)
	if os.Getenv("INCEPTIONGL_UPDATE") == "1" {
		if err := os.WriteFile(fixture, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := os.ReadFile(fixture); err != nil || !bytes.Equal(got, want) {
		t.Errorf("%s isn't what this test writes, %v", fixture, err)
	}
}

// state is the weights of a small network, as a file.
func state(t *testing.T) []byte {
	t.Helper()
	g := inception.InceptionA(3)
	inception.InitHe(g, 5)
	var b bytes.Buffer
	if err := weights.EncodeSafetensors(&b, g.Weights); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestLoadModel(t *testing.T) {
	fsys := fstest.MapFS{
		"m/average.onnx": {Data: average(2, 3, 227, 299)}, "w.safetensors": {Data: state(t)}, "labels.json": {Data: []byte(`["a","b","c"]`)},
		"inception.onnx": {Data: average(1, 3, 299, 299)}, "free.onnx": {Data: average(1, 1, 224, 224)},
	}
	v3 := images.Preset{Name: "inception", Short: 342, Crop: images.Square(299)}
	plain := images.Preset{Name: "imagenet", Short: 256, Crop: images.Square(224)}
	for _, c := range []struct {
		source   classify.Source
		about    string // begins with
		preset   images.Preset
		size     images.Size
		channels int
	}{
		{classify.Source{}, "digits:", images.Preset{Name: "digits", Exact: images.Square(28)}, images.Square(28), 1},
		{classify.Source{Model: "digits"}, "digits:", images.Preset{Name: "digits", Exact: images.Square(28)}, images.Square(28), 1},
		{classify.Source{Model: "m/average.onnx", Labels: "labels.json"}, "m/average.onnx, opset 13",
			images.Preset{Name: "imagenet, fitted to the model", Short: 341, Crop: images.Size{H: 227, W: 299}}, images.Size{H: 227, W: 299}, 3},
		{classify.Source{Model: "inception.onnx"}, "inception.onnx", v3, images.Square(299), 3},
		{classify.Source{Model: "free.onnx"}, "free.onnx", images.Preset{Name: "gray", Short: 256, Crop: images.Square(224)}, images.Square(224), 1},
		{classify.Source{Model: "free.onnx", Dims: []int{1, 1, 64, 96}}, "free.onnx",
			images.Preset{Name: "gray, fitted to the model", Short: 109, Crop: images.Size{H: 64, W: 96}}, images.Size{H: 64, W: 96}, 1},
		{classify.Source{Model: "w.safetensors", Arch: "inception_a"}, "inception_a with weights from w.safetensors", plain, images.Size{}, 3},
		{classify.Source{Model: "inception_a", Weights: "w.safetensors"}, "inception_a with weights from w.safetensors", plain, images.Size{}, 3},
		{classify.Source{Model: "inception_a", RandomWeights: true}, "inception_a with random weights", plain, images.Size{}, 192},
	} {
		m, err := classify.LoadModelFS(context.Background(), fsys, c.source)
		if err != nil {
			t.Errorf("%+v: %v", c.source, err)
			continue
		}
		p := m.Preset
		if !strings.HasPrefix(m.About, c.about) || p.Name != c.preset.Name || p.Short != c.preset.Short || p.Exact != c.preset.Exact || p.Crop != c.preset.Crop {
			t.Errorf("%+v: %s, preset %v", c.source, m.About, p)
		}
		if m.Size != c.size || m.Channels() != c.channels || m.Batch != 0 || (len(m.Labels) > 0) != (c.source.Labels != "" || c.channels == 1 && c.size.H == 28) {
			t.Errorf("%+v: size %v, %d channels, batch %d, labels %v", c.source, m.Size, m.Channels(), m.Batch, m.Labels)
		}
		if err := m.Graph.CheckWeights(); err != nil {
			t.Errorf("%+v: %v", c.source, err)
		}
	}
}

func TestLoadModelErrors(t *testing.T) {
	fsys := fstest.MapFS{"w.safetensors": {Data: state(t)}, "bad.onnx": {Data: []byte("bad")}, "no.txt": {Data: []byte(" ")}}
	for _, c := range []struct {
		source classify.Source
		want   string
		usage  bool // it is a SourceError
	}{
		{classify.Source{Weights: "w.safetensors"}, "digits brings its weights", true},
		{classify.Source{Model: "m.onnx", RandomWeights: true}, "m.onnx brings", true},
		{classify.Source{Model: "w.safetensors"}, "say which network they are of: googlenet", true},
		{classify.Source{Model: "w.safetensors", Arch: "inception_a", Weights: "w.safetensors"}, "holds the weights", true},
		{classify.Source{Model: "w.safetensors", Arch: "alexnet"}, `no network "alexnet"`, true},
		{classify.Source{Model: "googlenet", Arch: "googlenet"}, "an arch is for", true},
		{classify.Source{Model: "nonsense"}, `no network "nonsense"`, true},
		{classify.Source{Model: "googlenet"}, "no weights", true},
		{classify.Source{Model: "googlenet", Weights: "w.safetensors", RandomWeights: true}, "exclude", true},
		{classify.Source{Model: "googlenet", Weights: "w.safetensors"}, "w.safetensors: there is no fc.weight", false},
		{classify.Source{Model: "missing.onnx"}, "missing.onnx", false},
		{classify.Source{Model: "bad.onnx"}, "bad.onnx", false},
		{classify.Source{Model: "../bad.onnx"}, "../bad.onnx", false},
		{classify.Source{Labels: "missing.txt"}, "missing.txt", false},
		{classify.Source{Labels: "no.txt"}, "labels: no.txt: no labels", false},
	} {
		m, err := classify.LoadModelFS(context.Background(), fsys, c.source)
		usage := classify.SourceError("")
		if err == nil || m != nil || !strings.Contains(err.Error(), c.want) || errors.As(err, &usage) != c.usage {
			t.Errorf("%+v: error is %v, want %q", c.source, err, c.want)
		}
	}
	if _, err := classify.FromWeights("alexnet", nil, false); err == nil || !strings.Contains(err.Error(), "alexnet") {
		t.Errorf("error is %v", err)
	}
	if _, err := classify.FromWeights("inception_a", map[string]tensor.Array{}, false); err == nil || !strings.Contains(err.Error(), "another network") {
		t.Errorf("error is %v", err)
	}
}

// TestFixedBatch: a model that joins a picture with a constant of its own batch keeps it.
func TestFixedBatch(t *testing.T) {
	m := loadTest(t, "joined.onnx")
	for _, c := range []struct{ asked, want int }{{0, 1}, {1, 1}, {2, 0}, {-1, 0}} {
		if got, err := m.ChooseBatch(c.asked, 7); got != c.want || (err != nil) != (c.want == 0) {
			t.Errorf("asked for %d: %d, %v", c.asked, got, err)
		}
	}
	m.Batch = 0
	for _, c := range []struct{ asked, want int }{{0, 7}, {3, 3}} {
		if got, err := m.ChooseBatch(c.asked, 7); got != c.want || err != nil {
			t.Errorf("asked for %d of any: %d, %v", c.asked, got, err)
		}
	}
}

func TestReadLabels(t *testing.T) {
	for _, c := range []struct {
		text string
		want []string // nil for an error
	}{
		{"cat\ndog\n", []string{"cat", "dog"}},
		{"\ufeffcat\r\n dog, hound \r\n\r\n", []string{"cat", "dog, hound"}},
		{"cat\n\ndog", []string{"cat", "", "dog"}},
		{`["cat", ["n01", "dog"]]`, []string{"cat", "dog"}},
		{` {"1": ["n01", "dog"], "0": "cat"} `, []string{"cat", "dog"}},
		{`{"0": "cat", "2": "dog"}`, nil},
		{`{"0": 7}`, nil},
		{`["cat", []]`, nil},
		{`["cat"`, nil},
		{" \n", nil},
		{"null", nil},
		{"[]", nil},
		{"{}", nil},
		{`["cat", null]`, nil},
		{`{"0": null}`, nil},
		{`["cat", ["n01", null]]`, nil},
		{`{"0": "cat", "1": "dog", "1": "mouse"}`, nil},
		{"caf\xe9\n", nil},
		{"[\"caf\xe9\"]", nil},
		{"Bad\x1b[2J\n", []string{"Bad\ufffd[2J"}},
		{`["Bad\u001b\u009b", "fine"]`, []string{"Bad\ufffd\ufffd", "fine"}},
		{strings.Repeat("long\n", 4<<20), nil},
	} {
		got, err := classify.ReadLabels(strings.NewReader(c.text))
		if !reflect.DeepEqual(got, c.want) || (err == nil) != (c.want != nil) {
			t.Errorf("%.50q: %q, %v; want %q", c.text, got, err, c.want)
		}
	}
	if _, err := classify.ReadLabels(iotest.ErrReader(errors.New("cut"))); err == nil {
		t.Error("a broken reader passes")
	}
	if _, err := classify.LoadLabels("testdata"); err == nil || !strings.Contains(err.Error(), "testdata") {
		t.Errorf("a folder: %v", err)
	}
}

// TestFromONNX: a model from memory.
func TestFromONNX(t *testing.T) {
	calls := 0
	m, err := classify.FromONNX(func(o onnx.Options) (*onnx.Model, error) {
		calls++
		return onnx.Parse(context.Background(), average(1, 3, 227, 227), o)
	})
	if err != nil {
		t.Fatal(err)
	}
	if n, err := m.Classes(); n != 3 || err != nil || calls != 2 || m.Preset.Output() != images.Square(227) || m.Batch != 0 {
		t.Errorf("%d classes, %v; %d calls, preset %v, batch %d", n, err, calls, m.Preset, m.Batch)
	}
	if m.PresetReason == "" || !slices.Equal(m.InputDims, []int{-1, 3, 227, 227}) || len(m.Outputs) != 1 || m.Labels != nil || m.LabelsReason != "" {
		t.Errorf("assumed %q; input %v, outputs %v, labels %v", m.PresetReason, m.InputDims, m.Outputs, m.Labels)
	}
}

// TestMixedBatch: a model that can't be loaded with any batch runs with a batch of 1.
func TestMixedBatch(t *testing.T) {
	mixes := errors.New("it mixes them")
	load := func(o onnx.Options) (*onnx.Model, error) {
		if o.Batch != 1 {
			return nil, mixes
		}
		return onnx.Parse(context.Background(), average(1, 3, 227, 227), o)
	}
	if m, err := classify.FromONNX(load); err != nil || m.Batch != 1 || !errors.Is(m.BatchError, mixes) {
		t.Errorf("%v, %v", m, err)
	}
	wrong := errors.New("no model")
	_, err := classify.FromONNX(func(o onnx.Options) (*onnx.Model, error) {
		if o.Batch == 1 {
			return nil, mixes
		}
		return nil, wrong
	})
	if !errors.Is(err, wrong) {
		t.Errorf("error %v", err)
	}
}

// TestImageNetModel: a file with 1,000 classes whose network normalises levels; labels of the user's own come before ImageNet's.
func TestImageNetModel(t *testing.T) {
	m, err := classify.LoadModel(context.Background(), classify.Source{Model: "testdata/levels_1000.onnx"})
	if err != nil {
		t.Fatal(err)
	}
	if len(m.Labels) != 1000 || m.Labels[1] != "goldfish" || !strings.Contains(m.LabelsReason, "ImageNet") ||
		m.Preset.Divisor != 1 || !strings.Contains(m.PresetReason, "levels in [0, 255]") {
		t.Errorf("%d labels, %q; preset %v, %q", len(m.Labels), m.LabelsReason, m.Preset, m.PresetReason)
	}
	labels := filepath.Join(t.TempDir(), "labels.txt")
	if err := os.WriteFile(labels, []byte(strings.Repeat("own\n", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	if m, err = classify.LoadModel(context.Background(), classify.Source{Model: "testdata/levels_1000.onnx", Labels: labels}); err != nil || m.Labels[1] != "own" || m.LabelsReason != "" {
		t.Errorf("%v, %v", err, m)
	}
}

// TestWholeNetworks: each is built with as many classes as the weights have, and brings the preset that it was trained for.
func TestWholeNetworks(t *testing.T) {
	for _, c := range []struct {
		arch, preset string
		size         int
		build        func(classes int) *graph.Graph
	}{
		{"googlenet", "imagenet", 224, inception.GoogLeNet},
		{"bninception", "bninception", 224, inception.BNInception},
		{"inception_v3", "inception", 299, inception.InceptionV3},
		{"inception_v4", "inception_v4", 299, inception.InceptionV4},
		{"inception_resnet_v2", "xception", 299, inception.InceptionResNetV2},
		{"xception", "xception", 299, inception.Xception},
	} {
		w := map[string]tensor.Array{}
		for _, p := range c.build(7).Params() {
			n := 1
			for _, d := range p.Dims {
				n *= d
			}
			w[p.Name] = tensor.Array{Dims: p.Dims, Data: make([]float32, n)}
		}
		m, err := classify.FromWeights(c.arch, w, false)
		if err != nil {
			t.Errorf("%s: %v", c.arch, err)
			continue
		}
		size := m.Preset.Output()
		shapes, err := m.Graph.Shapes(tensor.Shape{N: 1, C: 3, H: size.H, W: size.W})
		if err != nil || shapes[m.Graph.Outputs[0]] != (tensor.Shape{N: 1, C: 7, H: 1, W: 1}) {
			t.Errorf("%s: %v", c.arch, err)
		}
		if m.Preset.Name != c.preset || size != images.Square(c.size) {
			t.Errorf("%s: preset %s of size %v", c.arch, m.Preset.Name, size)
		}
		delete(w, m.Graph.Nodes[m.Graph.Outputs[0]].Name+".weight")
		if _, err := classify.FromWeights(c.arch, w, false); err == nil || !strings.Contains(err.Error(), "another network") {
			t.Errorf("%s without a classifier: %v", c.arch, err)
		}
	}
}

func TestOutputDims(t *testing.T) {
	y := tensor.Shape{N: 4, C: 3, H: 2, W: 5}
	for _, c := range []struct{ model, want []int }{
		{[]int{-1, 30}, []int{4, 30}},
		{[]int{4, 3, 10}, []int{4, 3, 10}},
		{[]int{-1, 3, -1, -1}, []int{4, 3, 2, 5}},
		{[]int{-1, 3, -1}, []int{4, 3, 10}},
		{[]int{-1, -1}, []int{4, 30}},
		{[]int{2, 2, 3, -1, 5}, []int{2, 2, 3, 2, 5}},
		{[]int{7, 7}, []int{4, 30}}, // not what the graph gives
		{[]int{-1, 7, 1, 1}, []int{4, 3, 2, 5}},
	} {
		m := &classify.Model{Outputs: []onnx.Output{{Dims: c.model}}}
		if got := m.OutputDims(0, y); !slices.Equal(got, c.want) {
			t.Errorf("%v: %v, want %v", c.model, got, c.want)
		}
	}
	if got, want := (&classify.Model{}).OutputDims(0, y), []int{4, 3, 2, 5}; !slices.Equal(got, want) {
		t.Errorf("no file: %v, want %v", got, want)
	}
}

// TestChannelsLast: a model for pictures N × H × W × C is used as others are.
func TestChannelsLast(t *testing.T) {
	m, err := classify.FromONNX(func(o onnx.Options) (*onnx.Model, error) {
		return onnx.Parse(context.Background(), averageModel(true, 1, 20, 30, 3), o)
	})
	if err != nil {
		t.Fatal(err)
	}
	n, err := m.Classes()
	if n != 3 || err != nil || m.Size != (images.Size{H: 20, W: 30}) || m.Channels() != 3 || m.Batch != 0 || !slices.Equal(m.InputOrder, []int{0, 3, 1, 2}) {
		t.Errorf("%d classes, %v; size %v, %d channels, batch %d, order %v", n, err, m.Size, m.Channels(), m.Batch, m.InputOrder)
	}
	if len(m.Graph.Nodes) != 2 {
		t.Errorf("%d nodes: the transposition is still there", len(m.Graph.Nodes))
	}
}

// TestNoPictures: a model for sound, say, whose input has three dimensions, is no one's for photos of any size.
func TestNoPictures(t *testing.T) {
	m, err := classify.FromONNX(func(o onnx.Options) (*onnx.Model, error) {
		return onnx.Parse(t.Context(), average(0, 3, 50), o)
	})
	if err != nil {
		t.Fatal(err)
	}
	const words = "takes tensors of ?×3×50, not pictures"
	if err := m.Suits(m.Preset); m.Pictures() || m.AnySize() || err == nil || !strings.Contains(err.Error(), words) {
		t.Errorf("pictures: %v, of any size: %v, error: %v", m.Pictures(), m.AnySize(), err)
	}
	if _, err := m.OwnSize(m.Preset, images.Square(50), 1e6); !errors.As(err, new(classify.PresetError)) || !strings.Contains(err.Error(), words) {
		t.Errorf("own size: error is %v", err)
	}
}

// TestBatchInOneRow: a model exported for one picture, which ends in Flatten from the first axis on (view(1, -1) and flatten() are exported
// like that), puts all pictures of a batch into one row. It keeps its batch of 1, and its classes.
func TestBatchInOneRow(t *testing.T) {
	var shape []byte
	for _, e := range []uint64{1, 3, 8, 8} {
		shape = append(shape, message(1, message(1, e))...)
	}
	input, output := message(1, "x", 2, message(1, message(1, uint64(1), 2, shape))), message(1, "y", 2, message(1, message(1, uint64(1))))
	pool := message(1, "x", 2, "p", 4, "GlobalAveragePool")
	row := message(1, "p", 2, "y", 4, "Flatten", 5, message(1, "axis", 20, uint64(2), 3, uint64(0)))
	data := message(1, uint64(8), 7, message(1, pool, 1, row, 11, input, 12, output), 8, message(2, uint64(13)))
	m, err := classify.FromONNX(func(o onnx.Options) (*onnx.Model, error) { return onnx.Parse(t.Context(), data, o) })
	if err != nil {
		t.Fatal(err)
	}
	if n, err := m.Classes(); n != 3 || err != nil || m.Batch != 1 || m.BatchError == nil {
		t.Errorf("%d classes, %v, with a batch of %d (%v); want 3, and 1 with a reason", n, err, m.Batch, m.BatchError)
	}
}

// TestDeclared: the batch that a file declares is known, though the network is freed of it.
func TestDeclared(t *testing.T) {
	for declared, data := range map[int][]byte{4: average(4, 3, 8, 8), 0: average(0, 3, 8, 8)} {
		m, err := classify.FromONNX(func(o onnx.Options) (*onnx.Model, error) { return onnx.Parse(t.Context(), data, o) })
		if err != nil || m.Declared != declared || m.Batch != 0 {
			t.Errorf("a file that declares %d: %v, declared %d, fixed %d", declared, err, m.Declared, m.Batch)
		}
	}
}
