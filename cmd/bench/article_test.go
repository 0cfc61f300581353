package main

import (
	"bytes"
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"golang.org/x/perf/benchfmt"

	"inceptiongl/cmd/internal/article"
	"inceptiongl/gpu/gputest"
	"inceptiongl/inception"
	"inceptiongl/inception/graph"
	"inceptiongl/inception/plan"
	"inceptiongl/inception/tensor"
	"inceptiongl/shaders"
)

func near(a, b float64) bool { return math.Abs(a-b) <= 1e-9*math.Max(math.Abs(a), math.Abs(b)) }

// TestSweeps: counts are the article's, the predicted ratios follow from them, and the parts of a time add up.
func TestSweeps(t *testing.T) {
	r, _ := quickRun(t)
	if len(r.Article.Sweeps) != 2 {
		t.Fatalf("%d sweeps", len(r.Article.Sweeps))
	}
	five, three := r.Article.Sweeps[0], r.Article.Sweeps[1]
	for _, c := range []struct {
		what       string
		v          *VariantReport
		weights    int64
		mac, ratio float64
	}{
		{"5×5 direct", &five.Direct, 153_600, 1, 1},
		{"5×5 path", five.article(), 15_872, 12_443_648. / 120_422_400, 15_872. / 153_600},
		{"3×3 direct", &three.Direct, 331_776, 1, 1},
		{"3×3 path", three.article(), 92_160, 1./4 + 192./(36*192), 1./4 + 192./(36*192)},
	} {
		if c.v.Weights != c.weights || !near(c.v.Predicted, c.mac) || !near(c.v.WeightRatio, c.ratio) {
			t.Errorf("%s: %d weights, MACs %v, parameters %v; want %d, %v, %v", c.what, c.v.Weights, c.v.Predicted, c.v.WeightRatio, c.weights, c.mac, c.ratio)
		}
	}
	for _, s := range r.Article.Sweeps {
		if s.article().Mid != s.ArticleMid || s.Direct.Measured != 1 || len(s.Paths) < 5 {
			t.Errorf("%s: %+v", s.Name, s)
		}
		for _, v := range append([]VariantReport{s.Direct}, s.Paths...) {
			w := v.Why
			if sum := w.ByMACs + w.Dispatch + w.Tiles + w.Rate; !near(sum, v.Time.Median) {
				t.Errorf("%s, %s: the parts add up to %v, the time is %v", s.Name, v.Name, sum, v.Time.Median)
			}
			if v.Time.Median <= 0 || v.Measured <= 0 || v.PaddedMACs < v.MACs || w.AtRoof <= 0 || len(v.Steps) != 1+min(v.Mid, 1) {
				t.Errorf("%s, %s: %+v", s.Name, v.Name, v)
			}
		}
	}
}

func TestClaimsMeasured(t *testing.T) {
	r, _ := quickRun(t)
	for i, want := range []string{"The device gave 7×7×16", "15,872 parameters against 153,600", "27.8 % of the parameters", "9.7 times as fast; it was", "7×7×88", "0 1 1 0"} {
		c := r.Article.Claims[i]
		if c.Number != i+1 || len(c.Measured) != 1 || !strings.Contains(c.Measured[0], want) {
			t.Errorf("claim %d: %q, want %q", i+1, c.Measured, want)
		}
	}
}

// TestArticleIsVerified: every variant and every run for a claim is among what was compared with cpuref.
func TestArticleIsVerified(t *testing.T) {
	r, _ := quickRun(t)
	seen := map[string]bool{}
	for _, v := range r.Verify {
		seen[v.Plan] = v.Elements > 0 && v.Error == "" && v.Share <= 1
	}
	for _, want := range []string{"5×5 192 → 32, direct", "5×5 192 → 32, C_mid 16", "3×3 192 → 192, direct", "3×3 192 → 192, C_mid 48",
		"claim 1, sixteen 1×1", "claim 5, inception_a", "claim 6, xor", "maps of cat.jpg", "maps of 8a.png"} {
		if !seen[want] {
			t.Errorf("%s was not verified", want)
		}
	}
}

func TestArticleText(t *testing.T) {
	r, _ := quickRun(t)
	var out bytes.Buffer
	if err := newTextPrinter(&out).finish(r); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"claims 2 and 4: 5×5, 192 → 32 on 7×7", "C_mid 16 (the article's)", "predicted by MACs", "10.3 %", "dispatches +", "tile waste", "FLOP/byte",
		"empty dispatch", "3. wrong:", "Measured: The device computed 0 1 1 0."} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the text lacks %q", want)
		}
	}
	out.Reset()
	if err := (&benchPrinter{out: &out}).finish(r); err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for s := benchfmt.NewReader(&out, "out"); s.Scan(); {
		if res, ok := s.Result().(*benchfmt.Result); ok {
			names[res.Name.String()] = true
		}
	}
	if want := "inception_a/article=5x5,_192_-_32_on_7x7/C_mid_16"; !names[want] {
		t.Errorf("no line %s among %v", want, names)
	}
}

func TestCeilings(t *testing.T) {
	r, _ := quickRun(t)
	c := r.Ceilings
	if c.Compute.Rate <= 0 || c.Cache.Rate <= 0 || c.Memory.Rate <= 0 || c.Cache.Bytes > c.Memory.Bytes || c.EmptyDispatch.Median <= 0 {
		t.Errorf("%+v", c)
	}
	better := CeilingsReport{Compute: Ceiling{Rate: 2 * c.Compute.Rate}, Cache: Ceiling{Rate: c.Cache.Rate / 2}, EmptyDispatch: Timing{Median: c.EmptyDispatch.Median / 2}}
	want := CeilingsReport{better.Compute, c.Cache, c.Memory, better.EmptyDispatch}
	if got := c.best(&better); *got != want || *better.best(c) != want {
		t.Errorf("the best of two is %+v, want %+v", got, want)
	}
	// A shader that computes something else is noticed.
	d := gputest.Open(t)
	b := &ceilingBench{dev: d}
	defer b.close()
	buf, err := b.buffer(context.Background(), "result", []float32{8, 8, 8, 7})
	if err != nil {
		t.Fatal(err)
	}
	if err := b.expect(context.Background(), buf, 1, 8); !errors.Is(err, errWrong) || status(err) != 1 {
		t.Errorf("a wrong element gives %v", err)
	}
}

// TestPaddedMACs against counts by hand.
func TestPaddedMACs(t *testing.T) {
	step := func(plain bool) *plan.Step {
		g := article.Bottleneck(6, 0, 10, 3)
		inception.InitHe(g, 1)
		p, err := plan.New(context.Background(), g, tensor.Shape{N: 1, C: 6, H: 7, W: 9}, plan.Options{Plain: plain, Target: shaders.Target{Software: true}})
		if err != nil {
			t.Fatal(err)
		}
		return p.Steps()[0]
	}
	plain := step(true)
	// 63 pixels in a workgroup of 64; 12 rows of outputs, as channels come in fours.
	if got, want := paddedMACs(plain), int64(64*12*6*9); got != want {
		t.Errorf("plain kernel (%v): %d, want %d", plain.Key, got, want)
	}
	tiled := step(false)
	k := tiled.Key
	// Rows of 9 pixels in tiles of TileX, in workgroups of LocalX tiles; 3 groups of 4 channels in TileG; 8 channels in.
	tiles := 7 * ((9 + k.TileX - 1) / k.TileX)
	pixels := (tiles + k.LocalX - 1) / k.LocalX * k.LocalX * k.TileX
	groups := (3 + k.TileG - 1) / k.TileG * k.TileG
	if got, want := paddedMACs(tiled), int64(pixels*groups*4*8*9); got != want {
		t.Errorf("tiled kernel (%v): %d, want %d", k, got, want)
	}
	whole := paddedMACs(tiled)
	if tiled.Key.Splits = 2; paddedMACs(tiled) != whole {
		t.Errorf("a sum in two parts (%v): %d, want %d", tiled.Key, paddedMACs(tiled), whole)
	}
	if plain.MACs != 63*10*6*9 {
		t.Errorf("%d MACs", plain.MACs)
	}
}

// TestGraphReport: every operator has its place and its wave.
func TestGraphReport(t *testing.T) {
	r, _ := quickRun(t)
	waves := map[string]int{}
	for _, n := range r.Graph.Nodes {
		waves[n.Name] = n.Wave
	}
	for name, want := range map[string]int{"input": 0, "branch1x1": 1, "branch5x5_1": 1, "branch5x5_2": 2, "branch3x3_3": 3, "pool": 2, "branch_pool": 1, "concat": 0} {
		if got, ok := waves[name]; !ok || got != want {
			t.Errorf("%s is in wave %d, want %d", name, got, want)
		}
	}
	for _, e := range r.Graph.Edges {
		from, to := r.Graph.Nodes[e[0]].Name, r.Graph.Nodes[e[1]].Name
		if want := from == "pool" && to == "branch_pool"; r.Graph.swapped(e) != want {
			t.Errorf("%s runs before %s: %v", to, from, !want)
		}
	}
	for _, network := range []string{"bottleneck", "googlenet_3a", "pointwise"} {
		f := small()
		f.Network = network
		c, err := newCase(f)
		if err != nil {
			t.Fatal(err)
		}
		p, err := plan.New(context.Background(), c.graph, c.input.Shape, plan.Options{})
		if err != nil {
			t.Fatal(err)
		}
		g := describeGraph(c.graph, p)
		for _, n := range g.Nodes {
			if n.Wave == 0 && n.Label != "input" && n.Label != "concat" {
				t.Errorf("%s: %s has no wave", network, n.Name)
			}
		}
		if slices.ContainsFunc(g.Edges, g.swapped) {
			t.Errorf("%s: something runs before what it reads", network)
		}
	}
}

func TestTimeline(t *testing.T) {
	r, _ := quickRun(t)
	at, steps := 0.0, 0
	for _, w := range r.Timeline.Waves {
		if !near(w.Start, at) || w.End < w.Start {
			t.Errorf("a wave is from %v to %v, the one before ended at %v", w.Start, w.End, at)
		}
		for _, s := range w.Steps {
			steps++
			if s.Start < w.Start || s.End < s.Start || s.End > w.End*(1+1e-9) {
				t.Errorf("%+v is outside its wave %v–%v", s, w.Start, w.End)
			}
		}
		at = w.End
	}
	if !near(at, r.Timeline.Total) || steps != r.Plan.Steps {
		t.Errorf("%d steps end at %v of %v", steps, at, r.Timeline.Total)
	}
}

func TestFLOPs(t *testing.T) {
	g, x := graph.New("pool", 4)
	g.Outputs = []graph.Value{g.Add("pool", graph.Pool2D{Type: graph.Max, Kernel: graph.Square(3), Pad: graph.Pad(1)}, x)}
	p, err := plan.New(context.Background(), g, tensor.Shape{N: 1, C: 4, H: 5, W: 5}, plan.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got := flops(p.Steps()[0]); got != 4*25*9 {
		t.Errorf("%d operations, want %d", got, 4*25*9)
	}
}

func TestUnits(t *testing.T) {
	for got, want := range map[string]string{
		seconds(2.5e-6): "2.5 µs", seconds(839e-6): "839 µs", seconds(0.0123): "12.30 ms", seconds(2): "2.00 s",
		signed(-5e-5): "−50 µs", signed(5e-5): "+50 µs", signed(1e-9): "0",
		figures(0.3456): "0.346", figures(12.345): "12.3", figures(1234.5): "1234", figures(0): "0",
		brief(Timing{Median: 1.2e-3, P10: 0.9e-3, P90: 2e-3}): "1.20 ms (0.900–2.00)",
		percent(0.1033): "10.3 %",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
