package main

import "fmt"

// article prints both sides of the claims, with the ceilings of the same run.
func (p *textPrinter) article(r *Report) {
	c := r.Ceilings
	fmt.Fprintf(p.out, "\nCeilings measured in this run by small shaders\n\n")
	t := p.table("ceiling", "rate", "reached by")
	t.row("arithmetic", figures(c.Compute.Rate)+" GFLOP/s", c.Compute.Variant)
	t.row("reading, again and again", figures(c.Cache.Rate)+" GB/s", size(c.Cache.Bytes)+" through "+c.Cache.Variant)
	t.row("reading from memory", figures(c.Memory.Rate)+" GB/s", size(c.Memory.Bytes)+" through "+c.Memory.Variant)
	t.row("empty dispatch", spread(c.EmptyDispatch), "with its barrier")
	t.end()
	for i := range r.Article.Sweeps {
		p.sweep(&r.Article.Sweeps[i], c.EmptyDispatch.Median)
	}
	fmt.Fprintf(p.out, "\nThe article's claims\n")
	for _, c := range r.Article.Claims {
		fmt.Fprintf(p.out, "\n%d. %s: %s\n", c.Number, c.Verdict, c.Says)
		if c.But != "" {
			fmt.Fprintf(p.out, "   But: %s\n", c.But)
		}
		for _, m := range c.Measured {
			fmt.Fprintf(p.out, "   Measured: %s\n", m)
		}
	}
}

// sweep prints a direct convolution beside its bottlenecks.
func (p *textPrinter) sweep(s *SweepReport, empty float64) {
	fmt.Fprintf(p.out, "\nThe article's %s: %s, directly and after a 1×1 to C_mid channels\n\n", s.Claims, s.Name)
	t := p.table("variant", "parameters", "MACs", "moves", "predicted by MACs", "measured", "time", "GFLOP/s", "done/needed")
	for _, v := range append([]VariantReport{s.Direct}, s.Paths...) {
		name := v.Name
		if v.Mid == s.ArticleMid {
			name += " (the article's)"
		}
		t.row(name, comma(v.Weights), count(v.MACs), size(v.Bytes), percent(v.Predicted), percent(v.Measured), spread(v.Time), figures(v.GFLOPS), fmt.Sprintf("%.2f", v.waste()))
	}
	t.end()
	fmt.Fprintf(p.out, "\nAt C_mid %d: %s\n", s.ArticleMid, s.article().explain(&s.Direct, empty))
}
