package classify

import (
	"fmt"
	"math"

	"inceptiongl/inception/images"
	"inceptiongl/inception/tensor"
)

// OwnSize is p for pictures of the given size, taken as they are: pixel by pixel. Those of more than most pixels are scaled down to
// that many, and where the model fixes one side of its input, all are scaled to it, in proportion. What a network doesn't take, which
// halves its input five times, say, and joins what it has on the way, is cut to the next smaller size that it does.
func (m *Model) OwnSize(p images.Preset, size images.Size, most int) (images.Preset, error) {
	if size.H < 1 || size.W < 1 || most < 1 {
		return p, fmt.Errorf("a picture of %v pixels; at most %d", size, most)
	}
	if !m.Pictures() {
		return p, m.Suits(p)
	}
	fixed := m.fixed()
	switch {
	case fixed.H > 0 && fixed.W > 0:
		return p, PresetError(fmt.Sprintf("the model takes pictures of %v pixels and of no other size", fixed))
	case fixed.H > 0:
		size = images.Size{H: fixed.H, W: min(max(size.W*fixed.H/size.H, 1), max(most/fixed.H, 1))}
	case fixed.W > 0:
		size = images.Size{H: min(max(size.H*fixed.W/size.W, 1), max(most/fixed.W, 1)), W: fixed.W}
	default:
		size = shrunk(size, most)
	}
	p.Short, p.Exact, p.Crop = 0, size, images.Size{}
	const widest = 64 // networks need no multiples of more
	var first error
	for k := 1; k <= widest; k++ {
		cut := images.Size{H: size.H / k * k, W: size.W / k * k}
		if fixed.H > 0 {
			cut.H = fixed.H
		}
		if fixed.W > 0 {
			cut.W = fixed.W
		}
		if cut.H == 0 || cut.W == 0 {
			break
		}
		_, err := m.Graph.Shapes(tensor.Shape{N: max(m.Batch, 1), C: m.Channels(), H: cut.H, W: cut.W})
		if err == nil {
			if cut != size {
				p.Crop = cut
			}
			return p, m.Suits(p)
		}
		if first == nil {
			first = err
		}
	}
	return p, fmt.Errorf("the network takes no picture of %v pixels, nor one cut to a multiple of 2 … %d: %w", size, widest, first)
}

// shrunk is s in its proportions, with at most that many pixels.
func shrunk(s images.Size, most int) images.Size {
	if s.H <= most/s.W {
		return s
	}
	f := math.Sqrt(float64(most) / float64(s.H) / float64(s.W))
	short := func(n int) int { return max(int(f*float64(n)), 1) }
	out := images.Size{H: short(s.H), W: short(s.W)}
	return images.Size{H: min(out.H, max(most/out.W, 1)), W: min(out.W, most)} // one of few rows or columns has more yet
}
