package main

import (
	"slices"
	"time"

	"inceptiongl/cmd/internal/show"
)

// Report is everything that bench found, and the JSON document that --json prints. Times are in seconds.
type Report struct {
	Device  DeviceReport
	Case    CaseReport
	Plan    *PlanReport    `json:",omitempty"`
	Verify  []VerifyReport `json:",omitempty"`
	Compile *CompileReport `json:",omitempty"`
	Steps   []StepTiming   `json:",omitempty"`
	Whole   *WholeReport   `json:",omitempty"`
	Kernels []KernelReport `json:",omitempty"`
	CPURef  *Timing        `json:",omitempty"`

	Memory     *MemoryReport   `json:",omitempty"`
	Dispatches *DispatchReport `json:",omitempty"`

	ClockErrors []string `json:",omitempty"` // figures that can't be

	Ceilings *CeilingsReport `json:",omitempty"` // with --article or --kernels all
	Article  *ArticleReport  `json:",omitempty"` // with --article

	Peers []PeerReport `json:",omitempty"` // with --peers: ours first

	// With --report.
	Lang     string          `json:",omitempty"` // of the page; English if empty
	Graph    *GraphReport    `json:",omitempty"`
	Timeline *TimelineReport `json:",omitempty"`
	Maps     []MapsReport    `json:",omitempty"`

	trace *traceFile // with --trace: a file of its own
}

// DeviceReport says what it ran on.
type DeviceReport struct {
	Name, Vendor, Renderer, Version, Backend string
	Software                                 bool // runs on the CPU
}

// CaseReport says what ran.
type CaseReport struct {
	Network, Input, Output string
	Batch                  int
	Seed                   uint64
	MACs                   int64
}

// PlanReport is the plan: waves of steps.
type PlanReport struct {
	Waves, Steps             int
	ArenaBytes, WeightsBytes int64
	Step                     []StepReport
	Notes                    []string `json:",omitempty"` // kernels that the driver refused
}

// StepReport is one dispatch.
type StepReport struct {
	Wave       int
	Name       string
	Parts      int // destinations: several where siblings were merged
	Kernel     string
	Workgroups [3]int
	LocalSize  [3]int
	MACs       int64
	FLOPs      int64 // 2·MACs; a pool's are one for each element of its window
	Bytes      int64
}

// VerifyReport compares one part of a step with cpuref.
type VerifyReport struct {
	Plan     string // "full", "framework-like" or a kernel comparison
	Wave     int
	Part     string
	Kernel   string
	Elements int
	MaxError show.Number
	Share    show.Number // largest error as a share of its bound; at most 1 is right
	Error    string      `json:",omitempty"`
}

// CompileReport is what happens once: opening the device; planning, building programs, measuring kernels; and the first run.
type CompileReport struct {
	Compile, Measuring, FirstRun float64
	Open, ColdStart              float64 // ColdStart is Open, Compile and FirstRun; what the driver remembers of earlier processes shortens it
}

// Timing summarises repeated runs, in seconds.
type Timing struct {
	Runs             int
	Median, P10, P90 float64
}

// StepTiming is one step measured alone.
type StepTiming struct {
	Wave int
	Name string
	Timing
	GFLOPS float64 // 2·MACs / time
	GBytes float64 // bytes moved / time, GB/s
}

// WholeReport is the network from input to output, upload and download included.
type WholeReport struct {
	Full            Timing
	GFLOPS          float64
	ImagesPerSecond float64
	StepsAlone      float64 // sum of the steps' medians
	OverStepsAlone  float64 // Full / StepsAlone
	FrameworkLike   Timing
	FrameworkSteps  int
	Speedup         float64 // FrameworkLike / Full, median of pairs from the same round
	Stamped         StampedReport
}

// StampedReport is one run with time stamps after every step, by two clocks.
type StampedReport struct {
	Waves     float64 // on the device, by its clock
	Transfers float64 // those of as many bytes, alone, by the host's
	Wall      float64 // the run with its transfers, by the host's
}

// KernelReport compares the chosen kernel with the plain one on a layer of its own.
type KernelReport struct {
	Layer        string
	Chosen       string
	ChosenTime   Timing
	PlainTime    Timing
	ChosenGFLOPS float64
	Ratio        float64 // plain / chosen

	Candidates []CandidateReport `json:",omitempty"` // with --kernels all, the fastest first
}

// CandidateReport is one of the kernels that fit a layer.
type CandidateReport struct {
	Kernel     string
	Chosen     bool // without --kernels all, this one would run
	Time       Timing
	GFLOPS     float64
	Share      float64 // of the measured arithmetic ceiling
	ClockError bool    `json:",omitempty"` // the rate can't be
}

// summarise sorts the durations away.
func summarise(ds []time.Duration) Timing {
	if len(ds) == 0 {
		return Timing{}
	}
	s := slices.Clone(ds)
	slices.Sort(s)
	at := func(q float64) float64 { return s[int(q*float64(len(s)-1)+0.5)].Seconds() }
	return Timing{Runs: len(s), Median: at(0.5), P10: at(0.1), P90: at(0.9)}
}

// median is the middle one, or the later of two.
func median(ds []time.Duration) time.Duration {
	s := slices.Clone(ds)
	slices.Sort(s)
	return s[len(s)/2]
}

// medianRatio is the median of a[i]/b[i], pairs from the same round.
func medianRatio(a, b []time.Duration) float64 {
	var r []float64
	for i := range min(len(a), len(b)) {
		if b[i] > 0 {
			r = append(r, float64(a[i])/float64(b[i]))
		}
	}
	if len(r) == 0 {
		return 0
	}
	slices.Sort(r)
	return r[len(r)/2]
}

// rate is amount/seconds in units of 10⁹, 0 where no time was measured.
func rate(amount int64, seconds float64) float64 {
	if seconds <= 0 {
		return 0
	}
	return float64(amount) / seconds / 1e9
}

// words is the page's language.
func (r *Report) words() language {
	if r.Lang == "zh" {
		return inChinese
	}
	return nil
}
