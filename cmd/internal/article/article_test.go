package article

import (
	"context"
	"strings"
	"testing"
)

func claims(t *testing.T) []Claim {
	t.Helper()
	cs, err := Recompute(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return cs
}

// figureOf is the figure of that name in claim n, from 1.
func figureOf(t *testing.T, cs []Claim, n int, what string) Figure {
	t.Helper()
	for _, f := range cs[n-1].Figures {
		if f.What == what {
			return f
		}
	}
	t.Fatalf("claim %d has no figure %q", n, what)
	return Figure{}
}

func TestVerdicts(t *testing.T) {
	cs := claims(t)
	want := []struct{ verdict, but string }{
		{Right, ""},
		{RightBut, "3,072"},
		{Wrong, "C_in² = 81·C_out (36 → 16, 72 → 64, 108 → 144)"},
		{RightBut, "rounds to 90 %"},
		{RightBut, "branch1x1 and branch_pool only"},
		{Right, ""},
	}
	if len(cs) != len(want) {
		t.Fatalf("%d claims", len(cs))
	}
	for i, w := range want {
		c := cs[i]
		if c.Number != i+1 || c.Verdict != w.verdict || !strings.Contains(c.But, w.but) || (c.But == "") != (w.but == "") {
			t.Errorf("claim %d: %s, %q; want %s, %q", c.Number, c.Verdict, c.But, w.verdict, w.but)
		}
	}
}

func TestFigures(t *testing.T) {
	cs := claims(t)
	for _, c := range []struct {
		claim            int
		what, recomputed string
		agrees           Agreement
	}{
		{1, "output", "28×28×16", Yes},
		{2, "5×5, 192 → 32", "153,600", Yes},
		{2, "5×5, 16 → 32", "12,800", Yes},
		{2, "… less than before", "91.67 %", Yes},
		{2, "with the 1×1 itself", "15,872", No},
		{3, "C_in 192, C_out 192", "27.78 %", No},
		{3, "C_in 192, C_out 4", "158.33 %", No},
		{3, "C_in 36, C_out 16", "31.25 %", Yes},
		{4, "5×5, 192 → 32", "120,422,400", Yes},
		{4, "1×1, 192 → 16", "2,408,448", Yes},
		{4, "5×5, 16 → 32", "10,035,200", Yes},
		{4, "both", "12,443,648", Yes},
		{4, "… less than before", "89.67 %", Cut},
		{5, "5×5, padding 2", "28×28", Yes},
		{5, "… without padding", "24×24", None},
		{5, "branches of that size", "4 of 4", Yes},
		{5, "concatenation", "28×28×88", None},
		{5, "branches whose first convolution is a 1×1", "4 of 4", Yes},
		{5, "branches whose last convolution is a 1×1", "2 of 4", No},
		{6, "a xor b, of (a, b) = 00 01 10 11", "0 1 1 0", Yes},
		{6, "the same stack without ReLU", "2 1 1 0", None},
	} {
		f := figureOf(t, cs, c.claim, c.what)
		if f.Recomputed != c.recomputed || f.Agrees != c.agrees || f.Formula == "" {
			t.Errorf("claim %d, %s: %+v; want %s, %q", c.claim, c.what, f, c.recomputed, c.agrees)
		}
	}
	last := cs[1].Figures[4]
	if last.Recomputed != "89.67 %" || last.Agrees != No {
		t.Errorf("claim 2, the whole path: %+v", last)
	}
}

func TestCompare(t *testing.T) {
	for _, c := range []struct {
		stated string
		value  float64
		want   Agreement
	}{
		{"153,600", 153600, Yes}, {"153,600", 153601, No}, {"12.4 M", 12443648, Yes}, {"12.4 M", 12450001, Cut}, {"12.4 M", 12.35e6 - 1, No},
		{"10.0 M", 9.95e6, Yes}, {"10.0 M", 9.94e6, No}, {"91.7 %", 0.9166666, Yes}, {"89 %", 0.8967, Cut}, {"90 %", 0.8967, Yes}, {"89 %", 0.884, No},
		{"many", 1, No},
	} {
		if got := compare(c.stated, c.value); got != c.want {
			t.Errorf("%s for %v: %q, want %q", c.stated, c.value, got, c.want)
		}
	}
}
