package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"inceptiongl/cpuref"
	"inceptiongl/gpu"
	"inceptiongl/gpu/gputest"
	"inceptiongl/inception/digits"
	"inceptiongl/inception/tensor"
)

// asProgram makes the tests' binary the program itself.
const asProgram = "INCEPTIONGL_TEST_INFER"

// underRace: the race detector watches, which takes several times the memory and the time.
var underRace bool

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" { // see program
		main()
	}
	gputest.Main(m)
}

// infer runs a command line.
func infer(t *testing.T, args ...string) (out, log string, err error) {
	t.Helper()
	f, err := parse(args)
	if err != nil {
		t.Fatalf("infer %s: %v", strings.Join(args, " "), err)
	}
	var o, l bytes.Buffer
	err = run(context.Background(), f, &o, &l)
	if strings.Contains(o.String()+l.String(), "%!") {
		t.Errorf("a formatting mistake in\n%s%s", o.String(), l.String())
	}
	return o.String(), l.String(), err
}

// must is infer where nothing may fail.
func must(t *testing.T, args ...string) (out, log string) {
	t.Helper()
	out, log, err := infer(t, args...)
	if err != nil {
		t.Fatalf("infer %s: %v\n%s", strings.Join(args, " "), err, log)
	}
	return out, log
}

func write(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
}

// samples writes the digits' samples to a folder; they are 0a.png, 0b.png …
func samples(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	all, err := digits.Samples()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range all {
		write(t, filepath.Join(dir, s.Name), s.PNG)
	}
	return dir
}

// colour is a small photo.
func colour(t *testing.T, w, h int) []byte {
	t.Helper()
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			m.Set(x, y, color.RGBA{uint8(7 * x), uint8(11 * y), uint8(x * y), 255})
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func report(t *testing.T, out string) *Report {
	t.Helper()
	r := &struct {
		*Report
		Preset map[string]any `json:"preset"` // it marshals only
	}{Report: &Report{}}
	if err := json.Unmarshal([]byte(out), r); err != nil {
		t.Fatalf("%v in\n%s", err, out)
	}
	if r.Preset["name"] == "" || r.Preset["order"] == nil {
		t.Errorf("preset is %v", r.Preset)
	}
	return r.Report
}

func TestSamples(t *testing.T) {
	for _, backend := range []string{"cpu", "gpu"} {
		t.Run(backend, func(t *testing.T) {
			if backend == "gpu" {
				gputest.Need(t)
				gputest.Case()
			}
			out, log := must(t, "--backend", backend)
			if lines := strings.Count(out, "\n"); lines != 21 {
				t.Errorf("%d lines, want a heading and 20 samples:\n%s", lines, out)
			}
			for _, want := range []string{"photo ", "probability", "0a.png     1  0"} {
				if !strings.Contains(out, want) {
					t.Errorf("output lacks %q:\n%s", want, out)
				}
			}
			for _, want := range []string{"Model    digits", "Preset   digits: scaled to 28×28; grey", "of 20 samples"} {
				if !strings.Contains(log, want) {
					t.Errorf("log lacks %q:\n%s", want, log)
				}
			}
			lines := strings.Split(strings.TrimSpace(log), "\n")
			right := 0
			if _, err := fmt.Sscan(lines[len(lines)-1], &right); err != nil || right < 18 {
				t.Errorf("%d of 20 samples are right, %v", right, err)
			}
		})
	}
}

// TestJSONAndCSV: both tell the same, and what a direct computation gives.
func TestJSONAndCSV(t *testing.T) {
	dir := samples(t)
	args := []string{"--backend=cpu", "--top=3", filepath.Join(dir, "2a.png"), filepath.Join(dir, "7b.png")}
	out, _ := must(t, append(args, "--json")...)
	r := report(t, out)
	if r.Backend != "cpu" || r.Scores != "probability" || !r.Softmax || len(r.Images) != 2 {
		t.Fatalf("report is %+v", r)
	}
	g, err := digits.Network()
	if err != nil {
		t.Fatal(err)
	}
	var want [][]string
	for i, res := range r.Images {
		x := tensor.New(tensor.Shape{N: 1, C: 1, H: 28, W: 28})
		data, err := os.ReadFile(args[2+i])
		if err != nil {
			t.Fatal(err)
		}
		m, err := png.Decode(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		for k := range x.Data {
			x.Data[k] = float32(color.GrayModel.Convert(m.At(k%28, k/28)).(color.Gray).Y) / 255
		}
		y, err := cpuref.Run(context.Background(), g, x)
		if err != nil {
			t.Fatal(err)
		}
		sum := 0.0
		for _, v := range y.Data {
			sum += math.Exp(float64(v))
		}
		if len(res.Top) != 3 {
			t.Fatalf("%d classes, want 3", len(res.Top))
		}
		for k, c := range res.Top {
			p := math.Exp(float64(y.Data[c.Index])) / sum
			if c.Rank != k+1 || c.Label != digits.Labels()[c.Index] || !(math.Abs(c.Score-p) < 1e-6) || k > 0 && c.Score > res.Top[k-1].Score {
				t.Errorf("%s: class %+v, want a probability of %v", res.File, c, p)
			}
			want = append(want, []string{res.File, fmt.Sprint(c.Rank), fmt.Sprint(c.Index), c.Label})
		}
	}
	out, _ = must(t, append(args, "--csv")...)
	got, err := csv.NewReader(strings.NewReader(out)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(got[0], []string{"file", "rank", "class", "label", "score"}) {
		t.Errorf("header is %v", got[0])
	}
	for i, rec := range got[1:] {
		if !slices.Equal(rec[:4], want[i]) {
			t.Errorf("record %d is %v, want %v", i, rec, want[i])
		}
	}
}

// TestBadPhotos: the bad ones are reported, the rest go on, and the status says so.
func TestBadPhotos(t *testing.T) {
	dir := samples(t)
	good, err := os.ReadFile(filepath.Join(dir, "4a.png"))
	if err != nil {
		t.Fatal(err)
	}
	mixed := t.TempDir()
	write(t, filepath.Join(mixed, "a.png"), good)
	write(t, filepath.Join(mixed, "b-truncated.png"), good[:len(good)/2])
	write(t, filepath.Join(mixed, "c-text.jpg"), []byte("not a photo"))
	write(t, filepath.Join(mixed, "d-really-a-png.JPEG"), good)
	write(t, filepath.Join(mixed, "e-ignored.txt"), []byte("no photo by its name"))
	write(t, filepath.Join(mixed, "sub", "f.png"), good)
	if err := os.Symlink("nowhere", filepath.Join(mixed, "g-dangling.png")); err != nil {
		t.Fatal(err)
	}
	missing := filepath.Join(mixed, "missing.png")
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(mixed, link); err != nil {
		t.Fatal(err)
	}
	for _, batch := range []string{"1", "2", "8"} {
		out, log, err := infer(t, "--backend=cpu", "--json", "--batch", batch, missing, link)
		if !errors.Is(err, errSome) || status(err) != 1 || !strings.Contains(err.Error(), "4 of 7") {
			t.Fatalf("batch %s: error is %v, status %d", batch, err, status(err))
		}
		r := report(t, out)
		var all []string
		for _, res := range r.Images {
			name := filepath.Base(res.File)
			if res.Error != "" {
				name += " failed"
				if !strings.Contains(res.Error, filepath.Base(res.File)) || !strings.Contains(log, res.Error) {
					t.Errorf("%s: the error is %q; the log is\n%s", res.File, res.Error, log)
				}
			} else if len(res.Top) != 5 || res.Top[0].Label != "4" {
				t.Errorf("%s: classes are %+v", res.File, res.Top)
			}
			all = append(all, name)
		}
		want := []string{"missing.png failed", "a.png", "b-truncated.png failed", "c-text.jpg failed", "d-really-a-png.JPEG", "g-dangling.png failed", "f.png"}
		if !slices.Equal(all, want) {
			t.Errorf("batch %s: photos are %v, want %v", batch, all, want)
		}
	}
	if _, _, err := infer(t, "--backend=cpu", missing); status(err) != 1 {
		t.Errorf("only a bad photo: %v", err)
	}
	empty := t.TempDir()
	if _, _, err := infer(t, "--backend=cpu", empty); status(err) != 2 || !strings.Contains(err.Error(), "no photos in "+empty) {
		t.Errorf("an empty folder: %v", err)
	}
	closed := filepath.Join(mixed, "sub")
	if err := os.Chmod(closed, 0); err != nil {
		t.Fatal(err)
	}
	defer os.Chmod(closed, 0o755)
	if _, err := os.ReadDir(closed); err == nil {
		t.Log("running as root: no folder is unreadable")
		return
	}
	if _, log, err := infer(t, "--backend=cpu", mixed); !errors.Is(err, errSome) || !strings.Contains(log, "permission denied") {
		t.Errorf("an unreadable folder: %v\n%s", err, log)
	}
}

// TestBatches: the batch changes nothing, on either backend.
func TestBatches(t *testing.T) {
	gputest.Need(t)
	dir := samples(t)
	var want []Result
	for _, args := range [][]string{{"--backend=cpu"}, {"--batch=1"}, {"--batch=7"}, {"--batch=100"}} {
		gputest.Case()
		out, _ := must(t, append(args, "--json", dir)...)
		r := report(t, out)
		if want == nil {
			want = r.Images
		}
		if len(r.Images) != 20 || len(want) != 20 {
			t.Fatalf("%v: %d photos", args, len(r.Images))
		}
		for i, res := range r.Images {
			w := want[i]
			if res.File != w.File || res.Top[0].Index != w.Top[0].Index || !(math.Abs(res.Top[0].Score-w.Top[0].Score) < 1e-5) {
				t.Errorf("%v: %s is %+v, want %s, %+v", args, res.File, res.Top[0], w.File, w.Top[0])
			}
		}
	}
}

func TestTop(t *testing.T) {
	dir := samples(t)
	photo := filepath.Join(dir, "5a.png")
	out, _ := must(t, "--backend=cpu", "--top=99", photo)
	if n := strings.Count(out, "\n"); n != 11 {
		t.Errorf("%d lines, want a heading and all 10 classes:\n%s", n, out)
	}
	out, _ = must(t, "--backend=cpu", "--softmax=off", "--top=1", photo)
	if !strings.Contains(out, "score") || strings.Contains(out, "probability") {
		t.Errorf("raw scores:\n%s", out)
	}
	if _, _, err := infer(t, "--backend=cpu", "--top=0", photo); status(err) != 2 {
		t.Errorf("nothing to do: %v", err)
	}
}

func TestNoDevice(t *testing.T) {
	_, _, err := infer(t, "--device", "no such device")
	if !errors.Is(err, gpu.ErrNoDevice) || !strings.Contains(err.Error(), "--backend cpu") || status(err) != 2 {
		t.Errorf("error is %v, status %d", err, status(err))
	}
}

func TestCancelled(t *testing.T) {
	f, err := parse([]string{"--backend=cpu", "--embed", filepath.Join(t.TempDir(), "e.npy")})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := run(ctx, f, new(bytes.Buffer), new(bytes.Buffer)); !errors.Is(err, context.Canceled) || status(err) != 2 {
		t.Errorf("error is %v", err)
	}
	nothingIn(t, filepath.Dir(f.Embed))
	if f, err = parse([]string{"--backend=cpu", "--model=../../inception/testdata/networks/googlenet_small.onnx", "x.png"}); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	if err := run(ctx, f, new(bytes.Buffer), &log); !errors.Is(err, context.Canceled) || log.Len() > 0 { // it says what was loaded
		t.Errorf("while the model loads: error is %v, log %q", err, log.String())
	}
}

// nothingIn asserts an empty folder: no file, and no part of one.
func nothingIn(t *testing.T, dir string) {
	t.Helper()
	list, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range list {
		t.Errorf("%s is left in %s", e.Name(), dir)
	}
}

// TestChangedPreset: what the flags change is what the network gets, and what is printed.
// TestFittedPreset: a model that fixes the size of its input needs no --size, whatever the preset.
// TestFixedSize: an ONNX model for 227×227 pixels takes photos as it is, and the log says what becomes of them.
// small is an InceptionA for photos, in a file.
// TestNamed: a named network, its number of classes told by its weights.
