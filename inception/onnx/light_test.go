package onnx_test

import (
	"context"
	"path/filepath"
	"slices"
	"testing"

	"inceptiongl/inception/onnx"
	"inceptiongl/inception/tensor"
)

// lightModels are whole networks from ONNX's own tests (testdata/light). Their weights are made by ConstantOfShape, so they check the
// structure more than the numbers.
var lightModels = []string{
	"bvlc_alexnet", "densenet121", "inception_v1", "inception_v2", "resnet50", "shufflenet", "squeezenet", "vgg19", "zfnet512",
}

func TestLightModels(t *testing.T) {
	eachBackend(t, func(t *testing.T, r run) {
		for _, name := range lightModels {
			t.Run(name, func(t *testing.T) {
				if testing.Short() && name == "vgg19" {
					t.Skip("-short: left out by choice, 20 billion multiplications")
				}
				base := filepath.Join("testdata", "light", "light_"+name)
				m, err := onnx.Load(context.Background(), base+".onnx", onnx.Options{Memory: 1 << 30}) // the file has no weights of its own
				if err != nil {
					t.Fatal(err)
				}
				want := parseProto(t, read(t, base+"_output_0.pb"))
				if !slices.Equal(m.Outputs[0].Dims, want.Dims) {
					t.Fatalf("output %v, want %v", m.Outputs[0].Dims, want.Dims)
				}
				s, err := m.InputShape(0)
				if err != nil {
					t.Fatal(err)
				}
				x := tensor.New(s)
				for i := range x.Data { // the input that ONNX's runner makes
					x.Data[i] = float32(float64(i) / float64(len(x.Data)))
				}
				y, err := r(context.Background(), m.Graph, x)
				if err != nil {
					t.Fatal(err)
				}
				compare(t, y.Data, want.Data)
			})
		}
	})
}
