package cpuref

import (
	"math"
	"testing"

	"inceptiongl/inception/graph"
	"inceptiongl/inception/tensor"
)

// TestNaN: every operator gives a NaN exactly where PyTorch does, and Check wants it there.
func TestNaN(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	x := mk(t, 1, 2, 1, 3, -1, nan, 2, 4, 5, nan)
	pair := graph.Pair{H: 1, W: 2}
	conv := graph.Conv2D{In: 2, Out: 2, Kernel: graph.Square(1), Groups: 2}
	for _, c := range []struct {
		op     graph.Op
		weight []float32
		in     []*tensor.Tensor
		want   []float32
	}{
		{graph.ReLU{}, nil, []*tensor.Tensor{x}, []float32{0, nan, 2, 4, 5, nan}},
		{graph.Clip{Min: 0, Max: 4.5}, nil, []*tensor.Tensor{x}, []float32{0, nan, 2, 4, 4.5, nan}},
		{graph.Pool2D{Type: graph.Max, Kernel: pair}, nil, []*tensor.Tensor{x}, []float32{nan, nan, 5, nan}},
		{graph.Pool2D{Type: graph.Max, Kernel: pair, Dilation: pair}, nil, []*tensor.Tensor{x}, []float32{2, nan}},
		{graph.Pool2D{Kernel: pair}, nil, []*tensor.Tensor{x}, []float32{nan, nan, 4.5, nan}},
		{graph.GlobalPool{Type: graph.Max}, nil, []*tensor.Tensor{x}, []float32{nan, nan}},
		{graph.GlobalPool{}, nil, []*tensor.Tensor{mk(t, 1, 2, 1, 2, 1, 3, nan, 1)}, []float32{2, nan}},
		{graph.Softmax{}, nil, []*tensor.Tensor{mk(t, 1, 2, 1, 3, 3, nan, 2, 3, 5, nan)}, []float32{0.5, nan, nan, 0.5, nan, nan}},
		{graph.Binary{}, nil, []*tensor.Tensor{x, mk(t, 1, 2, 1, 3, 1, 1, nan, inf, -inf, 1)}, []float32{0, nan, nan, inf, -inf, nan}},
		{graph.Binary{}, nil, []*tensor.Tensor{mk(t, 1, 1, 1, 2, inf, inf), mk(t, 1, 1, 1, 2, -inf, inf)}, []float32{nan, inf}},
		{graph.Binary{Type: graph.Mul}, nil, []*tensor.Tensor{x, mk(t, 1, 2, 1, 1, 2, nan)}, []float32{-2, nan, 4, nan, nan, nan}},
		{graph.Binary{Type: graph.Mul}, nil, []*tensor.Tensor{mk(t, 1, 1, 1, 3, 0, inf, -inf), mk(t, 1, 1, 1, 3, inf, 0, 2)}, []float32{nan, nan, -inf}},
		{graph.Normalize{Channels: 2, Type: graph.L1}, nil, []*tensor.Tensor{x}, []float32{-0.2, nan, nan, 0.8, nan, nan}},
		{graph.Normalize{Channels: 2, Groups: 2}, nil, []*tensor.Tensor{mk(t, 1, 2, 1, 2, inf, 1, 3, 5)}, []float32{nan, nan, -1, 1}},
		{graph.Normalize{Channels: 2, Type: graph.L2}, nil, []*tensor.Tensor{mk(t, 1, 2, 1, 1, inf, 5)}, []float32{nan, 0}},
		{graph.MatMul{}, nil, []*tensor.Tensor{x, mk(t, 1, 1, 2, 1, 1, 2)}, []float32{7, nan, nan}},
		{graph.MatMul{}, nil, []*tensor.Tensor{mk(t, 1, 2, 1, 2, inf, 0, 1, 1), mk(t, 1, 2, 2, 1, 0, 1, -1, inf)}, []float32{nan, 1, nan, inf}},
		{graph.Affine{Channels: 2}, []float32{2, 0}, []*tensor.Tensor{x}, []float32{-2, nan, 4, 0, 0, nan}},
		{graph.LRN{Size: 1, Bias: 1}, nil, []*tensor.Tensor{x}, []float32{-1, nan, 2, 4, 5, nan}},
		{conv, []float32{1, 2}, []*tensor.Tensor{x}, []float32{-1, nan, 2, 8, 10, nan}},
		{graph.Channels{Index: []int{1}}, nil, []*tensor.Tensor{x}, []float32{4, 5, nan}},
	} {
		ref, err := Apply(c.op, c.weight, nil, c.in...)
		if err != nil {
			t.Errorf("%#v: %v", c.op, err)
			continue
		}
		got, err := tensor.FromData(ref.Shape, c.want)
		if err != nil {
			t.Errorf("%#v: %v", c.op, err)
			continue
		}
		if rep := Check(got, ref); rep.Err != nil {
			t.Errorf("%#v: %v, want %v", c.op, ref.Value, c.want)
		}
		for i, w := range c.want { // the one and the other way round
			bad := []float32{nan, inf}
			if w != w {
				bad = []float32{0, 1, inf, -inf}
			}
			for _, v := range bad {
				if v == w {
					continue
				}
				got.Data[i] = v
				if rep := Check(got, ref); rep.Err == nil || rep.Index != i {
					t.Errorf("%#v: element %d, %v for %v, passes", c.op, i, v, w)
				}
			}
			got.Data[i] = w
		}
	}
}

// TestActivateNonFinite: behind a convolution, NaN stays NaN, and what an infinity becomes is exact.
func TestActivateNonFinite(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	x := mk(t, 1, 1, 1, 4, nan, inf, -inf, 3)
	for _, c := range []struct {
		act  graph.Op
		want []float32
	}{
		{nil, []float32{nan, inf, -inf, 3}},
		{graph.ReLU{}, []float32{nan, inf, 0, 3}},
		{graph.Clip{Min: -1, Max: 2}, []float32{nan, 2, -1, 2}},
	} {
		ref, err := must(t)(Conv2D(x, graph.Conv2D{In: 1, Out: 1, Kernel: graph.Square(1)}, []float32{1}, nil)).Activate(c.act)
		if err != nil {
			t.Fatal(err)
		}
		if rep := Check(mk(t, 1, 1, 1, 4, c.want...), ref); rep.Err != nil {
			t.Errorf("%v: %v", c.act, rep.Err)
		}
		for i, w := range c.want {
			got := mk(t, 1, 1, 1, 4, c.want...)
			if got.Data[i] = 0.5; Check(got, ref).Err == nil {
				t.Errorf("%v: 0.5 passes for %v", c.act, w)
			}
		}
	}
}
