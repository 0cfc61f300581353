package images

import (
	"image"
	"math"
)

// fullRange stretches the levels of a lossy WebP picture, in place, to those that Go takes a YCbCr's for. Its brightness goes from 16 to 235
// and its colours from 16 to 240, as on television; JPEG's, and image.YCbCr's, fill all 8 bits.
func fullRange(m *image.YCbCr) {
	var bright, colour [256]uint8
	stretched := func(v, from, zero, span int) uint8 {
		return uint8(min(max(math.Round(float64(v-from)*255/float64(span))+float64(zero), 0), 255))
	}
	for v := range bright {
		bright[v], colour[v] = stretched(v, 16, 0, 219), stretched(v, 128, 128, 224)
	}
	for i, v := range m.Y {
		m.Y[i] = bright[v]
	}
	for _, plane := range [][]uint8{m.Cb, m.Cr} {
		for i, v := range plane {
			plane[i] = colour[v]
		}
	}
}
