package main

import (
	"context"
	"fmt"
	"strings"

	"inceptiongl/cmd/internal/article"
	"inceptiongl/gpu"
	"inceptiongl/inception"
	"inceptiongl/inception/graph"
	"inceptiongl/inception/run"
	"inceptiongl/inception/tensor"
)

// ClaimReport is one of the article's claims: recomputed from graphs, and measured on the device.
type ClaimReport struct {
	article.Claim
	Measured []string
}

// claimRun is a small run that a claim needs beside the sweeps.
type claimRun struct {
	claim   int // its number
	name    string
	session *run.Session
	input   *tensor.Tensor
	output  *tensor.Tensor
}

// newClaimRuns compiles what claims 1, 5 and 6 are about.
func newClaimRuns(ctx context.Context, d *gpu.Device, f *flags, seed uint64) ([]claimRun, error) {
	in := article.Input
	in.H, in.W = f.articleSize, f.articleSize
	var runs []claimRun
	for _, c := range []struct {
		claim int
		name  string
		g     *graph.Graph
		x     *tensor.Tensor
	}{
		{1, "sixteen 1×1", inception.PointwiseStack(in.C, 16), inception.RandomInput(in, seed)},
		{5, "inception_a", inception.InceptionA(in.C), inception.RandomInput(in, seed)},
		{6, "xor", article.ExclusiveOr(), article.TruthTable()},
	} {
		if c.claim != 6 { // its weights are the claim
			inception.InitHe(c.g, seed)
		}
		s, err := run.Compile(ctx, d, c.g, c.x.Shape, f.options())
		if err != nil {
			for _, r := range runs {
				r.session.Close()
			}
			return nil, err
		}
		runs = append(runs, claimRun{claim: c.claim, name: c.name, session: s, input: c.x})
	}
	return runs, nil
}

// run keeps the output, and checks every step.
func (c *claimRun) run(ctx context.Context, r *Report) (err error) {
	if c.output, err = c.session.Run(ctx, c.input); err != nil {
		return err
	}
	return verifyInto(ctx, r, fmt.Sprintf("claim %d, %s", c.claim, c.name), c.session, c.input)
}

// measuredClaims puts what was measured beside every claim.
func measuredClaims(claims []article.Claim, sweeps []SweepReport, runs []claimRun) []ClaimReport {
	five, three := sweeps[0], sweeps[1]
	all := make([]ClaimReport, len(claims))
	for i, c := range claims {
		all[i].Claim = c
		for _, r := range runs {
			if r.claim == c.Number {
				all[i].Measured = append(all[i].Measured, r.describe())
			}
		}
		switch c.Number {
		case 2:
			p := five.article()
			all[i].Measured = append(all[i].Measured, fmt.Sprintf("The device held %s parameters against %s, down %.1f %%; the path took %s against %s, down %.1f %%.",
				comma(p.Weights), comma(five.Direct.Weights), 100*(1-p.WeightRatio), seconds(p.Time.Median), seconds(five.Direct.Time.Median), 100*(1-p.Measured)))
		case 3:
			p := three.article()
			all[i].Measured = append(all[i].Measured, fmt.Sprintf("C_in = C_out = %d, C_mid = %d: %.1f %% of the parameters and of the MACs; %.1f %% of the time, %s against %s.",
				three.In, p.Mid, 100*p.WeightRatio, 100*p.Measured, seconds(p.Time.Median), seconds(three.Direct.Time.Median)))
		case 4:
			p := five.article()
			all[i].Measured = append(all[i].Measured, fmt.Sprintf("MACs predict a path %.1f times as fast; it was %.1f times as fast.", 1/p.Predicted, 1/p.Measured))
		}
	}
	return all
}

// describe says what came out.
func (c *claimRun) describe() string {
	s := c.output.Shape
	if c.claim == 6 {
		return "The device computed " + strings.Trim(fmt.Sprint(c.output.Data), "[]") + "."
	}
	return fmt.Sprintf("The device gave %d×%d×%d for %d×%d×%d.", s.H, s.W, s.C, c.input.H, c.input.W, c.input.C)
}
