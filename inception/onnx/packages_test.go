package onnx_test

import (
	"context"
	"encoding/json"
	"slices"
	"testing"

	"inceptiongl/cpuref"
	"inceptiongl/inception/onnx"
	"inceptiongl/inception/tensor"
)

// TestPackageModels runs models that Python packages carry (testdata/packages) within twice ONNX Runtime's own error. In ppocr_cls
// the first pool's sum of 1,152 positive numbers decides it: gates pass its error on to whole channels.
func TestPackageModels(t *testing.T) {
	for _, name := range []string{"ppocr_cls", "basic_pitch"} {
		var a struct {
			Input   []int `json:"input"`
			Outputs []struct {
				Output       string    `json:"output"`
				Dims         []int     `json:"dims"`
				Want         []float64 `json:"want"`
				RuntimeError float64   `json:"runtime_error"`
			} `json:"outputs"`
		}
		if err := json.Unmarshal(read(t, "testdata/packages/"+name+".json"), &a); err != nil {
			t.Fatal(err)
		}
		o := onnx.Options{Dims: a.Input}
		for _, out := range a.Outputs {
			o.Outputs = append(o.Outputs, out.Output)
		}
		m, err := onnx.Load(context.Background(), "testdata/packages/"+name+".onnx", o)
		if err != nil {
			t.Fatal(err)
		}
		count := 1
		for _, d := range a.Input {
			count *= d
		}
		in := tensor.Array{Dims: a.Input, Data: make([]float32, count)}
		for i := range in.Data {
			in.Data[i] = float32((i*7919+104729)%65536)/32768 - 1
		}
		x, err := m.Tensor(in)
		if err != nil {
			t.Fatal(err)
		}
		eachBackend(t, func(t *testing.T, r run) {
			ys := finished(t, r, m, x)
			for k, out := range a.Outputs {
				if !slices.Equal(m.Outputs[k].Dims, out.Dims) {
					t.Fatalf("%s: %v, want %v", out.Output, m.Outputs[k].Dims, out.Dims)
				}
				e, err := cpuref.RelL2(ys[k].F, out.Want)
				if err != nil || !(e <= 2*out.RuntimeError) {
					t.Errorf("%s: relative error %.2g, %v; ONNX Runtime's is %.2g", out.Output, e, err, out.RuntimeError)
				}
				t.Logf("%s: relative error %.2g, ONNX Runtime's %.2g", out.Output, e, out.RuntimeError)
			}
		})
	}
}
