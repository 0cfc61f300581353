package main

import (
	"bytes"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"strings"

	"inceptiongl/cmd/internal/article"
	"inceptiongl/cmd/internal/chart"
)

//go:embed page/page.html
var pageHTML string

//go:embed page/page.css
var pageCSS string

var pageTemplate = template.Must(template.New("page").Funcs(template.FuncMap{"units": together.Replace}).Parse(pageHTML))

// page is what the template shows. All of it follows from the report.
type page struct {
	Report  *Report
	CSS     template.CSS
	Lead    string
	Stats   []stat
	Facts   [][2]string
	Figures []figure
}

type stat struct{ Value, Label string }

// figure is a section of the page: charts, claims or feature maps.
type figure struct {
	ID, Short, Title, Caption string
	Charts                    []pageChart
	Claims                    []pageClaim
	Maps                      *pageMaps
}

// pageChart is drawn for a laptop and for a phone: the style sheet shows one of the two.
type pageChart struct {
	Title        string
	Wide, Narrow template.HTML
	Notes        []string
	Table        *pageTable
	Folded       string // what the table is called while it is hidden; empty: it is shown
}

// The widths at which charts are drawn, in pixels: those that the page has room for.
const (
	wideChart   = 930
	narrowChart = 334
)

// draw draws a chart. Labels of axes are translated before they are broken into lines, all else with the page.
func draw(l language, d interface{ SVG(float64) template.HTML }) pageChart {
	switch c := d.(type) {
	case chart.Plane:
		c.X.Label, c.Y.Label = l.say(c.X.Label), l.say(c.Y.Label)
		d = c
	case chart.Bars:
		c.X.Label = l.say(c.X.Label)
		d = c
	case chart.Timeline:
		c.X.Label = l.say(c.X.Label)
		d = c
	}
	return pageChart{Wide: d.SVG(wideChart), Narrow: d.SVG(narrowChart)}
}

// pageTable has the exact numbers of a chart.
type pageTable struct {
	Head []column
	Rows []pageRow
}

type column struct {
	Title  string
	Number bool // aligned right
}

type pageRow struct {
	Cells []string
	Ours  bool // stands out
}

// newTable has columns named by titles; a title that begins with # is of numbers.
func newTable(titles ...string) *pageTable {
	t := &pageTable{}
	for _, s := range titles {
		name, number := strings.CutPrefix(s, "#")
		t.Head = append(t.Head, column{name, number})
	}
	return t
}

func (t *pageTable) add(cells ...string) { t.Rows = append(t.Rows, pageRow{Cells: cells}) }

// together keeps numbers and their units on one line.
var together = strings.NewReplacer(" %", "\u00a0%", " µs", "\u00a0µs", " ms", "\u00a0ms", " s)", "\u00a0s)", " KiB", "\u00a0KiB", " MiB", "\u00a0MiB",
	" GFLOP/s", "\u00a0GFLOP/s", " GB/s", "\u00a0GB/s", " FLOP/byte", "\u00a0FLOP/byte", " M ", "\u00a0M ")

type pageClaim struct {
	ClaimReport
	Class  string
	Table  *pageTable
	Folded string
}

type pageMaps struct {
	Picture, Class string
	Image          template.URL
	Ramp           template.CSS
	Notes          []string
	Branches       []pageBranch
}

type pageBranch struct {
	Name, How string
	Tiles     []pageTile
}

type pageTile struct {
	Src template.URL
	Tip string
}

// renderPage writes the report as one HTML file that needs nothing else.
func renderPage(w io.Writer, r *Report) error {
	p := &page{Report: r, CSS: template.CSS(pageCSS), Lead: lead(r), Stats: stats(r), Facts: facts(r)}
	p.Figures = []figure{
		diagramFigure(r), claimsFigure(r), sweepFigure(r), stepsFigure(r), rooflineFigure(r), timelineFigure(r), errorFigure(r),
	}
	for i := range r.Maps {
		p.Figures = append(p.Figures, mapsFigure(i, &r.Maps[i]))
	}
	if r.words() == nil {
		return pageTemplate.Execute(w, p)
	}
	var b bytes.Buffer
	if err := pageTemplate.Execute(&b, p); err != nil {
		return err
	}
	return r.words().page(w, b.Bytes(), "zh-CN")
}

func lead(r *Report) string {
	return fmt.Sprintf("%s → %s: %s multiply-accumulates as %d dispatches in %d waves of OpenGL compute shaders. Every element of every step was checked before anything was timed.",
		r.Case.Input, r.Case.Output, comma(r.Case.MACs), r.Plan.Steps, r.Plan.Waves)
}

func stats(r *Report) []stat {
	elements, worst := 0, 0.0
	for _, v := range r.Verify {
		elements += v.Elements
		worst = max(worst, float64(v.Share))
	}
	s := []stat{
		{seconds(r.Whole.Full.Median), fmt.Sprintf("from input to output, %.0f images/s", r.Whole.ImagesPerSecond)},
		{figures(r.Whole.GFLOPS), "GFLOP/s; the measured ceiling is " + figures(r.Ceilings.Compute.Rate)},
		{fmt.Sprintf("%.2f×", r.Whole.Speedup), fmt.Sprintf("as fast as one dispatch an operator (%d of them)", r.Whole.FrameworkSteps)},
		{comma(int64(elements)), fmt.Sprintf("elements checked; the worst error is %s of its bound", percent(worst))},
	}
	verdicts := map[string]int{}
	for _, c := range r.Article.Claims {
		verdicts[c.Verdict]++
	}
	return append(s, stat{fmt.Sprintf("%d of %d", verdicts[article.Right], len(r.Article.Claims)),
		fmt.Sprintf("of the article's claims right as they stand; %d right, but; %d wrong", verdicts[article.RightBut], verdicts[article.Wrong])})
}

func facts(r *Report) [][2]string {
	d := r.Device
	kind := "hardware"
	if d.Software {
		kind = "software rasterizer: the shaders run on the CPU"
	}
	f := [][2]string{
		{"Renderer", d.Renderer + " (" + kind + ")"},
		{"Vendor, version", d.Vendor + ", OpenGL " + d.Version + ", through " + d.Backend},
		{"Network", fmt.Sprintf("%s, %s → %s, seed %d", r.Case.Network, r.Case.Input, r.Case.Output, r.Case.Seed)},
		{"Memory", fmt.Sprintf("activations %s in one buffer, weights %s", size(r.Plan.ArenaBytes), size(r.Plan.WeightsBytes))},
		{"Measured ceilings", strings.Join([]string{r.Ceilings.Compute.describe("GFLOP/s"), r.Ceilings.Cache.describe("GB/s read"), r.Ceilings.Memory.describe("GB/s read")}, "; ")},
		{"Empty dispatch", spread(r.Ceilings.EmptyDispatch) + ", with its barrier"},
		{"Compile", fmt.Sprintf("%s, of which measuring kernels %s; first run %s", seconds(r.Compile.Compile), seconds(r.Compile.Measuring), seconds(r.Compile.FirstRun))},
		{"One dispatch an operator", spread(r.Whole.FrameworkLike) + fmt.Sprintf(", %d dispatches with a barrier each", r.Whole.FrameworkSteps)},
	}
	if r.CPURef != nil {
		f = append(f, [2]string{"cpuref", spread(*r.CPURef) + ": plain Go in float64, the reference"})
	}
	return append(f, [2]string{"Times", fmt.Sprintf("median (10th–90th percentile) of %d runs after warm-up, taken in turn", r.Whole.Full.Runs)})
}

func claimsFigure(r *Report) figure {
	f := figure{
		ID: "claims", Short: "Claims", Title: "The article's claims, recomputed and measured",
		Caption: "The article that this project began with makes six claims. Each is recomputed from the network's graph, and run on this device.",
	}
	for _, c := range r.Article.Claims {
		p := pageClaim{ClaimReport: c, Class: map[string]string{article.Right: "right", article.RightBut: "but"}[c.Verdict], Table: newTable("", "#article", "#recomputed", "agrees", "formula")}
		if p.Class == "" {
			p.Class = "wrong"
		}
		if len(c.Measured) == 0 || c.Number < 2 || c.Number > 4 {
			p.Folded = "Figures"
		}
		for _, g := range c.Figures {
			p.Table.add(g.What, orDash(g.Article), g.Recomputed, orDash(string(g.Agrees)), g.Formula)
		}
		f.Claims = append(f.Claims, p)
	}
	return f
}

func orDash(s string) string {
	if s == "" {
		return "–"
	}
	return s
}

func mapsFigure(i int, m *MapsReport) figure {
	p := &pageMaps{Picture: m.Picture, Image: dataURL(m.Type, m.Image), Ramp: ramp()}
	if m.Type == "image/jpeg" {
		p.Class = "photo"
	}
	total, flat := 0, 0
	for _, b := range m.Branches {
		pb := pageBranch{Name: b.Name, How: fmt.Sprintf("%s, %d channels", b.How, len(b.Channels))}
		total, flat = total+len(b.Channels), flat+b.Flat
		for k, c := range b.Channels {
			t := pageTile{Tip: fmt.Sprintf("%s, channel %d: %s to %s", b.Name, k, chart.Number(float64(c.Min)), chart.Number(float64(c.Max)))}
			if len(c.PNG) > 0 {
				t.Src = dataURL("image/png", c.PNG)
			} else {
				t.Tip = fmt.Sprintf("%s, channel %d: %s everywhere", b.Name, k, chart.Number(float64(c.Min)))
			}
			pb.Tiles = append(pb.Tiles, t)
		}
		p.Branches = append(p.Branches, pb)
	}
	p.Notes = []string{
		"Weights: " + m.Weights + ".",
		fmt.Sprintf("Input: %s, grey. Output: %d channels; %d of them, hatched below, are the same everywhere.", m.Input, total, flat),
	}
	caption := "What each branch of a trained Inception module answers to, one tile a channel, brightest where it answers most. Computed on this device and checked like every other step."
	return figure{
		ID: fmt.Sprintf("maps-%d", i+1), Short: "Maps: " + strings.ToLower(m.Picture), Title: m.Picture + " as the branches see it",
		Caption: caption, Maps: p,
	}
}

// ramp is the colours of the maps as a gradient.
func ramp() template.CSS {
	var stops []string
	for i := 0; i < len(shades); i += 5 {
		r, g, b, _ := shades[i].RGBA()
		stops = append(stops, fmt.Sprintf("rgb(%d,%d,%d)", r>>8, g>>8, b>>8))
	}
	return template.CSS("background:linear-gradient(90deg," + strings.Join(stops, ",") + ")")
}

func dataURL(kind string, data []byte) template.URL {
	return template.URL("data:" + kind + ";base64," + base64.StdEncoding.EncodeToString(data))
}
