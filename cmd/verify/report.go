package main

import (
	"encoding/json"
	"io"

	"inceptiongl/cmd/internal/show"
)

// Report is what --json prints.
type Report struct {
	Model    string      `json:"model"`
	Input    InputReport `json:"input"`
	Device   string      `json:"device"`
	Host     string      `json:"host,omitempty"` // what it computes of the network's outputs
	Rewrites bool        `json:"rewrites"`

	Waves    int   `json:"waves"`
	MACs     int64 `json:"multiply_accumulates"`
	Elements int   `json:"elements"` // that were compared, in all steps

	Steps   []Step   `json:"steps"`             // in the order that they run
	Outputs []Output `json:"outputs"`           // the whole answer
	Answers []Answer `json:"answers,omitempty"` // what the host made of them
	Against string   `json:"against,omitempty"`

	Run       float64 `json:"run_seconds"`       // an ordinary run, transfers included: the median
	OnDevice  float64 `json:"on_device_seconds"` // the steps of a run, by the device's clock: the median's sum
	Reference float64 `json:"reference_seconds"` // that checking took

	OK    bool     `json:"ok"`
	Wrong []string `json:"wrong,omitempty"` // in words
	Notes []string `json:"notes,omitempty"`

	half bool // what Against names computes in half precision
}

// InputReport says what the network ran on.
type InputReport struct {
	Shape []int  `json:"shape"`
	From  string `json:"from"`
}

// Step is a part of a step of the plan; where 1×1 convolutions were merged, a step has several.
type Step struct {
	Wave     int    `json:"wave"`
	Name     string `json:"name"`
	Operator string `json:"operator"`
	Kernel   string `json:"kernel"`
	Shape    []int  `json:"shape"` // of what it writes, N×C×H×W

	Elements int         `json:"elements"`
	MaxError show.Number `json:"max_error"`       // null: NaN
	Share    show.Number `json:"share_of_bound"`  // the largest |error| / bound; above 1 is wrong, null: not comparable
	Worst    *Element    `json:"worst,omitempty"` // where Share is
	Error    string      `json:"error,omitempty"` // where it is wrong

	Seconds float64 `json:"seconds"` // of the step with all its parts
	MACs    int64   `json:"step_multiply_accumulates"`

	step int // which of the plan's, for the table of times
}

// Element is one of a step's results.
type Element struct {
	N     int         `json:"n"`
	C     int         `json:"c"`
	Y     int         `json:"y"`
	X     int         `json:"x"`
	Got   show.Number `json:"got"`
	Want  show.Number `json:"want"`
	Bound show.Number `json:"bound"`
}

// Output is one of the network's, as a whole: relative L2 distances √(Σ(a − b)² / Σb²) from the float64 reference.
type Output struct {
	Name    string       `json:"name"`
	Shape   []int        `json:"shape"`
	RelL2   *show.Number `json:"relative_l2"`                   // ours
	Against *show.Number `json:"against_relative_l2,omitempty"` // the other runtime's
}

// Answer is one of the model's outputs where the host has a part in it: how many of its elements differ from what the host makes of the
// reference's outputs. Where several numbers are nearly equal, rounding decides which of them is the largest.
type Answer struct {
	Name    string `json:"name"`
	Shape   []int  `json:"shape"`
	Differ  int    `json:"differ"`                   // −1: of other extents
	Against *int   `json:"against_differ,omitempty"` // the other runtime's
}

func (r *Report) printJSON(out io.Writer) error {
	e := json.NewEncoder(out)
	e.SetIndent("", "  ")
	return e.Encode(r)
}
