package main

import (
	"context"
	"fmt"
	"time"

	"inceptiongl/cmd/internal/article"
	"inceptiongl/gpu"
	"inceptiongl/inception"
	"inceptiongl/inception/run"
	"inceptiongl/inception/tensor"
)

// sweepShape is a k×k convolution that the article measures its bottleneck against.
type sweepShape struct {
	claims        string
	k, in, out    int
	article, size int   // the article's C_mid; height and width
	mids          []int // C_mid, the article's among them
}

// sweepShapes are those of claims 2 and 4, and of claim 3, for which the article names no channels: C_in = C_out = 192 is taken.
func sweepShapes(size int) []sweepShape {
	return []sweepShape{
		{claims: "claims 2 and 4", k: 5, in: 192, out: 32, size: size, article: 16, mids: []int{4, 8, 16, 32, 64, 96, 192}},
		{claims: "claim 3", k: 3, in: 192, out: 192, size: size, article: 48, mids: []int{12, 24, 48, 96, 144, 192}},
	}
}

// variant is one side of a comparison, ready on the device.
type variant struct {
	mid     int // 0: the direct convolution
	session *run.Session
	input   *tensor.Tensor
	report  *VariantReport
	totals  []time.Duration
	steps   [][]time.Duration // by step, then by run
}

// sweep is a direct convolution, variants[0], and its bottlenecks.
type sweep struct {
	sweepShape
	variants []*variant
}

func (s sweepShape) name() string {
	return fmt.Sprintf("%d×%d, %d → %d on %d×%d", s.k, s.k, s.in, s.out, s.size, s.size)
}

// articleBench is all that --article runs.
type articleBench struct {
	sweeps []*sweep
	claims []claimRun
}

// newArticleBench compiles every variant.
func newArticleBench(ctx context.Context, d *gpu.Device, f *flags, seed uint64) (_ *articleBench, err error) {
	b := &articleBench{}
	defer func() {
		if err != nil {
			b.close()
		}
	}()
	for _, shape := range sweepShapes(f.articleSize) {
		sw := &sweep{sweepShape: shape}
		b.sweeps = append(b.sweeps, sw)
		in := tensor.Shape{N: 1, C: shape.in, H: shape.size, W: shape.size}
		for _, mid := range append([]int{0}, shape.mids...) {
			g := article.Bottleneck(shape.in, mid, shape.out, shape.k)
			inception.InitHe(g, seed)
			s, err := run.Compile(ctx, d, g, in, f.options())
			if err != nil {
				return nil, err
			}
			v := &variant{mid: mid, session: s, input: inception.RandomInput(in, seed)}
			sw.variants = append(sw.variants, v)
			if v.report, err = describeVariant(v); err != nil {
				return nil, err
			}
		}
	}
	b.claims, err = newClaimRuns(ctx, d, f, seed)
	return b, err
}

func (b *articleBench) close() {
	for _, sw := range b.sweeps {
		for _, v := range sw.variants {
			v.session.Close()
		}
	}
	for _, c := range b.claims {
		c.session.Close()
	}
}

// verify checks every step of everything against cpuref, before anything is timed.
func (b *articleBench) verify(ctx context.Context, r *Report) error {
	for _, sw := range b.sweeps {
		for _, v := range sw.variants {
			name := fmt.Sprintf("%d×%d %d → %d, %s", sw.k, sw.k, sw.in, sw.out, v.report.Name)
			if err := verifyInto(ctx, r, name, v.session, v.input); err != nil {
				return err
			}
		}
	}
	for i := range b.claims {
		if err := b.claims[i].run(ctx, r); err != nil {
			return err
		}
	}
	return nil
}

// The timed rounds of --article: enough for a median, and no longer than a few seconds.
const (
	articleRounds = 15
	articleBudget = 8 * time.Second
)

// time runs all variants in turn, so that the machine's moods hit all of them alike.
func (b *articleBench) time(ctx context.Context, runs int) error {
	begin := time.Now()
	for round := range 1 + min(runs, articleRounds) {
		if round > 3 && time.Since(begin) > articleBudget {
			break
		}
		for _, sw := range b.sweeps {
			for _, v := range sw.variants {
				_, t, err := v.session.RunTimed(ctx, v.input, true)
				if err != nil {
					return err
				}
				if round == 0 {
					continue
				}
				v.totals = append(v.totals, t.Total)
				i := 0
				for _, wave := range t.Steps {
					for _, d := range wave {
						if i == len(v.steps) {
							v.steps = append(v.steps, nil)
						}
						v.steps[i] = append(v.steps[i], d)
						i++
					}
				}
			}
		}
	}
	return nil
}

// report is what was found. The ceilings are those of the same run.
func (b *articleBench) report(ctx context.Context, c *CeilingsReport) (*ArticleReport, error) {
	r := &ArticleReport{}
	for _, sw := range b.sweeps {
		s := SweepReport{
			Name: sw.name(), Claims: sw.claims, Kernel: sw.k, In: sw.in, Out: sw.out, Size: sw.size, ArticleMid: sw.article,
		}
		for _, v := range sw.variants {
			v.report.measured(v.totals, v.steps)
		}
		direct := sw.variants[0]
		s.Direct = *direct.report
		for _, v := range sw.variants {
			v.report.compare(&s.Direct, medianRatio(v.totals, direct.totals), c)
			if v != direct {
				s.Paths = append(s.Paths, *v.report)
			}
		}
		s.Direct = *direct.report
		r.Sweeps = append(r.Sweeps, s)
	}
	claims, err := article.Recompute(ctx)
	if err != nil {
		return nil, err
	}
	r.Claims = measuredClaims(claims, r.Sweeps, b.claims)
	return r, nil
}
