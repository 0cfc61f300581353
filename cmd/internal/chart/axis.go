package chart

import "math"

// Axis is one direction of a chart.
type Axis struct {
	Label    string // with its unit
	Log      bool
	Min, Max float64 // what must be seen; linear axes are widened to round numbers
	Show     func(float64) string
}

// scale maps values to pixels.
type scale struct {
	Axis
	from, to float64
	ticks    []float64
}

// newScale widens the axis to whole ticks, about as many as asked for.
func newScale(a Axis, from, to float64, about int) scale {
	s := scale{Axis: a, from: from, to: to}
	if s.Show == nil {
		s.Show = Number
	}
	if a.Log {
		s.ticks = logTicks(a.Min, a.Max, about)
		return s
	}
	step := niceStep((a.Max - a.Min) / float64(max(about, 1)))
	s.Min, s.Max = math.Floor(a.Min/step+1e-9)*step, math.Ceil(a.Max/step-1e-9)*step
	for i := 0; ; i++ {
		v := s.Min + float64(i)*step
		if v > s.Max+step/2 {
			return s
		}
		s.ticks = append(s.ticks, v)
	}
}

// niceStep is 1, 2, 2.5 or 5 times a power of ten, at least v.
func niceStep(v float64) float64 {
	if !(v > 0) {
		return 1
	}
	p := math.Pow(10, math.Floor(math.Log10(v)))
	for _, m := range []float64{1, 2, 2.5, 5} {
		if m*p >= v*(1-1e-9) {
			return m * p
		}
	}
	return 10 * p
}

// logTicks are powers of ten, with 2 and 5 between them where there is room, or only every second or third.
func logTicks(lo, hi float64, about int) []float64 {
	var best []float64
	for _, multiples := range [][]float64{{1}, {1, 3}, {1, 2, 5}} {
		var t []float64
		for e := math.Floor(math.Log10(lo)); e <= math.Ceil(math.Log10(hi)); e++ {
			for _, m := range multiples {
				if v := m * math.Pow(10, e); v >= lo*(1-1e-9) && v <= hi*(1+1e-9) {
					t = append(t, v)
				}
			}
		}
		if best == nil || len(t) <= about+1 {
			best = t
		}
	}
	for len(best) > about+1 {
		var half []float64
		for i := 0; i < len(best); i += 2 {
			half = append(half, best[i])
		}
		best = half
	}
	return best
}

// at is the pixel of v, held inside the axis.
func (s scale) at(v float64) float64 {
	v = math.Max(math.Min(v, s.Max), s.Min)
	f := (v - s.Min) / (s.Max - s.Min)
	if s.Log {
		f = math.Log(v/s.Min) / math.Log(s.Max/s.Min)
	}
	if math.IsNaN(f) || math.IsInf(f, 0) {
		f = 0
	}
	return s.from + f*(s.to-s.from)
}

// horizontal draws the x axis: grid lines from top to bottom, numbers and the label below. It returns the height below bottom.
func (c *canvas) horizontal(s scale, top, bottom float64) float64 {
	for _, v := range s.ticks {
		x := s.at(v)
		c.line("grid", x, top, x, bottom)
		anchor := "middle"
		switch half := advance * float64(letters(s.Show(v))) / 2; {
		case x < half:
			x, anchor = max(x-3, 0), "start"
		case x > c.width-half:
			x, anchor = c.width, "end"
		}
		c.text("muted", x, bottom+17, anchor, s.Show(v))
	}
	c.line("axis", s.from, bottom, s.to, bottom)
	middle := (s.from + s.to) / 2
	lines := wrap(s.Label, 2*min(middle, c.width-middle))
	for i, l := range lines {
		c.text("", middle, bottom+36+float64(i)*lineStep, "middle", l)
	}
	return 42 + float64(len(lines)-1)*lineStep
}

// vertical draws the y axis: grid lines from left to right and numbers; the label stands above, where it can be read.
func (c *canvas) vertical(s scale, left, right float64) {
	for _, v := range s.ticks {
		y := s.at(v)
		c.line("grid", left, y, right, y)
		c.text("muted", left-7, y+4.5, "end", s.Show(v))
	}
	c.line("axis", left, s.from, left, s.to)
	c.text("", 0, s.to-14, "start", "↑ "+s.Label)
}
