package onnx_test

import (
	"context"
	"encoding/json"
	"maps"
	"math"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"inceptiongl/cpuref"
	"inceptiongl/cpuref/verify"
	"inceptiongl/gpu/gputest"
	"inceptiongl/inception/graph"
	"inceptiongl/inception/onnx"
	rt "inceptiongl/inception/run"
	"inceptiongl/inception/tensor"
)

// zooAnswer is what testdata/zoo/generate.py says of a network.
type zooAnswer struct {
	Name         string    `json:"name"`
	Source       string    `json:"source"`
	Input        []int     `json:"input"`
	Output       []int     `json:"output"`
	Step         int       `json:"step"` // Want[k] is element k × Step, modulo their number
	RuntimeError float64   `json:"runtime_error"`
	Want         []float64 `json:"want"`
}

// zooRefused are networks that can't be imported yet, and what the importer says. One that can be must leave the table.
var zooRefused = map[string]string{}

// zooDefault are networks that the GPU runs with the kernels that the rule chooses; the others run with plain ones, which compile
// sooner.
var zooDefault = []string{"detector", "reader", "shufflenet_v2_x0_5", "squeezenet1_1"}

// Networks of more multiplications than zooMACs don't run on the GPU here: software drivers take seconds for each; with INCEPTIONGL_SWEEP=1 all do. Of all that are
// imported, wantedZoo, wantedZooGPU do.
const zooMACs, wantedZoo, wantedZooGPU = 25e6, 64, 21

// TestZoo runs whole networks of torchvision, timm and others, of their own widths, on weights that are made here.
func TestZoo(t *testing.T) {
	files := zooFiles{}
	answers := map[string]zooAnswer{}
	for name, data := range readZip(t, "testdata/zoo/zoo.zip") {
		base, ok := strings.CutSuffix(name, ".json")
		if !ok {
			files[name] = &fstest.MapFile{Data: data}
			continue
		}
		var a zooAnswer
		if err := json.Unmarshal(data, &a); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		answers[base] = a
	}
	tried, ran, onGPU := 0, 0, 0
	for _, name := range slices.Sorted(maps.Keys(answers)) {
		t.Run(name, func(t *testing.T) {
			a := answers[name]
			tried++
			m, err := onnx.LoadFS(context.Background(), files, name+".onnx", onnx.Options{})
			if words, refused := zooRefused[name]; refused {
				if err == nil || !strings.Contains(err.Error(), words) {
					t.Errorf("error %v, want one with %s: the table is out of date", err, words)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			ran++
			x := a.input(t, m)
			y, err := cpuref.Run(context.Background(), m.Graph, x)
			// Each element is rounded once, to float32: by 2⁻²⁴ of itself at most.
			a.check(t, "cpuref", y, err, math.Exp2(-24))
			cost, err := graph.Cost(m.Graph, x.Shape)
			if err != nil {
				t.Fatal(err)
			}
			if cost.Total.MACs > zooMACs && os.Getenv("INCEPTIONGL_SWEEP") == "" || os.Getenv(gputest.NoGPU) == "1" {
				return
			}
			onGPU++
			y, err = zooGPU(t, m.Graph, x, slices.Contains(zooDefault, name))
			// Each step is within its bound; what they add up to depends on the network, for ONNX Runtime too.
			a.check(t, "gpu", y, err, 2*a.RuntimeError)
		})
	}
	if tried < len(answers) {
		return // -run names some
	}
	if ran < wantedZoo || onGPU < wantedZooGPU && os.Getenv(gputest.NoGPU) != "1" {
		t.Errorf("%d networks ran, %d of them on the GPU; want %d and %d", ran, onGPU, wantedZoo, wantedZooGPU)
	}
	t.Logf("%d networks ran, %d of them on the GPU", ran, onGPU)
}

// input is what generate.py fed the network.
func (a zooAnswer) input(t *testing.T, m *onnx.Model) *tensor.Tensor {
	t.Helper()
	if !slices.Equal(m.InputDims, a.Input) || !slices.Equal(m.Outputs[0].Dims, a.Output) {
		t.Fatalf("%v → %v, want %v → %v", m.InputDims, m.Outputs[0].Dims, a.Input, a.Output)
	}
	s, err := m.InputShape(0)
	if err != nil {
		t.Fatal(err)
	}
	x := tensor.New(s)
	in := inputSeries(a.Name, len(x.Data))
	for i := range x.Data {
		x.Data[i] = in.at(i)
	}
	return x
}

func (a zooAnswer) check(t *testing.T, kind string, y *tensor.Tensor, err error, limit float64) {
	t.Helper()
	if err != nil {
		t.Errorf("%s: %v", kind, err)
		return
	}
	size := 1
	for _, d := range a.Output {
		size *= d
	}
	if len(y.Data) != size || len(a.Want) != min(size, 160) {
		t.Errorf("%s: %d elements, want %d; %d answers", kind, len(y.Data), size, len(a.Want))
		return
	}
	got := make([]float32, len(a.Want))
	for k := range got {
		got[k] = y.Data[k*a.Step%size]
	}
	e, err := cpuref.RelL2(got, a.Want)
	if err != nil || !(e <= limit) {
		t.Errorf("%s: relative error %.3g, %v; want at most %.3g", kind, e, err, limit)
	}
	t.Logf("%s: relative error %.2g, onnxruntime's %.2g", kind, e, a.RuntimeError)
}

// zooGPU runs a network on the GPU, and holds every element of every step to its bound.
func zooGPU(t *testing.T, g *graph.Graph, x *tensor.Tensor, byRule bool) (*tensor.Tensor, error) {
	o := rt.Options{Kernels: rt.KernelsPlain, NoCache: true}
	if byRule {
		o.Kernels = rt.KernelsDefault
	}
	s, err := rt.Compile(context.Background(), gputest.Open(t), g, x.Shape, o)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	gputest.Case()
	y, reports, err := verify.Session(context.Background(), s, x)
	if err != nil {
		return nil, err
	}
	return y, verify.Failed(reports)
}
