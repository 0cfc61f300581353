package main

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"unicode/utf8"

	"inceptiongl/cmd/internal/cli"
	"inceptiongl/inception/images"
)

// Report is what --json prints.
type Report struct {
	Model     string        `json:"model"`
	Preset    images.Preset `json:"preset"`
	Backend   string        `json:"backend"`
	Scores    string        `json:"scores,omitempty"` // what they are: "probability", or "score" for the raw output
	Softmax   bool          `json:"softmax"`          // was applied
	Embedding *Embedding    `json:"embedding,omitempty"`
	Images    []Result      `json:"images"`
	Error     string        `json:"error,omitempty"` // the run ended early: photos are missing

	failed int
}

// Result is what became of one photo.
type Result struct {
	File        string   `json:"file"`
	Error       string   `json:"error,omitempty"` // then the rest is empty
	Top         []Class  `json:"top,omitempty"`
	Want        string   `json:"want,omitempty"` // the right label, for the samples
	Right       bool     `json:"right,omitempty"`
	Row         *int     `json:"embedding_row,omitempty"`
	Activations []string `json:"activations,omitempty"` // files
	Outputs     []string `json:"outputs,omitempty"`     // files
	Input       []int    `json:"input,omitempty"`       // rows and columns of the network's input, where each photo has its own

	order int // its photo's place
}

// Class is one of a photo's likeliest classes.
type Class struct {
	Rank  int     `json:"rank"` // 1 is the likeliest
	Index int     `json:"class"`
	Label string  `json:"label,omitempty"`
	Score float64 `json:"score"` // a probability, where the report says so
}

// name is the label, or the number where there is none.
func (c *Class) name(labels []string) string {
	if labels == nil {
		return fmt.Sprintf("class %d", c.Index)
	}
	return c.Label
}

// printer shows results as they come, and the rest at the end. The report's results hold the failed ones, too.
type printer interface {
	result(*Result) error
	finish(*Report) error
}

func newPrinter(f *flags, j *job, out io.Writer) printer {
	switch {
	case f.JSON:
		return &jsonPrinter{out}
	case j.top < 0:
		return quiet{}
	case f.CSV:
		return &csvPrinter{w: csv.NewWriter(out)}
	}
	t := &tablePrinter{out: out, labels: j.labels, raw: f.Softmax == "off"}
	for _, p := range j.photos {
		t.file = max(t.file, utf8.RuneCountInString(cli.Printable(p.Name)))
	}
	t.file = min(max(t.file, len("photo")), 50)
	for _, l := range j.labels {
		t.label = max(t.label, utf8.RuneCountInString(l))
	}
	t.label = min(max(t.label, len("class 1000")), 40)
	return t
}

// quiet prints nothing: files are what was asked for.
type quiet struct{}

func (quiet) result(*Result) error { return nil }
func (quiet) finish(*Report) error { return nil }

// tablePrinter prints a line for each class. Its widths are known before the first.
type tablePrinter struct {
	out         io.Writer
	labels      []string
	raw         bool
	file, label int // widths
	begun       bool
}

func (t *tablePrinter) result(r *Result) error {
	if !t.begun {
		t.begun = true
		score := "probability"
		if t.raw {
			score = "score"
		}
		if _, err := fmt.Fprintf(t.out, "%-*s  rank  %-*s  %11s\n", t.file, "photo", t.label, "label", score); err != nil {
			return err
		}
	}
	file := shorten(cli.Printable(r.File), t.file, false)
	for _, c := range r.Top {
		mark := ""
		if r.Want != "" && c.Rank == 1 && !r.Right {
			mark = "  is " + r.Want
		}
		label := shorten(cli.Printable(c.name(t.labels)), t.label, true)
		if _, err := fmt.Fprintf(t.out, "%-*s  %4d  %-*s  %11.4f%s\n", t.file, file, c.Rank, t.label, label, c.Score, mark); err != nil {
			return err
		}
		file = ""
	}
	return nil
}

func (t *tablePrinter) finish(*Report) error { return nil }

// shorten keeps the beginning of s, or the end, where it is longer than n characters.
func shorten(s string, n int, beginning bool) string {
	r := []rune(s)
	switch {
	case len(r) <= n:
		return s
	case beginning:
		return string(r[:n-1]) + "…"
	}
	return "…" + string(r[len(r)-n+1:])
}

// csvPrinter prints a record for each class.
type csvPrinter struct {
	w     *csv.Writer
	begun bool
}

func (p *csvPrinter) header() {
	if !p.begun {
		p.begun = true
		p.w.Write([]string{"file", "rank", "class", "label", "score"}) // an error stays, for Flush
	}
}

func (p *csvPrinter) result(r *Result) error {
	p.header()
	for _, c := range r.Top {
		p.w.Write([]string{r.File, strconv.Itoa(c.Rank), strconv.Itoa(c.Index), c.Label, strconv.FormatFloat(c.Score, 'g', 8, 64)})
	}
	p.w.Flush()
	return p.w.Error()
}

func (p *csvPrinter) finish(*Report) error {
	p.header()
	p.w.Flush()
	return p.w.Error()
}

// jsonPrinter prints the report as one document at the end.
type jsonPrinter struct{ out io.Writer }

func (jsonPrinter) result(*Result) error { return nil }

func (p jsonPrinter) finish(r *Report) error {
	e := json.NewEncoder(p.out)
	e.SetIndent("", "  ")
	return e.Encode(r)
}
