package main

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"time"

	"inceptiongl/cmd/internal/pyscript"
	"inceptiongl/cpuref"
	"inceptiongl/inception/run"
	"inceptiongl/inception/tensor"
	"inceptiongl/inception/weights"
)

//go:embed peers/*.py
var peerScripts embed.FS

// peerNames are the peers with their scripts.
var peerNames = []struct{ name, script string }{
	{"ONNX Runtime, CPU", "onnxruntime_cpu.py"},
	{"PyTorch eager, CPU", "pytorch_cpu.py"},
	{"ncnn, CPU", "ncnn_cpu.py"},
	{"ncnn, Vulkan", "ncnn_vulkan.py"},
}

// PeerReport is another runtime, or ours, on the same network, weights and input, all in turn.
type PeerReport struct {
	Name    string
	Version string  `json:",omitempty"`
	Missing string  `json:",omitempty"` // why it did not run
	Time    *Timing `json:",omitempty"`
	GFLOPS  float64 `json:",omitempty"`
	Ratio   float64 `json:",omitempty"` // its time / ours, median of pairs from the same round
	RelL2   float64 // its answer's distance from cpuref's
	Wrong   bool    `json:",omitempty"` // which is more than float32 explains
}

// maxRelL2 is more than float32 rounding leaves in any of the networks, and less than a wrong layer.
const maxRelL2 = 1e-4

// peer is a script that runs.
type peer struct {
	report PeerReport
	script *pyscript.Script
	times  []time.Duration
}

// reply is a line from a script.
type reply struct {
	Missing, Version string
	Seconds          float64
}

// comparePeers runs ours and the peers in turn.
func comparePeers(ctx context.Context, s *run.Session, c *benchCase, python string, runs int) ([]PeerReport, error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop() // ends the scripts
	dir, err := os.MkdirTemp("", "bench-peers-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	if err := writePeerFiles(dir, c); err != nil {
		return nil, err
	}
	want, err := cpuref.Run(ctx, c.graph, c.input)
	if err != nil {
		return nil, err
	}
	y, err := s.Run(ctx, c.input)
	if err != nil {
		return nil, err
	}
	info := s.Device().Info()
	ours := PeerReport{Name: "inceptiongl", Version: info.Renderer}
	if ours.RelL2, err = relL2(y.Data, want.Data); err != nil {
		return nil, err
	}
	var peers []*peer
	defer func() {
		for _, p := range peers {
			p.close()
		}
	}()
	for _, n := range peerNames {
		p := &peer{report: PeerReport{Name: n.name}}
		peers = append(peers, p)
		if err := p.start(ctx, python, dir, n.script, want); err != nil {
			p.report.Missing = err.Error()
		}
	}
	var times []time.Duration
	for range runs {
		for i := range 2 { // once to fill the caches again, like the peers
			begin := time.Now()
			if err := s.RunInto(ctx, c.input, y); err != nil {
				return nil, err
			}
			if i == 1 {
				times = append(times, time.Since(begin))
			}
		}
		for _, p := range peers {
			if err := p.run(); err != nil {
				return nil, fmt.Errorf("--peers: %s: %w", p.report.Name, err)
			}
		}
	}
	ours.measured(times, times, c.macs)
	all := []PeerReport{ours}
	for _, p := range peers {
		p.report.measured(p.times, times, c.macs)
		all = append(all, p.report)
	}
	return all, nil
}

// measured fills in what follows from the times.
func (r *PeerReport) measured(times, ours []time.Duration, macs int64) {
	if r.Missing != "" {
		return
	}
	t := summarise(times)
	r.Time, r.GFLOPS, r.Ratio = &t, rate(2*macs, t.Median), medianRatio(times, ours)
	r.Wrong = r.RelL2 > maxRelL2
}

// start runs a script until its network is ready and its answer written.
func (p *peer) start(ctx context.Context, python, dir, script string, want *tensor.Tensor) (err error) {
	if p.script, err = pyscript.Start(ctx, python, filepath.Join(dir, script), dir, strconv.Itoa(runtime.NumCPU())); err != nil {
		return err
	}
	var r reply
	if err := p.script.Read(&r); err != nil {
		return err
	}
	if r.Missing != "" {
		return errors.New("not installed: " + r.Missing)
	}
	p.report.Version = r.Version
	a, err := weights.ReadNpy(filepath.Join(dir, script+".npy"))
	if err != nil {
		return err
	}
	p.report.RelL2, err = relL2(a.Data, want.Data)
	return err
}

// run has the script do a run.
func (p *peer) run() error {
	if p.report.Missing != "" {
		return nil
	}
	if err := p.script.Send("run"); err != nil {
		return err
	}
	var r reply
	if err := p.script.Read(&r); err != nil {
		return err
	}
	p.times = append(p.times, time.Duration(r.Seconds*float64(time.Second)))
	return nil
}

func (p *peer) close() {
	if p.script != nil {
		p.script.Close()
	}
}

// relL2 is |a − b| / |b|. It fails where there is no such number.
func relL2(a, b []float32) (float64, error) {
	if len(a) != len(b) {
		return 0, fmt.Errorf("the answer has %d elements, want %d", len(a), len(b))
	}
	var diff, norm float64
	for i := range a {
		d := float64(a[i]) - float64(b[i])
		diff += d * d
		norm += float64(b[i]) * float64(b[i])
	}
	v := math.Sqrt(diff / norm)
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return 0, errors.New("the answer can't be compared: it is not finite, or cpuref's is zero everywhere")
	}
	return v, nil
}

// peers prints the comparison.
func (p *textPrinter) peers(r *Report) {
	if len(r.Peers) == 0 {
		return
	}
	fmt.Fprintf(p.out, "\nPeers: the same network, weights and input, in turn; %d threads on the CPU\n\n", runtime.NumCPU())
	t := p.table("runtime", "version", "time", "GFLOP/s", "its time / ours", "distance from cpuref (relative L2)")
	for _, x := range r.Peers {
		if x.Missing != "" {
			t.row(x.Name, x.Missing, "–", "–", "–", "–")
			continue
		}
		mark := ""
		if x.Wrong {
			mark = " WRONG"
		}
		t.row(x.Name, x.Version, spread(*x.Time), fmt.Sprintf("%.1f", x.GFLOPS), fmt.Sprintf("%.2f×", x.Ratio), fmt.Sprintf("%.1e%s", x.RelL2, mark))
	}
	t.end()
}
