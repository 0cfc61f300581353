package onnx

import (
	"fmt"
	"math"
	"slices"

	"inceptiongl/inception/graph"
)

// resize is Resize, and Upsample, its forerunner.
func (n *node) resize() (*value, error) {
	x := n.in[0]
	op, err := n.interpolation()
	if err != nil {
		return nil, err
	}
	if x.rank() != 3 && x.rank() != 4 {
		return nil, fmt.Errorf("a tensor of rank %d: only 3 (signals) and 4 (images) can be resized", x.rank())
	}
	if err := n.extentsTo(&op); err != nil {
		return nil, err
	}
	if last(x.dims) != 0 || x.dims[1].sym != number {
		return nil, fmt.Errorf("a tensor %s: the batch must come first, and the number of channels be fixed", show(x.dims))
	}
	w, err := n.b.natural(x.dims)
	if err != nil {
		return nil, err
	}
	return n.slide(x, w, op, w[0].n)
}

// interpolation is what the attributes say.
func (n *node) interpolation() (graph.Resize, error) {
	mode := n.string("mode", "nearest")
	// Before opset 11 pixels count from the corner of the map, and nothing else can be said.
	op := graph.Resize{Coordinates: graph.Asymmetric, Nearest: graph.RoundDown, CubicA: -0.75}
	if n.op == "Resize" && n.b.opset >= 11 {
		coordinates := map[string]graph.Coordinates{
			"half_pixel": graph.HalfPixel, "half_pixel_symmetric": graph.HalfPixelSymmetric, "pytorch_half_pixel": graph.PyTorchHalfPixel,
			"align_corners": graph.AlignCorners, "asymmetric": graph.Asymmetric, "tf_crop_and_resize": graph.CropAndResize,
		}
		if n.b.opset < 13 {
			coordinates["tf_half_pixel_for_nn"] = graph.TFHalfPixel
		}
		op.Coordinates = choose(n, "coordinate_transformation_mode", "half_pixel", coordinates)
		op.Nearest = choose(n, "nearest_mode", "round_prefer_floor", map[string]graph.Nearest{
			"round_prefer_floor": graph.RoundPreferFloor, "round_prefer_ceil": graph.RoundPreferCeil, "floor": graph.RoundDown, "ceil": graph.RoundUp,
		})
		op.Policy = choose(n, "keep_aspect_ratio_policy", "stretch", map[string]graph.Policy{
			"stretch": graph.Stretch, "not_larger": graph.NotLarger, "not_smaller": graph.NotSmaller,
		})
		op.CubicA = float64(n.float("cubic_coeff_a", -0.75))
		op.ExcludeOutside, op.Antialias = n.flag("exclude_outside", false), n.flag("antialias", false)
		op.Extrapolation = n.float("extrapolation_value", 0)
	}
	switch {
	case mode == "nearest":
	case mode == "linear":
		op.Mode = graph.Linear
	case mode == "cubic" && n.op == "Resize" && n.b.opset >= 11:
		op.Mode = graph.Cubic
	default:
		return op, fmt.Errorf("mode %s is not supported", quote(mode))
	}
	return op, n.err
}

// choose is what an attribute's value stands for.
func choose[T any](n *node, name, def string, from map[string]T) T {
	v := n.string(name, def)
	t, ok := from[v]
	if !ok {
		n.fail("attribute %s: %s is not supported", name, quote(v))
	}
	return t
}

// extentsTo reads what becomes of each axis: scales or sizes, and the region of interest.
func (n *node) extentsTo(op *graph.Resize) error {
	scales, sizes, roi, err := n.resizeInputs()
	if err != nil {
		return err
	}
	rank := n.in[0].rank()
	axes := make([]int, rank)
	for k := range axes {
		axes[k] = k
	}
	if list := n.ints("axes"); n.op == "Resize" && list != nil {
		if axes, err = normal(list, rank); err != nil {
			return err
		}
	}
	if n.err != nil {
		return n.err
	}
	crop := op.Coordinates == graph.CropAndResize
	switch {
	case (scales == nil) == (sizes == nil):
		return fmt.Errorf("needs either scales or sizes")
	case len(scales)+len(sizes) != len(axes):
		return fmt.Errorf("%d scales and %d sizes for %d axes", len(scales), len(sizes), len(axes))
	case crop && len(roi) != 2*len(axes):
		return fmt.Errorf("a region of %d numbers for %d axes", len(roi), len(axes))
	case op.Policy != graph.Stretch && sizes == nil:
		return fmt.Errorf("keep_aspect_ratio_policy goes with sizes")
	}
	op.H.End, op.W.End = 1, 1
	for k, a := range axes {
		to := graph.Extent{End: 1}
		if crop {
			to.Start, to.End = float64(roi[k]), float64(roi[len(axes)+k])
		}
		keeps := to == graph.Extent{End: 1}
		if scales != nil {
			if to.Scale = scales[k]; !(to.Scale > 0) {
				return fmt.Errorf("scale %v of axis %d must be positive", to.Scale, a)
			}
			keeps = keeps && to.Scale == 1
		} else if sizes[k].sym == number {
			to.Size = sizes[k].n
			if to.Size < 1 {
				return fmt.Errorf("size %d of axis %d must be positive", to.Size, a)
			}
		}
		if sizes != nil {
			same := sizes[k] == n.in[0].dims[a] || a == 0 && n.in[0].dims[0] == dim{batch, 1} && n.b.batch > 0 && sizes[k].is(n.b.batch)
			keeps = keeps && same && op.Policy == graph.Stretch
		}
		switch {
		case keeps: // neither is there a ratio that it takes part in
		case a < 2:
			return fmt.Errorf("axis %d of %s is to be resized or takes part in its aspect ratio: only the rows and columns can", a, show(n.in[0].dims))
		case sizes != nil && sizes[k].sym != number:
			return fmt.Errorf("size of axis %d depends on an extent that isn't fixed (Options.Dims)", a)
		case a == rank-1:
			op.W = to
		default:
			op.H = to
		}
	}
	return nil
}

// resizeInputs are the inputs, nil where they are left out or, from opset 11 on, empty.
func (n *node) resizeInputs() (scales []float32, sizes []dim, roi []float32, err error) {
	vector := func(k int) ([]float32, error) {
		if n.opt(k) == nil {
			return nil, nil
		}
		c, err := n.known(k)
		if err != nil || len(c.f) == 0 {
			return nil, err
		}
		return c.f, nil
	}
	if n.op == "Upsample" && n.b.opset < 9 {
		if len(n.in) > 1 {
			return nil, nil, nil, fmt.Errorf("has %d inputs: scales are an attribute before opset 9", len(n.in))
		}
		scales, err := n.floats("scales")
		return scales, nil, nil, err
	}
	if n.op == "Upsample" || n.b.opset < 11 {
		if len(n.in) != 2 {
			return nil, nil, nil, fmt.Errorf("has %d inputs, must have 2", len(n.in))
		}
		scales, err = vector(1)
		if n.op == "Resize" && n.string("mode", "nearest") == "nearest" && slices.ContainsFunc(scales, ambiguous) {
			err = fmt.Errorf("scales %v: opset 10 doesn't say which pixel is nearest where a map shrinks by no whole number", scales)
		}
		return scales, nil, nil, err
	}
	if roi, err = vector(1); err != nil {
		return nil, nil, nil, err
	}
	if scales, err = vector(2); err != nil {
		return nil, nil, nil, err
	}
	if v := n.opt(3); v != nil && !(len(v.dims) == 1 && v.dims[0].is(0)) {
		sizes, err = n.symbols(3)
	}
	return scales, sizes, roi, err
}

// ambiguous reports a scale below 1 that is not 1/n.
func ambiguous(scale float32) bool {
	return scale < 1 && 1/scale != float32(math.Trunc(float64(1/scale)))
}
