package tail_test

import (
	"context"
	"errors"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"inceptiongl/inception/graph"
	"inceptiongl/inception/tail"
)

var nan = float32(math.NaN())

func floats(dims []int, v ...float32) tail.Array { return tail.Floats(dims, v) }
func whole(dims []int, v ...int64) tail.Array    { return tail.Integers(dims, v) }
func list(v ...int64) tail.Array                 { return tail.Integers([]int{len(v)}, v) }
func row(v ...float32) tail.Array                { return tail.Floats([]int{len(v)}, v) }

// same reports equal arrays, where NaN is equal to NaN.
func same(a, b tail.Array) bool {
	number := func(v, w float32) bool { return v == w || v != v && w != w }
	return a.Ints == b.Ints && slices.Equal(a.Dims, b.Dims) && slices.Equal(a.I, b.I) && slices.EqualFunc(a.F, b.F, number)
}

// TestOperators: what ONNX's own tests and the models of testdata/ends leave out.
func TestOperators(t *testing.T) {
	m := floats([]int{2, 3}, 1, 5, 5, nan, -2, 7)
	for _, c := range []struct {
		op   tail.Op
		in   []tail.Array
		want []tail.Array
	}{
		{tail.ArgMax{Axis: 1}, []tail.Array{m}, []tail.Array{list(1, 0)}}, // NaN is the largest
		{tail.ArgMax{Axis: 1, Last: true, Keep: true}, []tail.Array{m}, []tail.Array{whole([]int{2, 1}, 2, 0)}},
		{tail.ArgMax{Axis: 1, Least: true}, []tail.Array{m}, []tail.Array{list(0, 0)}}, // and the least
		{tail.ArgMax{Axis: 0}, []tail.Array{whole([]int{2, 2}, 1<<60, 5, 1<<60+1, 4)}, []tail.Array{list(1, 0)}},
		{tail.TopK{Axis: 1}, []tail.Array{m, list(2)}, []tail.Array{floats([]int{2, 2}, 5, 5, nan, 7), whole([]int{2, 2}, 1, 2, 0, 2)}},
		{tail.TopK{Axis: 1, Least: true}, []tail.Array{m, list(3)}, []tail.Array{floats([]int{2, 3}, 1, 5, 5, -2, 7, nan), whole([]int{2, 3}, 0, 1, 2, 1, 2, 0)}},
		{tail.TopK{Axis: 0}, []tail.Array{floats([]int{2, 2, 1}, 1, 4, 3, 2), list(1)}, []tail.Array{floats([]int{1, 2, 1}, 3, 4), whole([]int{1, 2, 1}, 1, 0)}},
		{tail.TopK{}, []tail.Array{row(1, 2), list(0)}, []tail.Array{floats([]int{0}), whole([]int{0})}},
		{tail.NonZero{}, []tail.Array{row(0, 0)}, []tail.Array{whole([]int{1, 0})}},
		{tail.Reshape{}, []tail.Array{m, list(0, -1, 1)}, []tail.Array{floats([]int{2, 3, 1}, m.F...)}},
		{tail.Reshape{AllowZero: true}, []tail.Array{row(), list(3, 0)}, []tail.Array{floats([]int{3, 0})}},
		{tail.Squeeze{}, []tail.Array{floats([]int{1, 2, 1}, 1, 2)}, []tail.Array{row(1, 2)}},
		{tail.Flatten{Axis: 0}, []tail.Array{m}, []tail.Array{floats([]int{1, 6}, m.F...)}},
		{tail.Concat{Axis: 1}, []tail.Array{whole([]int{2, 1}, 1, 2), whole([]int{2, 2}, 3, 4, 5, 6)}, []tail.Array{whole([]int{2, 3}, 1, 3, 4, 2, 5, 6)}},
		{tail.Concat{}, []tail.Array{list(), list(7)}, []tail.Array{list(7)}},
		{tail.Split{Count: 2}, []tail.Array{list(1, 2, 3)}, []tail.Array{list(1, 2), list(3)}},
		{tail.Split{Axis: 1, Parts: []int{1, 2}}, []tail.Array{m}, []tail.Array{floats([]int{2, 1}, 1, nan), floats([]int{2, 2}, 5, 5, -2, 7)}},
		{tail.Slice{}, []tail.Array{list(0, 1, 2, 3, 4), list(-2), list(-100), list(0), list(-2)}, []tail.Array{list(3, 1)}},
		{tail.Slice{}, []tail.Array{list(0, 1, 2, 3, 4), list(1), list(1 << 40)}, []tail.Array{list(1, 2, 3, 4)}},
		{tail.Slice{}, []tail.Array{list(0, 1), list(2), list(1)}, []tail.Array{list()}},
		{tail.Gather{Axis: 1}, []tail.Array{m, whole([]int{1, 2}, -1, 0)}, []tail.Array{floats([]int{2, 1, 2}, 5, 1, 7, nan)}},
		{tail.GatherND{Batch: 1}, []tail.Array{m, whole([]int{2, 1}, 2, -2)}, []tail.Array{row(5, -2)}},
		{tail.GatherND{}, []tail.Array{m, whole([]int{1, 1}, 1)}, []tail.Array{floats([]int{1, 3}, nan, -2, 7)}},
		{tail.ScatterND{}, []tail.Array{m, whole([]int{1, 1}, -1), floats([]int{1, 3}, 8, 9, nan)}, []tail.Array{floats([]int{2, 3}, 1, 5, 5, 8, 9, nan)}},
		{tail.ScatterND{}, []tail.Array{list(1, 2, 3), whole([]int{2, 1}, 1, 1), list(8, 9)}, []tail.Array{list(1, 9, 3)}},
		{tail.ScatterND{}, []tail.Array{m, whole([]int{0, 2}), row()}, []tail.Array{m}},
		{tail.Tile{}, []tail.Array{list(1, 2), list(2)}, []tail.Array{list(1, 2, 1, 2)}},
		{tail.Shape{Start: 1, End: 2}, []tail.Array{m}, []tail.Array{list(3)}},
		{tail.Unary{Name: "Abs", F: math.Abs}, []tail.Array{list(-3)}, []tail.Array{list(3)}},
		{tail.Binary{Type: graph.Div}, []tail.Array{list(7, -7), list(2)}, []tail.Array{list(3, -3)}}, // towards 0
		{tail.Binary{Type: graph.Add}, []tail.Array{row(0.1), row(0.2)}, []tail.Array{row(0.3)}},
		{tail.Binary{Type: graph.Greater, Swapped: true}, []tail.Array{row(1, 2), row(2)}, []tail.Array{list(1, 0)}},
		{tail.Binary{Type: graph.And}, []tail.Array{row(1, 0.5), list(0, 3)}, []tail.Array{list(0, 1)}},
		{tail.Binary{Type: graph.Pow}, []tail.Array{list(3), list(4)}, []tail.Array{list(81)}},
		{tail.Several{}, []tail.Array{list(1, 2), list(3), list(5)}, []tail.Array{list(9, 10)}},
		{tail.Several{Type: graph.Maximum}, []tail.Array{row(1, 2), row(3), row(-1, 5)}, []tail.Array{row(3, 5)}},
		{tail.Several{Type: graph.Minimum}, []tail.Array{row(1, 2)}, []tail.Array{row(1, 2)}},
		{tail.Several{Mean: true}, []tail.Array{row(1, 2), whole([]int{2, 1}, 3, 6), row(2)}, []tail.Array{floats([]int{2, 2}, 2, 7.0/3, 3, 10.0/3)}},
		{tail.Mod{}, []tail.Array{list(-7, 7), list(3)}, []tail.Array{list(2, 1)}},
		{tail.Mod{Fmod: true}, []tail.Array{row(-7, 7), row(-3)}, []tail.Array{row(-1, 1)}},
		{tail.Where{}, []tail.Array{list(1, 0), list(5), whole([]int{2, 1}, 6, 7)}, []tail.Array{whole([]int{2, 2}, 5, 6, 5, 7)}},
		{tail.Cast{To: tail.Integer}, []tail.Array{row(2.9, -2.9)}, []tail.Array{list(2, -2)}},
		{tail.Cast{To: tail.UBits8}, []tail.Array{list(257, -1)}, []tail.Array{list(1, 255)}},
		{tail.Cast{To: tail.Bits8}, []tail.Array{list(200)}, []tail.Array{list(-56)}},
		{tail.Cast{To: tail.Bits16}, []tail.Array{list(1 << 15)}, []tail.Array{list(-1 << 15)}},
		{tail.Cast{To: tail.UBits16}, []tail.Array{list(-1)}, []tail.Array{list(65535)}},
		{tail.Cast{To: tail.Bits32}, []tail.Array{list(1 << 31)}, []tail.Array{list(-1 << 31)}},
		{tail.Cast{To: tail.Truth}, []tail.Array{row(0, nan, 0.1)}, []tail.Array{list(0, 1, 1)}},
		{tail.Quantize{Scale: []float32{0.5}, Zero: []float32{10}, High: 255}, []tail.Array{row(0.25, 0.75, -9, 1000)}, []tail.Array{list(10, 12, 0, 255)}},
		{tail.Quantize{Axis: 1, Scale: []float32{1, 2}, Zero: []float32{0, -1}, Low: -128, High: 127}, []tail.Array{floats([]int{1, 2, 2}, 1, 2, 2, 6)}, []tail.Array{whole([]int{1, 2, 2}, 1, 2, 0, 2)}},
		{tail.Dequantize{Axis: 0, Scale: []float32{1, 0.1}, Zero: []float32{1, 0}}, []tail.Array{list(3, 3)}, []tail.Array{row(2, 0.3)}},
		{tail.Reduce{Type: graph.Maximum, Axes: []int{0}}, []tail.Array{m}, []tail.Array{row(nan, 5, 7)}},
		{tail.Reduce{Mean: true, Axes: []int{1}, Keep: true}, []tail.Array{floats([]int{2, 2}, 1, 2, 3, 5)}, []tail.Array{floats([]int{2, 1}, 1.5, 4)}},
		{tail.Reduce{Type: graph.Mul, Axes: []int{0}}, []tail.Array{list(2, 3, 7)}, []tail.Array{whole([]int{}, 42)}},
		{tail.NonMaxSuppression{IOU: 0.5}, []tail.Array{floats([]int{1, 1, 4}, 0, 0, 1, 1), floats([]int{1, 1, 1}, 1)}, []tail.Array{whole([]int{0, 3})}}, // none, as ONNX has it
	} {
		for k, a := range c.in {
			if err := a.Check(); err != nil {
				t.Fatalf("%s: input %d: %v", c.op.Kind(), k, err)
			}
		}
		before := slices.Clone(c.in)
		got, err := c.op.Run(c.in)
		if err != nil || !slices.EqualFunc(got, c.want, same) {
			t.Errorf("%+v of %v: %v, %v; want %v", c.op, c.in, got, err, c.want)
		}
		if !slices.EqualFunc(c.in, before, same) {
			t.Errorf("%+v changed its input: %v", c.op, c.in)
		}
		for _, a := range got {
			if err := a.Check(); err != nil {
				t.Errorf("%+v of %v: %v", c.op, c.in, err)
			}
		}
	}
}

func TestOperatorErrors(t *testing.T) {
	m := floats([]int{2, 3}, 1, 2, 3, 4, 5, 6)
	for _, c := range []struct {
		op   tail.Op
		in   []tail.Array
		says string
	}{
		{tail.ArgMax{Axis: 2}, []tail.Array{m}, "axis 2 of an array [2 3]"},
		{tail.ArgMax{}, nil, "takes 1 to 1 inputs, has 0"},
		{tail.ArgMax{}, []tail.Array{row()}, "without elements"},
		{tail.TopK{}, []tail.Array{row(1), list(2)}, "[2] of 1 elements"},
		{tail.TopK{}, []tail.Array{row(1), row(1)}, "of 1 elements"},
		{tail.NonMaxSuppression{}, []tail.Array{m, m}, "boxes [2 3] and scores [2 3]"},
		{tail.Reshape{}, []tail.Array{m, list(4, -1)}, "[2 3] can't become [4 1]"},
		{tail.Reshape{}, []tail.Array{m, list(-1, -1)}, "-1 twice"},
		{tail.Reshape{}, []tail.Array{m, list(1, 1, 0)}, "copies an extent"},
		{tail.Reshape{}, []tail.Array{m, list(-2, -3)}, "negative extent"},
		{tail.Reshape{}, []tail.Array{m, row(6)}, "integers are needed"},
		{tail.Squeeze{Axes: []int{0}}, []tail.Array{m}, "can't become [3]"},
		{tail.Transpose{Perm: []int{0}}, []tail.Array{m}, "[0] of an array [2 3]"},
		{tail.Concat{}, []tail.Array{m, row(1)}, "arrays [2 3] and [1]"},
		{tail.Concat{}, []tail.Array{list(1), row(1)}, "integers and floats"},
		{tail.Concat{Axis: 1}, []tail.Array{m, floats([]int{1, 3}, 1, 2, 3)}, "differ in more than axis 1"},
		{tail.Split{Parts: []int{1, 2}}, []tail.Array{m}, "parts [1 2] of 2 elements"},
		{tail.Expand{}, []tail.Array{m, list(2, 4)}, "don't fit together"},
		{tail.Expand{}, []tail.Array{row(1), list(1<<30, 1<<30)}, "more than"},
		{tail.Tile{}, []tail.Array{m, list(1)}, "[1] repeats of an array [2 3]"},
		{tail.Tile{}, []tail.Array{row(1), list(-1)}, "-1 repeats"},
		{tail.Gather{}, []tail.Array{m, list(2)}, "index 2 of 2 elements"},
		{tail.Gather{}, []tail.Array{m, row(1)}, "indices must be integers"},
		{tail.GatherElements{}, []tail.Array{m, whole([]int{1, 4}, 0, 0, 0, 0)}, "indices [1 4] into an array [2 3]"},
		{tail.GatherND{}, []tail.Array{m, whole([]int{1, 3}, 0, 0, 0)}, "3 indices into an array [2 3]"},
		{tail.GatherND{Batch: 1}, []tail.Array{m, whole([]int{3, 1}, 0, 0, 0)}, "with 1 axes of the batch"},
		{tail.ScatterND{}, []tail.Array{m, whole([]int{1, 1}, 0), row(1, 2, 3)}, "slices [3] at places [1 1] of an array [2 3]"},
		{tail.ScatterND{}, []tail.Array{m, whole([]int{1, 1}, 0), whole([]int{1, 3}, 1, 2, 3)}, "slices [1 3] at places [1 1]"},
		{tail.ScatterND{}, []tail.Array{m, whole([]int{1, 2}, 0, 3), row(1)}, "index 3 of 3 elements"},
		{tail.ScatterND{}, []tail.Array{m, whole([]int{1, 3}, 0, 0, 0), row(1)}, "of an array [2 3]"},
		{tail.Slice{}, []tail.Array{m, list(0), list(1), list(0), list(0)}, "a step of 0"},
		{tail.Slice{}, []tail.Array{m, list(0), list(1), list(2)}, "axis 2"},
		{tail.Slice{}, []tail.Array{m, list(0), list(1, 2)}, "1 starts, 2 ends"},
		{tail.Unary{Name: "Exp", F: math.Exp}, []tail.Array{list(1)}, "of 1, an integer"},
		{tail.Binary{Type: graph.Div}, []tail.Array{list(1), list(0)}, "1 divided by 0"},
		{tail.Binary{}, []tail.Array{m, row(1, 2)}, "don't fit together"},
		{tail.Several{}, nil, "takes 1 input or more"},
		{tail.Several{}, []tail.Array{m, m, row(1, 2)}, "don't fit together"},
		{tail.Mod{}, []tail.Array{list(1), list(0)}, "divided by 0"},
		{tail.Mod{}, []tail.Array{list(1), row(1)}, "integers and floats"},
		{tail.Where{}, []tail.Array{m, list(1), row(1)}, "integers and floats"},
		{tail.Cast{To: tail.Integer}, []tail.Array{row(nan)}, "of NaN to an integer"},
		{tail.Quantize{Scale: []float32{1}, Zero: []float32{0}}, []tail.Array{row(nan)}, "of NaN"},
		{tail.Dequantize{Axis: 1, Scale: []float32{1, 2}, Zero: []float32{0, 0}}, []tail.Array{m}, "2 scales and 2 zero points for axis 1 of an array [2 3]"},
		{tail.Reduce{Mean: true}, []tail.Array{list(1)}, "must be floats"},
		{tail.Reduce{}, []tail.Array{row()}, "must have elements"},
	} {
		if got, err := c.op.Run(c.in); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%+v of %v: %v, %v; want an error with %q", c.op, c.in, got, err, c.says)
		}
	}
}

// TestSlice compares with Python's rules, spelled out, but for a start before the first place, which ONNX moves there.
func TestSlice(t *testing.T) {
	const size = 4
	x := list(0, 1, 2, 3)
	for start := int64(-6); start <= 6; start++ {
		for end := int64(-6); end <= 6; end++ {
			for _, step := range []int64{-5, -2, -1, 1, 2, 5} {
				got, err := tail.Slice{}.Run([]tail.Array{x, list(start), list(end), list(0), list(step)})
				from, to := start, end // where below 0, from the end
				if from < 0 {
					from = max(from+size, 0)
				}
				if to < 0 {
					to = max(to+size, -1)
				}
				if step < 0 {
					from = min(from, size-1)
				}
				want := list()
				for i := from; step > 0 && i < to || step < 0 && i > to; i += step {
					if i >= 0 && i < size {
						want.I = append(want.I, i)
					}
				}
				want.Dims[0] = len(want.I)
				if err != nil || !same(got[0], want) {
					t.Fatalf("[%d:%d:%d] is %v, %v; want %v", start, end, step, got, err, want)
				}
			}
		}
	}
}

func TestRun(t *testing.T) {
	ctx := context.Background()
	whole := &tail.Tail{}
	a := whole.Add("a", tail.Input{Index: 3})
	unused := whole.Add("unused", tail.Input{Index: 5})
	k := whole.Add("k", tail.Constant{Value: list(1)})
	top := whole.Add("top", tail.TopK{}, a, k)
	whole.Add("dead", tail.ArgMax{}, unused)
	b := whole.Add("b", tail.Input{Index: 0})
	picked := whole.Add("picked", tail.Gather{}, b, tail.Value{Node: top.Node, Out: 1})
	part, network := whole.UpTo(picked, top, b)
	if !slices.Equal(network, []int{0, 3}) || len(part.Nodes) != 5 {
		t.Fatalf("it needs outputs %v, %d nodes", network, len(part.Nodes))
	}
	var kinds []string
	for _, n := range part.Operators() {
		kinds = append(kinds, n.Op.Kind())
	}
	if !slices.Equal(kinds, []string{"TopK", "Gather"}) {
		t.Errorf("operators %v", kinds)
	}
	got, err := part.Run(ctx, []tail.Array{row(10, 20, 30), row(1, 3, 2)})
	if err != nil || !slices.EqualFunc(got, []tail.Array{row(20), row(3), row(10, 20, 30)}, same) {
		t.Errorf("%v, %v", got, err)
	}
	for _, c := range []struct {
		t    *tail.Tail
		in   []tail.Array
		says string
	}{
		{part, []tail.Array{row(1)}, "output 1 of the network is needed, 1 are given"},
		{part, []tail.Array{row(1), {Dims: []int{2}, F: []float32{1}}}, "output 1 of the network: [2] holds 1 floats"},
		{part, []tail.Array{row(1), {}}, "output 1 of the network"},
		{part, []tail.Array{row(1), floats([]int{2, 2}, 1, 2, 3, 4)}, "node picked (Gather), on the host: index 1 of 1"},
		{&tail.Tail{Outputs: []tail.Value{{Node: 1}}}, nil, "output 0 is value {1 0}"},
		{&tail.Tail{Nodes: []tail.Node{{Name: "n", Op: tail.NonZero{}, In: []tail.Value{{}}}}}, nil, "node n reads value {0 0}"},
	} {
		if _, err := c.t.Run(ctx, c.in); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("error %v, want one with %q", err, c.says)
		}
	}
	ended, end := context.WithCancel(ctx)
	end()
	if _, err := part.Run(ended, []tail.Array{row(1), row(1)}); !errors.Is(err, context.Canceled) {
		t.Errorf("after its end: %v", err)
	}
	if !reflect.DeepEqual(whole.Nodes[a.Node].Op, tail.Input{Index: 3}) {
		t.Error("UpTo changed the whole")
	}
}
