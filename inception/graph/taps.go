package graph

import "math"

// Taps is what the outputs along one axis are made of: output o is Σ_k Weight[o·Each + k] · in(Index[o·Each + k]), k < Each, without the
// terms whose weight is 0. An output whose first Index is −1 is Resize.Extrapolation.
type Taps struct {
	Each   int // of an output
	Index  []int
	Weight []float64 // 0, or of a magnitude of 2⁻¹⁰⁰ or more
}

// Outputs is the number of outputs.
func (t Taps) Outputs() int { return len(t.Index) / t.Each }

// Taps are the tables of rows and columns for an input of these extents.
func (r Resize) Taps(in Pair) (rows, columns Taps, err error) {
	if err := r.check(); err != nil {
		return rows, columns, err
	}
	h, w, err := r.grids(in)
	if err != nil {
		return rows, columns, err
	}
	return r.taps(h), r.taps(w), nil
}

// Copies reports that every output is one of the input's pixels as it is.
func (t Taps) Copies() bool { return t.Each == 1 }

func (r Resize) taps(g grid) Taps {
	lists := make([][]tap, g.out)
	most := 1
	for o := range lists {
		lists[o] = r.at(g, o)
		most = max(most, len(lists[o]))
	}
	t := Taps{Each: most, Index: make([]int, g.out*most), Weight: make([]float64, g.out*most)}
	for o, list := range lists {
		for k := range most {
			at := o*most + k
			t.Index[at] = list[0].index
			if k < len(list) {
				t.Index[at], t.Weight[at] = list[k].index, list[k].weight
			}
		}
	}
	return t
}

type tap struct {
	index  int
	weight float64
}

// at is what output o of an axis is made of, each pixel once.
func (r Resize) at(g grid, o int) []tap {
	crop := r.Coordinates == CropAndResize
	if g.in == g.out && g.width == float64(g.in) && !(crop && (g.Start != 0 || g.End != 1)) {
		return []tap{{o, 1}}
	}
	x := r.coordinate(g, o)
	if crop && !(x >= 0 && x <= float64(g.in-1)) {
		return []tap{{-1, 1}}
	}
	low := math.Floor(x)
	if r.Mode == NearestPixel || x == low && !r.Antialias {
		return []tap{{clamp(r.nearest(x), g.in), 1}}
	}
	return r.filter(g, x)
}

// coordinate is where output o lies in the input. It multiplies before it divides, so that with sizes, whose products are exact, the
// only rounding is the quotient's.
func (r Resize) coordinate(g grid, o int) float64 {
	in, x := float64(g.in), float64(o)
	half := (x+0.5)*in/g.width - 0.5
	if g.Scale != 0 {
		half = (x+0.5)/float64(g.Scale) - 0.5
	}
	switch r.Coordinates {
	case PyTorchHalfPixel:
		if g.out == 1 {
			return 0
		}
	case HalfPixelSymmetric:
		return in/2*(1-float64(g.out)/g.width) + half
	case TFHalfPixel:
		return half + 0.5
	case AlignCorners:
		if g.width == 1 {
			return 0
		}
		return x * (in - 1) / (g.width - 1)
	case Asymmetric:
		if g.Scale != 0 {
			return x / float64(g.Scale)
		}
		return x * in / g.width
	case CropAndResize:
		if g.width == 1 {
			return (g.Start + g.End) * (in - 1) / 2
		}
		return x*(g.End-g.Start)*(in-1)/(g.width-1) + g.Start*(in-1)
	}
	return half
}

// nearest is the pixel for coordinate x, which may lie outside.
func (r Resize) nearest(x float64) float64 {
	low := math.Floor(x)
	part := x - low
	switch {
	case part == 0,
		r.Nearest == RoundDown,
		r.Nearest == RoundPreferFloor && part <= 0.5,
		r.Nearest == RoundPreferCeil && part < 0.5:
		return low
	}
	return low + 1
}

// clamp is the pixel of the border for one outside.
func clamp(i float64, n int) int { return int(max(0, min(i, float64(n-1)))) }

// filter weighs the pixels around x.
func (r Resize) filter(g grid, x float64) []tap {
	shape, reach := triangle, 1.0
	if r.Mode == Cubic {
		shape, reach = r.cubic, 2
	}
	narrow := 1.0
	if r.Antialias {
		narrow = min(g.width/float64(g.in), 1)
	}
	var list []tap
	sum := 0.0
	for i := math.Floor(x-reach/narrow) + 1; i < x+reach/narrow; i++ {
		w := shape(math.Abs(i-x) * narrow)
		if r.ExcludeOutside && (i < 0 || i > float64(g.in-1)) {
			continue
		}
		sum += w
		at := clamp(i, g.in)
		if last := len(list) - 1; last >= 0 && list[last].index == at {
			list[last].weight += w
		} else {
			list = append(list, tap{at, w})
		}
	}
	kept := list[:0]
	for _, t := range list {
		if r.Antialias || r.ExcludeOutside {
			t.weight /= sum
		}
		if math.Abs(t.weight) >= 0x1p-100 { // less is the coordinate's rounding
			kept = append(kept, t)
		}
	}
	switch {
	case len(kept) == 0 || sum == 0:
		return []tap{{clamp(math.Floor(x), g.in), 1}}
	case len(kept) == 1:
		kept[0].weight = 1 // as weights add up to 1
	}
	return kept
}

func triangle(d float64) float64 { return max(1-d, 0) }

// cubic is Keys' piecewise cubic for distance d ≥ 0.
func (r Resize) cubic(d float64) float64 {
	a := r.CubicA
	switch {
	case d <= 1:
		return ((a+2)*d-(a+3))*d*d + 1
	case d < 2:
		return ((a*d-5*a)*d+8*a)*d - 4*a
	}
	return 0
}
