package main

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"inceptiongl/gpu/gputest"
)

// TestCandidates runs --kernels all: every candidate was checked, the chosen one is among them, and all have a rate.
func TestCandidates(t *testing.T) {
	gputest.Need(t)
	gputest.Case()
	f := small()
	f.Kernels = kernelsAll
	f.JSON = true
	var out bytes.Buffer
	if err := bench(context.Background(), f, &out, new(bytes.Buffer)); err != nil {
		t.Fatal(err)
	}
	var r Report
	if err := json.Unmarshal(out.Bytes(), &r); err != nil {
		t.Fatal(err)
	}
	if len(r.Kernels) != 2 || r.Ceilings == nil || r.Article != nil {
		t.Fatalf("%d layers, ceilings %v", len(r.Kernels), r.Ceilings)
	}
	for _, k := range r.Kernels {
		verified, seen := map[string]bool{}, map[string]bool{}
		for _, v := range r.Verify {
			verified[v.Kernel] = verified[v.Kernel] || v.Plan == k.Layer && v.Elements > 0
		}
		chosen, last := 0, 0.0
		for _, c := range k.Candidates {
			if !verified[c.Kernel] || seen[c.Kernel] {
				t.Errorf("%s, %s: verified %v, twice %v", k.Layer, c.Kernel, verified[c.Kernel], seen[c.Kernel])
			}
			seen[c.Kernel] = true
			if c.GFLOPS <= 0 || !near(c.Share, c.GFLOPS/r.Ceilings.Compute.Rate) || c.Time.Median < last {
				t.Errorf("%s: %+v", k.Layer, c)
			}
			last = c.Time.Median
			if c.Chosen {
				chosen++
			}
		}
		if chosen != 1 || len(k.Candidates) < 2 {
			t.Errorf("%s: %d of %d candidates are the chosen one", k.Layer, chosen, len(k.Candidates))
		}
	}
	if len(r.ClockErrors) > 0 { // a busy machine may be that uneven
		t.Logf("errors of the clock: %v", r.ClockErrors)
	}
}

// madeUp is a report in which nothing is wrong.
func madeUp() *Report {
	return &Report{
		Ceilings: &CeilingsReport{Compute: Ceiling{Rate: 100, Variant: "chains"}},
		Compile:  &CompileReport{},
		Steps:    []StepTiming{{Wave: 1, Name: "a", Timing: Timing{Median: 0.010, P10: 0.010}, GFLOPS: 50}, {Wave: 2, Name: "b", Timing: Timing{Median: 0.020, P10: 0.019}}},
		Whole: &WholeReport{
			Full: Timing{Median: 0.032, P90: 0.035}, GFLOPS: 40, Stamped: StampedReport{Waves: 0.030, Transfers: 0.001, Wall: 0.032},
		},
		Kernels: []KernelReport{{Layer: "layer", Chosen: "quick", ChosenGFLOPS: 60, Candidates: []CandidateReport{
			{Kernel: "quick", Chosen: true, Time: Timing{Median: 0.001}, GFLOPS: 60},
			{Kernel: "slow", Time: Timing{Median: 0.006}, GFLOPS: 10},
		}}},
	}
}

// TestClockErrors makes figures up that can't be.
func TestClockErrors(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Report)
		want   string
	}{
		"fine":                {func(*Report) {}, ""},
		"just at the ceiling": {func(r *Report) { r.Kernels[0].Candidates[0].GFLOPS = 109 }, ""},
		"overlapping steps":   {func(r *Report) { r.Steps[1].Wave = 1; r.Whole.Full.P90 = 0.021 }, ""},
		"large transfers":     {func(r *Report) { r.Whole.Stamped.Transfers, r.Whole.Stamped.Wall = 0.2, 0.24 }, ""},
		"candidate":           {func(r *Report) { r.Kernels[0].Candidates[1].GFLOPS = 111 }, "layer, candidate slow: 111 GFLOP/s"},
		"candidate without":   {func(r *Report) { r.Kernels[0].Candidates[1].Time.Median = 0 }, "candidate slow: no time"},
		"chosen":              {func(r *Report) { r.Kernels[0].ChosenGFLOPS = 1e3 }, "layer, quick"},
		"step's rate":         {func(r *Report) { r.Steps[0].GFLOPS = 500 }, "step a: 500 GFLOP/s"},
		"whole's rate":        {func(r *Report) { r.Whole.GFLOPS = 500 }, "the whole: 500 GFLOP/s"},
		"step without time":   {func(r *Report) { r.Steps[0].Median = 0 }, "step a: no time"},
		"steps above whole":   {func(r *Report) { r.Steps[1].P10 = 0.09 }, "each wave's longest step"},
		"device's clock fast": {func(r *Report) { r.Whole.Stamped.Waves = 0.06 }, "the waves of a run"},
		"device's clock slow": {func(r *Report) { r.Whole.Stamped.Waves = 0.0003 }, "a run took"},
		"one of the article's": {func(r *Report) {
			r.Article = &ArticleReport{Sweeps: []SweepReport{{Name: "5×5", Direct: VariantReport{Name: "direct", GFLOPS: 200}}}}
		}, "5×5, direct"},
	} {
		r := madeUp()
		c.change(r)
		checkClock(r)
		var out, lines bytes.Buffer
		p := newTextPrinter(&out)
		p.times(r)
		p.clock(r)
		if err := (&benchPrinter{&lines}).finish(r); err != nil {
			t.Fatal(err)
		}
		got := out.String()
		switch {
		case c.want == "" && (len(r.ClockErrors) > 0 || strings.Contains(got, "ERROR") || strings.Contains(lines.String(), "clock:")):
			t.Errorf("%s: %v", name, r.ClockErrors)
		case c.want != "" && (len(r.ClockErrors) != 1 || !strings.Contains(got, "ERROR OF THE CLOCK") || !strings.Contains(got, c.want)):
			t.Errorf("%s: %v in\n%s", name, r.ClockErrors, got)
		case c.want != "" && !strings.Contains(lines.String(), "clock: error"):
			t.Errorf("%s: benchfmt says nothing:\n%s", name, lines.String())
		}
		marked := r.Kernels[0].Candidates[1].ClockError
		if want := strings.HasPrefix(name, "candidate"); marked != want || want != strings.Contains(row(got, "slow "), "ERROR OF THE CLOCK") {
			t.Errorf("%s: the candidate is marked: %v, in the table: %q", name, marked, row(got, "slow "))
		}
	}
}

// TestKernelsFlag: what was a switch takes a value now, and its negation still goes.
func TestKernelsFlag(t *testing.T) {
	for args, want := range map[string]flags{
		"":               {Kernels: kernelsChosen},
		"--no-kernels":   {Kernels: kernelsChosen, NoKernels: true},
		"--kernels none": {Kernels: "none"},
		"--kernels=all":  {Kernels: kernelsAll},
	} {
		var f flags
		if _, err := kong.Must(&f).Parse(strings.Fields(args)); err != nil || f.Kernels != want.Kernels || f.NoKernels != want.NoKernels {
			t.Errorf("%q: %q, %v, error %v", args, f.Kernels, f.NoKernels, err)
		}
	}
	for _, other := range []flags{{NoKernels: true}, {CPU: true}, {ListDevices: true}} {
		f := other
		f.Network, f.Batch, f.Runs, f.Kernels = "inception_a", 1, 1, kernelsAll
		if err := bench(context.Background(), &f, new(bytes.Buffer), new(bytes.Buffer)); err == nil || !strings.Contains(err.Error(), "--kernels all") {
			t.Errorf("%+v: error %v", other, err)
		}
	}
}

// row is the first line that begins so.
func row(text, begin string) string {
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, begin) {
			return line
		}
	}
	return ""
}
