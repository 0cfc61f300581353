package main

import (
	"fmt"
	"image"
	"image/color"
	"strings"

	"golang.org/x/image/draw"
	"golang.org/x/image/font"
	"golang.org/x/image/font/inconsolata"
	"golang.org/x/image/math/fixed"

	"inceptiongl/cmd/internal/modules"
	"inceptiongl/inception/tensor"
)

// The mosaic's measures, in pixels.
const (
	margin  = 24
	inner   = 1180 // width of the rows of tiles
	gap     = 3    // between tiles
	line    = 22   // height of a line of text
	minTile = 56   // small maps are enlarged to at least this, every value a square
	maxTile = 224  // larger maps are reduced to this
	letter  = 8    // width of a letter
)

var (
	paper = color.RGBA{16, 18, 24, 255}
	ink   = color.RGBA{236, 238, 244, 255}
	faint = color.RGBA{140, 148, 164, 255}
	still = color.RGBA{30, 33, 42, 255} // a map that is the same everywhere
)

// accents mark the branches.
var accents = []color.RGBA{
	{86, 180, 233, 255}, {230, 159, 0, 255}, {0, 178, 125, 255}, {213, 116, 165, 255}, {240, 228, 66, 255}, {222, 102, 40, 255},
}

// mosaic draws the channels of a module (1 × C × H × W), each a tile, under the names of their branches. Each tile has its own
// scale: from the channel's smallest value, dark, to its largest, bright. A channel with one value only is plain grey.
func mosaic(photo string, m module, y *tensor.Tensor, seen *image.RGBA) *image.RGBA {
	tile := tileSize(y.H, y.W)
	columns := max(1, (inner+gap)/(tile.X+gap))
	head := margin + 96 + margin
	height := head
	for _, b := range m.branches {
		height += line + 6 + rows(b.Channels, columns)*(tile.Y+gap) + margin
	}
	width := 2*margin + max(inner, tile.X)
	p := image.NewRGBA(image.Rect(0, 0, width, height))
	draw.Draw(p, p.Rect, image.NewUniform(paper), image.Point{}, draw.Src)
	header(p, photo, m, y, seen)
	at := image.Pt(margin, head)
	channel := 0
	for i, b := range m.branches {
		top := at.Y + line + 6
		flat := 0
		for c := range b.Channels {
			corner := image.Pt(margin+c%columns*(tile.X+gap), top+c/columns*(tile.Y+gap))
			if !drawTile(p, image.Rectangle{Min: corner, Max: corner.Add(tile)}, y, channel+c) {
				flat++
			}
		}
		caption(p, at, b, flat, accents[i%len(accents)])
		channel += b.Channels
		at.Y = top + rows(b.Channels, columns)*(tile.Y+gap) + margin
	}
	return p
}

func rows(channels, columns int) int { return (channels + columns - 1) / columns }

// tileSize is how large a map of h × w values is drawn.
func tileSize(h, w int) image.Point {
	long := max(h, w)
	if long > maxTile {
		return image.Pt(max(1, w*maxTile/long), max(1, h*maxTile/long))
	}
	k := (minTile + long - 1) / long
	return image.Pt(w*k, h*k)
}

// header is the photo as the network saw it, and what the picture shows.
func header(p *image.RGBA, photo string, m module, y *tensor.Tensor, seen *image.RGBA) {
	x := margin
	if seen != nil {
		size := seen.Rect.Size()
		fit := image.Pt(max(1, size.X*96/max(size.X, size.Y)), max(1, size.Y*96/max(size.X, size.Y)))
		to := image.Rectangle{Min: image.Pt(margin, margin), Max: image.Pt(margin, margin).Add(fit)}
		scale(p, to, seen)
		x += fit.X + 20
	}
	room := (p.Rect.Dx() - margin - x) / letter
	text(p, x, margin+22, inconsolata.Bold8x16, ink, shorten(m.name, room, false))
	text(p, x, margin+46, inconsolata.Regular8x16, ink,
		shorten(fmt.Sprintf("%s · %s of %d×%d", photo, plural(y.C, "channel"), y.H, y.W), room, false))
	const key = "one tile a channel, from its smallest value"
	text(p, x, margin+78, inconsolata.Regular8x16, faint, key)
	bar := image.Rect(0, 0, 96, 10).Add(image.Pt(x+(len(key)+1)*letter, margin+69))
	for i := range bar.Dx() {
		draw.Draw(p, image.Rect(bar.Min.X+i, bar.Min.Y, bar.Min.X+i+1, bar.Max.Y), image.NewUniform(shade(float64(i)/95)), image.Point{}, draw.Src)
	}
	text(p, bar.Max.X+letter, margin+78, inconsolata.Regular8x16, faint, "to its largest")
}

// caption is a branch's line: a mark in its colour, its name, operators, and counts.
func caption(p *image.RGBA, at image.Point, b modules.Branch, flat int, accent color.RGBA) {
	draw.Draw(p, image.Rect(at.X, at.Y+4, at.X+6, at.Y+18), image.NewUniform(accent), image.Point{}, draw.Src)
	x := text(p, at.X+14, at.Y+16, inconsolata.Bold8x16, accent, shorten(b.Name, 90, false))
	words := []string{plural(b.Channels, "channel")}
	if b.How != "" {
		words = append([]string{b.How}, words...)
	}
	if flat > 0 {
		words = append(words, fmt.Sprintf("%d the same everywhere", flat))
	}
	text(p, x+2*letter, at.Y+16, inconsolata.Regular8x16, faint, strings.Join(words, " · "))
}

func plural(n int, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return fmt.Sprintf("%d %ss", n, word)
}

// text writes on a baseline and returns where it ends.
func text(p *image.RGBA, x, y int, face font.Face, c color.Color, s string) int {
	d := font.Drawer{Dst: p, Src: image.NewUniform(c), Face: face, Dot: fixed.P(x, y)}
	d.DrawString(s)
	return d.Dot.X.Round()
}

// drawTile draws one channel. It reports whether there was anything to see.
func drawTile(p *image.RGBA, to image.Rectangle, y *tensor.Tensor, channel int) bool {
	plane := y.Data[channel*y.H*y.W:][:y.H*y.W]
	low, high := plane[0], plane[0]
	for _, v := range plane {
		low, high = min(low, v), max(high, v)
	}
	if !(high > low) {
		draw.Draw(p, to, image.NewUniform(still), image.Point{}, draw.Src)
		return false
	}
	m := image.NewRGBA(image.Rect(0, 0, y.W, y.H))
	for i, v := range plane {
		m.SetRGBA(i%y.W, i/y.W, shade((float64(v)-float64(low))/(float64(high)-float64(low))))
	}
	scale(p, to, m)
	return true
}

// scale enlarges by repeating pixels, so that every value can be told, and reduces by averaging.
func scale(p *image.RGBA, to image.Rectangle, m *image.RGBA) {
	var how draw.Scaler = draw.NearestNeighbor
	if m.Rect.Dx() > to.Dx() || m.Rect.Dy() > to.Dy() {
		how = draw.BiLinear
	}
	how.Scale(p, to, m, m.Rect, draw.Src, nil)
}

// stops are colours of growing lightness at equal distances, after Matplotlib's inferno.
var stops = []color.RGBA{
	{8, 7, 20, 255}, {52, 12, 90, 255}, {114, 25, 110, 255}, {172, 45, 96, 255},
	{223, 78, 60, 255}, {249, 130, 20, 255}, {249, 193, 50, 255}, {252, 255, 184, 255},
}

// shade is the colour of v in [0, 1].
func shade(v float64) color.RGBA {
	at := min(max(v, 0), 1) * float64(len(stops)-1)
	i := min(int(at), len(stops)-2)
	f := at - float64(i)
	mix := func(a, b uint8) uint8 { return uint8(float64(a)*(1-f) + float64(b)*f + 0.5) }
	a, b := stops[i], stops[i+1]
	return color.RGBA{mix(a.R, b.R), mix(a.G, b.G), mix(a.B, b.B), 255}
}
