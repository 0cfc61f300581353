package cli

import (
	"io"
	"os"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// Progress is a bar on a terminal, or nothing: for few things, and where the log goes to a file.
type Progress struct{ bar *progressbar.ProgressBar }

// NewProgress is the bar for n things, of that name in the plural.
func NewProgress(n int, things string, log io.Writer) *Progress {
	const few = 8
	if s, ok := log.(interface{ Unwrap() io.Writer }); ok {
		log = s.Unwrap() // what a bar does to the terminal is meant
	}
	f, ok := log.(*os.File)
	if !ok || n <= few || !term.IsTerminal(int(f.Fd())) {
		return &Progress{}
	}
	return &Progress{progressbar.NewOptions(n, progressbar.OptionSetWriter(f), progressbar.OptionShowCount(),
		progressbar.OptionShowIts(), progressbar.OptionSetItsString(things), progressbar.OptionSetDescription(things),
		progressbar.OptionSetPredictTime(true), progressbar.OptionFullWidth(), progressbar.OptionClearOnFinish())}
}

// Clear makes room for a line; Add draws the bar again.
func (p *Progress) Clear() {
	if p.bar != nil {
		p.bar.Clear()
	}
}

// Add is one more done.
func (p *Progress) Add() {
	if p.bar != nil {
		p.bar.Add(1)
	}
}

// Close removes the bar.
func (p *Progress) Close() {
	if p.bar != nil {
		p.bar.Finish()
		p.bar = nil
	}
}
