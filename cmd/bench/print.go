package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"golang.org/x/perf/benchfmt"
)

// textPrinter shows tables, section by section as they are ready.
type textPrinter struct{ out io.Writer }

func newTextPrinter(out io.Writer) *textPrinter { return &textPrinter{out} }

func (p *textPrinter) start(r *Report) {
	kind := "hardware"
	if r.Device.Software {
		kind = "software rasterizer: the shaders run on the CPU"
	}
	fmt.Fprintf(p.out, "Device   %s, %s\n         OpenGL %s, through %s (%s)\n", r.Device.Renderer, r.Device.Vendor, r.Device.Version, r.Device.Backend, kind)
	p.network(r)
	fmt.Fprintf(p.out, "\nPlan     %d waves, %d steps; activations %s in one buffer, weights %s\n\n", r.Plan.Waves, r.Plan.Steps, size(r.Plan.ArenaBytes), size(r.Plan.WeightsBytes))
	t := p.table("wave", "step", "kernel", "workgroups", "MACs", "moves")
	for _, s := range r.Plan.Step {
		t.row(s.Wave, s.Name, s.Kernel, fmt.Sprintf("%s of %s", dims(s.Workgroups), dims(s.LocalSize)), count(s.MACs), size(s.Bytes))
	}
	t.end()
	for _, note := range r.Plan.Notes {
		fmt.Fprintf(p.out, "Note     %s\n", oneLine(note))
	}
}

// oneLine is text without the line breaks that a driver's messages have.
func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

func (p *textPrinter) network(r *Report) {
	fmt.Fprintf(p.out, "Network  %s: %s → %s, %s MACs, seed %d\n", r.Case.Network, r.Case.Input, r.Case.Output, count(r.Case.MACs), r.Case.Seed)
}

func (p *textPrinter) verified(r *Report) {
	fmt.Fprintf(p.out, "\nVerified every element of every step against cpuref, on the step's own input\n\n")
	t := p.table("plan", "step", "kernel", "elements", "max error", "share of bound", "")
	elements := 0
	for _, v := range r.Verify {
		mark := "ok"
		if v.Error != "" {
			mark = "WRONG: " + v.Error
		}
		t.row(v.Plan, v.Part, v.Kernel, v.Elements, fmt.Sprintf("%.1e", v.MaxError), fmt.Sprintf("%.1f %%", 100*v.Share), mark)
		elements += v.Elements
	}
	t.end()
	fmt.Fprintf(p.out, "%d elements checked.\n", elements)
}

func (p *textPrinter) finish(r *Report) error {
	if r.Plan == nil {
		fmt.Fprintf(p.out, "Device   %s\n", r.Device.Renderer)
		p.network(r)
	}
	if r.Whole != nil {
		p.times(r)
	}
	if r.Article != nil {
		p.article(r)
	}
	if r.CPURef != nil {
		fmt.Fprintf(p.out, "\ncpuref (plain Go, float64)  %s", spread(*r.CPURef))
		if r.Whole != nil {
			fmt.Fprintf(p.out, "; the full plan is %.1f× as fast", r.CPURef.Median/r.Whole.Full.Median)
		}
		fmt.Fprintln(p.out)
	}
	p.peers(r)
	p.clock(r)
	return nil
}

func (p *textPrinter) times(r *Report) {
	fmt.Fprintf(p.out, "\nTimes: median (p10–p90) of %d runs after warm-up, taken in turn\n\n", r.Whole.Full.Runs)
	t := p.table("wave", "step alone", "time", "GFLOP/s", "GB/s")
	for _, s := range r.Steps {
		flops := "–"
		if s.GFLOPS > 0 {
			flops = fmt.Sprintf("%.1f", s.GFLOPS)
		}
		t.row(s.Wave, s.Name, spread(s.Timing), flops, fmt.Sprintf("%.2f", s.GBytes))
	}
	t.end()
	w := r.Whole
	fmt.Fprintf(p.out, `
Whole, full plan       %s: %.1f GFLOP/s, %.0f images/s
Sum of steps alone     %s; the whole, transfers included, takes %.2f× that
Framework-like plan    %s, %d dispatches with a barrier each; the full plan is %.2f× as fast
Compile                %s, of which measuring kernels %s; first run %s
`, spread(w.Full), w.GFLOPS, w.ImagesPerSecond, seconds(w.StepsAlone), w.OverStepsAlone, spread(w.FrameworkLike), w.FrameworkSteps, w.Speedup,
		seconds(r.Compile.Compile), seconds(r.Compile.Measuring), seconds(r.Compile.FirstRun))
	p.costs(r)
	if len(r.Kernels) == 0 {
		return
	}
	fmt.Fprintf(p.out, "\nChosen kernels against the plain ones (one output per invocation)\n\n")
	t = p.table("layer", "chosen", "time", "GFLOP/s", "plain", "ratio")
	for _, k := range r.Kernels {
		t.row(k.Layer, k.Chosen, spread(k.ChosenTime), fmt.Sprintf("%.1f", k.ChosenGFLOPS), spread(k.PlainTime), fmt.Sprintf("%.1f×", k.Ratio))
	}
	t.end()
	p.candidates(r)
}

// table is a tabwriter with a header.
type table struct{ w *tabwriter.Writer }

func (p *textPrinter) table(columns ...any) table {
	t := table{tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)}
	t.row(columns...)
	return t
}

func (t table) row(cells ...any) {
	fmt.Fprintf(t.w, strings.TrimSuffix(strings.Repeat("%v\t", len(cells)), "\t")+"\n", cells...)
}

func (t table) end() { t.w.Flush() }

// jsonPrinter prints the report once, whole.
type jsonPrinter struct{ out io.Writer }

func (*jsonPrinter) start(*Report)            {}
func (*jsonPrinter) verified(*Report)         {}
func (p *jsonPrinter) finish(r *Report) error { return writeJSON(p.out, r) }

func writeJSON(out io.Writer, v any) error {
	e := json.NewEncoder(out)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// benchPrinter prints Go's benchmark format.
type benchPrinter struct{ out io.Writer }

func (*benchPrinter) start(*Report)    {}
func (*benchPrinter) verified(*Report) {}

func (p *benchPrinter) finish(r *Report) error {
	w := benchfmt.NewWriter(p.out)
	line := func(name string, t Timing, values ...benchfmt.Value) error {
		res := &benchfmt.Result{Name: benchfmt.Name(name), Iters: t.Runs, Values: append([]benchfmt.Value{{Value: t.Median * 1e9, Unit: "ns/op"}}, values...)}
		res.SetConfig("renderer", r.Device.Renderer)
		res.SetConfig("input", r.Case.Input)
		if len(r.ClockErrors) > 0 {
			res.SetConfig("clock", "error")
		}
		for i := range res.Config {
			res.Config[i].File = true
		}
		return w.Write(res)
	}
	name := func(parts ...string) string {
		return strings.NewReplacer(" ", "_", "×", "x", "→", "-").Replace(strings.Join(append([]string{r.Case.Network}, parts...), "/"))
	}
	if r.CPURef != nil {
		if err := line(name("cpuref"), *r.CPURef); err != nil {
			return err
		}
	}
	if r.Whole == nil {
		return nil
	}
	if err := line(name("full"), r.Whole.Full, benchfmt.Value{Value: r.Whole.GFLOPS, Unit: "GFLOP/s"}, benchfmt.Value{Value: r.Whole.ImagesPerSecond, Unit: "images/s"}); err != nil {
		return err
	}
	if err := line(name("framework-like"), r.Whole.FrameworkLike); err != nil {
		return err
	}
	cold := []benchfmt.Value{}
	if r.Memory != nil {
		cold = append(cold, benchfmt.Value{Value: float64(r.Memory.FirstRun), Unit: "peak-RSS-bytes"})
	}
	if err := line(name("cold-start"), Timing{Runs: 1, Median: r.Compile.ColdStart}, cold...); err != nil {
		return err
	}
	if r.Dispatches != nil {
		if err := line(name("empty-dispatch"), r.Dispatches.Barrier); err != nil {
			return err
		}
	}
	for _, s := range r.Steps {
		if err := line(name("step="+s.Name), s.Timing, benchfmt.Value{Value: s.GFLOPS, Unit: "GFLOP/s"}); err != nil {
			return err
		}
	}
	for _, k := range r.Kernels {
		if err := line(name("layer="+k.Layer, "chosen"), k.ChosenTime, benchfmt.Value{Value: k.ChosenGFLOPS, Unit: "GFLOP/s"}); err != nil {
			return err
		}
		if err := line(name("layer="+k.Layer, "plain"), k.PlainTime); err != nil {
			return err
		}
		for _, c := range k.Candidates {
			if err := line(name("layer="+k.Layer, "kernel="+c.Kernel), c.Time, benchfmt.Value{Value: c.GFLOPS, Unit: "GFLOP/s"}); err != nil {
				return err
			}
		}
	}
	for _, x := range r.Peers {
		if x.Time == nil {
			continue
		}
		if err := line(name("peer="+x.Name), *x.Time, benchfmt.Value{Value: x.GFLOPS, Unit: "GFLOP/s"}); err != nil {
			return err
		}
	}
	if r.Article == nil {
		return nil
	}
	for _, sw := range r.Article.Sweeps {
		for _, v := range append([]VariantReport{sw.Direct}, sw.Paths...) {
			if err := line(name("article="+sw.Name, v.Name), v.Time, benchfmt.Value{Value: v.GFLOPS, Unit: "GFLOP/s"}); err != nil {
				return err
			}
		}
	}
	return nil
}
