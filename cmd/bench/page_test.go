package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"inceptiongl/gpu/gputest"
	"inceptiongl/inception/files"
)

// quick is a run with --article and --report on small inputs, shared by the tests.
var quick = sync.OnceValues(func() (q struct {
	report Report
	page   []byte
}, err error) {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		return q, err
	}
	defer os.RemoveAll(dir)
	f := small()
	f.JSON, f.Report, f.articleSize = true, filepath.Join(dir, "page.html"), 7
	var out bytes.Buffer
	if err = bench(context.Background(), f, &out, new(bytes.Buffer)); err != nil {
		return q, err
	}
	if err = json.Unmarshal(out.Bytes(), &q.report); err != nil {
		return q, err
	}
	if q.page, err = os.ReadFile(f.Report); err != nil {
		return q, err
	}
	left, err := os.ReadDir(dir)
	if err == nil && len(left) != 1 {
		err = errors.New("other files than the page are left")
	}
	return q, err
})

// quickRun is the report of the quick run, as its JSON holds it, and the page.
func quickRun(t *testing.T) (*Report, string) {
	t.Helper()
	gputest.Need(t)
	gputest.Case()
	q, err := quick()
	if err != nil {
		t.Fatal(err)
	}
	r := q.report
	return &r, string(q.page)
}

// quickPage is a file with the page of the quick run.
func quickPage(t *testing.T) string {
	t.Helper()
	_, page := quickRun(t)
	path := filepath.Join(t.TempDir(), "page.html")
	if err := os.WriteFile(path, []byte(page), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// render is the page of a report.
func render(t *testing.T, r *Report) string {
	t.Helper()
	var b bytes.Buffer
	if err := renderPage(&b, r); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestPageIsTheReport: nothing is in the page but what the JSON of the same run holds.
func TestPageIsTheReport(t *testing.T) {
	r, page := quickRun(t)
	if render(t, r) != page {
		t.Error("the page differs from one made of the report's JSON")
	}
	for _, want := range []string{
		"Content-Security-Policy", r.Device.Renderer, "branch5x5_2", "153,600", "C_in/(36·C_out)", "cut off, not rounded", "Measured:", "of its bound",
		figures(r.Ceilings.Compute.Rate) + "\u00a0GFLOP/s", seconds(r.Whole.Full.Median)[:3], "The device computed 0 1 1 0.", "data:image/png;base64,", "data:image/jpeg;base64,",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if r.Device.Software != strings.Contains(page, `id="software"`) {
		t.Error("the page doesn't say whether a software rasterizer ran")
	}
	for _, bad := range []string{"ZgotmplZ", "<script", "http://", "https://", "%!", "NaN", "+Inf"} {
		if strings.Contains(page, bad) {
			t.Errorf("the page holds %q", bad)
		}
	}
	for _, m := range regexp.MustCompile(`(?:src|href|url)\s*[=(]\s*"?([^"> )]{0,12})`).FindAllStringSubmatch(page, -1) {
		if !strings.HasPrefix(m[1], "#") && !strings.HasPrefix(m[1], "data:") {
			t.Errorf("the page refers to %s", m[1])
		}
	}
}

// TestPageEscapes: names come from drivers and files.
func TestPageEscapes(t *testing.T) {
	r, _ := quickRun(t)
	const evil = `<script>alert(1)</script>`
	r.Device.Renderer, r.Case.Network, r.Device.Software = evil, evil, true
	if page := render(t, r); strings.Contains(page, "<script") || !strings.Contains(page, "&lt;script") {
		t.Error("a name went into the page as it was")
	}
}

func TestMapsInReport(t *testing.T) {
	r, _ := quickRun(t)
	if len(r.Maps) != 2 {
		t.Fatalf("%d pictures", len(r.Maps))
	}
	for _, m := range r.Maps {
		var names []string
		channels, drawn := 0, 0
		for _, b := range m.Branches {
			names = append(names, b.Name+" "+b.How)
			for _, c := range b.Channels {
				channels++
				if len(c.PNG) > 0 {
					drawn++
				}
			}
		}
		want := "branch1x1 1×1, branch5x5_2 1×1 → 5×5, branch3x3_3 1×1 → 3×3 → 3×3, branch_pool avgpool 3×3 → 1×1"
		if got := strings.Join(names, ", "); got != want || channels != 88 || drawn < 44 {
			t.Errorf("%s: branches %s, %d channels, %d of them drawn", m.Picture, got, channels, drawn)
		}
	}
}

func TestDrawMap(t *testing.T) {
	flat, err := drawMap([]float32{3, 3, 3, 3}, 2)
	if err != nil || flat.PNG != nil || flat.Min != 3 {
		t.Errorf("a flat map: %+v, %v", flat, err)
	}
	m, err := drawMap([]float32{0, 1, 2, 4}, 2)
	if err != nil || m.Min != 0 || m.Max != 4 || !bytes.HasPrefix(m.PNG, []byte("\x89PNG")) {
		t.Errorf("a map: %+v, %v", m, err)
	}
}

// TestReportPath: what can't be written is said before anything runs, by the flag's name.
func TestReportPath(t *testing.T) {
	dir := t.TempDir()
	for name, path := range map[string]string{
		"no folder": filepath.Join(dir, "none", "page.html"),
		"a folder":  dir,
	} {
		f := small()
		f.Report, f.Device = path, "no such device" // fails before the device is looked for
		err := bench(context.Background(), f, new(bytes.Buffer), new(bytes.Buffer))
		if err == nil || !strings.Contains(err.Error(), "--report") || !strings.Contains(err.Error(), path) || status(err) != 2 {
			t.Errorf("%s: %v", name, err)
		}
	}
	// A run that fails leaves what was there.
	old := filepath.Join(dir, "old.html")
	if err := os.WriteFile(old, []byte("old"), 0o644); err != nil {
		t.Fatal(err)
	}
	f := small()
	f.Report, f.Device = old, "no such device"
	if err := bench(context.Background(), f, new(bytes.Buffer), new(bytes.Buffer)); err == nil {
		t.Error("no error")
	}
	if b, err := os.ReadFile(old); err != nil || string(b) != "old" {
		t.Errorf("the old page is %q, %v", b, err)
	}
	if left, err := filepath.Glob(filepath.Join(dir, ".*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestPageFile(t *testing.T) {
	r, want := quickRun(t)
	path := filepath.Join(t.TempDir(), "page.html")
	if err := files.Write(path, func(w io.Writer) error { return renderPage(w, r) }); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(path); err != nil || string(got) != want {
		t.Errorf("the page has %d bytes, want %d; %v", len(got), len(want), err)
	}
}

func TestReportNeedsADevice(t *testing.T) {
	for _, c := range []struct {
		change func(*flags)
		names  string
	}{
		{func(f *flags) { f.CPU, f.Article = true, true }, "--article"},
		{func(f *flags) { f.CPU, f.Report = true, "x.html" }, "--report"},
		{func(f *flags) { f.CPU, f.Peers = true, true }, "--peers"},
		{func(f *flags) { f.ListDevices, f.Report = true, "x.html" }, "--report"},
	} {
		f := small()
		c.change(f)
		err := bench(context.Background(), f, new(bytes.Buffer), new(bytes.Buffer))
		if err == nil || !strings.HasPrefix(err.Error(), c.names+": not with") || status(err) != 2 {
			t.Errorf("%+v: %v", f, err)
		}
	}
}
