package graph

import (
	"fmt"
	"math"

	"inceptiongl/inception/tensor"
)

// elementwise is what operators have in common that keep their only input's shape and have no weights.
type elementwise struct{}

func (elementwise) Params() []Param                                  { return nil }
func (elementwise) MACs([]tensor.Shape, tensor.Shape) int64          { return 0 }
func (elementwise) OutShape(in []tensor.Shape) (tensor.Shape, error) { return one(in) }

// ReLU is max(x, 0), element by element. NaN stays NaN, as in PyTorch.
type ReLU struct{ elementwise }

// Kind is "relu".
func (ReLU) Kind() string { return "relu" }

// Clip is min(max(x, Min), Max), element by element: torch.clamp. NaN stays NaN. ReLU6 is Clip{Min: 0, Max: 6}.
type Clip struct {
	elementwise
	Min, Max float32
}

// Kind is "clip".
func (Clip) Kind() string { return "clip" }

// OutShape is the input's shape. Min must not be above Max.
func (c Clip) OutShape(in []tensor.Shape) (tensor.Shape, error) {
	s, err := one(in)
	if err == nil && !(c.Min <= c.Max) {
		err = fmt.Errorf("clips to %v … %v", c.Min, c.Max)
	}
	return s, err
}

// Sigmoid is 1/(1 + exp(−x)), element by element: torch.nn.Sigmoid.
type Sigmoid struct{ elementwise }

// Kind is "sigmoid".
func (Sigmoid) Kind() string { return "sigmoid" }

// Affine is scale(c)·x + shift(c), with one scale and one shift for each channel. An empty name means 1, or 0.
type Affine struct {
	Channels     int
	Scale, Shift string // parameter names; dimension Channels
}

// Kind is "affine".
func (Affine) Kind() string { return "affine" }

// Params are the scale and the shift, where they have names.
func (a Affine) Params() []Param { return named(a.Channels, a.Scale, a.Shift) }

// MACs is one for each element.
func (Affine) MACs(_ []tensor.Shape, out tensor.Shape) int64 { return int64(out.Len()) }

// OutShape is the input's shape; its channel count must be Channels.
func (a Affine) OutShape(in []tensor.Shape) (tensor.Shape, error) { return perChannel(in, a.Channels) }

// Scale is Factor·x, with one factor for every element, rounded to float32 once: a residual branch's, say.
type Scale struct {
	Channels int
	Factor   float64
}

// Kind is "scale".
func (Scale) Kind() string { return "scale" }

// Params is empty.
func (Scale) Params() []Param { return nil }

// MACs is one for each element: it is an Affine.
func (Scale) MACs(_ []tensor.Shape, out tensor.Shape) int64 { return int64(out.Len()) }

// OutShape is the input's shape; its channel count must be Channels. Factor must be a finite float32 number.
func (s Scale) OutShape(in []tensor.Shape) (tensor.Shape, error) {
	out, err := perChannel(in, s.Channels)
	if err == nil && !(math.Abs(s.Factor) <= math.MaxFloat32) {
		err = fmt.Errorf("factor %v must be a finite float32 number", s.Factor)
	}
	return out, err
}

// BatchNorm is batch normalisation in evaluation mode, torch.nn.BatchNorm2d:
//
//	out(n, c, y, x) = (in(n, c, y, x) − Mean(c)) / √(Var(c) + Eps) · Scale(c) + Shift(c)
//
// Empty Scale and Shift mean 1 and 0 (affine=False).
type BatchNorm struct {
	Channels                int
	Eps                     float64
	Scale, Shift, Mean, Var string // parameter names; dimension Channels
}

// Kind is "batchnorm".
func (BatchNorm) Kind() string { return "batchnorm" }

// Params are the four vectors, where they have names.
func (b BatchNorm) Params() []Param { return named(b.Channels, b.Scale, b.Shift, b.Mean, b.Var) }

// MACs is one for each element: it is an Affine.
func (BatchNorm) MACs(_ []tensor.Shape, out tensor.Shape) int64 { return int64(out.Len()) }

// OutShape is the input's shape; its channel count must be Channels.
func (b BatchNorm) OutShape(in []tensor.Shape) (tensor.Shape, error) {
	return perChannel(in, b.Channels)
}

// LRN is local response normalisation across channels, ONNX LRN (torch.nn.LocalResponseNorm is the same for odd sizes only):
//
//	out(n, c, y, x) = in(n, c, y, x) / (Bias + Alpha/Size · Σ in(n, i, y, x)²)^Beta,   i from c − ⌊(Size−1)/2⌋ to c + ⌈(Size−1)/2⌉
type LRN struct {
	elementwise
	Size              int
	Alpha, Beta, Bias float64
}

// Kind is "lrn".
func (LRN) Kind() string { return "lrn" }

// OutShape is the input's shape. Size must be positive.
func (l LRN) OutShape(in []tensor.Shape) (tensor.Shape, error) {
	s, err := one(in)
	if err == nil && (l.Size < 1 || l.Size > maxExtent) {
		err = fmt.Errorf("size %d must be in 1…%d", l.Size, maxExtent)
	}
	for _, v := range []float64{l.Alpha, l.Beta, l.Bias} {
		if err == nil && (math.IsNaN(v) || math.Abs(v) > math.MaxFloat32) {
			err = fmt.Errorf("alpha %v, beta %v, bias %v: all must be finite float32 numbers", l.Alpha, l.Beta, l.Bias)
		}
	}
	return s, err
}

// Softmax is exp(x) / Σ exp(x) over the channels, torch.nn.Softmax(dim=1).
type Softmax struct{ elementwise }

// Kind is "softmax".
func (Softmax) Kind() string { return "softmax" }

// named lists the vectors that have a name.
func named(channels int, names ...string) []Param {
	var ps []Param
	for _, n := range names {
		if n != "" {
			ps = append(ps, Param{n, []int{channels}})
		}
	}
	return ps
}

func perChannel(in []tensor.Shape, channels int) (tensor.Shape, error) {
	s, err := one(in)
	if err == nil && s.C != channels {
		err = fmt.Errorf("input has %d channels, the weights take %d", s.C, channels)
	}
	return s, err
}
