package main

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"inceptiongl/cmd/internal/chart"
)

// waveClass is the colour of a wave; they come round where there are many.
func waveClass(wave int) string {
	if wave == 0 {
		return "c5"
	}
	return "c" + strconv.Itoa((wave-1)%3)
}

func waveLegend(r *Report, mark chart.Mark) []chart.Entry {
	var all []chart.Entry
	for w := range min(r.Plan.Waves, 3) {
		all = append(all, chart.Entry{Name: fmt.Sprintf("wave %d", w+1), Class: waveClass(w + 1), Mark: mark})
	}
	return all
}

// timeUnit is the unit in which a chart of times up to most, in seconds, is easy to read.
func timeUnit(most float64) (name string, per float64) {
	switch {
	case most < 2e-3:
		return "µs", 1e6
	case most < 2:
		return "ms", 1e3
	}
	return "s", 1
}

func diagramFigure(r *Report) figure {
	d := chart.Diagram{Name: "The operators of " + r.Case.Network, Legend: append(waveLegend(r, chart.Block), chart.Entry{Name: "costs nothing", Class: "c5", Mark: chart.Block})}
	t := newTable("operator", "what it does", "#wave", "step of the plan")
	for _, n := range r.Graph.Nodes {
		tip := n.Name + ": no step of its own"
		step, wave := "none: every branch writes at its place in the output", "–"
		if n.Step != "" {
			tip, step, wave = fmt.Sprintf("%s: wave %d, step %s", n.Name, n.Wave, n.Step), n.Step, strconv.Itoa(n.Wave)
		} else if n.Label == "input" {
			step = "none"
		}
		label, detail := n.Label, n.Detail
		detail, relu := strings.CutSuffix(detail, " + ReLU")
		lines := []string{label}
		if detail != "" {
			lines = append(lines, detail)
		}
		if relu {
			lines = append(lines, "ReLU")
		}
		d.Boxes = append(d.Boxes, chart.Box{Column: n.Column, Lane: n.Lane, Lines: lines, Class: waveClass(n.Wave), Tip: tip})
		t.add(n.Name, strings.Join(strings.Fields(n.Label+" "+n.Detail), " "), wave, step)
	}
	d.Arrows = r.Graph.Edges
	c := draw(r.words(), d)
	c.Table, c.Folded = t, "Every operator and its step"
	caption := "Boxes of one colour run in the same wave, with one barrier after it."
	if slices.ContainsFunc(r.Plan.Step, func(s StepReport) bool { return s.Parts > 1 }) {
		caption += " 1×1 convolutions that read the same input are one dispatch."
	}
	if slices.ContainsFunc(r.Graph.Edges, r.Graph.swapped) {
		caption += " The pool branch's 1×1 runs before its average pool, which is the same function and cheaper."
	}
	return figure{ID: "diagram", Short: "Module", Title: "The network, and the wave that computes each part", Caption: caption, Charts: []pageChart{c}}
}

func sweepFigure(r *Report) figure {
	f := figure{
		ID: "predicted", Short: "Predicted and measured", Title: "The bottleneck: predicted by MACs, and measured",
		Caption: "A k×k convolution after a 1×1 to C_mid channels, as a share of the k×k convolution alone. If time followed multiplications, the dots would lie on the solid line; where there is little arithmetic for each byte, they move towards the bytes.",
	}
	for i := range r.Article.Sweeps {
		s := &r.Article.Sweeps[i]
		macs := chart.Series{Entry: chart.Entry{Name: "MACs (the prediction)", Class: "c0"}}
		bytes := chart.Series{Entry: chart.Entry{Name: "bytes moved", Class: "c5", Mark: chart.Dashes}}
		timed := chart.Series{Entry: chart.Entry{Name: "time, measured (10th–90th percentile)", Class: "c1", Mark: chart.Dot}}
		top := 1.0
		t := newTable("", "#parameters", "#MACs", "#moves", "#predicted", "#measured", "#time", "#GFLOP/s")
		why := newTable("", "#time", "#by MACs", "#dispatches", "#tile waste", "#rate", "#done/needed", "#FLOP/byte", "#bytes alone")
		for _, v := range append([]VariantReport{s.Direct}, s.Paths...) {
			name := v.Name
			row := pageRow{Ours: v.Mid == s.ArticleMid}
			if row.Ours {
				name += ", the article's"
			}
			row.Cells = []string{name, comma(v.Weights), count(v.MACs), size(v.Bytes),
				percent(v.Predicted), percent(v.Measured), brief(v.Time), figures(v.GFLOPS)}
			t.Rows = append(t.Rows, row)
			if v.Mid == 0 {
				continue
			}
			w := v.Why
			why.Rows = append(why.Rows, pageRow{Ours: row.Ours, Cells: []string{
				name, seconds(v.Time.Median), seconds(w.ByMACs), signed(w.Dispatch), signed(w.Tiles), signed(w.Rate),
				fmt.Sprintf("%.2f", v.waste()), figures(v.Intensity), seconds(w.AtRoof)}})
			x, direct := float64(v.Mid), s.Direct.Time.Median
			macs.Points = append(macs.Points, chart.Point{X: x, Y: 100 * v.Predicted})
			bytes.Points = append(bytes.Points, chart.Point{X: x, Y: 100 * v.BytesRatio})
			p := chart.Point{X: x, Y: 100 * v.Measured, Lo: 100 * v.Time.P10 / direct, Hi: 100 * v.Time.P90 / direct,
				Tip: fmt.Sprintf("%s: %s of the time, %s of the MACs, %s of the bytes", v.Name, percent(v.Measured), percent(v.Predicted), percent(v.BytesRatio))}
			if row.Ours {
				p.Label = fmt.Sprintf("the article: %s", percent(v.Measured))
			}
			timed.Points = append(timed.Points, p)
			top = max(top, v.Predicted, v.BytesRatio, v.Measured)
		}
		c := draw(r.words(), chart.Plane{
			Name:   s.Name,
			X:      chart.Axis{Label: "C_mid, channels between the 1×1 and the " + fmt.Sprintf("%d×%d", s.Kernel, s.Kernel), Max: float64(s.Paths[len(s.Paths)-1].Mid)},
			Y:      chart.Axis{Label: "share of the direct convolution, %", Max: 100 * top},
			Series: []chart.Series{macs, bytes, timed},
		})
		c.Title = fmt.Sprintf("%s (%s)", s.Name, s.Claims)
		c.Notes = []string{fmt.Sprintf("At C_mid %d: %s", s.ArticleMid, s.article().explain(&s.Direct, r.Ceilings.EmptyDispatch.Median))}
		c.Table = t
		f.Charts = append(f.Charts, c, pageChart{Title: "Where the difference comes from: time = by MACs + dispatches + tile waste + rate", Table: why})
	}
	return f
}

func stepsFigure(r *Report) figure {
	most := 0.0
	for _, s := range r.Steps {
		most = max(most, s.P90)
	}
	unit, per := timeUnit(most)
	b := chart.Bars{Name: "Time of every step", X: chart.Axis{Label: "time of the step alone, " + unit, Max: most * per}, Legend: waveLegend(r, chart.Block)}
	t := newTable("#wave", "step", "kernel", "#workgroups", "#MACs", "#moves", "#time", "#GFLOP/s", "#GB/s")
	for i, s := range r.Steps {
		p := r.Plan.Step[i]
		b.Rows = append(b.Rows, chart.Bar{Label: s.Name, Value: seconds(s.Median), V: s.Median * per, Lo: s.P10 * per, Hi: s.P90 * per, Class: waveClass(s.Wave),
			Tip: fmt.Sprintf("%s: %s with %s", s.Name, spread(s.Timing), p.Kernel)})
		rate := "–"
		if s.GFLOPS > 0 {
			rate = figures(s.GFLOPS)
		}
		t.add(strconv.Itoa(s.Wave), s.Name, p.Kernel, dims(p.Workgroups)+" of "+dims(p.LocalSize), count(p.MACs), size(p.Bytes), brief(s.Timing), rate, figures(s.GBytes))
	}
	c := draw(r.words(), b)
	c.Table = t
	c.Notes = []string{fmt.Sprintf("The steps alone add up to %s; the whole, transfers included, takes %s, %.2f times that.", seconds(r.Whole.StepsAlone), seconds(r.Whole.Full.Median), r.Whole.OverStepsAlone)}
	return figure{ID: "steps", Short: "Steps", Title: "Time of every step", Charts: []pageChart{c},
		Caption: fmt.Sprintf("The median of %d runs of each step by itself, stamped by the device; whiskers from the 10th to the 90th percentile.", r.Steps[0].Runs)}
}

// roofPoint is one step in the roofline.
type roofPoint struct {
	name, class      string
	flops, bytes     int64
	time             float64
	intensity, gflop float64
}

func roofPoints(r *Report) []roofPoint {
	var all []roofPoint
	add := func(name, class string, flops, bytes int64, time float64) {
		if flops > 0 && bytes > 0 && time > 0 {
			all = append(all, roofPoint{name, class, flops, bytes, time, float64(flops) / float64(bytes), rate(flops, time)})
		}
	}
	for i, s := range r.Steps {
		add(s.Name, waveClass(s.Wave), r.Plan.Step[i].FLOPs, r.Plan.Step[i].Bytes, s.Median)
	}
	for i := range r.Article.Sweeps {
		s := &r.Article.Sweeps[i]
		for _, v := range []*VariantReport{&s.Direct, s.article()} {
			for _, st := range v.Steps {
				add(fmt.Sprintf("%d×%d %d → %d, %s: %s", s.Kernel, s.Kernel, s.In, s.Out, v.Name, st.Name), "c3", 2*st.MACs, st.Bytes, st.Time.Median)
			}
		}
	}
	return all
}

func rooflineFigure(r *Report) figure {
	c := r.Ceilings
	points := roofPoints(r)
	x := chart.Axis{Label: "arithmetic intensity, FLOP/byte (every tensor crosses memory once; logarithmic)", Log: true, Min: math.Inf(1)}
	y := chart.Axis{Label: "rate, GFLOP/s (logarithmic)", Log: true, Min: math.Inf(1), Max: 1.6 * c.Compute.Rate}
	t := newTable("#", "step", "#FLOP", "#bytes", "#FLOP/byte", "#GFLOP/s", "#of the roof")
	dots := map[string]*chart.Series{}
	series := []*chart.Series{}
	for i, p := range points {
		x.Min, x.Max = min(x.Min, p.intensity/2), max(x.Max, p.intensity*2)
		y.Min, y.Max = min(y.Min, p.gflop/2), max(y.Max, p.gflop*1.6)
		roof := min(c.Compute.Rate, max(c.Cache.Rate, c.Memory.Rate)*p.intensity)
		t.add(strconv.Itoa(i+1), p.name, count(p.flops), size(p.bytes), figures(p.intensity), figures(p.gflop), percent(p.gflop/roof))
		if dots[p.class] == nil {
			name := "the article's two sides"
			if p.class != "c3" {
				name = "wave " + strconv.Itoa(int(p.class[1]-'0')+1)
			}
			dots[p.class] = &chart.Series{Entry: chart.Entry{Name: name, Class: p.class, Mark: chart.Dot}}
			series = append(series, dots[p.class])
		}
		s := dots[p.class]
		s.Points = append(s.Points, chart.Point{X: p.intensity, Y: p.gflop, Label: strconv.Itoa(i + 1),
			Tip: fmt.Sprintf("%d: %s: %s GFLOP/s at %s FLOP/byte, %s of the roof", i+1, p.name, figures(p.gflop), figures(p.intensity), percent(p.gflop/roof))})
	}
	roof := func(name string, bandwidth float64, mark chart.Mark) chart.Series {
		s := chart.Series{Entry: chart.Entry{Name: name, Class: "c4", Mark: mark}}
		ridge := c.Compute.Rate / bandwidth
		from := max(x.Min, y.Min/bandwidth)
		if from < ridge {
			s.Points = append(s.Points, chart.Point{X: from, Y: from * bandwidth, Tip: name})
		}
		s.Points = append(s.Points, chart.Point{X: max(ridge, x.Min), Y: c.Compute.Rate, Tip: name}, chart.Point{X: x.Max, Y: c.Compute.Rate})
		return s
	}
	plane := chart.Plane{Name: "Roofline", X: x, Y: y, Series: []chart.Series{
		roof(fmt.Sprintf("%s GFLOP/s, %s GB/s (%s)", figures(c.Compute.Rate), figures(c.Cache.Rate), size(c.Cache.Bytes)), c.Cache.Rate, chart.Line),
		roof(fmt.Sprintf("%s GB/s (%s)", figures(c.Memory.Rate), size(c.Memory.Bytes)), c.Memory.Rate, chart.Dashes),
	}}
	for _, s := range series {
		plane.Series = append(plane.Series, *s)
	}
	ch := draw(r.words(), plane)
	ch.Table = t
	ch.Notes = []string{"The ceilings were measured in this run: " + c.Compute.describe("GFLOP/s") + "; reading " + c.Cache.describe("GB/s") + ", which may stay in a cache, and " + c.Memory.describe("GB/s") + ". A pool counts one operation for each element of its window."}
	return figure{ID: "roofline", Short: "Roofline", Title: "Roofline: every step against what the device can do", Charts: []pageChart{ch},
		Caption: "Up to noise, no step can be above the roofs: the slanted part is as fast as data come, the flat part as fast as the device calculates. The gap below is what a better kernel could win; numbers refer to the table."}
}

func timelineFigure(r *Report) figure {
	t := r.Timeline
	unit, per := timeUnit(t.Total)
	c := chart.Timeline{Name: "The plan's waves in time", X: chart.Axis{Label: "time since the first dispatch, " + unit, Max: t.Total * per}}
	table := newTable("#wave", "step", "#start", "#end", "#time")
	for w, wave := range t.Waves {
		b := chart.Band{Label: fmt.Sprintf("Wave %d", w+1), Start: wave.Start * per, End: wave.End * per}
		for _, s := range wave.Steps {
			b.Spans = append(b.Spans, chart.Span{Label: s.Name, Value: seconds(s.End - s.Start), Start: s.Start * per, End: s.End * per, Class: waveClass(w + 1),
				Tip: fmt.Sprintf("%s: from %s to %s", s.Name, seconds(s.Start), seconds(s.End))})
			table.add(strconv.Itoa(w+1), s.Name, seconds(s.Start), seconds(s.End), seconds(s.End-s.Start))
		}
		c.Bands = append(c.Bands, b)
	}
	ch := draw(r.words(), c)
	ch.Table = table
	return figure{ID: "timeline", Short: "Timeline", Title: "The plan as a timeline of waves", Charts: []pageChart{ch},
		Caption: fmt.Sprintf("The run of median length among %d, stamped by the device after every step; dashed lines are the barriers. Steps of a wave may run at once where the device can, but the stamps between them show them one after another.", t.Runs)}
}

func errorFigure(r *Report) figure {
	b := chart.Bars{Name: "Largest error as a share of its bound", Mark: 100,
		X: chart.Axis{Label: "largest error as a share of its bound, % (logarithmic; the dashed line is the bound)", Log: true, Min: 0.01, Max: 100}}
	t := newTable("plan", "part", "kernel", "#elements", "#largest error", "#share of bound")
	type group struct {
		name  string
		parts int
		worst VerifyReport
	}
	var groups []*group
	for _, v := range r.Verify {
		t.add(v.Plan, v.Part, v.Kernel, comma(int64(v.Elements)), fmt.Sprintf("%.1e", v.MaxError), percent(float64(v.Share)))
		name, _, _ := strings.Cut(v.Plan, ",")
		if v.Plan == "full" {
			name = v.Part
		}
		if len(groups) == 0 || groups[len(groups)-1].name != name {
			groups = append(groups, &group{name: name})
		}
		g := groups[len(groups)-1]
		g.parts++
		if g.parts == 1 || v.Share > g.worst.Share {
			g.worst = v
		}
	}
	for _, g := range groups {
		label, class := g.name, "c5"
		switch {
		case g.worst.Plan == "full":
			class = waveClass(g.worst.Wave)
		case g.parts > 1:
			label = fmt.Sprintf("%s, worst of %d", g.name, g.parts)
		}
		b.Rows = append(b.Rows, chart.Bar{Label: label, Value: percent(float64(g.worst.Share)), V: 100 * float64(g.worst.Share), Class: class,
			Tip: fmt.Sprintf("%s, %s: largest error %.1e, %s of its bound", g.worst.Plan, g.worst.Part, g.worst.MaxError, percent(float64(g.worst.Share)))})
	}
	b.Legend = append(waveLegend(r, chart.Block), chart.Entry{Name: "everything else that was checked", Class: "c5", Mark: chart.Block})
	c := draw(r.words(), b)
	c.Table, c.Folded = t, fmt.Sprintf("All %d comparisons", len(r.Verify))
	return figure{ID: "errors", Short: "Errors", Title: "Error as a share of its bound", Charts: []pageChart{c},
		Caption: "Every element is compared with a float64 reference on the input that the device had. The bound is that of a float32 dot product in any order; at 100 % bench would have stopped."}
}
