package main

import (
	"bytes"
	"context"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"inceptiongl/gpu/gputest"
	"inceptiongl/inception"
	"inceptiongl/inception/plan"
	"inceptiongl/inception/run"
	"inceptiongl/inception/tensor"
)

// readSpan is a span as a reader of the format sees it, in microseconds.
type readSpan struct {
	Name      string
	Phase     string  `json:"ph"`
	Track     int     `json:"tid"`
	Start     float64 `json:"ts"`
	Duration  float64 `json:"dur"`
	Args      map[string]any
	end, deep float64 // deep: the number of spans around it
}

// readTrace checks that the spans of each track nest, and returns them by track with how deep they lie.
func readTrace(t *testing.T, data []byte) map[int][]*readSpan {
	t.Helper()
	var f struct {
		TraceEvents []*readSpan
	}
	if err := json.Unmarshal(data, &f); err != nil {
		t.Fatalf("%v in\n%s", err, data)
	}
	tracks, open := map[int][]*readSpan{}, map[int][]*readSpan{}
	const rounding = 1e-6 // of float64: times are whole nanoseconds
	for _, e := range f.TraceEvents {
		if e.Phase != phaseSpan {
			continue
		}
		e.end = e.Start + e.Duration
		stack := open[e.Track]
		for len(stack) > 0 && e.Start >= stack[len(stack)-1].end-rounding {
			stack = stack[:len(stack)-1]
		}
		if len(stack) > 0 && e.end > stack[len(stack)-1].end+rounding {
			t.Errorf("%s ends at %v, after %s, in which it began: %v", e.Name, e.end, stack[len(stack)-1].Name, stack[len(stack)-1].end)
		}
		if e.Duration < 0 {
			t.Errorf("%s takes %v", e.Name, e.Duration)
		}
		e.deep = float64(len(stack))
		tracks[e.Track] = append(tracks[e.Track], e)
		open[e.Track] = append(stack, e)
	}
	return tracks
}

// sum adds up the spans of a depth.
func sum(spans []*readSpan, deep float64) (total float64) {
	for _, s := range spans {
		if s.deep == deep {
			total += s.Duration
		}
	}
	return total
}

func TestTrace(t *testing.T) {
	g := inception.InceptionA(8)
	inception.InitHe(g, 1)
	p, err := plan.New(context.Background(), g, tensor.Shape{N: 1, C: 8, H: 7, W: 9}, plan.Options{})
	if err != nil {
		t.Fatal(err)
	}
	made := run.Timing{Wall: 1_000_001}
	for w, wave := range p.Waves {
		var steps []time.Duration
		barrier := time.Duration(100*w + 7)
		made.Waves = append(made.Waves, barrier)
		for i := range wave.Steps {
			d := time.Duration(10_003*(w+1) + 101*i)
			steps = append(steps, d)
			made.Waves[w] += d
		}
		made.Steps = append(made.Steps, steps)
		made.Total += made.Waves[w]
	}
	alone := transferTimes{upload: 3 * time.Microsecond, download: time.Microsecond, uploadBytes: 64, downloadBytes: 32}
	var out bytes.Buffer
	if err := newTrace(p, made, alone).render(&out); err != nil {
		t.Fatal(err)
	}
	tracks := readTrace(t, out.Bytes())
	host, waves := tracks[trackHost], tracks[trackGPU]
	if len(host) != 4 || host[0].Name != "run" || len(waves) != len(p.Waves)+len(p.Steps()) {
		t.Fatalf("%d and %d spans", len(host), len(waves))
	}
	same := func(what string, got, want float64) {
		t.Helper()
		if math.Abs(got-want) > 1e-6 {
			t.Errorf("%s: %v µs, want %v", what, got, want)
		}
	}
	micros := func(d time.Duration) float64 { return float64(d) / 1e3 }
	same("the run", host[0].Duration, micros(made.Wall))
	same("upload, compute and download", sum(host, 1), micros(made.Wall))
	same("the waves", sum(waves, 0), micros(made.Total))
	same("compute", host[2].Duration, micros(made.Total))
	same("the first wave against compute", waves[0].Start, host[2].Start)
	var steps time.Duration
	for _, w := range made.Steps {
		for _, d := range w {
			steps += d
		}
	}
	same("the steps", sum(waves, 1), micros(steps))
	if ratio := host[1].Duration / host[3].Duration; math.Abs(ratio-3) > 0.01 {
		t.Errorf("the upload takes %v of the download, alone it took 3", ratio)
	}

	made.Wall = made.Total / 2
	f := newTrace(p, made, alone)
	if !strings.Contains(f.Notes["clock"], "ERROR") {
		t.Errorf("waves that take twice the run: %v", f.Notes)
	}
	out.Reset()
	if err := f.render(&out); err != nil {
		t.Fatal(err)
	}
	readTrace(t, out.Bytes())
}

// TestTraceFile runs the flag. A step has its kernel and its rate.
func TestTraceFile(t *testing.T) {
	gputest.Need(t)
	gputest.Case()
	f := small()
	f.Trace = filepath.Join(t.TempDir(), "trace.json")
	var out, log bytes.Buffer
	if err := bench(context.Background(), f, &out, &log); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(log.String(), f.Trace) {
		t.Errorf("the log does not say where the trace is: %s", log.String())
	}
	data, err := os.ReadFile(f.Trace)
	if err != nil {
		t.Fatal(err)
	}
	waves := readTrace(t, data)[trackGPU]
	if len(waves) != 3+5 || waves[1].Args["kernel"] == "" || waves[1].Args["GFLOP/s"].(float64) <= 0 {
		t.Errorf("%d spans; the first step has %v", len(waves), waves[1].Args)
	}

	f.Trace = filepath.Join(t.TempDir(), "no folder", "trace.json")
	if err := bench(context.Background(), f, &out, &log); err == nil || !strings.Contains(err.Error(), "--trace") {
		t.Errorf("a folder that is not there gives %v", err)
	}
	f.CPU = true
	if err := bench(context.Background(), f, &out, &log); err == nil || !strings.Contains(err.Error(), "--trace") {
		t.Errorf("--trace with --cpu gives %v", err)
	}
}
