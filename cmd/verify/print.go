package main

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"text/tabwriter"

	"inceptiongl/cmd/internal/show"
)

// print writes the report as tables, the worst first, with so many rows; 0 for all.
func (r *Report) print(out io.Writer, rows int) error {
	w := &writer{out: out}
	w.line("Model    %s", r.Model)
	w.line("Input    %s: %s", times(r.Input.Shape), r.Input.From)
	w.line("Device   %s", r.Device)
	if r.Host != "" {
		w.line("Host     %s", r.Host)
	}
	w.line("Plan     %s in %s, %s multiply-accumulates%s", plural(r.steps(), "step"), plural(r.Waves, "wave"), show.Comma(r.MACs),
		map[bool]string{false: "; no rewrites"}[r.Rewrites])
	for _, n := range r.Notes {
		w.line("Note     %s", n)
	}
	r.printWorst(w, rows)
	r.printSlowest(w, rows)
	r.printOutputs(w)
	r.printAnswers(w)
	w.line("")
	for _, s := range r.Wrong {
		w.line("WRONG    %s", s)
	}
	if r.OK {
		w.line("Right: all %s elements of %s are within their bounds, and an ordinary run gives the same bits.", show.Comma(int64(r.Elements)), plural(r.steps(), "step"))
	}
	w.line("A run takes %s, its steps %s on the device; checking took %s.", show.Seconds(r.Run), show.Seconds(r.OnDevice), show.Seconds(r.Reference))
	return w.err
}

// steps is the number of the plan's.
func (r *Report) steps() int {
	n := 0
	for _, s := range r.Steps {
		n = max(n, s.step+1)
	}
	return n
}

// order of badness: what is wrong before what isn't, then by share.
func worse(a, b Step) int {
	share := func(s Step) float64 {
		if v := float64(s.Share); v == v {
			return v
		}
		return math.Inf(1)
	}
	return cmp.Or(cmp.Compare(len(b.Error), 0)-cmp.Compare(len(a.Error), 0), cmp.Compare(share(b), share(a)))
}

func (r *Report) printWorst(w *writer, rows int) {
	all := slices.Clone(r.Steps)
	slices.SortStableFunc(all, worse)
	title := "Steps by the share of its error bound that the worst element uses; above 100 % is wrong"
	if len(all) > r.steps() {
		title += "; merged ones by part"
	}
	all = w.begin(title, "worst", all, rows)
	t := w.table("share", "step", "operator", "kernel", "output", "max error", "worst at n,c,y,x")
	for _, s := range all {
		share := fmt.Sprintf("%.2g %%", 100*float64(s.Share))
		switch {
		case s.Error != "":
			share = fmt.Sprintf("WRONG %s", share)
		case s.Share == 0:
			share = "exact"
		}
		worst := "–"
		if s.Worst != nil && s.Share > 0 {
			worst = fmt.Sprintf("%d,%d,%d,%d", s.Worst.N, s.Worst.C, s.Worst.Y, s.Worst.X)
		}
		t.row(share, s.Name, s.Operator, s.Kernel, times(s.Shape), fmt.Sprintf("%.2g", float64(s.MaxError)), worst)
	}
	t.end()
}

func (r *Report) printSlowest(w *writer, rows int) {
	var all []Step // one for each step of the plan
	for _, s := range r.Steps {
		at := slices.IndexFunc(all, func(o Step) bool { return o.step == s.step })
		if at < 0 {
			all = append(all, s)
			continue
		}
		all[at].Name += "+" + s.Name
		all[at].Shape = slices.Clone(all[at].Shape)
		all[at].Shape[1] += s.Shape[1]
	}
	slices.SortStableFunc(all, func(a, b Step) int { return cmp.Compare(b.Seconds, a.Seconds) })
	all = w.begin("Steps by time on the device", "slowest", all, rows)
	t := w.table("time", "of all", "GFLOP/s", "step", "operator", "kernel", "output")
	for _, s := range all {
		rate := "–"
		if s.MACs > 0 && s.Seconds > 0 {
			rate = fmt.Sprintf("%.3g", 2*float64(s.MACs)/s.Seconds/1e9)
		}
		t.row(show.Seconds(s.Seconds), fmt.Sprintf("%.1f %%", 100*s.Seconds/r.OnDevice), rate, s.Name, s.Operator, s.Kernel, times(s.Shape))
	}
	t.end()
}

func (r *Report) printOutputs(w *writer) {
	w.line("\nThe whole answer's distance from the float64 reference (relative L2)\n")
	columns := []string{"output", "shape", "ours"}
	if r.Against != "" && len(r.Answers) == 0 { // else it gives no outputs of the network
		columns = append(columns, r.Against)
	}
	t := w.table(columns...)
	for _, o := range r.Outputs {
		cells := []string{o.Name, times(o.Shape)}
		for _, v := range []*show.Number{o.RelL2, o.Against} {
			cell := "not comparable"
			if v != nil {
				cell = strings.TrimSuffix(fmt.Sprintf("%.1e", float64(*v)), ".0e+00") // 0
			}
			cells = append(cells, cell)
		}
		t.row(cells[:len(columns)]...)
	}
	t.end()
}

func (r *Report) printAnswers(w *writer) {
	if len(r.Answers) == 0 {
		return
	}
	w.line("\nWhat the host makes of that: elements that differ from what it makes of the reference's\n")
	columns := []string{"output", "shape", "ours"}
	if r.Against != "" {
		columns = append(columns, r.Against)
	}
	t := w.table(columns...)
	for _, a := range r.Answers {
		cells := []string{a.Name, times(a.Shape)}
		for _, n := range []*int{&a.Differ, a.Against} {
			cell := "–"
			switch {
			case n == nil:
			case *n < 0:
				cell = "of another shape"
			default:
				cell = show.Comma(int64(*n))
			}
			cells = append(cells, cell)
		}
		t.row(cells[:len(columns)]...)
	}
	t.end()
}

// writer keeps the first error.
type writer struct {
	out io.Writer
	err error
}

func (w *writer) Write(b []byte) (int, error) {
	n, err := w.out.Write(b)
	if w.err == nil {
		w.err = err
	}
	return n, err
}

func (w *writer) line(format string, a ...any) { fmt.Fprintf(w, format+"\n", a...) }

// begin writes a table's title, and cuts what it lists.
func (w *writer) begin(title, which string, all []Step, rows int) []Step {
	if rows > 0 && rows < len(all) {
		title += fmt.Sprintf(": the %d %s of %d (--rows)", rows, which, len(all))
		all = all[:rows]
	}
	w.line("\n%s\n", title)
	return all
}

// table is a tabwriter with a header.
type table struct{ w *tabwriter.Writer }

func (w *writer) table(columns ...string) table {
	t := table{tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)}
	t.row(columns...)
	return t
}

func (t table) row(cells ...string) {
	const most = 60 // characters of a cell: merged steps have long names
	for i, c := range cells {
		if r := []rune(c); len(r) > most {
			cells[i] = string(r[:most-1]) + "…"
		}
	}
	fmt.Fprintln(t.w, strings.Join(cells, "\t"))
}

func (t table) end() { t.w.Flush() }

func plural(n int, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return fmt.Sprintf("%d %ss", n, word)
}
