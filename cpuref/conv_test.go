package cpuref

import (
	"fmt"
	"math"
	"testing"

	"inceptiongl/inception/graph"
	"inceptiongl/inception/tensor"
)

func TestConvByHand(t *testing.T) {
	nine := mk(t, 1, 1, 3, 3, 1, 2, 3, 4, 5, 6, 7, 8, 9)
	k := []float32{1, 2, 3, 4}
	one := graph.Conv2D{In: 1, Out: 1, Kernel: graph.Square(2)}
	with := func(f func(*graph.Conv2D)) graph.Conv2D { c := one; f(&c); return c }
	for _, c := range []struct {
		name  string
		x     *tensor.Tensor
		op    graph.Conv2D
		w, b  []float32
		shape tensor.Shape
		want  []float64
		mag   []float64 // nil: as want
	}{
		{"plain", nine, one, k, nil, tensor.Shape{N: 1, C: 1, H: 2, W: 2}, []float64{37, 47, 67, 77}, nil},
		{"bias", nine, one, k, []float32{0.5}, tensor.Shape{N: 1, C: 1, H: 2, W: 2}, []float64{37.5, 47.5, 67.5, 77.5}, nil},
		{"signs", nine, one, []float32{1, -2, 3, -4}, []float32{-1}, tensor.Shape{N: 1, C: 1, H: 2, W: 2},
			[]float64{-12, -14, -18, -20}, []float64{38, 48, 68, 78}},
		// The padded image: 0 0 0 0 / 1 2 3 0 / 4 5 6 0 / 7 8 9 0.
		{"stride, asymmetric padding", nine, with(func(c *graph.Conv2D) {
			c.Stride, c.Pad = graph.Square(2), graph.Padding{Top: 1, Right: 1}
		}), k, nil, tensor.Shape{N: 1, C: 1, H: 2, W: 2}, []float64{11, 9, 67, 33}, nil},
		{"dilation", nine, with(func(c *graph.Conv2D) { c.Dilation = graph.Square(2) }), k, nil,
			tensor.Shape{N: 1, C: 1, H: 1, W: 1}, []float64{1 + 2*3 + 3*7 + 4*9}, nil},
		{"1×3 kernel, stride in x only", nine, graph.Conv2D{In: 1, Out: 1, Kernel: graph.Pair{H: 1, W: 3},
			Stride: graph.Pair{H: 1, W: 2}, Pad: graph.Padding{Left: 1, Right: 1}}, []float32{1, 10, 100}, nil,
			tensor.Shape{N: 1, C: 1, H: 3, W: 2}, []float64{210, 32, 540, 65, 870, 98}, nil},
		{"padding wider than the image", mk(t, 1, 1, 1, 1, 2), graph.Conv2D{In: 1, Out: 1, Kernel: graph.Square(1), Pad: graph.Pad(2), Stride: graph.Square(2)},
			[]float32{3}, nil, tensor.Shape{N: 1, C: 1, H: 3, W: 3}, []float64{0, 0, 0, 0, 6, 0, 0, 0, 0}, nil},
		{"groups", mk(t, 1, 4, 1, 1, 1, 2, 3, 4), graph.Conv2D{In: 4, Out: 2, Kernel: graph.Square(1), Groups: 2},
			[]float32{1, 10, 100, 1000}, []float32{0.5, 0.25}, tensor.Shape{N: 1, C: 2, H: 1, W: 1}, []float64{21.5, 4300.25}, nil},
		{"batch", mk(t, 2, 1, 1, 1, 1, 2), graph.Conv2D{In: 1, Out: 2, Kernel: graph.Square(1)},
			[]float32{3, 5}, nil, tensor.Shape{N: 2, C: 2, H: 1, W: 1}, []float64{3, 5, 6, 10}, nil},
	} {
		r := must(t)(Conv2D(c.x, c.op, c.w, c.b))
		if r.Shape != c.shape {
			t.Errorf("%s: shape %v, want %v", c.name, r.Shape, c.shape)
		}
		same(t, c.name, r.Value, c.want...)
		if c.mag == nil {
			c.mag = c.want
		}
		same(t, c.name+": magnitude", r.Mag, c.mag...)
	}
}

// literal is the formula in Conv2D's comment, one sum per element.
func literal(x *tensor.Tensor, c graph.Conv2D, w, b []float32, out tensor.Shape) []float64 {
	c = c.Norm()
	var all []float64
	in := c.In / c.Groups
	for n := range out.N {
		for o := range out.C {
			for y := range out.H {
				for xx := range out.W {
					sum := float64(b[o])
					for i := range in {
						for ky := range c.Kernel.H {
							for kx := range c.Kernel.W {
								iy, ix := y*c.Stride.H+ky*c.Dilation.H-c.Pad.Top, xx*c.Stride.W+kx*c.Dilation.W-c.Pad.Left
								if iy >= 0 && iy < x.H && ix >= 0 && ix < x.W {
									sum += float64(w[((o*in+i)*c.Kernel.H+ky)*c.Kernel.W+kx]) * float64(x.At(n, o/(c.Out/c.Groups)*in+i, iy, ix))
								}
							}
						}
					}
					all = append(all, sum)
				}
			}
		}
	}
	return all
}

func TestConvIsItsFormula(t *testing.T) {
	r := random(1)
	ran := 0
	for range 600 {
		groups := 1 + r.IntN(3)
		c := graph.Conv2D{In: groups * (1 + r.IntN(3)), Out: groups * (1 + r.IntN(3)), Groups: groups,
			Kernel: graph.Pair{H: 1 + r.IntN(4), W: 1 + r.IntN(4)}, Stride: graph.Pair{H: 1 + r.IntN(3), W: 1 + r.IntN(3)},
			Dilation: graph.Pair{H: 1 + r.IntN(3), W: 1 + r.IntN(3)},
			Pad:      graph.Padding{Top: r.IntN(4), Left: r.IntN(4), Bottom: r.IntN(4), Right: r.IntN(4)}}
		s := tensor.Shape{N: 1 + r.IntN(2), C: c.In, H: 1 + r.IntN(8), W: 1 + r.IntN(8)}
		out, err := c.OutShape([]tensor.Shape{s})
		if err != nil {
			continue // the kernel does not fit
		}
		ran++
		x := mk(t, s.N, s.C, s.H, s.W, small(r, s.Len())...)
		w, b := small(r, c.Out*c.In/groups*c.Kernel.H*c.Kernel.W), small(r, c.Out)
		same(t, fmt.Sprintf("%+v on %v", c, s), must(t)(Conv2D(x, c, w, b)).Value, literal(x, c, w, b, out)...)
	}
	if ran < 200 {
		t.Fatalf("only %d cases ran", ran)
	}
}

func TestPointwiseIsMatrixProduct(t *testing.T) {
	r := random(2)
	const cin, cout, h, w = 13, 7, 3, 5
	x, wt := mk(t, 1, cin, h, w, small(r, cin*h*w)...), small(r, cout*cin)
	var want []float64
	for o := range cout {
		for p := range h * w {
			sum := 0.0
			for i := range cin {
				sum += float64(wt[o*cin+i]) * float64(x.Data[i*h*w+p])
			}
			want = append(want, sum)
		}
	}
	same(t, "1×1", must(t)(Conv2D(x, graph.Conv2D{In: cin, Out: cout, Kernel: graph.Square(1)}, wt, nil)).Value, want...)
}

func TestConvIsLinear(t *testing.T) {
	r := random(3)
	c := graph.Conv2D{In: 3, Out: 4, Kernel: graph.Square(3), Pad: graph.Pad(1)}
	s := tensor.Shape{N: 2, C: 3, H: 5, W: 4}
	a, b, w := small(r, s.Len()), small(r, s.Len()), small(r, 4*3*9)
	sum := make([]float32, len(a))
	for i := range sum {
		sum[i] = 2*a[i] - 3*b[i]
	}
	apply := func(v []float32) []float64 { return must(t)(Conv2D(mk(t, 2, 3, 5, 4, v...), c, w, nil)).Value }
	want, yb := apply(a), apply(b)
	for i := range want {
		want[i] = 2*want[i] - 3*yb[i]
	}
	same(t, "linear", apply(sum), want...)
}

func TestConvErrors(t *testing.T) {
	x := mk(t, 1, 2, 3, 3, make([]float32, 18)...)
	ok := graph.Conv2D{In: 2, Out: 1, Kernel: graph.Square(2)}
	w := make([]float32, 8)
	huge := graph.Conv2D{In: 2, Out: 1 << 30, Kernel: graph.Square(1 << 18), Pad: graph.Pad(1 << 18)}
	for name, f := range map[string]func() (*Result, error){
		"nil input":   func() (*Result, error) { return Conv2D(nil, ok, w, nil) },
		"short input": func() (*Result, error) { return Conv2D(&tensor.Tensor{Shape: x.Shape}, ok, w, nil) },
		"channels": func() (*Result, error) {
			return Conv2D(x, graph.Conv2D{In: 3, Out: 1, Kernel: graph.Square(2)}, w, nil)
		},
		"short weights": func() (*Result, error) { return Conv2D(x, ok, w[:7], nil) },
		"no weights":    func() (*Result, error) { return Conv2D(x, ok, nil, nil) },
		"long bias":     func() (*Result, error) { return Conv2D(x, ok, w, []float32{1, 2}) },
		"empty bias":    func() (*Result, error) { return Conv2D(x, ok, w, []float32{}) },
		"kernel too big": func() (*Result, error) {
			return Conv2D(x, graph.Conv2D{In: 2, Out: 1, Kernel: graph.Square(4)}, w, nil)
		},
		"no kernel": func() (*Result, error) { return Conv2D(x, graph.Conv2D{In: 2, Out: 1}, nil, nil) },
		"huge":      func() (*Result, error) { return Conv2D(x, huge, w, nil) },
		"groups": func() (*Result, error) {
			return Conv2D(x, graph.Conv2D{In: 2, Out: 1, Kernel: graph.Square(1), Groups: -1}, w, nil)
		},
	} {
		if r, err := f(); err == nil {
			t.Errorf("%s: no error, %v", name, r.Shape)
		}
	}
}

// orders are ways in which a shader may sum products; K products and a bias.
var orders = map[string]func(w, x []float32, b float32) float32{
	"forward": func(w, x []float32, b float32) float32 {
		s := b
		for i := range w {
			s += float32(w[i] * x[i])
		}
		return s
	},
	"backward, bias last": func(w, x []float32, b float32) float32 {
		var s float32
		for i := len(w) - 1; i >= 0; i-- {
			s += float32(w[i] * x[i])
		}
		return s + b
	},
	"fused": func(w, x []float32, b float32) float32 {
		s := b
		for i := range w {
			s = float32(float64(w[i])*float64(x[i]) + float64(s))
		}
		return s
	},
	"four partial sums": func(w, x []float32, b float32) float32 {
		var s [4]float32
		for i := range w {
			s[i%4] += float32(w[i] * x[i])
		}
		return float32(float32(s[0]+s[1])+float32(s[2]+s[3])) + b
	},
	"flushing": func(w, x []float32, b float32) float32 {
		flush := func(v float32) float32 {
			if math.Abs(float64(v)) < tiny {
				return 0
			}
			return v
		}
		s := flush(b)
		for i := range w {
			s = flush(s + flush(flush(w[i])*flush(x[i])))
		}
		return s
	},
}

// TestBoundCovers checks 1×1 convolutions done in float32, in several orders, and that a wrong weight is still caught.
func TestBoundCovers(t *testing.T) {
	r := random(4)
	const cout, hw = 8, 24
	for _, scale := range []float32{1, 1e-20, 1e-30, 3e-38, 1e15} { // 1e-20 and below: subnormal products; 3e-38: subnormal inputs
		for _, cin := range []int{1, 2, 3, 16, 27, 192, 1000} {
			x, w, b := mk(t, 1, cin, 1, hw, normal(r, cin*hw)...), normal(r, cout*cin), normal(r, cout)
			for i := range x.Data {
				x.Data[i] *= scale
			}
			for i := range w {
				w[i] *= scale
			}
			for i := range b {
				b[i] *= scale * scale
			}
			ref := must(t)(Conv2D(x, graph.Conv2D{In: cin, Out: cout, Kernel: graph.Square(1)}, w, b))
			column := make([]float32, cin)
			for name, sum := range orders {
				got := tensor.New(ref.Shape)
				wrong := tensor.New(ref.Shape)
				for o := range cout {
					for p := range hw {
						for i := range column {
							column[i] = x.Data[i*hw+p]
						}
						row := w[o*cin:][:cin]
						got.Data[o*hw+p] = sum(row, column, b[o])
						keep := row[0]
						row[0] *= 1.001
						wrong.Data[o*hw+p] = sum(row, column, b[o])
						row[0] = keep
					}
				}
				if rep := Check(got, ref); rep.Err != nil {
					t.Errorf("scale %g, %d channels, %s: %v", scale, cin, name, rep.Err)
				}
				if rep := Check(wrong, ref); rep.Err == nil && scale >= 1 && cin <= 192 {
					t.Errorf("scale %g, %d channels, %s: a weight 0.1 %% off passes, at %.3g of the bound", scale, cin, name, rep.MaxShare)
				}
			}
		}
	}
}

// TestBoundSubnormalWeight: a subnormal weight read as zero loses |x|·2⁻¹²⁶, not 2⁻¹²⁶.
func TestBoundSubnormalWeight(t *testing.T) {
	c := graph.Conv2D{In: 1, Out: 1, Kernel: graph.Square(1)}
	x := mk(t, 1, 1, 1, 1, 1e30)
	zero := mk(t, 1, 1, 1, 1, 0)
	if rep := Check(zero, must(t)(Conv2D(x, c, []float32{1e-39}, nil))); rep.Err != nil {
		t.Errorf("subnormal weight: %v", rep.Err)
	}
	if rep := Check(zero, must(t)(Conv2D(mk(t, 1, 1, 1, 1, 1e-39), c, []float32{1e30}, nil))); rep.Err != nil {
		t.Errorf("subnormal input: %v", rep.Err)
	}
	if rep := Check(zero, must(t)(Conv2D(x, c, []float32{2e-38}, nil))); rep.Err == nil {
		t.Error("a normal weight may not be dropped")
	}
}
