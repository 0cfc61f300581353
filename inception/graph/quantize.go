package graph

import (
	"fmt"

	"inceptiongl/inception/tensor"
)

// Quantize does to numbers what storing them in a few bits does: ONNX QuantizeLinear, and DequantizeLinear of that.
//
//	code(n, c, y, x) = min(max(round(in(n, c, y, x) / Scale(c)) + Zero(c), Low), High)
//	out(n, c, y, x)  = (code(n, c, y, x) − Zero(c)) · Scale(c), or the code itself with Codes
//
// The quotient is rounded to float32, and that to a whole number, the even one of two. NaN stays NaN, which no code is.
type Quantize struct {
	Channels    int
	Scale, Zero string // parameter names; dimension Channels. Scales are above 0; an empty Zero means 0
	Low, High   float32
	Codes       bool
}

// maxCode bounds codes: those of 16 bits.
const maxCode = 1<<16 - 1

// Kind is "quantize".
func (Quantize) Kind() string { return "quantize" }

// Params are the scales and, where they have a name, the zero points.
func (q Quantize) Params() []Param {
	return append([]Param{{q.Scale, []int{q.Channels}}}, named(q.Channels, q.Zero)...)
}

// MACs is 0, as for ReLU.
func (Quantize) MACs([]tensor.Shape, tensor.Shape) int64 { return 0 }

// OutShape is the input's shape; its channel count must be Channels. Low must be below High, and both whole numbers of 16 bits.
func (q Quantize) OutShape(in []tensor.Shape) (tensor.Shape, error) {
	s, err := perChannel(in, q.Channels)
	whole := func(v float32) bool { return v >= -maxCode && v <= maxCode && v == float32(int(v)) }
	if err == nil && !(q.Low < q.High && whole(q.Low) && whole(q.High)) {
		err = fmt.Errorf("codes of %v … %v: both must be whole numbers of 16 bits", q.Low, q.High)
	}
	return s, err
}

// CheckValues reports scales and zero points that Quantize can't work with. Scales far beyond what any tensor needs are among them, so that no
// product on the way to the nearest code overflows, or is flushed to 0.
func (q Quantize) CheckValues(scale, zero []float32) error {
	if len(scale) != q.Channels || zero != nil && len(zero) != q.Channels {
		return fmt.Errorf("%d channels need as many scales and zero points, given %d and %d", q.Channels, len(scale), len(zero))
	}
	for _, s := range scale {
		if !(s >= 0x1p-90 && s <= 0x1p90) {
			return fmt.Errorf("scale %v must be in 2^-90 … 2^90", s)
		}
	}
	for _, z := range zero {
		if !(z >= q.Low && z <= q.High && z == float32(int(z))) {
			return fmt.Errorf("zero point %v must be a code, a whole number in %v … %v", z, q.Low, q.High)
		}
	}
	return nil
}
