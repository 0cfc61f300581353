package onnx_test

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"

	"inceptiongl/inception/onnx"
	"inceptiongl/inception/tail"
	"inceptiongl/inception/tensor"
)

// wantedTail is the number of cases in testdata/tail.
const wantedTail = 116

// TestTail runs ONNX's tests of what the host computes at a model's end, and of what is packed with them.
func TestTail(t *testing.T) {
	rows, files := nodeRows(t, "tail")
	eachBackend(t, func(t *testing.T, r run) {
		all := 0
		for _, row := range rows {
			for _, name := range row.cases {
				all++
				t.Run(row.what+"/"+name, func(t *testing.T) { nodeCase(t, files, row.folder, name, r) })
			}
		}
		if all != wantedTail {
			t.Errorf("%d cases ran, want %d", all, wantedTail)
		}
	})
}

// finished are the model's outputs, with the host's part.
func finished(t *testing.T, r run, m *onnx.Model, x *tensor.Tensor) []tail.Array {
	t.Helper()
	ctx := context.Background()
	var ys []*tensor.Tensor
	for _, v := range m.Graph.Outputs {
		g, err := m.Graph.UpTo(v)
		if err != nil {
			t.Fatal(err)
		}
		y, err := r(ctx, g, x)
		if err != nil {
			t.Fatal(err)
		}
		ys = append(ys, y)
	}
	out, err := m.Finish(ctx, ys)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// wantedEnds is the number of models in testdata/ends.
const wantedEnds = 8

// TestEnds compares networks that end on the host with onnxruntime: integers exactly.
func TestEnds(t *testing.T) {
	files := readZip(t, "testdata/ends/ends.zip")
	eachBackend(t, func(t *testing.T, r run) {
		ran := 0
		for _, file := range slices.Sorted(maps.Keys(files)) {
			name, isModel := strings.CutSuffix(file, ".onnx")
			if !isModel {
				continue
			}
			ran++
			m, err := onnx.Parse(context.Background(), files[file], onnx.Options{})
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			x, err := m.Tensor(parseProto(t, files[name+".x"]))
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			for k, y := range finished(t, r, m, x) {
				want := parseProto(t, files[fmt.Sprintf("%s.y%d", name, k)])
				open := func(got, want int) bool { return got == want || got == -1 }
				if !slices.Equal(y.Dims, want.Dims) || y.Len() != len(want.Data) || !slices.EqualFunc(m.Outputs[k].Dims, want.Dims, open) {
					t.Errorf("%s: output %d is %v, declared %v, want %v", name, k, y.Dims, m.Outputs[k].Dims, want.Dims)
					continue
				}
				for i, w := range want.Data {
					if d := math.Abs(y.Number(i) - float64(w)); !(d <= 2e-5) || y.Ints && d != 0 {
						t.Errorf("%s: output %d, element %d is %v, want %v", name, k, i, y.Number(i), w)
						break
					}
				}
			}
		}
		if ran != wantedEnds {
			t.Errorf("%d models, want %d", ran, wantedEnds)
		}
	})
}
