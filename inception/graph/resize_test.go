package graph_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	"inceptiongl/inception/graph"
	"inceptiongl/inception/tensor"
)

// TestResizeShapes: extents from scales, sizes and policies; want is an error's part where shape is zero.
func TestResizeShapes(t *testing.T) {
	in := shape(2, 6, 4, 10)
	axis := func(scale float32, size int) graph.Extent { return graph.Extent{Scale: scale, Size: size} }
	for _, c := range []struct {
		op    graph.Resize
		in    []tensor.Shape
		shape tensor.Shape
		want  string
	}{
		{graph.Resize{}, []tensor.Shape{in}, in, ""},
		{graph.Resize{H: axis(2, 0), W: axis(0.7, 0)}, []tensor.Shape{in}, shape(2, 6, 8, 7), ""}, // 0.7·10 in float64 is below 7
		{graph.Resize{H: axis(0.6, 0), W: axis(0, 3)}, []tensor.Shape{in}, shape(2, 6, 2, 3), ""},
		{graph.Resize{H: axis(0, 7), W: axis(0, 7), Policy: graph.NotLarger}, []tensor.Shape{in}, shape(2, 6, 3, 7), ""},
		{graph.Resize{H: axis(0, 7), W: axis(0, 7), Policy: graph.NotSmaller}, []tensor.Shape{in}, shape(2, 6, 7, 18), ""},
		{graph.Resize{H: axis(0, 6), Policy: graph.NotSmaller}, []tensor.Shape{in}, shape(2, 6, 6, 10), ""},
		{graph.Resize{In: graph.Pair{H: 4, W: 10}}, []tensor.Shape{in}, in, ""},

		{graph.Resize{}, nil, tensor.Shape{}, "takes 1 input"},
		{graph.Resize{In: graph.Pair{H: 4, W: 9}}, []tensor.Shape{in}, tensor.Shape{}, "made for 4×9"},
		{graph.Resize{H: axis(0.2, 0)}, []tensor.Shape{in}, tensor.Shape{}, "become 0"},
		{graph.Resize{W: axis(2, 5)}, []tensor.Shape{in}, tensor.Shape{}, "both a scale"},
		{graph.Resize{W: axis(-1, 0)}, []tensor.Shape{in}, tensor.Shape{}, "columns: scale -1"},
		{graph.Resize{H: axis(0, -1)}, []tensor.Shape{in}, tensor.Shape{}, "rows: size -1"},
		{graph.Resize{H: axis(1<<20, 0)}, []tensor.Shape{in}, tensor.Shape{}, "must be in 1…"},
		{graph.Resize{H: axis(float32(math.NaN()), 0)}, []tensor.Shape{in}, tensor.Shape{}, "scale NaN"},
		{graph.Resize{Mode: 3}, []tensor.Shape{in}, tensor.Shape{}, "mode 3"},
		{graph.Resize{Policy: -1}, []tensor.Shape{in}, tensor.Shape{}, "policy -1"},
		{graph.Resize{Antialias: true}, []tensor.Shape{in}, tensor.Shape{}, "no neighbours"},
		{graph.Resize{CubicA: math.NaN()}, []tensor.Shape{in}, tensor.Shape{}, "cubic coefficient NaN"},
		{graph.Resize{Extrapolation: float32(math.Inf(1))}, []tensor.Shape{in}, tensor.Shape{}, "must be finite"},
		{graph.Resize{H: graph.Extent{Start: math.NaN()}}, []tensor.Shape{in}, tensor.Shape{}, "region NaN"},
	} {
		got, err := c.op.OutShape(c.in)
		switch {
		case c.want == "" && (err != nil || got != c.shape):
			t.Errorf("%+v of %v: %v, %v; want %v", c.op, c.in, got, err, c.shape)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%+v of %v: %v, error %v; want an error with %q", c.op, c.in, got, err, c.want)
		}
	}
}

// TestTaps: what outputs along an axis are made of, worked out by hand.
func TestTaps(t *testing.T) {
	for _, c := range []struct {
		name   string
		op     graph.Resize // of columns
		in     int
		index  []int
		weight []float64
	}{
		{"as it is", graph.Resize{Mode: graph.Cubic}, 3, []int{0, 1, 2}, []float64{1, 1, 1}},
		{"nearest, twice", graph.Resize{W: graph.Extent{Scale: 2}}, 2, []int{0, 0, 1, 1}, []float64{1, 1, 1, 1}},
		{"half is rounded down", graph.Resize{W: graph.Extent{Scale: 0.5}}, 4, []int{0, 2}, []float64{1, 1}}, // of 0.5 and 2.5
		{"half is rounded up", graph.Resize{W: graph.Extent{Scale: 0.5}, Nearest: graph.RoundPreferCeil}, 4, []int{1, 3}, []float64{1, 1}},
		{"up", graph.Resize{W: graph.Extent{Size: 4}, Nearest: graph.RoundUp, Coordinates: graph.Asymmetric}, 3, []int{0, 1, 2, 2}, []float64{1, 1, 1, 1}}, // of 0, 0.75, 1.5, 2.25
		{"linear", graph.Resize{W: graph.Extent{Scale: 2}, Mode: graph.Linear}, 2,
			[]int{0, 0, 0, 1, 0, 1, 1, 1}, []float64{1, 0, 0.75, 0.25, 0.25, 0.75, 1, 0}},
		{"corners", graph.Resize{W: graph.Extent{Size: 3}, Mode: graph.Linear, Coordinates: graph.AlignCorners}, 2,
			[]int{0, 0, 0, 1, 1, 1}, []float64{1, 0, 0.5, 0.5, 1, 0}},
		{"antialias", graph.Resize{W: graph.Extent{Scale: 0.5}, Mode: graph.Linear, Antialias: true}, 4,
			[]int{0, 1, 2, 1, 2, 3}, []float64{0.5, 0.375, 0.125, 0.125, 0.375, 0.5}},
		{"crop", graph.Resize{W: graph.Extent{Size: 3, Start: 0.5, End: 1.5}, Mode: graph.Linear, Coordinates: graph.CropAndResize}, 3,
			[]int{1, 2, -1}, []float64{1, 1, 1}},
		{"one pixel", graph.Resize{W: graph.Extent{Size: 2}, Mode: graph.Cubic, CubicA: -0.7}, 1, []int{0, 0}, []float64{1, 1}},
	} {
		_, got, err := c.op.Taps(graph.Pair{H: 1, W: c.in})
		if err != nil || !slices.Equal(got.Index, c.index) || !slices.Equal(got.Weight, c.weight) {
			t.Errorf("%s: %v %v, %v; want %v %v", c.name, got.Index, got.Weight, err, c.index, c.weight)
		}
		if got.Copies() != (got.Each == 1) || got.Outputs() != len(c.index)/got.Each {
			t.Errorf("%s: %d outputs of %d, copies %v", c.name, got.Outputs(), got.Each, got.Copies())
		}
	}
}

// TestTapsAddUp: the weights of an output add up to 1, whatever the attributes, and pixels are inside the input.
func TestTapsAddUp(t *testing.T) {
	for mode := graph.NearestPixel; mode <= graph.Cubic; mode++ {
		for coordinates := graph.HalfPixel; coordinates < graph.CropAndResize; coordinates++ {
			for bits := range 4 {
				for in := 1; in <= 9; in += 2 {
					for out := 1; out <= 23; out += 3 {
						op := graph.Resize{W: graph.Extent{Size: out}, Mode: mode, Coordinates: coordinates, CubicA: -0.75}
						if mode != graph.NearestPixel {
							op.ExcludeOutside, op.Antialias = bits&1 != 0, bits&2 != 0
						}
						_, taps, err := op.Taps(graph.Pair{H: 1, W: in})
						if err != nil || taps.Outputs() != out {
							t.Fatalf("%+v of %d: %d outputs, %v", op, in, taps.Outputs(), err)
						}
						for o := range out {
							sum := 0.0
							for k := o * taps.Each; k < (o+1)*taps.Each; k++ {
								sum += taps.Weight[k]
								if taps.Index[k] < 0 || taps.Index[k] >= in {
									t.Errorf("%+v of %d: output %d takes pixel %d", op, in, o, taps.Index[k])
								}
							}
							if !(math.Abs(sum-1) < 1e-12) {
								t.Errorf("%+v of %d: weights of output %d add up to %v", op, in, o, sum)
							}
						}
					}
				}
			}
		}
	}
}

// TestConvTransposeShapes: extents, parameters and multiply-accumulates of a transposed convolution.
func TestConvTransposeShapes(t *testing.T) {
	in := shape(2, 6, 4, 5)
	op := graph.ConvTranspose2D{In: 6, Out: 4, Kernel: graph.Pair{H: 3, W: 2}, Stride: graph.Pair{H: 2, W: 3}, Dilation: graph.Pair{H: 2, W: 1},
		Pad: graph.Padding{Top: 1, Left: 0, Bottom: 2, Right: 1}, Extra: graph.Pair{H: 1, W: 0}, Groups: 2, Weight: "w", Bias: "b"}
	got, err := op.OutShape([]tensor.Shape{in})
	if want := shape(2, 4, 9, 13); err != nil || got != want { // (4−1)·2 − 3 + 5 + 1, (5−1)·3 − 1 + 2
		t.Errorf("%v, %v; want %v", got, err, want)
	}
	if n, want := op.MACs([]tensor.Shape{in}, got), int64(2*6*4*5*2*3*2); n != want {
		t.Errorf("%d MACs, want %d", n, want)
	}
	if p := op.Params(); len(p) != 2 || !slices.Equal(p[0].Dims, []int{6, 2, 3, 2}) || !slices.Equal(p[1].Dims, []int{4}) {
		t.Errorf("parameters %v", p)
	}
	for _, c := range []struct {
		change func(*graph.ConvTranspose2D)
		want   string
	}{
		{func(c *graph.ConvTranspose2D) { c.In = 5 }, "divisible by the groups"},
		{func(c *graph.ConvTranspose2D) { c.In = 8 }, "the weights take 8"},
		{func(c *graph.ConvTranspose2D) { c.Stride.W = -1 }, "columns: kernel 2, stride -1"},
		{func(c *graph.ConvTranspose2D) { c.Extra.H = -1 }, "rows: padding 1 before, 2 after, -1 added"},
		{func(c *graph.ConvTranspose2D) { c.Pad.Top = 40 }, "leaves nothing"},
	} {
		bad := op
		c.change(&bad)
		if s, err := bad.OutShape([]tensor.Shape{in}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v, error %v; want an error with %q", bad, s, err, c.want)
		}
	}
	g, x := graph.New("up", 6)
	g.Outputs = []graph.Value{g.Add("up", op, x)}
	cost, err := graph.Cost(g, in)
	if err != nil || cost.Total.Params.Weights != 72 || cost.Total.Params.Biases != 4 || cost.Total.MACs != 2880 {
		t.Errorf("%+v, %v", cost, err)
	}
}
