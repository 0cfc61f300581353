package cpuref

import (
	"math"
	"strings"
	"testing"

	"inceptiongl/inception/graph"
)

func TestQuantize(t *testing.T) {
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	uint8s, int8s := graph.Quantize{Channels: 1, High: 255}, graph.Quantize{Channels: 1, Low: -128, High: 127}
	for _, c := range []struct {
		op          graph.Quantize
		scale, zero float32
		x           []float32
		codes       []float64
	}{
		{uint8s, 2, 0, []float32{0, 1, 2.9, 3, 5, 1000, -1, inf}, []float64{0, 0, 1, 2, 2, 255, 0, 255}}, // halves go to even
		{int8s, 0.5, 0, []float32{-0.25, -0.75, 63.25, 63.75, -64.2, -1000, -inf, 0.26}, []float64{0, -2, 126, 127, -128, -128, -128, 1}},
		{uint8s, 1, 128, []float32{-128, -128.5, 0.5, 1.5, 127, 127.5, nan, -0.5}, []float64{0, 0, 128, 130, 255, 255, math.NaN(), 128}},
		// 0.1·2.5 is 0.25 and a little: the quotient, rounded, is 2.5 all the same.
		{int8s, 0.1, 0, []float32{0.25, 0.35, math.Nextafter32(0.25, 1), math.Nextafter32(0.35, 0), 0.15, -0.25, -0.05, 0.05}, []float64{2, 4, 3, 3, 2, -2, 0, 0}},
	} {
		x := mk(t, 1, 1, 1, 8, c.x...)
		scale, zero := []float32{c.scale}, []float32{c.zero}
		back := must(t)(Quantize(x, c.op, scale, zero))
		c.op.Codes = true
		codes := must(t)(Quantize(x, c.op, scale, zero))
		for i, want := range c.codes {
			number := (want - float64(c.zero)) * float64(c.scale)
			if g, y := codes.Value[i], back.Value[i]; g != want && !(g != g && want != want) || y != number && !(y != y && want != want) {
				t.Errorf("scale %v, zero point %v: %v becomes %v, %v; want %v, %v", c.scale, c.zero, c.x[i], g, y, want, number)
			}
		}
		if codes.Ops != 0 || back.Ops != 1 {
			t.Errorf("%d and %d roundings, want 0 and 1", codes.Ops, back.Ops)
		}
	}
	x := mk(t, 1, 1, 1, 1, 1)
	for _, c := range []struct {
		scale, zero []float32
		says        string
	}{
		{[]float32{0}, nil, "scale 0"}, {[]float32{nan}, nil, "scale NaN"}, {[]float32{-1}, nil, "scale -1"}, {[]float32{1e-30}, nil, "2^-90"},
		{nil, nil, "given 0 and 0"}, {[]float32{1}, []float32{1, 2}, "given 1 and 2"},
		{[]float32{1}, []float32{256}, "zero point 256"}, {[]float32{1}, []float32{0.5}, "zero point 0.5"}, {[]float32{1}, []float32{nan}, "zero point NaN"},
	} {
		if _, err := Quantize(x, uint8s, c.scale, c.zero); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("scale %v, zero point %v: error %v, want one with %q", c.scale, c.zero, err, c.says)
		}
	}
}
