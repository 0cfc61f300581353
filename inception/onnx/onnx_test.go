package onnx_test

import (
	"archive/zip"
	"context"
	"io"
	"maps"
	"os"
	"path"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"inceptiongl/cpuref"
	"inceptiongl/gpu/gputest"
	"inceptiongl/inception"
	"inceptiongl/inception/graph"
	"inceptiongl/inception/onnx"
	"inceptiongl/inception/tensor"
	"inceptiongl/inception/weights"
)

func TestMain(m *testing.M) { gputest.Main(m) }

// backend computes a graph's first output.
type backend struct {
	name string
	open func(t *testing.T) run
}

type run func(ctx context.Context, g *graph.Graph, x *tensor.Tensor) (*tensor.Tensor, error)

var backends = []backend{
	{"cpuref", func(*testing.T) run { return cpuref.Run }},
	{"gpu", func(t *testing.T) run {
		d := gputest.Open(t)
		return func(ctx context.Context, g *graph.Graph, x *tensor.Tensor) (*tensor.Tensor, error) {
			s, err := inception.Compile(ctx, d, g, x.Shape, inception.Options{})
			if err != nil {
				return nil, err
			}
			defer s.Close()
			gputest.Case()
			return s.Run(ctx, x)
		}
	}},
}

// eachBackend runs f on every backend.
func eachBackend(t *testing.T, f func(t *testing.T, r run)) {
	for _, b := range backends {
		t.Run(b.name, func(t *testing.T) { f(t, b.open(t)) })
	}
}

// goldens are models exported by PyTorch, with its answers in double precision. PyTorch's own float32 error is 2 to 3e-7 for the modules,
// 1.8e-6 for the networks, where the exporter also folds batch norms in float32.
var goldens = []struct {
	model, vectors string
	limit          float64
}{
	{"testdata/golden/inception_a_1x192x28x28", "../testdata/golden/inception_a_1x192x28x28", 1e-6},
	{"testdata/golden/inception_a_2x5x13x7", "../testdata/golden/inception_a_2x5x13x7", 1e-6},
	{"testdata/golden/torchvision_inception_a_1x48x17x19", "testdata/golden/torchvision_inception_a_1x48x17x19", 1e-6},
	{"testdata/golden/googlenet_3a_1x32x14x15", "testdata/golden/googlenet_3a_1x32x14x15", 1e-6},
	{"testdata/exports/chains_9", "testdata/exports/chains", 1e-6},
	{"testdata/exports/chains_11", "testdata/exports/chains", 1e-6},
	{"testdata/exports/chains_13", "testdata/exports/chains", 1e-6},
	{"testdata/exports/chains_16", "testdata/exports/chains", 1e-6},
	{"testdata/exports/free_9", "testdata/exports/free", 1e-6},
	{"testdata/exports/free_13", "testdata/exports/free", 1e-6},
	{"testdata/exports/free_16", "testdata/exports/free", 1e-6},
	{"../testdata/networks/googlenet_small", "../testdata/networks/googlenet_small", 5e-6},
	{"../testdata/networks/inception_v3_small", "../testdata/networks/inception_v3_small", 5e-6},
}

func TestGoldens(t *testing.T) {
	eachBackend(t, func(t *testing.T, r run) {
		for _, c := range goldens {
			m, err := onnx.Load(context.Background(), c.model+".onnx", onnx.Options{})
			if err != nil {
				t.Error(err)
				continue
			}
			x := readTensor(t, c.vectors+"_in.npy")
			dims, want, err := weights.ReadNpy64(c.vectors + "_out64.npy")
			if err != nil {
				t.Fatal(err)
			}
			if s, err := m.InputShape(x.N); m.InputDims[2] > 0 && (err != nil || s != x.Shape) {
				t.Errorf("%s: the model takes %v, %v; the input is %v", c.model, s, err, x.Shape)
			}
			if got := m.Outputs[0].Dims; len(got) != len(dims) || got[0] != dims[0] && got[0] != -1 || !slices.Equal(got[1:], dims[1:]) {
				t.Errorf("%s: output %v, want %v", c.model, got, dims)
			}
			y, err := r(context.Background(), m.Graph, x)
			if err != nil {
				t.Errorf("%s: %v", c.model, err)
				continue
			}
			e, err := cpuref.RelL2(y.Data, want)
			if err != nil || !(e <= c.limit) {
				t.Errorf("%s: relative error %.3g, %v; want at most %g", c.model, e, err, c.limit)
			}
			t.Logf("%s: %d nodes, relative error %.2g", filepath.Base(c.model), len(m.Graph.Nodes), e)
		}
	})
}

// TestTransformInput: what torchvision's transform_input exports (three times Gather, Unsqueeze, Mul, Add, then Concat) is one Affine.
func TestTransformInput(t *testing.T) {
	m, err := onnx.Load(context.Background(), "../testdata/networks/googlenet_small.onnx", onnx.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := m.Graph.Nodes[1].Op.(graph.Affine); !ok {
		t.Errorf("after the input comes %#v, want an Affine", m.Graph.Nodes[1])
	}
	kinds := map[string]int{}
	for _, n := range m.Graph.Nodes {
		kinds[n.Op.Kind()]++
	}
	if kinds["affine"] != 1 || kinds["channels"] != 0 {
		t.Errorf("nodes: %v; want one affine, no channels", kinds)
	}
}

// TestDims: Options.Dims frees the batch and fixes the size.
func TestDims(t *testing.T) {
	m, err := onnx.Load(context.Background(), "../testdata/networks/googlenet_small.onnx", onnx.Options{Dims: []int{-1, 3, 96, 128}})
	if err != nil {
		t.Fatal(err)
	}
	s, err := m.InputShape(5)
	if want := (tensor.Shape{N: 5, C: 3, H: 96, W: 128}); err != nil || s != want {
		t.Errorf("input %v, %v; want %v", s, err, want)
	}
	if got := m.Outputs[0].Dims; !reflect.DeepEqual(got[:1], []int{-1}) {
		t.Errorf("output %v, want a free batch", got)
	}
	shapes, err := m.Graph.Shapes(s)
	if err != nil {
		t.Fatal(err)
	}
	if got := shapes[m.Graph.Outputs[0]]; got.N != 5 {
		t.Errorf("output %v, want a batch of 5", got)
	}
}

func readTensor(t *testing.T, path string) *tensor.Tensor {
	t.Helper()
	a, err := weights.ReadNpy(path)
	if err != nil {
		t.Fatal(err)
	}
	if len(a.Dims) != 4 {
		t.Fatalf("%s has dimensions %v, want 4", path, a.Dims)
	}
	x, err := tensor.FromData(tensor.Shape{N: a.Dims[0], C: a.Dims[1], H: a.Dims[2], W: a.Dims[3]}, a.Data)
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return x
}

func read(t testing.TB, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// readZip reads all files of an archive, by name.
func readZip(t testing.TB, path string) map[string][]byte {
	t.Helper()
	z, err := zip.OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	files := map[string][]byte{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		if files[f.Name], err = io.ReadAll(r); err != nil {
			t.Fatal(err)
		}
		r.Close()
	}
	return files
}

// eachModel loads every model of testdata/NAME/NAME.zip and has check compare it, on every backend, in a test of its name. file reads what
// stands beside the model: its input is .x, the answer .y. There must be so many models.
func eachModel(t *testing.T, name string, want int, check func(t *testing.T, r run, m *onnx.Model, file func(ending string) tensor.Array)) {
	t.Helper()
	files := readZip(t, path.Join("testdata", name, name+".zip"))
	eachBackend(t, func(t *testing.T, r run) {
		ran := 0
		for _, file := range slices.Sorted(maps.Keys(files)) {
			base, isModel := strings.CutSuffix(file, ".onnx")
			if !isModel {
				continue
			}
			ran++
			t.Run(base, func(t *testing.T) {
				m, err := onnx.Parse(context.Background(), files[file], onnx.Options{})
				if err != nil {
					t.Fatal(err)
				}
				check(t, r, m, func(ending string) tensor.Array { return parseProto(t, files[base+ending]) })
			})
		}
		if ran != want {
			t.Errorf("%d models, want %d", ran, want)
		}
	})
}
