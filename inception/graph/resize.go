package graph

import (
	"fmt"
	"math"

	"inceptiongl/inception/tensor"
)

// Resize changes the numbers of rows and columns by interpolation, torch.nn.functional.interpolate, ONNX Resize. It is separable:
//
//	out(n, c, y, x) = Σ_i Σ_j wy(y, i) · wx(x, j) · in(n, c, iy(y, i), ix(x, j))
//
// Rows and Columns are these tables. An axis that keeps its extent is copied. The attributes have ONNX's names and formulas.
type Resize struct {
	H, W           Extent
	Mode           Interpolation
	Coordinates    Coordinates
	Nearest        Nearest // of mode NearestPixel
	Policy         Policy  // of axes with a Size
	CubicA         float64 // of mode Cubic: −0.75 in PyTorch and by default in ONNX
	ExcludeOutside bool    // pixels outside the input weigh nothing; else the border's pixels stand for them
	Antialias      bool    // when shrinking, the filter is as wide as what an output pixel covers
	Extrapolation  float32 // of coordinates CropAndResize: what lies outside the input
	In             Pair    // the only extents of the input that it takes; 0: any
}

// Extent tells what becomes of one axis: Size pixels, or ⌊Scale·pixels⌋. The zero value leaves it as it is.
type Extent struct {
	Scale      float32
	Size       int
	Start, End float64 // of coordinates CropAndResize: the part of the input to show; 0…1 is all of it
}

// Interpolation is how a value between pixels comes from them.
type Interpolation int

// The interpolations.
const (
	NearestPixel Interpolation = iota
	Linear
	Cubic
)

// Coordinates is how an output's coordinate becomes one of the input's.
type Coordinates int

// The coordinates. r is the ratio of the extents, output to input, as Scale says it where there is one.
const (
	HalfPixel          Coordinates = iota // (x + 0.5)/r − 0.5
	HalfPixelSymmetric                    // the same, moved so that the centers meet where ⌊Scale·pixels⌋ cut something off
	PyTorchHalfPixel                      // (x + 0.5)/r − 0.5, but 0 where the output is one pixel
	AlignCorners                          // x·(in − 1)/(r·in − 1)
	Asymmetric                            // x/r
	TFHalfPixel                           // (x + 0.5)/r
	CropAndResize                         // Start·(in − 1) + x·(End − Start)·(in − 1)/(r·in − 1), TensorFlow's crop_and_resize
)

// Nearest is which pixel is the nearest of a coordinate.
type Nearest int

// The nearest pixels.
const (
	RoundPreferFloor Nearest = iota
	RoundPreferCeil
	RoundDown
	RoundUp
)

// Policy is what becomes of the aspect ratio.
type Policy int

// The policies: Sizes as they are, or one ratio for both axes, with which no Size is exceeded or none is missed.
const (
	Stretch Policy = iota
	NotLarger
	NotSmaller
)

// Kind is "resize".
func (Resize) Kind() string { return "resize" }

// Params is empty.
func (Resize) Params() []Param { return nil }

// MACs is 0: interpolation is not counted, as for Pool2D.
func (Resize) MACs([]tensor.Shape, tensor.Shape) int64 { return 0 }

// OutShape is N × C × H' × W'.
func (r Resize) OutShape(in []tensor.Shape) (tensor.Shape, error) {
	s, err := one(in)
	if err != nil {
		return s, err
	}
	if err := r.check(); err != nil {
		return s, err
	}
	if r.In != (Pair{}) && r.In != (Pair{s.H, s.W}) {
		return s, fmt.Errorf("input of %d×%d pixels, made for %d×%d", s.H, s.W, r.In.H, r.In.W)
	}
	h, w, err := r.grids(Pair{s.H, s.W})
	s.H, s.W = h.out, w.out
	return s, err
}

// check reports attributes that mean nothing.
func (r Resize) check() error {
	if r.Mode < NearestPixel || r.Mode > Cubic || r.Coordinates < HalfPixel || r.Coordinates > CropAndResize ||
		r.Nearest < RoundPreferFloor || r.Nearest > RoundUp || r.Policy < Stretch || r.Policy > NotSmaller {
		return fmt.Errorf("mode %d, coordinates %d, nearest pixel %d, policy %d: one is unknown", r.Mode, r.Coordinates, r.Nearest, r.Policy)
	}
	if r.Mode == NearestPixel && (r.ExcludeOutside || r.Antialias) {
		return fmt.Errorf("the nearest pixel has no neighbours to exclude and no filter to widen")
	}
	if !(math.Abs(r.CubicA) <= 16) {
		return fmt.Errorf("cubic coefficient %v must be in −16…16", r.CubicA)
	}
	if e := float64(r.Extrapolation); e-e != 0 {
		return fmt.Errorf("extrapolation with %v: the value must be finite", e)
	}
	for _, a := range []struct {
		name string
		Extent
	}{{"rows", r.H}, {"columns", r.W}} {
		switch {
		case a.Size < 0 || a.Size > maxExtent:
			return fmt.Errorf("%s: size %d must be in 1…%d, or 0 for none", a.name, a.Size, maxExtent)
		case a.Scale != 0 && !(a.Scale >= 1./maxExtent && a.Scale <= maxExtent):
			return fmt.Errorf("%s: scale %v must be in 2⁻²⁰…2²⁰, or 0 for none", a.name, a.Scale)
		case a.Scale != 0 && a.Size != 0:
			return fmt.Errorf("%s: both a scale %v and a size %d", a.name, a.Scale, a.Size)
		case !(math.Abs(a.Start) <= maxExtent && math.Abs(a.End) <= maxExtent):
			return fmt.Errorf("%s: region %v…%v must be in ±2²⁰", a.name, a.Start, a.End)
		}
	}
	return nil
}

// grid is an axis with its extents.
type grid struct {
	Extent
	in, out int
	width   float64 // the output's extent before it was cut to a whole number
}

// grids are both axes. The ratio of grid g is g.width/g.in.
func (r Resize) grids(in Pair) (h, w grid, err error) {
	h, w = grid{r.H, in.H, in.H, float64(in.H)}, grid{r.W, in.W, in.W, float64(in.W)}
	ratio := 0.0 // of both axes, where the policy says so
	for _, g := range []*grid{&h, &w} {
		if g.in < 1 || g.in > maxExtent {
			return h, w, fmt.Errorf("%d pixels along an axis: 1 to %d can be resized", g.in, maxExtent)
		}
		switch own := float64(g.Size) / float64(g.in); {
		case g.Size > 0:
			g.out, g.width = g.Size, float64(g.Size)
			if ratio == 0 || r.Policy == NotLarger && own < ratio || r.Policy == NotSmaller && own > ratio {
				ratio = own
			}
		case g.Scale != 0:
			// ONNX's shape inference multiplies in float32, so that 0.7·10 is 7.
			g.out, g.width = int(float32(g.in)*g.Scale), float64(g.Scale)*float64(g.in)
		}
	}
	for _, g := range []*grid{&h, &w} {
		if r.Policy != Stretch && g.Size > 0 && float64(g.Size) != ratio*float64(g.in) {
			g.width = ratio * float64(g.in)
			g.out = int(g.width + 0.5)
		}
		if g.out < 1 || g.out > maxExtent {
			return h, w, fmt.Errorf("%d pixels become %d along an axis: must be in 1…%d", g.in, g.out, maxExtent)
		}
	}
	return h, w, nil
}
