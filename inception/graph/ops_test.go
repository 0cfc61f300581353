package graph_test

import (
	"strings"
	"testing"

	"inceptiongl/inception/graph"
	"inceptiongl/inception/tensor"
)

func shape(n, c, h, w int) tensor.Shape { return tensor.Shape{N: n, C: c, H: h, W: w} }

// TestOutShape has values worked out by hand from PyTorch's formulas (Conv2d, AvgPool2d, MaxPool2d).
func TestOutShape(t *testing.T) {
	conv := func(in, out, k, s, p int) graph.Conv2D {
		return graph.Conv2D{In: in, Out: out, Kernel: graph.Square(k), Stride: graph.Square(s), Pad: graph.Pad(p)}
	}
	maxpool := func(k, s, p int, ceil bool) graph.Pool2D {
		return graph.Pool2D{Type: graph.Max, Kernel: graph.Square(k), Stride: graph.Square(s), Pad: graph.Pad(p), CeilMode: ceil}
	}
	dilated := func(k, s, d, p int, ceil bool) graph.Pool2D {
		op := maxpool(k, s, p, ceil)
		op.Dilation = graph.Square(d)
		return op
	}
	for _, c := range []struct {
		name string
		op   graph.Op
		in   []tensor.Shape
		want tensor.Shape
	}{
		{"1×1", graph.Conv2D{In: 192, Out: 16, Kernel: graph.Square(1)}, []tensor.Shape{shape(1, 192, 28, 28)}, shape(1, 16, 28, 28)},
		{"3×3 same", conv(3, 8, 3, 1, 1), []tensor.Shape{shape(2, 3, 7, 9)}, shape(2, 8, 7, 9)},
		{"5×5 same", conv(3, 8, 5, 1, 2), []tensor.Shape{shape(1, 3, 1, 1)}, shape(1, 8, 1, 1)},
		{"Inception v3's first", conv(3, 32, 3, 2, 0), []tensor.Shape{shape(1, 3, 299, 299)}, shape(1, 32, 149, 149)},
		{"GoogLeNet's first", conv(3, 64, 7, 2, 3), []tensor.Shape{shape(1, 3, 224, 224)}, shape(1, 64, 112, 112)},
		{"stride 2, odd and even", conv(1, 1, 3, 2, 0), []tensor.Shape{shape(1, 1, 7, 10)}, shape(1, 1, 3, 4)},
		{"1×7", graph.Conv2D{In: 4, Out: 4, Kernel: graph.Pair{H: 1, W: 7}, Pad: graph.Padding{Left: 3, Right: 3}},
			[]tensor.Shape{shape(1, 4, 17, 17)}, shape(1, 4, 17, 17)},
		{"padding on two sides", graph.Conv2D{In: 1, Out: 1, Kernel: graph.Square(2), Pad: graph.Padding{Bottom: 1, Right: 2}},
			[]tensor.Shape{shape(1, 1, 4, 4)}, shape(1, 1, 4, 5)},
		{"dilation 2 fits exactly", graph.Conv2D{In: 1, Out: 2, Kernel: graph.Square(5), Dilation: graph.Square(2)},
			[]tensor.Shape{shape(1, 1, 9, 10)}, shape(1, 2, 1, 2)},
		{"strides and dilations differ", graph.Conv2D{In: 1, Out: 1, Kernel: graph.Square(3), Stride: graph.Pair{H: 2, W: 3}, Dilation: graph.Pair{H: 1, W: 3}},
			[]tensor.Shape{shape(1, 1, 9, 14)}, shape(1, 1, 4, 3)}, // ⌊(9−2−1)/2⌋+1, ⌊(14−6−1)/3⌋+1
		{"groups", graph.Conv2D{In: 6, Out: 9, Kernel: graph.Square(1), Groups: 3}, []tensor.Shape{shape(1, 6, 2, 2)}, shape(1, 9, 2, 2)},

		{"pool of a module", graph.Pool2D{Kernel: graph.Square(3), Pad: graph.Pad(1)}, []tensor.Shape{shape(3, 5, 28, 28)}, shape(3, 5, 28, 28)},
		{"GoogLeNet's pool1, floor", maxpool(3, 2, 0, false), []tensor.Shape{shape(1, 64, 112, 112)}, shape(1, 64, 55, 55)},
		{"GoogLeNet's pool1, ceil", maxpool(3, 2, 0, true), []tensor.Shape{shape(1, 64, 112, 112)}, shape(1, 64, 56, 56)},
		{"ceil, nothing left over", maxpool(3, 2, 0, true), []tensor.Shape{shape(1, 1, 7, 9)}, shape(1, 1, 3, 4)},
		{"floor, 5 by 2", maxpool(2, 2, 0, false), []tensor.Shape{shape(1, 1, 5, 5)}, shape(1, 1, 2, 2)},
		{"ceil, 5 by 2", maxpool(2, 2, 0, true), []tensor.Shape{shape(1, 1, 5, 5)}, shape(1, 1, 3, 3)},
		{"ceil drops a window that starts in the padding", maxpool(3, 4, 1, true), []tensor.Shape{shape(1, 1, 3, 4)}, shape(1, 1, 1, 2)},
		{"the same, 2 by 3", maxpool(2, 3, 1, true), []tensor.Shape{shape(1, 1, 4, 5)}, shape(1, 1, 2, 2)},
		{"global average", graph.Pool2D{Kernel: graph.Pair{H: 7, W: 9}}, []tensor.Shape{shape(2, 5, 7, 9)}, shape(2, 5, 1, 1)},

		{"dilated pool fits exactly", graph.Pool2D{Kernel: graph.Square(3), Dilation: graph.Square(2)}, []tensor.Shape{shape(1, 1, 5, 6)}, shape(1, 1, 1, 2)},
		{"dilations and strides differ", graph.Pool2D{Type: graph.Max, Kernel: graph.Pair{H: 2, W: 3}, Stride: graph.Pair{H: 3, W: 2}, Dilation: graph.Pair{H: 4, W: 1}},
			[]tensor.Shape{shape(2, 3, 12, 9)}, shape(2, 3, 3, 4)}, // ⌊(12−4−1)/3⌋+1, ⌊(9−2−1)/2⌋+1
		{"dilated, padding beyond the kernel", graph.Pool2D{Kernel: graph.Square(2), Dilation: graph.Square(3), Pad: graph.Pad(3)},
			[]tensor.Shape{shape(1, 1, 3, 4)}, shape(1, 1, 6, 7)},
		{"dilated, floor", dilated(2, 3, 2, 1, false), []tensor.Shape{shape(1, 1, 4, 5)}, shape(1, 1, 2, 2)},
		{"dilated, ceil adds one", dilated(2, 3, 2, 1, true), []tensor.Shape{shape(1, 1, 5, 6)}, shape(1, 1, 2, 3)},
		{"dilated, ceil drops a window that starts in the padding", dilated(3, 4, 2, 1, true), []tensor.Shape{shape(1, 1, 3, 4)}, shape(1, 1, 1, 2)},
		{"an input shorter than the dilation, in every window", dilated(3, 1, 6, 6, false), []tensor.Shape{shape(1, 1, 4, 5)}, shape(1, 1, 4, 5)},
		{"the same by strides", dilated(2, 4, 4, 4, false), []tensor.Shape{shape(1, 1, 1, 1)}, shape(1, 1, 2, 2)}, // windows −4 0 | 0 4

		{"relu", graph.ReLU{}, []tensor.Shape{shape(2, 3, 4, 5)}, shape(2, 3, 4, 5)},
		{"concat", graph.Concat{}, []tensor.Shape{shape(2, 16, 4, 5), shape(2, 24, 4, 5), shape(2, 1, 4, 5)}, shape(2, 41, 4, 5)},
		{"concat of one", graph.Concat{}, []tensor.Shape{shape(1, 3, 1, 1)}, shape(1, 3, 1, 1)},
		{"input", graph.Input{Channels: 3}, []tensor.Shape{shape(4, 3, 5, 6)}, shape(4, 3, 5, 6)},
	} {
		got, err := c.op.OutShape(c.in)
		if err != nil || got != c.want {
			t.Errorf("%s: %v, %v; want %v", c.name, got, err, c.want)
		}
	}
}

func TestOutShapeErrors(t *testing.T) {
	conv := graph.Conv2D{In: 4, Out: 6, Kernel: graph.Square(3), Pad: graph.Pad(1)}
	pool := graph.Pool2D{Kernel: graph.Square(3), Pad: graph.Pad(1)}
	in := shape(1, 4, 5, 5)
	changed := func(f func(*graph.Conv2D)) graph.Conv2D { c := conv; f(&c); return c }
	changedPool := func(f func(*graph.Pool2D)) graph.Pool2D { p := pool; f(&p); return p }
	for _, c := range []struct {
		name string
		op   graph.Op
		in   []tensor.Shape
		want string
	}{
		{"other channels", conv, []tensor.Shape{shape(1, 5, 5, 5)}, "5 channels"},
		{"no input", conv, nil, "takes 1 input"},
		{"two inputs", conv, []tensor.Shape{in, in}, "takes 1 input"},
		{"In 0", changed(func(c *graph.Conv2D) { c.In = 0 }), []tensor.Shape{in}, "positive"},
		{"Out 0", changed(func(c *graph.Conv2D) { c.Out = 0 }), []tensor.Shape{in}, "positive"},
		{"Out −6", changed(func(c *graph.Conv2D) { c.Out = -6 }), []tensor.Shape{in}, "positive"},
		{"In not divisible", changed(func(c *graph.Conv2D) { c.Groups = 3 }), []tensor.Shape{in}, "divisible"},
		{"Out not divisible", changed(func(c *graph.Conv2D) { c.Groups = 4 }), []tensor.Shape{in}, "divisible"},
		{"Groups −2", changed(func(c *graph.Conv2D) { c.Groups = -2 }), []tensor.Shape{in}, "positive"},
		{"kernel 0", changed(func(c *graph.Conv2D) { c.Kernel = graph.Pair{} }), []tensor.Shape{in}, "kernel 0"},
		{"kernel −1", changed(func(c *graph.Conv2D) { c.Kernel.W = -1 }), []tensor.Shape{in}, "columns: kernel -1"},
		{"stride −1", changed(func(c *graph.Conv2D) { c.Stride.H = -1 }), []tensor.Shape{in}, "stride -1"},
		{"dilation −1", changed(func(c *graph.Conv2D) { c.Dilation.W = -1 }), []tensor.Shape{in}, "dilation -1"},
		{"padding −1", changed(func(c *graph.Conv2D) { c.Pad.Bottom = -1 }), []tensor.Shape{in}, "-1 after"},
		{"kernel too tall", changed(func(c *graph.Conv2D) { c.Kernel.H = 8 }), []tensor.Shape{in}, "rows: a kernel spanning 8"},
		{"dilated kernel too wide", changed(func(c *graph.Conv2D) { c.Dilation.W = 4 }), []tensor.Shape{in}, "columns: a kernel spanning 9"},
		{"extents that overflow", changed(func(c *graph.Conv2D) { c.Kernel.H, c.Dilation.H = 1<<62, 4 }), []tensor.Shape{in}, "each must be"},

		{"pool of two", pool, []tensor.Shape{in, in}, "takes 1 input"},
		{"unknown kind", changedPool(func(p *graph.Pool2D) { p.Type = 7 }), []tensor.Shape{in}, "unknown pooling"},
		{"padding as large as the kernel", changedPool(func(p *graph.Pool2D) { p.Pad.Right = 3 }), []tensor.Shape{in}, "columns: padding 1 before, 3 after must be smaller than the window, which spans 3"},
		{"pool padding −1", changedPool(func(p *graph.Pool2D) { p.Pad.Top = -1 }), []tensor.Shape{in}, "-1 before"},
		{"pool kernel 0", changedPool(func(p *graph.Pool2D) { p.Kernel, p.Pad = graph.Pair{}, graph.Padding{} }), []tensor.Shape{in}, "kernel 0"},
		{"pool stride −2", changedPool(func(p *graph.Pool2D) { p.Stride.W = -2 }), []tensor.Shape{in}, "stride -2"},
		{"pool too large", changedPool(func(p *graph.Pool2D) { p.Kernel.W = 8 }), []tensor.Shape{in}, "columns: a kernel spanning 8"},
		{"pool dilation −1", changedPool(func(p *graph.Pool2D) { p.Dilation.H = -1 }), []tensor.Shape{in}, "dilation -1"},
		{"dilated pool too large", changedPool(func(p *graph.Pool2D) { p.Dilation.H = 4 }), []tensor.Shape{in}, "rows: a kernel spanning 9"},
		{"padding as large as the dilated window", changedPool(func(p *graph.Pool2D) { p.Dilation.H, p.Pad.Top = 2, 5 }), []tensor.Shape{in}, "which spans 5"},
		{"a window around the input", changedPool(func(p *graph.Pool2D) { p.Kernel.H, p.Dilation.H = 2, 2 }), []tensor.Shape{shape(1, 1, 1, 5)}, "the window at -1 holds none of the input's 1"},
		{"the last window around the input", graph.Pool2D{Kernel: graph.Square(3), Dilation: graph.Square(6), Pad: graph.Padding{Top: 6, Left: 6, Bottom: 6, Right: 10}},
			[]tensor.Shape{shape(1, 1, 4, 4)}, "columns: padding 6 before, dilation 6: the window at -2 holds none"},
		{"pool extents that overflow", changedPool(func(p *graph.Pool2D) { p.Kernel.H, p.Dilation.H = 1<<62, 4 }), []tensor.Shape{in}, "each must be"},

		{"concat of nothing", graph.Concat{}, nil, "at least 1"},
		{"concat, other N", graph.Concat{}, []tensor.Shape{in, shape(2, 4, 5, 5)}, "more than channels"},
		{"concat, other H", graph.Concat{}, []tensor.Shape{in, shape(1, 4, 6, 5)}, "more than channels"},
		{"concat, other W", graph.Concat{}, []tensor.Shape{in, in, shape(1, 4, 5, 4)}, "more than channels"},
		{"relu of two", graph.ReLU{}, []tensor.Shape{in, in}, "takes 1 input"},
		{"input, other channels", graph.Input{Channels: 3}, []tensor.Shape{in}, "the network takes 3"},
	} {
		got, err := c.op.OutShape(c.in)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, error %v; want an error with %q", c.name, got, err, c.want)
		}
	}
}

func TestConvPointwise(t *testing.T) {
	one := graph.Conv2D{In: 4, Out: 4, Kernel: graph.Square(1)}
	if !one.Pointwise() {
		t.Error("a 1×1 convolution with zero stride, dilation and groups is pointwise")
	}
	for name, f := range map[string]func(*graph.Conv2D){
		"kernel": func(c *graph.Conv2D) { c.Kernel.W = 3 },
		"stride": func(c *graph.Conv2D) { c.Stride = graph.Square(2) },
		"pad":    func(c *graph.Conv2D) { c.Pad.Left = 1 },
		"groups": func(c *graph.Conv2D) { c.Groups = 2 },
	} {
		c := one
		f(&c)
		if c.Pointwise() {
			t.Errorf("with another %s it is not pointwise", name)
		}
	}
}

func TestMACs(t *testing.T) {
	for _, c := range []struct {
		name string
		op   graph.Op
		in   tensor.Shape
		want int64
	}{
		{"1×1", graph.Conv2D{In: 192, Out: 16, Kernel: graph.Square(1)}, shape(1, 192, 28, 28), 2_408_448},
		{"5×5", graph.Conv2D{In: 16, Out: 24, Kernel: graph.Square(5), Pad: graph.Pad(2)}, shape(1, 16, 28, 28), 7_526_400},
		{"batch, stride and groups", graph.Conv2D{In: 6, Out: 9, Kernel: graph.Pair{H: 3, W: 2}, Stride: graph.Square(2), Groups: 3},
			shape(2, 6, 7, 6), 2 * 9 * (3 * 3) * (2 * 3 * 2)},
		{"pool", graph.Pool2D{Kernel: graph.Square(3)}, shape(1, 4, 5, 5), 0},
		{"dilated pool", graph.Pool2D{Kernel: graph.Square(3), Dilation: graph.Square(2)}, shape(1, 4, 5, 5), 0},
		{"relu", graph.ReLU{}, shape(1, 4, 5, 5), 0},
	} {
		in := []tensor.Shape{c.in}
		out, err := c.op.OutShape(in)
		if got := c.op.MACs(in, out); err != nil || got != c.want {
			t.Errorf("%s: %d, %v; want %d", c.name, got, err, c.want)
		}
	}
}

// TestPoolWindows compares the rule that every window holds a pixel with a search, for all small pools along an axis.
func TestPoolWindows(t *testing.T) {
	holds := func(size, kernel, dilation, start int) bool {
		for k := range kernel {
			if p := start + k*dilation; p >= 0 && p < size {
				return true
			}
		}
		return false
	}
	accepted, refused := 0, 0
	for i := range 6 * 4 * 4 * 6 * 9 * 9 * 2 {
		size, kernel, stride, dilation := 1+i%6, 1+i/6%4, 1+i/24%4, 1+i/96%6
		before, after, ceil := i/576%9, i/5184%9, i/46656 == 1
		p := graph.Pool2D{Kernel: graph.Pair{H: 1, W: kernel}, Stride: graph.Pair{H: 1, W: stride}, Dilation: graph.Pair{H: 1, W: dilation},
			Pad: graph.Padding{Left: before, Right: after}, CeilMode: ceil}
		out, err := p.OutShape([]tensor.Shape{shape(1, 1, 1, size)})
		if err != nil {
			refused++
			if strings.Contains(err.Error(), "holds none") {
				at := -1
				for o := 0; o < 30 && at < 0; o++ {
					if !holds(size, kernel, dilation, o*stride-before) {
						at = o
					}
				}
				if at < 0 {
					t.Errorf("%+v of %d: %v; all windows do", p, size, err)
				}
			}
			continue
		}
		accepted++
		for o := range out.W {
			if !holds(size, kernel, dilation, o*stride-before) {
				t.Errorf("%+v of %d: window %d of %d holds no pixel", p, size, o, out.W)
			}
		}
	}
	if accepted < 10000 || refused < 10000 {
		t.Errorf("%d accepted, %d refused", accepted, refused)
	}
}
