package classify

import (
	"fmt"
	"math"

	"inceptiongl/inception/graph"
	"inceptiongl/inception/images"
)

// assume is the preset that suits a network by what it shows: its channels, the size of its input where that is fixed, and the
// scaling that it begins with; or by what its file says. The reason says what was taken for what, in words.
func assume(g *graph.Graph, channels int, size images.Size, meta metadata) (p images.Preset, reason string, err error) {
	const untold = "; the file doesn't say what the network was trained with"
	name := "imagenet"
	switch center, spread, ok := scaling(g); {
	case ok && spread > 8: // 255 and 127.5 are usual, and 57 for ImageNet's
		name, reason = "levels", fmt.Sprintf("the network itself scales levels in [0, 255]: it subtracts %.4g and divides by %.4g", center, spread)
	case ok && spread > 0.05 && spread < 0.7 && center > 0.1 && center < 0.9:
		name, reason = "unit", fmt.Sprintf("the network itself scales levels in [0, 1]: it subtracts %.4g and divides by %.4g", center, spread)
	case meta.unit():
		name, reason = "unit", "the file says that it is Ultralytics', whose networks take levels in [0, 1]"
	case channels == 1 && size.H > 0 && max(size.H, size.W) <= 32:
		name, reason = "digits", "levels in [0, 1] are usual for one channel"+untold
	case channels == 1:
		name, reason = "gray", "levels in [0, 1] are usual for one channel"+untold
	case size == images.Square(299):
		name, reason = "inception", "299×299 is Inception v3's, with ImageNet's mean and deviation"+untold
	default:
		reason = "ImageNet's mean and deviation are usual" + untold
	}
	if p, err = images.FindPreset(name); err != nil {
		return p, "", err
	}
	if channels == 1 {
		p.Order = images.Gray
	}
	return meta.fit(p.ForSize(size), size == images.Size{}), reason, nil
}

// scaling is what the network does to its input before anything else, as (x − center) / spread, the mean over the channels: affine
// maps and the normalising half of batch norms. It is false where it begins otherwise.
func scaling(g *graph.Graph) (center, spread float64, ok bool) {
	var scale, shift []float64 // so far, for each channel
	for v := next(g, 0); v > 0; v = next(g, v) {
		var s, t []float64
		var channels int
		switch op := g.Nodes[v].Op.(type) {
		case graph.Affine:
			channels = op.Channels
			s, t = wide(g, op.Scale, channels, 1), wide(g, op.Shift, channels, 0)
		case graph.BatchNorm:
			channels = op.Channels
			s, t = wide(g, op.Var, channels, 1), wide(g, op.Mean, channels, 0)
			for c := range min(len(s), len(t)) {
				s[c] = 1 / math.Sqrt(s[c]+float64(op.Eps))
				t[c] *= -s[c]
			}
		case graph.Pad2D, graph.Channels:
			continue
		}
		if channels == 0 || len(s) != channels || len(t) != channels || scale != nil && len(scale) != channels {
			break
		}
		for c := range channels {
			if scale != nil {
				s[c], t[c] = s[c]*scale[c], s[c]*shift[c]+t[c]
			}
		}
		scale, shift = s, t
	}
	for c := range scale {
		center -= shift[c] / scale[c] / float64(len(scale))
		spread += 1 / math.Abs(scale[c]) / float64(len(scale))
	}
	ok = len(scale) > 0 && center-center == 0 && spread-spread == 0
	return center, spread, ok
}

// next is the only node that reads v, or 0.
func next(g *graph.Graph, v graph.Value) graph.Value {
	var reader graph.Value
	for i, n := range g.Nodes {
		for _, in := range n.In {
			if in == v && reader != 0 {
				return 0
			}
			if in == v {
				reader = graph.Value(i)
			}
		}
	}
	return reader
}

// wide is a parameter in float64, or n times the number that an empty name stands for.
func wide(g *graph.Graph, name string, n int, empty float64) []float64 {
	all := make([]float64, n)
	for i := range all {
		all[i] = empty
	}
	if name == "" {
		return all
	}
	data := g.Weights[name].Data
	if len(data) != n {
		return nil
	}
	for i, v := range data {
		all[i] = float64(v)
	}
	return all
}
