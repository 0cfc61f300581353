package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"inceptiongl/gpu"
	"inceptiongl/inception/plan"
	"inceptiongl/inception/run"
)

// traceFile is Chrome's trace event format, which Perfetto and chrome://tracing open.
type traceFile struct {
	Events []traceEvent      `json:"traceEvents"`
	Unit   string            `json:"displayTimeUnit"`
	Notes  map[string]string `json:"otherData"`
}

// traceEvent is a span of time, or a name for a track.
type traceEvent struct {
	Name     string         `json:"name"`
	Phase    string         `json:"ph"`
	Process  int            `json:"pid"`
	Track    int            `json:"tid"`
	Start    nanos          `json:"ts"`
	Duration nanos          `json:"dur"`
	Args     map[string]any `json:"args,omitempty"`
}

// nanos is a time in whole nanoseconds, so that parts add up to the whole to the last digit. The format counts microseconds.
type nanos int64

func (n nanos) MarshalJSON() ([]byte, error) { return fmt.Appendf(nil, "%d.%03d", n/1000, n%1000), nil }

// The phases and tracks of a trace.
const (
	phaseSpan, phaseName = "X", "M"
	trackHost, trackGPU  = 1, 2
)

// transferTimes are those of a run's input and output, alone.
type transferTimes struct {
	upload, download           time.Duration
	uploadBytes, downloadBytes int
}

// traceRun runs the network with a time stamp after every step and lays one run out: the one of median length.
func traceRun(ctx context.Context, s *run.Session, c *benchCase, runs int) (*traceFile, error) {
	alone, err := timeTransfers(ctx, s, runs)
	if err != nil {
		return nil, err
	}
	all, err := stampedRuns(ctx, s, c, runs)
	if err != nil {
		return nil, err
	}
	f := newTrace(s.Plan(), all[len(all)/2], alone)
	f.Notes["run"] = fmt.Sprintf("of median length among %d", len(all))
	f.Notes["network"] = c.graph.Name + ", " + c.input.Shape.String()
	f.Notes["renderer"] = s.Device().Info().Renderer
	return f, nil
}

// newTrace lays a run out on two tracks. Waves and steps have the device's own time stamps. What the run took beside them is
// known as a sum only: it is split as the same bytes took alone.
func newTrace(p *plan.Plan, t run.Timing, alone transferTimes) *traceFile {
	f := &traceFile{Unit: "ms", Notes: map[string]string{
		"transfers": "the run's time beside its waves, split as the same bytes took alone",
		"steps":     "time stamps after every step keep steps from overlapping on some devices",
	}}
	f.name("process_name", 0, "inceptiongl")
	f.name("thread_name", trackHost, "Run: upload, compute, download")
	f.name("thread_name", trackGPU, "GPU: waves and steps")

	whole := max(t.Wall, t.Total)
	if t.Total > t.Wall {
		f.Notes["clock"] = fmt.Sprintf("ERROR: the device's clock has %v for the waves, the host's %v for all of the run", t.Total, t.Wall)
	}
	up, rest := time.Duration(0), whole-t.Total
	if both := alone.upload + alone.download; both > 0 {
		up = time.Duration(float64(rest) * float64(alone.upload) / float64(both))
	}
	f.span(trackHost, "run", 0, whole, nil)
	f.span(trackHost, "upload", 0, up, map[string]any{"bytes": alone.uploadBytes, "alone_us": nanos(alone.upload)})
	f.span(trackHost, "compute", up, t.Total, nil)
	f.span(trackHost, "download", up+t.Total, rest-up, map[string]any{"bytes": alone.downloadBytes, "alone_us": nanos(alone.download)})

	at := up
	for w, wave := range p.Waves {
		f.span(trackGPU, fmt.Sprintf("wave %d", w+1), at, t.Waves[w], nil)
		begin := at
		for i, st := range wave.Steps {
			d := t.Steps[w][i]
			f.span(trackGPU, st.Name, begin, d, map[string]any{
				"kernel": st.Key.String(), "MACs": st.MACs, "GFLOP/s": rate(2*st.MACs, d.Seconds()), "GB/s": rate(st.Bytes, d.Seconds()),
			})
			begin += d
		}
		at += t.Waves[w]
	}
	return f
}

func (f *traceFile) name(what string, track int, name string) {
	f.Events = append(f.Events, traceEvent{Name: what, Phase: phaseName, Process: 1, Track: track, Args: map[string]any{"name": name}})
}

func (f *traceFile) span(track int, name string, start, length time.Duration, args map[string]any) {
	f.Events = append(f.Events, traceEvent{name, phaseSpan, 1, track, nanos(start), nanos(length), args})
}

func (f *traceFile) render(w io.Writer) error { return json.NewEncoder(w).Encode(f) }

// of is the time of a run's transfers: the device may take the batch in parts.
func (t transferTimes) of(s *run.Session, images int) time.Duration {
	each := s.Plan().Input.Shape.N
	return (t.upload + t.download) * time.Duration((images+each-1)/each)
}

// timeTransfers times an upload of the input's bytes and a download of the first output's, alone and on a buffer of its own.
func timeTransfers(ctx context.Context, s *run.Session, runs int) (t transferTimes, err error) {
	p := s.Plan()
	t.uploadBytes, t.downloadBytes = 16*p.Input.Texels(), 16*p.Outputs[0].Texels()
	b, err := s.Device().NewBuffer(ctx, "transfers", max(t.uploadBytes, t.downloadBytes))
	if err != nil {
		return t, err
	}
	defer b.Close()
	data := make([]float32, b.Size()/4)
	var ups, downs []time.Duration
	timed := func(pass *gpu.Pass, into *[]time.Duration) error {
		r, err := s.Device().Run(ctx, pass)
		*into = append(*into, r.Wall)
		return err
	}
	for range 1 + runs {
		if err := timed(&gpu.Pass{Uploads: []gpu.Transfer{{Buffer: b, Data: data[:t.uploadBytes/4]}}}, &ups); err != nil {
			return t, err
		}
		if err := timed(&gpu.Pass{Downloads: []gpu.Transfer{{Buffer: b, Data: data[:t.downloadBytes/4]}}}, &downs); err != nil {
			return t, err
		}
	}
	t.upload, t.download = median(ups[1:]), median(downs[1:])
	return t, nil
}
