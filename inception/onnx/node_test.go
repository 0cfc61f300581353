package onnx_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"path"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"inceptiongl/inception/onnx"
	pb "inceptiongl/inception/onnx/internal/onnxpb"
	"inceptiongl/inception/tensor"
)

// nodeRow is a row of testdata/node/cases.txt.
type nodeRow struct {
	folder, what string
	cases        []string
}

// nodeRows reads a folder's rows, and what its archive holds for them.
func nodeRows(t *testing.T, folder string) ([]nodeRow, map[string][]byte) {
	t.Helper()
	var rows []nodeRow
	folder = path.Join("testdata", folder)
	for line := range strings.Lines(string(read(t, path.Join(folder, "cases.txt")))) {
		if line == "\n" || line[0] == '#' {
			continue
		}
		part := strings.Split(strings.TrimSpace(line), " | ")
		if len(part) != 3 {
			t.Fatalf("cases.txt: %q has %d parts, must have 3", line, len(part))
		}
		rows = append(rows, nodeRow{part[0], part[1], strings.Fields(part[2])})
	}
	return rows, readZip(t, path.Join(folder, path.Base(folder)+".zip"))
}

// wanted is the number of cases from Conv to Reshape in cases.txt, and of all.
const wanted, wantedAll = 84, 539

// TestONNX runs ONNX's own tests at ONNX's own tolerances. None may be missing.
func TestONNX(t *testing.T) {
	rows, files := nodeRows(t, "node")
	// The one Reshape case that can't run: a tensor without elements, which the engine doesn't have.
	_, err := onnx.Parse(context.Background(), nodeFile(t, files, "node/test_reshape_allowzero_reordered/model.onnx"),
		onnx.Options{Bind: map[string]tensor.Array{"shape": {Dims: []int{3}, Data: []float32{3, 4, 0}}}})
	if err == nil || !strings.Contains(err.Error(), `to 3×4×0: numbers of elements differ`) {
		t.Errorf("a tensor without elements: error %v", err)
	}
	eachBackend(t, func(t *testing.T, r run) {
		demanded, all := 0, 0
		for _, row := range rows {
			if row.what == "refused" {
				continue
			}
			for _, name := range row.cases {
				if all++; row.what == "Reshape" {
					demanded = all
				}
				t.Run(row.what+"/"+name, func(t *testing.T) { nodeCase(t, files, row.folder, name, r) })
			}
		}
		if demanded != wanted || all != wantedAll {
			t.Errorf("%d cases ran, %d from Conv to Reshape; want %d and %d", all, demanded, wantedAll, wanted)
		}
	})
}

// nodeCases runs a folder's cases, of which there must be so many.
func nodeCases(t *testing.T, folder string, want int) {
	t.Helper()
	rows, files := nodeRows(t, folder)
	eachBackend(t, func(t *testing.T, r run) {
		all := 0
		for _, row := range rows {
			for _, name := range row.cases {
				all++
				t.Run(row.what+"/"+name, func(t *testing.T) { nodeCase(t, files, row.folder, name, r) })
			}
		}
		if all != want {
			t.Errorf("%d cases ran, want %d", all, want)
		}
	})
}

func nodeCase(t *testing.T, files map[string][]byte, folder, name string, r run) {
	name, output := cutNumber(name, "/")
	name, free := cutNumber(name, "=")
	dir := path.Join(folder, "test_"+name)
	data := nodeFile(t, files, path.Join(dir, "model.onnx"))
	tensorOf := func(what string, k int) tensor.Array {
		return parseProto(t, nodeFile(t, files, path.Join(dir, "test_data_set_0", fmt.Sprintf("%s_%d.pb", what, k))))
	}
	model := &pb.ModelProto{}
	if err := proto.Unmarshal(data, model); err != nil {
		t.Fatal(err)
	}
	var x tensor.Array
	o := onnx.Options{Bind: map[string]tensor.Array{}}
	given := 0 // inputs that are left out in the node have no file
	stored := map[string]bool{}
	for _, w := range model.Graph.Initializer {
		stored[w.GetName()] = true
	}
	for _, in := range model.Graph.Input {
		if stored[in.GetName()] {
			continue
		}
		a := tensorOf("input", given)
		if given == free {
			x = a
		} else {
			o.Bind[in.GetName()] = a
		}
		given++
	}
	o.Outputs = []string{model.Graph.Output[output].GetName()}
	m, err := onnx.Parse(context.Background(), data, o)
	if err != nil {
		t.Fatal(err)
	}
	want := tensorOf("output", output)
	open := func(got, want int) bool { return got == want || got == -1 }
	if got := m.Outputs[0].Dims; !slices.EqualFunc(got, want.Dims, open) {
		t.Fatalf("output %v, want %v", got, want.Dims)
	}
	batch := 0
	if len(m.InputDims) > 0 && m.InputDims[0] < 0 {
		batch = x.Dims[0]
	}
	got := finished(t, r, m, input(t, m, x, batch))[0]
	if !slices.Equal(got.Dims, want.Dims) {
		t.Fatalf("output %v, want %v", got.Dims, want.Dims)
	}
	if kind := model.Graph.Output[output].GetType().GetTensorType().GetElemType(); m.Tail != nil && got.Ints != (kind == int32(pb.TensorProto_INT64)) {
		t.Errorf("output of integers is %v, of type %d", got.Ints, kind)
	}
	numbers := make([]float32, got.Len())
	for i := range numbers {
		numbers[i] = float32(got.Number(i))
	}
	if folder == "made" { // chains: the reference evaluator computes in float32, too
		compareAt(t, numbers, want.Data, 1e-3, 1e-6)
		return
	}
	compare(t, numbers, want.Data)
}

func nodeFile(t *testing.T, files map[string][]byte, name string) []byte {
	t.Helper()
	b, ok := files[name]
	if !ok {
		t.Fatalf("node.zip has no %s", name)
	}
	return b
}

// cutNumber splits name at sep; the number behind it is 0 where there is none.
func cutNumber(name, sep string) (string, int) {
	before, after, found := strings.Cut(name, sep)
	if !found {
		return name, 0
	}
	return before, int(after[0] - '0')
}

// input is x as the model's input, with a batch of n, or of the model's own where n is 0.
func input(t *testing.T, m *onnx.Model, x tensor.Array, n int) *tensor.Tensor {
	t.Helper()
	s, err := m.InputShape(n)
	if err != nil {
		t.Fatal(err)
	}
	if len(x.Dims) == len(m.InputOrder) {
		x = x.Transpose(m.InputOrder)
	}
	in, err := tensor.FromData(s, x.Data)
	if err != nil {
		t.Fatal(err)
	}
	return in
}

// compare is numpy's allclose with ONNX's tolerances.
func compare(t *testing.T, got, want []float32) {
	t.Helper()
	compareAt(t, got, want, 1e-3, 1e-7)
}

func compareAt(t *testing.T, got, want []float32, rtol, atol float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d elements, want %d", len(got), len(want))
	}
	for i, w := range want {
		g, w := float64(got[i]), float64(w)
		if d := math.Abs(g - w); !(d <= atol+rtol*math.Abs(w)) && !(g != g && w != w) && !(g == w) || math.IsInf(w, 0) && g != w {
			t.Fatalf("element %d is %v, want %v", i, got[i], w)
		}
	}
}

// parseProto reads a tensor of the test data, apart from the importer.
func parseProto(t *testing.T, data []byte) tensor.Array {
	t.Helper()
	p := &pb.TensorProto{}
	if err := proto.Unmarshal(data, p); err != nil {
		t.Fatal(err)
	}
	a := tensor.Array{Dims: []int{}}
	n := 1
	for _, d := range p.Dims {
		a.Dims = append(a.Dims, int(d))
		n *= int(d)
	}
	a.Data = make([]float32, n)
	for k := range a.Data {
		a.Data[k] = element(t, p, k)
	}
	return a
}

func element(t *testing.T, p *pb.TensorProto, k int) float32 {
	t.Helper()
	le := binary.LittleEndian
	switch pb.TensorProto_DataType(p.GetDataType()) {
	case pb.TensorProto_FLOAT:
		if len(p.FloatData) > 0 {
			return p.FloatData[k]
		}
		return math.Float32frombits(le.Uint32(p.RawData[4*k:]))
	case pb.TensorProto_DOUBLE:
		return float32(math.Float64frombits(le.Uint64(p.RawData[8*k:])))
	case pb.TensorProto_INT64:
		if len(p.Int64Data) > 0 {
			return float32(p.Int64Data[k])
		}
		return float32(int64(le.Uint64(p.RawData[8*k:])))
	case pb.TensorProto_BOOL:
		return float32(p.RawData[k])
	case pb.TensorProto_INT8:
		return float32(int8(p.RawData[k]))
	case pb.TensorProto_UINT8:
		return float32(p.RawData[k])
	case pb.TensorProto_INT16:
		return float32(int16(le.Uint16(p.RawData[2*k:])))
	case pb.TensorProto_UINT16:
		return float32(le.Uint16(p.RawData[2*k:]))
	case pb.TensorProto_INT32:
		return float32(int32(le.Uint32(p.RawData[4*k:])))
	case pb.TensorProto_FLOAT16:
		h := le.Uint16(p.RawData[2*k:])
		f := math.Ldexp(float64(h&1023|1024), int(h>>10&31)-25) // the test data holds normal numbers only
		return float32(math.Copysign(f, float64(int16(h))))
	}
	t.Fatalf("test data of type %d", p.GetDataType())
	return 0
}
