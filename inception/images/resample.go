package images

import (
	"image"
	"math"
)

// samples are the bytes of a picture, four a pixel of which three count, or of one of its planes.
type samples struct {
	pix              []uint8
	stride           int
	channels         int     // 3, or 1
	w, h             int     // in pixels
	extentW, extentH float64 // what the picture covers of them: a plane of half the width may have half a pixel more than that
}

// weightBits is the precision of weights, Pillow's: 8 bits of level and a sum of weights that is 1 fill 30.
const weightBits = 22

// tap is what one pixel of the result reads in one direction: pixels from first on.
type tap struct {
	first   int
	weights []int32
}

// taps are those of the result's pixels begin to end, of out in all, which come of the first extent of n pixels: a triangle that is as
// wide as two pixels of the coarser grid. The sums are Pillow's.
func taps(n int, extent float64, out, begin, end int) []tap {
	scale := extent / float64(out)
	reach := max(scale, 1)
	all := make([]tap, 0, end-begin)
	for i := begin; i < end; i++ {
		center := (float64(i) + 0.5) * scale
		first, last := max(int(center-reach+0.5), 0), min(int(center+reach+0.5), n)
		sum, shares := 0.0, make([]float64, last-first)
		for k := range shares {
			shares[k] = max(1-math.Abs(float64(first+k)+0.5-center)/reach, 0)
			sum += shares[k]
		}
		t := tap{first, make([]int32, len(shares))}
		for k, v := range shares {
			t.weights[k] = int32(math.Round(v / sum * (1 << weightBits)))
		}
		all = append(all, t)
	}
	return all
}

// scale gives the part of s, scaled to w × h pixels, that lies in part: levels × 256, channel beside channel. Only rows and columns that
// the part reads are touched.
func (s samples) scale(w, h int, part image.Rectangle) []uint16 {
	across, down := taps(s.w, s.extentW, w, part.Min.X, part.Max.X), taps(s.h, s.extentH, h, part.Min.Y, part.Max.Y)
	top, last := down[0].first, down[len(down)-1]
	n := s.channels * len(across)
	rows := make([]uint16, n*(last.first+len(last.weights)-top))
	for y := 0; y*n < len(rows); y++ {
		from, to := s.pix[(top+y)*s.stride:], rows[y*n:(y+1)*n]
		if s.channels == 1 {
			one(to, from, across)
		} else {
			three(to, from, across)
		}
	}
	out, sums := make([]uint16, n*len(down)), make([]int64, n)
	for y, t := range down {
		clear(sums)
		for k, weight := range t.weights {
			row := rows[(t.first-top+k)*n:][:len(sums)]
			for i := range sums {
				sums[i] += int64(weight) * int64(row[i])
			}
		}
		for i, v := range sums {
			out[y*n+i] = uint16((v + 1<<(weightBits-1)) >> weightBits)
		}
	}
	return out
}

// kept is what is left of a sum of weights × levels so that 8 bits are below the level's.
const kept = weightBits - 8

// one scales a row of one channel.
func one(to []uint16, row []uint8, across []tap) {
	for x, t := range across {
		sum := 1 << (kept - 1)
		pix := row[t.first:][:len(t.weights)]
		for k, weight := range t.weights {
			sum += int(weight) * int(pix[k])
		}
		to[x] = uint16(sum >> kept)
	}
}

// three scales a row of R, G, B and a byte that doesn't count.
func three(to []uint16, row []uint8, across []tap) {
	for x, t := range across {
		r, g, b := 1<<(kept-1), 1<<(kept-1), 1<<(kept-1)
		pix := row[4*t.first:][:4*len(t.weights)]
		for _, weight := range t.weights {
			r += int(weight) * int(pix[0])
			g += int(weight) * int(pix[1])
			b += int(weight) * int(pix[2])
			pix = pix[4:]
		}
		to[3*x], to[3*x+1], to[3*x+2] = uint16(r>>kept), uint16(g>>kept), uint16(b>>kept)
	}
}
