package browsertest

import (
	"image"
	"image/color"
	"maps"
	"slices"
)

// Paletted is m in its 256 most frequent colours: nobody sees it, and the file is a third as large.
func Paletted(m image.Image) *image.Paletted {
	b := m.Bounds()
	coarse := func(x, y int) color.RGBA {
		r, g, b, _ := m.At(x, y).RGBA()
		f := func(v uint32) uint8 { return uint8(v>>8)&0xf8 | uint8(v>>13) }
		return color.RGBA{f(r), f(g), f(b), 255}
	}
	counts := map[color.RGBA]int{}
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			counts[coarse(x, y)]++
		}
	}
	colours := slices.SortedFunc(maps.Keys(counts), func(p, q color.RGBA) int { return counts[q] - counts[p] })
	var p color.Palette
	for _, c := range colours[:min(len(colours), 256)] {
		p = append(p, c)
	}
	index := map[color.RGBA]uint8{}
	out := image.NewPaletted(b, p)
	for _, c := range colours {
		index[c] = uint8(p.Index(c))
	}
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			out.SetColorIndex(x, y, index[coarse(x, y)])
		}
	}
	return out
}
