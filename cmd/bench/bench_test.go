package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/perf/benchfmt"

	"inceptiongl/gpu"
	"inceptiongl/gpu/gputest"
	"inceptiongl/inception"
	"inceptiongl/inception/weights"
)

func TestMain(m *testing.M) { gputest.Main(m) }

// small is a quick run.
func small() *flags {
	return &flags{Network: "inception_a", Batch: 1, Size: "7x9", Channels: 32, Seed: 1, Runs: 2}
}

func TestTables(t *testing.T) {
	gputest.Need(t)
	gputest.Case()
	var out, log bytes.Buffer
	if err := bench(context.Background(), small(), &out, &log); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"OpenGL", "1×32×7×9 → 1×88×7×9", "3 waves, 5 steps", "branch5x5_2", "framework-like", "elements checked",
		"GFLOP/s", "images/s", "first run", "cpuref",
		"Cold start", "Empty dispatch",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("output lacks %q", want)
		}
	}
	if strings.Contains(out.String(), "WRONG") || strings.Contains(out.String(), "%!") {
		t.Errorf("output:\n%s", out.String())
	}
}

func TestJSON(t *testing.T) {
	gputest.Need(t)
	gputest.Case()
	f := small()
	f.JSON, f.Kernels = true, kernelsChosen
	var out, log bytes.Buffer
	if err := bench(context.Background(), f, &out, &log); err != nil {
		t.Fatal(err)
	}
	var r Report
	if err := json.Unmarshal(out.Bytes(), &r); err != nil {
		t.Fatalf("%v in\n%s", err, out.String())
	}
	if r.Case.Seed != 1 || r.Plan == nil || r.Plan.Waves != 3 || len(r.Plan.Step) != 5 || len(r.Steps) != 5 || r.Whole == nil || len(r.Kernels) != 2 {
		t.Fatalf("report is incomplete: %+v", r)
	}
	if r.Whole.Full.Runs != 2 || r.Whole.Full.Median <= 0 || r.Whole.Speedup <= 0 || r.CPURef.Median <= 0 || r.Compile.FirstRun <= 0 {
		t.Errorf("times are missing: %+v", r.Whole)
	}
	if c := r.Compile; c.Open <= 0 || !near(c.ColdStart, c.Open+c.Compile+c.FirstRun) {
		t.Errorf("cold start: %+v", c)
	}
	if d := r.Dispatches; d == nil || d.Pass.Median <= 0 || d.Barrier.Runs != 2 {
		t.Errorf("dispatches: %+v", d)
	}
	if m := r.Memory; runtime.GOOS == "linux" && (m == nil || m.FirstRun < 1<<20 || m.End < m.FirstRun) {
		t.Errorf("memory: %+v", m)
	}
	for _, v := range r.Verify {
		if v.Error != "" || v.Elements == 0 || !(v.Share <= 1) {
			t.Errorf("%+v", v)
		}
	}
}

func TestBenchfmt(t *testing.T) {
	gputest.Need(t)
	gputest.Case()
	f := small()
	f.Benchfmt = true
	var out, log bytes.Buffer
	if err := bench(context.Background(), f, &out, &log); err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	r := benchfmt.NewReader(&out, "out")
	for r.Scan() {
		switch rec := r.Result().(type) {
		case *benchfmt.SyntaxError:
			t.Error(rec)
		case *benchfmt.Result:
			names[rec.Name.String()] = true
			if v, ok := rec.Value("sec/op"); !ok || v <= 0 {
				t.Errorf("%s: no time", rec.Name)
			}
		}
	}
	for _, want := range []string{"inception_a/full", "inception_a/framework-like", "inception_a/cpuref", "inception_a/step=branch5x5_2", "inception_a/cold-start", "inception_a/empty-dispatch"} {
		if !names[want] {
			t.Errorf("no line %s among %v", want, names)
		}
	}
}

func TestWeightsFile(t *testing.T) {
	g := inception.InceptionA(5)
	inception.InitHe(g, 9)
	good := filepath.Join(t.TempDir(), "good.safetensors")
	if err := weights.SaveSafetensors(good, g.Weights); err != nil {
		t.Fatal(err)
	}
	f := small()
	f.Channels = 5
	f.Weights = good
	c, err := newCase(f)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := c.graph.Weights["branch1x1.weight"].Data[0], g.Weights["branch1x1.weight"].Data[0]; got != want {
		t.Errorf("weight is %v, the file has %v", got, want)
	}
	data, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	cut := filepath.Join(t.TempDir(), "cut.safetensors")
	if err := os.WriteFile(cut, data[:len(data)-3], 0o600); err != nil {
		t.Fatal(err)
	}
	f.Weights = cut
	if _, err := newCase(f); err == nil || !strings.Contains(err.Error(), "--weights") || !strings.Contains(err.Error(), "cut.safetensors") {
		t.Errorf("a truncated file gives %v", err)
	}
	f.Weights, f.Channels = good, 6
	if _, err := newCase(f); err == nil || !strings.Contains(err.Error(), "branch1x1.weight") {
		t.Errorf("weights for 5 channels in a module for 6 give %v", err)
	}
}

func TestBadFlags(t *testing.T) {
	for name, change := range map[string]func(*flags){
		"--size":     func(f *flags) { f.Size = "28x" },
		"--size 0":   func(f *flags) { f.Size = "0" },
		"--runs":     func(f *flags) { f.Runs = 0 },
		"--batch":    func(f *flags) { f.Batch = -1 },
		"--channels": func(f *flags) { f.Channels = 1 << 40 },
	} {
		f := small()
		change(f)
		_, err := newCase(f)
		if err == nil || !strings.Contains(err.Error(), strings.Fields(name)[0]) {
			t.Errorf("%s: error is %v", name, err)
		}
		if status(err) != 2 {
			t.Errorf("%s: exit status %d, want 2", name, status(err))
		}
	}
}

func TestCPUOnly(t *testing.T) {
	f := small()
	f.CPU = true
	f.Device = "no such device" // must not be opened
	var out, log bytes.Buffer
	if err := bench(context.Background(), f, &out, &log); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), "no GPU used") || !strings.Contains(out.String(), "cpuref") {
		t.Errorf("output:\n%s", out.String())
	}
}

func TestNoDevice(t *testing.T) {
	f := small()
	f.Device = "no such device"
	err := bench(context.Background(), f, new(bytes.Buffer), new(bytes.Buffer))
	if !errors.Is(err, gpu.ErrNoDevice) || !strings.Contains(err.Error(), "--cpu") || status(err) != 2 {
		t.Errorf("error is %v, status %d", err, status(err))
	}
}

// TestWrongIsStatus1 gives a report with a wrong element, as verification leaves it.
func TestWrongIsStatus1(t *testing.T) {
	r := &Report{Verify: []VerifyReport{{Part: "fine"}, {Part: "conv", Error: "off by 1"}}}
	err := wrong(r)
	if status(err) != 1 || !strings.Contains(err.Error(), "conv") {
		t.Errorf("error is %v, status %d", err, status(err))
	}
	if err := wrong(&Report{Verify: r.Verify[:1]}); status(err) != 0 {
		t.Errorf("a right report gives %v", err)
	}
}

func TestListDevices(t *testing.T) {
	gputest.Need(t)
	gputest.Case()
	f := small()
	f.ListDevices = true
	var out bytes.Buffer
	if err := bench(context.Background(), f, &out, new(bytes.Buffer)); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(out.String(), "0  ") || !strings.Contains(out.String(), "OpenGL") {
		t.Errorf("output:\n%s", out.String())
	}
}

func TestStatistics(t *testing.T) {
	var ds []time.Duration
	for i := range 11 {
		ds = append(ds, time.Duration(10-i)*time.Second)
	}
	if s := summarise(ds); s.Runs != 11 || s.Median != 5 || s.P10 != 1 || s.P90 != 9 {
		t.Errorf("summary of 0…10 s is %+v", s)
	}
	if r := medianRatio([]time.Duration{2, 9, 4}, []time.Duration{1, 3, 2}); r != 2 {
		t.Errorf("median ratio is %v, want 2", r)
	}
	if r := rate(2e9, 0.5); math.Abs(r-4) > 1e-12 {
		t.Errorf("rate is %v, want 4", r)
	}
	if rate(1, 0) != 0 {
		t.Error("rate without time must be 0")
	}
}

func TestPeakMemory(t *testing.T) {
	for status, want := range map[string]int64{
		"Name:\tbench\nVmPeak:\t  999 kB\nVmHWM:\t   123 kB\nVmRSS:\t 100 kB\n": 123 << 10,
		"VmRSS:\t 100 kB\n": 0,
		"VmHWM:\t100\n":     0,
		"VmHWM:\t-1 kB\n":   0,
		"VmHWM:\t kB\n":     0,
		"":                  0,
	} {
		if got, ok := parsePeak(status); ok != (want > 0) || ok && got != want {
			t.Errorf("%q: %d, %v; want %d", status, got, ok, want)
		}
	}
}

// full is a disk that has no room left after some bytes.
type full int

func (f *full) Write(p []byte) (int, error) {
	if *f -= full(len(p)); *f < 0 {
		return 0, errFull
	}
	return len(p), nil
}

var errFull = errors.New("no room")

// TestFullDisk: what can't be printed is an error, in every form.
func TestFullDisk(t *testing.T) {
	gputest.Need(t)
	gputest.Case()
	for _, f := range []*flags{{ListDevices: true}, {ListDevices: true, JSON: true}, small()} {
		f.CPU = !f.ListDevices
		var out full = 10
		if err := bench(context.Background(), f, &out, new(bytes.Buffer)); !errors.Is(err, errFull) || status(err) != 2 {
			t.Errorf("%+v: %v", f, err)
		}
	}
}
