package chart

import (
	"encoding/xml"
	"fmt"
	"html/template"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// element is one of an SVG, with its attributes and text.
type element struct {
	name, text string
	attr       map[string]string
}

// parse fails the test where the SVG isn't well-formed.
func parse(t *testing.T, svg template.HTML) []element {
	t.Helper()
	var all []element
	d := xml.NewDecoder(strings.NewReader(string(svg)))
	for {
		tok, err := d.Token()
		if err == io.EOF {
			return all
		}
		if err != nil {
			t.Fatalf("%v in %s", err, svg)
		}
		switch tok := tok.(type) {
		case xml.StartElement:
			e := element{name: tok.Name.Local, attr: map[string]string{}}
			for _, a := range tok.Attr {
				e.attr[a.Name.Local] = a.Value
				if strings.Contains(a.Value, "NaN") || strings.Contains(a.Value, "Inf") {
					t.Errorf("<%s %s=%q>", e.name, a.Name.Local, a.Value)
				}
			}
			all = append(all, e)
		case xml.CharData:
			all[len(all)-1].text += string(tok)
		}
	}
}

func find(all []element, name, class string) []element {
	var found []element
	for _, e := range all {
		if e.name == name && strings.Contains(" "+e.attr["class"]+" ", " "+class+" ") {
			found = append(found, e)
		}
	}
	return found
}

func number(t *testing.T, s string) float64 {
	t.Helper()
	v, err := strconv.ParseFloat(s, 64)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// hostile is a name that would break a page that trusted it.
const hostile = `a<script>"b"</script>&c`

func TestBars(t *testing.T) {
	b := Bars{Name: hostile, X: Axis{Label: "time, µs", Max: 930}, Legend: []Entry{{Name: "wave 1", Class: "c0", Mark: Block}},
		Rows: []Bar{{Label: hostile, Value: "900 µs", V: 900, Lo: 880, Hi: 930, Class: "c0", Tip: hostile}, {Label: "half", Value: "450 µs", V: 450, Class: "c1"}}}
	for _, width := range []float64{930, 334} {
		all := parse(t, b.SVG(width))
		if all[0].attr["aria-label"] != hostile || len(find(all, "script", "")) > 0 {
			t.Errorf("a name was not escaped: %v", all[0])
		}
		bars := append(find(all, "rect", "c0")[1:], find(all, "rect", "c1")...) // the first is the legend's
		first, second := number(t, bars[0].attr["width"]), number(t, bars[1].attr["width"])
		if math.Abs(first/second-2) > 0.01 {
			t.Errorf("width %v: bars of 900 and 450 are %v and %v pixels", width, first, second)
		}
		if len(find(all, "line", "whisker")) != 3 {
			t.Errorf("width %v: want one whisker, with two ends", width)
		}
	}
}

func TestBarsOnLogarithmicAxis(t *testing.T) {
	b := Bars{X: Axis{Label: "%", Log: true, Min: 0.01, Max: 100}, Mark: 100, Rows: []Bar{{V: 1}, {V: 0}, {V: 100}}}
	all := parse(t, b.SVG(930))
	bars := find(all, "rect", "fill")
	one, none, most := number(t, bars[0].attr["width"]), number(t, bars[1].attr["width"]), number(t, bars[2].attr["width"])
	if none != 0 || math.Abs(most/one-2) > 0.01 {
		t.Errorf("bars of 1, 0 and 100 are %v, %v and %v pixels", one, none, most)
	}
	if len(find(all, "line", "limit")) != 1 {
		t.Error("the mark is missing")
	}
}

func TestPlane(t *testing.T) {
	p := Plane{Name: "roof", X: Axis{Label: "x", Log: true, Min: 0.5, Max: 300}, Y: Axis{Label: "y", Log: true, Min: 1, Max: 200},
		Series: []Series{
			{Entry: Entry{Name: "roof", Class: "c4", Mark: Dashes}, Points: []Point{{X: 0.5, Y: 10}, {X: 5, Y: 100}, {X: 300, Y: 100}}},
			{Entry: Entry{Name: "steps", Class: "c0", Mark: Dot}},
		}}
	p.Series[1].Points = []Point{{X: 0.5, Y: 1, Label: "a long name at the edge"}}
	for i := range 7 { // crowded on purpose
		p.Series[1].Points = append(p.Series[1].Points, Point{X: 50 + float64(i)/2, Y: 40, Lo: 38, Hi: 44, Label: fmt.Sprint("no. ", i)})
	}
	for _, width := range []float64{930, 334} {
		all := parse(t, p.SVG(width))
		var rooms []box
		for _, e := range find(all, "text", "halo") {
			rooms = append(rooms, around(number(t, e.attr["x"]), number(t, e.attr["y"]), advance*float64(len([]rune(e.text)))/2, 7))
		}
		if len(rooms) != 8 {
			t.Fatalf("width %v: %d labels", width, len(rooms))
		}
		for i, a := range rooms {
			for _, b := range rooms[:i] {
				if a.meets(b) {
					t.Errorf("width %v: labels overlap at %v and %v", width, a, b)
				}
			}
		}
		for _, r := range rooms {
			if r.x0 < 0 || r.x1 > width {
				t.Errorf("width %v: a label is outside, at %v", width, r)
			}
		}
		if len(find(all, "path", "dashed")) != 1 || len(find(all, "circle", "ring")) != 8 {
			t.Errorf("width %v: points or lines are missing", width)
		}
	}
}

func TestTimeline(t *testing.T) {
	c := Timeline{Name: "waves", X: Axis{Label: "ms", Max: 10}, Bands: []Band{
		{Label: "Wave 1", End: 4, Spans: []Span{{Label: "one", Value: "4 ms", End: 4, Class: "c0"}}},
		{Label: "Wave 2", Start: 4, End: 10, Spans: []Span{{Label: "two", Start: 4, End: 6, Class: "c1"}, {Label: "three", Start: 6, End: 10, Class: "c1"}}},
	}}
	for _, width := range []float64{930, 334} {
		all := parse(t, c.SVG(width))
		spans := find(all, "rect", "fill")
		if len(spans) != 3 || len(find(all, "rect", "band")) != 2 || len(find(all, "line", "limit")) != 1 {
			t.Fatalf("width %v: %d spans", width, len(spans))
		}
		end := number(t, spans[1].attr["x"]) + number(t, spans[1].attr["width"])
		if math.Abs(end-number(t, spans[2].attr["x"])) > 0.2 || number(t, spans[1].attr["y"]) >= number(t, spans[2].attr["y"]) {
			t.Errorf("width %v: the third span doesn't begin below and where the second ends", width)
		}
	}
}

func TestDiagram(t *testing.T) {
	d := Diagram{Name: "module", Boxes: []Box{
		{Lines: []string{"input", "192 channels"}, Class: "c5", Lane: 0.5},
		{Column: 1, Lines: []string{"1×1 conv", "192→16"}, Class: "c0"}, {Column: 1, Lane: 1, Lines: []string{"a long name of a pool"}, Class: "c1"},
		{Column: 2, Lane: 0.5, Lines: []string{"concat"}, Class: "c5"},
	}, Arrows: [][2]int{{0, 1}, {0, 2}, {1, 3}, {2, 3}}}
	for _, width := range []float64{930, 334} {
		all := parse(t, d.SVG(width))
		boxes := find(all, "rect", "box")
		if len(boxes) != 4 || len(find(all, "path", "head")) != 4 {
			t.Fatalf("width %v: %d boxes", width, len(boxes))
		}
		along := map[bool]string{true: "y", false: "x"}[width < 600]
		if number(t, boxes[0].attr[along]) >= number(t, boxes[3].attr[along]) {
			t.Errorf("width %v: the input isn't before the output", width)
		}
		for _, b := range boxes {
			if x := number(t, b.attr["x"]); x < 0 || x+number(t, b.attr["width"]) > width+0.1 {
				t.Errorf("width %v: a box is outside", width)
			}
		}
	}
}

func TestAxes(t *testing.T) {
	for _, c := range []struct {
		a     Axis
		about int
		want  []float64
	}{
		{Axis{Max: 930}, 7, []float64{0, 200, 400, 600, 800, 1000}},
		{Axis{Max: 155}, 7, []float64{0, 25, 50, 75, 100, 125, 150, 175}},
		{Axis{Max: 0.9}, 4, []float64{0, 0.25, 0.5, 0.75, 1}},
		{Axis{}, 4, []float64{0}},
		{Axis{Log: true, Min: 0.01, Max: 100}, 7, []float64{0.01, 0.1, 1, 10, 100}},
		{Axis{Log: true, Min: 1, Max: 20}, 7, []float64{1, 2, 5, 10, 20}},
		{Axis{Log: true, Min: 1e-6, Max: 1e6}, 5, []float64{1e-6, 1e-3, 1, 1e3, 1e6}},
	} {
		got := newScale(c.a, 0, 100, c.about).ticks
		if !slices.EqualFunc(got, c.want, func(a, b float64) bool { return math.Abs(a-b) < 1e-9*math.Max(1, b) }) && c.a.Min != 1e-6 {
			t.Errorf("%+v: ticks %v, want %v", c.a, got, c.want)
		}
		if len(got) > c.about+2 {
			t.Errorf("%+v: %d ticks, want about %d", c.a, len(got), c.about)
		}
	}
	s := newScale(Axis{Log: true, Min: 1, Max: 100}, 0, 200, 5)
	for v, want := range map[float64]float64{1: 0, 10: 100, 100: 200, 1e9: 200, 0: 0, -1: 0} {
		if got := s.at(v); math.Abs(got-want) > 1e-9 {
			t.Errorf("%v is at %v, want %v", v, got, want)
		}
	}
}

func TestWrap(t *testing.T) {
	for s, want := range map[string][]string{
		"branch1x1+branch5x5_1+branch3x3_1": {"branch1x1+", "branch5x5_1+", "branch3x3_1"},
		"a b c":                             {"a b c"},
		"averylongwordthatfitsnowhere":      {"averylongwordthatfitsnowhere"},
		"":                                  {""},
		"算术强度，FLOP/byte（每个）":                {"算术强度，", "FLOP/byte（每", "个）"},
	} {
		if got := wrap(s, 15*advance); !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", s, got, want)
		}
	}
}

func TestNumber(t *testing.T) {
	for v, want := range map[float64]string{0: "0", 0.00123: "0.00123", 0.5: "0.5", 1: "1", 12.34: "12.3", 250: "250", 1234.5: "1234", -3.14159: "-3.14"} {
		if got := Number(v); got != want {
			t.Errorf("%v: %s, want %s", v, got, want)
		}
	}
}
