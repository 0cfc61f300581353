package onnx_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"inceptiongl/inception/onnx"
	pb "inceptiongl/inception/onnx/internal/onnxpb"
	"inceptiongl/inception/tensor"
)

// noTestdata names the environment variable that allows ONNX's own tests to be skipped where Debian's libonnx-testdata isn't installed.
const noTestdata = "INCEPTIONGL_NO_ONNX_TESTDATA"

// testdata is where libonnx-testdata puts them.
const testdata = "/usr/share/libonnx-testdata/data"

// nodeCases are ONNX's own tests (onnx 1.12) of what we import: folder, what is tested, cases. An entry "name=2" leaves input 2 free and
// binds the others, "name/1" checks output 1. By default input 0 is the one that is left free.
var nodeCases = []struct{ folder, what, cases string }{
	{"node", "Conv", "basic_conv_with_padding basic_conv_without_padding conv_with_autopad_same conv_with_strides_and_asymmetric_padding " +
		"conv_with_strides_no_padding conv_with_strides_padding"},
	{"node", "AveragePool", "averagepool_2d_ceil averagepool_2d_default averagepool_2d_pads averagepool_2d_pads_count_include_pad " +
		"averagepool_2d_precomputed_pads averagepool_2d_precomputed_pads_count_include_pad averagepool_2d_precomputed_same_upper " +
		"averagepool_2d_precomputed_strides averagepool_2d_same_lower averagepool_2d_same_upper averagepool_2d_strides"},
	{"node", "MaxPool", "maxpool_2d_ceil maxpool_2d_default maxpool_2d_dilations maxpool_2d_pads maxpool_2d_precomputed_pads " +
		"maxpool_2d_precomputed_same_upper maxpool_2d_precomputed_strides maxpool_2d_same_lower maxpool_2d_same_upper maxpool_2d_strides"},
	{"node", "GlobalAveragePool", "globalaveragepool globalaveragepool_precomputed"},
	{"node", "GlobalMaxPool", "globalmaxpool globalmaxpool_precomputed"},
	{"node", "LRN", "lrn lrn_default"},
	{"node", "Relu", "relu"},
	{"node", "Concat", "concat_1d_axis_0 concat_1d_axis_negative_1 concat_2d_axis_0 concat_2d_axis_1 concat_2d_axis_negative_1 " +
		"concat_2d_axis_negative_2 concat_3d_axis_0 concat_3d_axis_1 concat_3d_axis_2 concat_3d_axis_negative_1 concat_3d_axis_negative_2 " +
		"concat_3d_axis_negative_3"},
	{"node", "Softmax", "softmax_axis_0 softmax_axis_1 softmax_axis_2 softmax_default_axis softmax_example softmax_large_number " +
		"softmax_negative_axis"},
	{"node", "BatchNormalization", "batchnorm_epsilon batchnorm_example"},
	{"node", "Gemm", "gemm_all_attributes gemm_alpha gemm_beta gemm_default_matrix_bias gemm_default_no_bias gemm_default_scalar_bias " +
		"gemm_default_single_elem_vector_bias gemm_default_vector_bias gemm_default_zero_bias gemm_transposeA gemm_transposeB"},
	{"node", "Flatten", "flatten_axis0 flatten_axis1 flatten_axis2 flatten_axis3 flatten_default_axis flatten_negative_axis1 " +
		"flatten_negative_axis2 flatten_negative_axis3 flatten_negative_axis4"},
	{"node", "Reshape", "reshape_extended_dims reshape_negative_dim reshape_negative_extended_dims reshape_one_dim reshape_reduced_dims " +
		"reshape_reordered_all_dims reshape_reordered_last_dims reshape_zero_and_negative_dim reshape_zero_dim"},

	{"node", "Gemm, B free", "gemm_all_attributes=1 gemm_alpha=1 gemm_default_matrix_bias=1 gemm_default_scalar_bias=1 gemm_transposeA=1 " +
		"gemm_transposeB=1"},
	{"node", "Clip", "clip clip_default_inbounds clip_default_max clip_default_min clip_example clip_inbounds clip_outbounds clip_splitbounds"},
	{"node", "Add", "add add_bcast add=1"},
	{"node", "Sub", "sub sub_bcast sub_example sub=1"},
	{"node", "Mul", "mul mul_bcast mul_example mul=1"},
	{"node", "Div", "div div_bcast div_example"},
	{"node", "Sum", "sum_example sum_one_input sum_two_inputs sum_example=2"},
	{"node", "Identity", "identity"},
	{"node", "Dropout", "dropout_default dropout_default_mask dropout_default_mask_ratio dropout_default_old dropout_default_ratio dropout_random_old"},
	{"node", "Pad", "constant_pad"},
	{"node", "MatMul", "matmul_2d matmul_2d=1"},
	{"node", "Neg", "neg neg_example"},
	{"node", "Transpose", "transpose_all_permutations_0 transpose_all_permutations_1 transpose_all_permutations_2 " +
		"transpose_all_permutations_3 transpose_all_permutations_4 transpose_all_permutations_5 transpose_default"},
	{"node", "Squeeze", "squeeze squeeze_negative_axes"},
	{"node", "Unsqueeze", "unsqueeze_axis_0 unsqueeze_axis_1 unsqueeze_axis_2 unsqueeze_negative_axes unsqueeze_three_axes " +
		"unsqueeze_two_axes unsqueeze_unsorted_axes"},
	{"node", "Gather", "gather_0 gather_1 gather_2d_indices gather_negative_indices"},
	{"node", "Slice", "slice slice_default_axes slice_default_steps slice_end_out_of_bounds slice_neg slice_neg_steps slice_negative_axes"},
	{"node", "Split", "split_equal_parts_1d split_equal_parts_2d split_equal_parts_default_axis split_variable_parts_1d " +
		"split_variable_parts_2d split_variable_parts_default_axis split_equal_parts_1d/1 split_equal_parts_1d/2 split_equal_parts_2d/1 " +
		"split_variable_parts_2d/1"},
	{"node", "ReduceMean", "reduce_mean_default_axes_keepdims_example reduce_mean_default_axes_keepdims_random"},
	{"node", "ReduceMax", "reduce_max_default_axes_keepdim_example reduce_max_default_axes_keepdims_random"},
	{"node", "1-D", "averagepool_1d_default maxpool_1d_default"},
	{"node", "Cast", "cast_FLOAT16_to_FLOAT cast_DOUBLE_to_FLOAT"},

	{"pytorch-converted", "Conv2d", "Conv2d Conv2d_depthwise Conv2d_depthwise_padded Conv2d_depthwise_strided Conv2d_depthwise_with_multiplier " +
		"Conv2d_dilated Conv2d_groups Conv2d_groups_thnn Conv2d_no_bias Conv2d_padding Conv2d_strided"},
	{"pytorch-converted", "Conv1d", "Conv1d Conv1d_dilated Conv1d_groups Conv1d_pad1 Conv1d_pad1size1 Conv1d_pad2 Conv1d_pad2size1 Conv1d_stride"},
	{"pytorch-converted", "pools", "AvgPool1d AvgPool1d_stride AvgPool2d AvgPool2d_stride MaxPool1d MaxPool1d_stride MaxPool2d"},
	{"pytorch-converted", "others", "ConstantPad2d ZeroPad2d ReLU Softmax softmax_lastdim softmax_functional_dim3 Linear_no_bias Softmin"},
	{"pytorch-operator", "operators", "operator_clip operator_concat2 operator_conv operator_flatten operator_maxpool operator_view " +
		"operator_permute2 operator_chunk operator_chunk/1 operator_index"},
	{"simple", "simple", "single_relu_model"},
}

// wanted is the number of cases from Conv to Reshape in the table, and of all.
const wanted, wantedAll = 84, 218

// TestONNX runs ONNX's own tests at ONNX's own tolerances. None may be missing.
func TestONNX(t *testing.T) {
	if _, err := os.Stat(testdata); err != nil {
		if os.Getenv(noTestdata) == "1" {
			t.Skipf("%s=1: skipped by choice", noTestdata)
		}
		t.Fatalf("%v: apt-get install libonnx-testdata, or set %s=1 to skip", err, noTestdata)
	}
	// The one Reshape case that can't run: a tensor without elements, which the engine doesn't have.
	_, err := onnx.Parse(read(t, filepath.Join(testdata, "node", "test_reshape_allowzero_reordered", "model.onnx")),
		onnx.Options{Bind: map[string]tensor.Array{"shape": {Dims: []int{3}, Data: []float32{3, 4, 0}}}})
	if err == nil || !strings.Contains(err.Error(), `input "data": extent 0 is 0`) {
		t.Errorf("a tensor without elements: error %v", err)
	}
	eachBackend(t, func(t *testing.T, r run) {
		demanded, all := 0, 0
		for _, row := range nodeCases {
			for _, name := range strings.Fields(row.cases) {
				if all++; row.what == "Reshape" {
					demanded = all
				}
				t.Run(row.what+"/"+name, func(t *testing.T) { nodeCase(t, row.folder, name, r) })
			}
		}
		if demanded != wanted || all != wantedAll {
			t.Errorf("%d cases ran, %d from Conv to Reshape; want %d and %d", all, demanded, wantedAll, wanted)
		}
	})
}

func nodeCase(t *testing.T, folder, name string, r run) {
	name, output := cutNumber(name, "/")
	name, free := cutNumber(name, "=")
	dir := filepath.Join(testdata, folder, "test_"+name)
	data := read(t, filepath.Join(dir, "model.onnx"))
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
		a := readProto(t, filepath.Join(dir, "test_data_set_0", fmt.Sprintf("input_%d.pb", given)))
		if given == free {
			x = a
		} else {
			o.Bind[in.GetName()] = a
		}
		given++
	}
	o.Outputs = []string{model.Graph.Output[output].GetName()}
	m, err := onnx.Parse(data, o)
	if err != nil {
		t.Fatal(err)
	}
	want := readProto(t, filepath.Join(dir, "test_data_set_0", fmt.Sprintf("output_%d.pb", output)))
	if got := m.Outputs[0].Dims; !slices.Equal(got, want.Dims) {
		t.Fatalf("output %v, want %v", got, want.Dims)
	}
	got, err := r(context.Background(), m.Graph, input(t, m, x, 0))
	if err != nil {
		t.Fatal(err)
	}
	compare(t, got.Data, want.Data)
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
	in, err := tensor.FromData(s, x.Data)
	if err != nil {
		t.Fatal(err)
	}
	return in
}

// compare is numpy's allclose with ONNX's tolerances.
func compare(t *testing.T, got, want []float32) {
	t.Helper()
	const rtol, atol = 1e-3, 1e-7
	if len(got) != len(want) {
		t.Fatalf("%d elements, want %d", len(got), len(want))
	}
	for i, w := range want {
		if d := math.Abs(float64(got[i]) - float64(w)); !(d <= atol+rtol*math.Abs(float64(w))) {
			t.Fatalf("element %d is %v, want %v", i, got[i], w)
		}
	}
}

// readProto reads a tensor of the test data, apart from the importer.
func readProto(t *testing.T, path string) tensor.Array {
	t.Helper()
	return parseProto(t, read(t, path))
}

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
	case pb.TensorProto_FLOAT16:
		h := le.Uint16(p.RawData[2*k:])
		f := math.Ldexp(float64(h&1023|1024), int(h>>10&31)-25) // the test data holds normal numbers only
		return float32(math.Copysign(f, float64(int16(h))))
	}
	t.Fatalf("test data of type %d", p.GetDataType())
	return 0
}
