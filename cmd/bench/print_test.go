package main

import (
	"bytes"
	"strings"
	"testing"
)

// TestPrintNotes: a kernel that the driver refused stands below the plan, on one line; else nothing does.
func TestPrintNotes(t *testing.T) {
	for _, c := range []struct{ notes, want []string }{
		{nil, nil},
		{[]string{"step s: kernel a:\n  0:1: error\n; b takes its place", "second"}, []string{"Note     step s: kernel a: 0:1: error ; b takes its place", "Note     second"}},
	} {
		var out bytes.Buffer
		newTextPrinter(&out).start(&Report{Plan: &PlanReport{Notes: c.notes}})
		var got []string
		for line := range strings.Lines(out.String()) {
			if strings.HasPrefix(line, "Note") {
				got = append(got, strings.TrimSuffix(line, "\n"))
			}
		}
		if strings.Join(got, "|") != strings.Join(c.want, "|") {
			t.Errorf("notes %q are printed as %q, want %q", c.notes, got, c.want)
		}
	}
}
