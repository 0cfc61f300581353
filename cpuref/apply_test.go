package cpuref

import (
	"math"
	"strings"
	"testing"

	"inceptiongl/inception/graph"
	"inceptiongl/inception/tensor"
)

// TestApply has an answer worked out by hand for every operator.
func TestApply(t *testing.T) {
	x := mk(t, 1, 2, 1, 2, 1, -2, 3, 5)
	for _, c := range []struct {
		name         string
		op           graph.Op
		weight, bias []float32
		in           []*tensor.Tensor
		shape        tensor.Shape
		want         []float64
		ops          int
	}{
		{"conv", graph.Conv2D{In: 2, Out: 1, Kernel: graph.Square(1)}, []float32{2, -1}, []float32{0.5}, []*tensor.Tensor{x},
			tensor.Shape{N: 1, C: 1, H: 1, W: 2}, []float64{-0.5, -8.5}, 4},
		{"pool", graph.Pool2D{Kernel: graph.Pair{H: 1, W: 2}, CountIncludePad: true}, nil, []float32{0, 1}, []*tensor.Tensor{x},
			tensor.Shape{N: 1, C: 2, H: 1, W: 1}, []float64{-0.5, 5}, 4},
		{"global average", graph.GlobalPool{}, nil, []float32{0, 1}, []*tensor.Tensor{x},
			tensor.Shape{N: 1, C: 2, H: 1, W: 1}, []float64{-0.5, 5}, 4},
		{"global maximum", graph.GlobalPool{Type: graph.Max}, nil, nil, []*tensor.Tensor{x},
			tensor.Shape{N: 1, C: 2, H: 1, W: 1}, []float64{1, 5}, 0},
		{"affine", graph.Affine{Channels: 2}, []float32{2, -1}, []float32{0.5, 0}, []*tensor.Tensor{x}, x.Shape, []float64{2.5, -3.5, -3, -5}, 3},
		{"add", graph.Binary{}, nil, nil, []*tensor.Tensor{x, x}, x.Shape, []float64{2, -4, 6, 10}, 1},
		{"multiply", graph.Binary{Type: graph.Mul}, nil, nil, []*tensor.Tensor{x, mk(t, 1, 2, 1, 1, 3, -1)}, x.Shape, []float64{3, -6, -3, -5}, 1},
		{"matmul", graph.MatMul{}, nil, nil, []*tensor.Tensor{x, mk(t, 1, 1, 2, 1, 2, -1)}, tensor.Shape{N: 1, C: 1, H: 1, W: 2}, []float64{-1, -9}, 4},
		{"normalize", graph.Normalize{Channels: 2, Groups: 2}, []float32{2, -1}, []float32{0.5, 0}, []*tensor.Tensor{x}, x.Shape, []float64{2.5, -1.5, 1, -1}, 1},
		{"lrn", graph.LRN{Size: 1, Alpha: 3, Beta: 1, Bias: 1}, nil, nil, []*tensor.Tensor{x}, x.Shape, []float64{1. / 4, -2. / 13, 3. / 28, 5. / 76}, 1},
		{"softmax", graph.Softmax{}, nil, nil, []*tensor.Tensor{mk(t, 2, 1, 1, 1, 7, -7)}, tensor.Shape{N: 2, C: 1, H: 1, W: 1}, []float64{1, 1}, 1},
		{"relu", graph.ReLU{}, nil, nil, []*tensor.Tensor{x}, x.Shape, []float64{1, 0, 3, 5}, 0},
		{"clip", graph.Clip{Min: -1, Max: 4}, nil, nil, []*tensor.Tensor{x}, x.Shape, []float64{1, -1, 3, 4}, 0},
		{"concat", graph.Concat{}, nil, nil, []*tensor.Tensor{x, x}, tensor.Shape{N: 1, C: 4, H: 1, W: 2}, []float64{1, -2, 3, 5, 1, -2, 3, 5}, 0},
		{"concat of one", graph.Concat{}, nil, nil, []*tensor.Tensor{x}, x.Shape, []float64{1, -2, 3, 5}, 0},
		{"reshape", graph.Reshape{C: 1, H: 2, W: 1}, nil, nil, []*tensor.Tensor{x}, tensor.Shape{N: 2, C: 1, H: 2, W: 1}, []float64{1, -2, 3, 5}, 0},
		{"pad", graph.Pad2D{Pad: graph.Padding{Top: 1, Left: 1}, Value: 9}, nil, nil, []*tensor.Tensor{x},
			tensor.Shape{N: 1, C: 2, H: 2, W: 3}, []float64{9, 9, 9, 9, 1, -2, 9, 9, 9, 9, 3, 5}, 0},
		{"channels", graph.Channels{Index: []int{1, 0, 1}}, nil, nil, []*tensor.Tensor{x}, tensor.Shape{N: 1, C: 3, H: 1, W: 2}, []float64{3, 5, 1, -2, 3, 5}, 0},
	} {
		r, err := Apply(c.op, c.weight, c.bias, c.in...)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if r.Shape != c.shape || r.Ops != c.ops || len(r.Mag) != len(r.Value) {
			t.Errorf("%s: shape %v, %d roundings, %d magnitudes; want %v, %d", c.name, r.Shape, r.Ops, len(r.Mag), c.shape, c.ops)
		}
		if c.op.Kind() != "lrn" { // by a power
			same(t, c.name, r.Value, c.want...)
		}
		want := tensor.New(c.shape)
		for i, v := range c.want {
			want.Data[i] = float32(v)
		}
		if rep := Check(want, r); rep.Err != nil {
			t.Errorf("%s: %v", c.name, rep.Err)
		}
		for i, v := range want.Data { // and it is no vacuous bound
			want.Data[i] += max(float32(math.Abs(float64(v))), 0.1) * 1e-4
			if rep := Check(want, r); rep.Err == nil || rep.Index != i {
				t.Errorf("%s: element %d off by 1e-4 passes", c.name, i)
			}
			want.Data[i] = v
		}
		if c.ops > 0 {
			continue
		}
		for i, v := range want.Data { // one that rounds nothing is exact
			want.Data[i] = math.Nextafter32(v, 100)
			if rep := Check(want, r); rep.Err == nil && v != 0 {
				t.Errorf("%s: element %d one ULP off passes", c.name, i)
			}
			want.Data[i] = v
		}
	}
}

func TestApplyErrors(t *testing.T) {
	x := mk(t, 1, 2, 1, 2, 1, -2, 3, 5)
	w := []float32{1, 2}
	for _, c := range []struct {
		name         string
		op           graph.Op
		weight, bias []float32
		in           []*tensor.Tensor
		says         string
	}{
		{"no operator", nil, nil, nil, []*tensor.Tensor{x}, "no operator"},
		{"no input", graph.ReLU{}, nil, nil, nil, "takes 1 input"},
		{"nil input", graph.ReLU{}, nil, nil, []*tensor.Tensor{nil}, "input 0"},
		{"short input", graph.Softmax{}, nil, nil, []*tensor.Tensor{{Shape: x.Shape}}, "needs 4 elements"},
		{"two inputs", graph.Conv2D{In: 2, Out: 1, Kernel: graph.Square(1)}, w, nil, []*tensor.Tensor{x, x}, "takes 1 input"},
		{"one input to add", graph.Binary{}, nil, nil, []*tensor.Tensor{x}, "takes 2 inputs"},
		{"second input nil", graph.Binary{}, nil, nil, []*tensor.Tensor{x, nil}, "input 1"},
		{"shapes to add", graph.Binary{}, nil, nil, []*tensor.Tensor{x, mk(t, 1, 1, 1, 3, 1, 2, 3)}, "extents must agree"},
		{"unknown binary", graph.Binary{Type: 99}, nil, nil, []*tensor.Tensor{x, x}, "unknown type"},
		{"relu with weights", graph.ReLU{}, w, nil, []*tensor.Tensor{x}, "does not take"},
		{"concat with a bias", graph.Concat{}, nil, w, []*tensor.Tensor{x}, "does not take"},
		{"pool with weights", graph.Pool2D{Kernel: graph.Square(1)}, w, nil, []*tensor.Tensor{x}, "does not take"},
		{"pool with a long bias", graph.GlobalPool{}, nil, []float32{1, 2, 3}, []*tensor.Tensor{x}, "bias needs 2"},
		{"unknown global pool", graph.GlobalPool{Type: 7}, nil, nil, []*tensor.Tensor{x}, "unknown pooling"},
		{"affine, channels", graph.Affine{Channels: 3}, nil, nil, []*tensor.Tensor{x}, "2 channels"},
		{"affine, scale", graph.Affine{Channels: 2}, w[:1], nil, []*tensor.Tensor{x}, "as many"},
		{"affine, shift", graph.Affine{Channels: 2}, nil, []float32{1, 2, 3}, []*tensor.Tensor{x}, "as many"},
		{"lrn, size", graph.LRN{}, nil, nil, []*tensor.Tensor{x}, "size 0"},
		{"reshape", graph.Reshape{C: 3, H: 1, W: 1}, nil, nil, []*tensor.Tensor{x}, "no multiple"},
		{"pad", graph.Pad2D{Pad: graph.Pad(-1)}, nil, nil, []*tensor.Tensor{x}, "padding"},
		{"channel", graph.Channels{Index: []int{2}}, nil, nil, []*tensor.Tensor{x}, "channel 2"},
		{"no channels", graph.Channels{}, nil, nil, []*tensor.Tensor{x}, "C is 0"},
		{"scale", graph.Scale{Channels: 2}, nil, nil, []*tensor.Tensor{x}, "can't be applied"},
		{"batch norm", graph.BatchNorm{Channels: 2}, nil, nil, []*tensor.Tensor{x}, "can't be applied"},
		{"input", graph.Input{Channels: 2}, nil, nil, []*tensor.Tensor{x}, "can't be applied"},
		{"unknown", mystery{}, nil, nil, []*tensor.Tensor{x}, "cpuref.mystery"},
	} {
		r, err := Apply(c.op, c.weight, c.bias, c.in...)
		if err == nil || r != nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want an error with %q", c.name, err, c.says)
		}
	}
}

func TestActivate(t *testing.T) {
	conv := graph.Conv2D{In: 1, Out: 1, Kernel: graph.Square(1)}
	x := mk(t, 1, 1, 1, 3, 3, -3, 0.25)
	for _, c := range []struct {
		act  graph.Op
		want []float64
	}{
		{nil, []float64{7, -5, 1.5}},
		{graph.ReLU{}, []float64{7, 0, 1.5}},
		{graph.Clip{Min: -1, Max: 6}, []float64{6, -1, 1.5}},
	} {
		r := must(t)(Apply(conv, []float32{2}, []float32{1}, x))
		if got := must(t)(r.Activate(c.act)); got != r {
			t.Errorf("%v: not in place", c.act)
		}
		same(t, "activated", r.Value, c.want...)
		same(t, "magnitude", r.Mag, 7, 7, 1.5) // that of the sum
	}
	r := must(t)(Apply(conv, []float32{2}, []float32{1}, x))
	if _, err := r.Activate(graph.Softmax{}); err == nil || !strings.Contains(err.Error(), "softmax") {
		t.Errorf("softmax as an activation: %v", err)
	}
}
