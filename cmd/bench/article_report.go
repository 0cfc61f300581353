package main

import (
	"fmt"
	"math"
	"strings"
	"time"

	"inceptiongl/inception/graph"
	"inceptiongl/inception/plan"
)

// ArticleReport is both sides of the article's claims, run on the device.
type ArticleReport struct {
	Claims []ClaimReport
	Sweeps []SweepReport
}

// SweepReport is a k×k convolution and its bottlenecks: a 1×1 to Mid channels, then k×k.
type SweepReport struct {
	Name, Claims          string
	Kernel, In, Out, Size int
	ArticleMid            int // the C_mid that the article has
	Direct                VariantReport
	Paths                 []VariantReport // by C_mid
}

// VariantReport is one side. Ratios are to the direct side.
type VariantReport struct {
	Name            string
	Mid             int   // 0 for the direct side
	Weights, Biases int64 // parameters
	MACs, Bytes     int64 // Bytes: every tensor and parameter crosses memory once in each step
	PaddedMACs      int64 // those of all that the workgroups cover, the channels rounded up to 4
	Intensity       float64
	Time            Timing // on the device, transfers left out
	GFLOPS          float64
	Steps           []VariantStep

	WeightRatio, BytesRatio float64
	Predicted               float64 // of MACs
	Measured                float64 // of times, the median over pairs from the same round
	Why                     Difference
}

// VariantStep is one dispatch of a side.
type VariantStep struct {
	Name, Kernel            string
	MACs, PaddedMACs, Bytes int64
	Time                    Timing
	GFLOPS                  float64
}

// Difference takes a time apart, in seconds: ByMACs + Dispatch + Tiles + Rate = the median time.
type Difference struct {
	ByMACs   float64 // the ratio of MACs times the direct side's time
	Dispatch float64 // empty dispatches beyond those that ByMACs holds
	Tiles    float64 // padded work beyond that of the direct side, as if a padded MAC took as long as a real one
	Rate     float64 // the rest: a padded MAC takes longer, or less long, than in the direct side
	AtRoof   float64 // for comparison: moving Bytes at the measured reading ceiling
}

// describeVariant is what is known before it runs.
func describeVariant(v *variant) (*VariantReport, error) {
	r := &VariantReport{Name: "direct", Mid: v.mid}
	if v.mid > 0 {
		r.Name = fmt.Sprintf("C_mid %d", v.mid)
	}
	p := v.session.Plan()
	for _, st := range p.Steps() {
		step := VariantStep{Name: st.Name, Kernel: st.Key.Brief(), MACs: st.MACs, PaddedMACs: paddedMACs(st), Bytes: st.Bytes}
		r.Steps = append(r.Steps, step)
		r.MACs += step.MACs
		r.PaddedMACs += step.PaddedMACs
		r.Bytes += step.Bytes
		for _, part := range st.Parts {
			weight, bias, err := part.Weights.Values(p.Graph)
			if err != nil {
				return nil, err
			}
			r.Weights += int64(len(weight))
			r.Biases += int64(len(bias))
		}
	}
	r.Intensity = 2 * float64(r.MACs) / float64(r.Bytes)
	return r, nil
}

// paddedMACs are the multiply-accumulates of a convolution if every output that its workgroups cover were computed, the input's
// channels rounded up to the 4 of a texel where the kernel reads texels. 0 for other steps.
func paddedMACs(st *plan.Step) int64 {
	c, ok := st.Parts[0].Op.(graph.Conv2D)
	if !ok || c.Norm().Groups > 1 {
		return st.MACs
	}
	k, params := st.Key, st.Params()
	groups, local := k.Workgroups(&params), k.LocalSize()
	columns := int64(groups[0]) * int64(groups[2]) * int64(local[0])
	rows := int64(groups[1]) * int64(local[1])
	depth := int64(c.In)
	if k.Splits > 1 { // each part of the sum has workgroups of its own
		rows /= int64(k.Splits)
	}
	if k.TileX > 0 { // the others compute one output an invocation, of a channel each
		columns *= int64(k.TileX)
		rows *= 4 * int64(k.TileG)
		depth = (depth + 3) / 4 * 4
	}
	return columns * rows * depth * int64(c.Kernel.H*c.Kernel.W)
}

// measured adds the times.
func (v *VariantReport) measured(totals []time.Duration, steps [][]time.Duration) {
	v.Time = summarise(totals)
	v.GFLOPS = rate(2*v.MACs, v.Time.Median)
	for i := range v.Steps {
		v.Steps[i].Time = summarise(steps[i])
		v.Steps[i].GFLOPS = rate(2*v.Steps[i].MACs, v.Steps[i].Time.Median)
	}
}

// compare adds the ratios to the direct side, and why they differ.
func (v *VariantReport) compare(direct *VariantReport, measured float64, c *CeilingsReport) {
	ratio := func(a, b int64) float64 { return float64(a) / float64(b) }
	v.Predicted, v.Measured = ratio(v.MACs, direct.MACs), measured
	v.WeightRatio, v.BytesRatio = ratio(v.Weights, direct.Weights), ratio(v.Bytes, direct.Bytes)
	empty := c.EmptyDispatch.Median
	// A dispatch can take less than an empty one among others did: the share of its work is then what is left.
	spent := func(v *VariantReport) float64 { return math.Min(empty*float64(len(v.Steps)), v.Time.Median) }
	work := direct.Time.Median - spent(direct)
	d := Difference{ByMACs: v.Predicted * direct.Time.Median}
	d.Dispatch = spent(v) - v.Predicted*spent(direct)
	d.Tiles = (ratio(v.PaddedMACs, direct.PaddedMACs) - v.Predicted) * work
	d.Rate = v.Time.Median - d.ByMACs - d.Dispatch - d.Tiles
	if c.Cache.Rate > 0 {
		d.AtRoof = float64(v.Bytes) / (c.Cache.Rate * 1e9)
	}
	v.Why = d
}

// waste is padded work for each unit of real work.
func (v *VariantReport) waste() float64 { return float64(v.PaddedMACs) / float64(v.MACs) }

// explain says in a line why the measured ratio isn't the one of MACs.
func (v *VariantReport) explain(direct *VariantReport, empty float64) string {
	w := v.Why
	var b strings.Builder
	fmt.Fprintf(&b, "MACs predict %s, measured %s. Of the difference of %s: dispatches %s (%d against %d, %s each when empty); ",
		seconds(w.ByMACs), seconds(v.Time.Median), signed(v.Time.Median-w.ByMACs), signed(w.Dispatch), len(v.Steps), len(direct.Steps), seconds(empty))
	fmt.Fprintf(&b, "tile waste %s (%.2f MACs done for each needed, against %.2f); rate %s", signed(w.Tiles), v.waste(), direct.waste(), signed(w.Rate))
	fmt.Fprintf(&b, " (%s against %s GFLOP/s: %s moved, %.0f %% of the direct side's bytes for %.0f %% of its MACs, %s against %s FLOP/byte; at the measured ceiling the bytes alone take %s).",
		figures(v.GFLOPS), figures(direct.GFLOPS), size(v.Bytes), 100*v.BytesRatio, 100*v.Predicted, figures(v.Intensity), figures(direct.Intensity), seconds(w.AtRoof))
	return b.String()
}

// article is the variant that the article has.
func (s *SweepReport) article() *VariantReport {
	for i := range s.Paths {
		if s.Paths[i].Mid == s.ArticleMid {
			return &s.Paths[i]
		}
	}
	return &s.Direct // not reached: the article's C_mid is in every sweep
}
