package cpuref

import (
	"math"
	"slices"
	"strings"
	"testing"

	"inceptiongl/inception/graph"
	"inceptiongl/inception/tensor"
)

// flat is a reference of n equal values with a bound of about 1e-3, n × 1 × 1 × 1.
func flat(n int, v float64) *Result {
	r := &Result{Shape: tensor.Shape{N: n, C: 1, H: 1, W: 1}, Ops: 1, Flush: 1e-3}
	for range n {
		r.Value, r.Mag = append(r.Value, v), append(r.Mag, math.Abs(v))
	}
	return r
}

func TestCheckAtTheBound(t *testing.T) {
	const n, at = 7, 4
	ref := flat(n, 1)
	limit := ref.Bound(at)
	for _, sign := range []float64{1, -1} {
		got := ref.Tensor()
		got.Data[at] = float32(1 + sign*limit*0.999)
		rep := Check(got, ref)
		if rep.Err != nil || rep.Index != at || !(rep.MaxShare > 0.99) || rep.Elements != n {
			t.Errorf("just below the bound: %+v", rep)
		}
		got.Data[at] = float32(1 + sign*limit*1.001)
		rep = Check(got, ref)
		if rep.Err == nil || rep.Index != at || !(rep.MaxShare > 1) || rep.Got != float64(got.Data[at]) || rep.Want != 1 || rep.Bound != limit {
			t.Errorf("just above the bound: %+v", rep)
		}
		if !(math.Abs(rep.MaxErr-limit*1.001) < 1e-6) {
			t.Errorf("MaxErr %g", rep.MaxErr)
		}
	}
}

func TestCheckFailsClosed(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	with := func(v float32) *tensor.Tensor { x := flat(3, 1).Tensor(); x.Data[1] = v; return x }
	broken := func(f func(*Result)) *Result { r := flat(3, 1); f(r); return r }
	for _, c := range []struct {
		name string
		got  *tensor.Tensor
		ref  *Result
	}{
		{"NaN", with(nan), flat(3, 1)},
		{"infinity", with(inf), flat(3, 1)},
		{"number for a NaN", with(1), broken(func(r *Result) { r.Value[1] = math.NaN() })},
		{"number for an infinity", with(math.MaxFloat32), broken(func(r *Result) { r.Value[1] = math.Inf(1) })},
		{"other infinity", with(-inf), broken(func(r *Result) { r.Value[1] = math.Inf(1) })},
		{"NaN for an infinity", with(nan), broken(func(r *Result) { r.Value[1] = math.Inf(1) })},
		{"infinite bound, finite number", with(1.5), broken(func(r *Result) { r.Mag[1] = math.Inf(1) })},
		{"infinite bound", with(inf), broken(func(r *Result) { r.Mag[1] = math.Inf(1) })},
		{"NaN bound", with(1.5), broken(func(r *Result) { r.Mag[1] = math.NaN() })},
		{"sum too long for γ", with(1.5), broken(func(r *Result) { r.Ops = 1 << 24 })},
		{"nil", nil, flat(3, 1)},
		{"no reference", with(1), nil},
		{"empty", &tensor.Tensor{}, &Result{}},
		{"more elements", with(1), flat(2, 1)},
		{"same length, other shape", mk(t, 1, 3, 1, 1, 1, 1, 1), flat(3, 1)},
		{"missing data", &tensor.Tensor{Shape: flat(3, 1).Shape, Data: []float32{1, 1}}, flat(3, 1)},
		{"missing magnitudes", with(1), broken(func(r *Result) { r.Mag = r.Mag[:2] })},
		{"missing values", with(1), broken(func(r *Result) { r.Value = nil })},
	} {
		rep := Check(c.got, c.ref)
		if rep.Err == nil {
			t.Errorf("%s passes: %+v", c.name, rep)
			continue
		}
		if !(rep.MaxShare > 1) {
			t.Errorf("%s: MaxShare %v, must be above 1 on failure", c.name, rep.MaxShare)
		}
	}
	if rep := Check(with(nan), flat(3, 1)); !math.IsNaN(rep.MaxErr) || rep.Index != 1 || !strings.Contains(rep.Err.Error(), "1 of 3") {
		t.Errorf("NaN: %+v", rep)
	}
}

// TestCheckNonFinite: what may stand where the reference is NaN, infinite, or too large for float32. flat's bound of v is 1e-3 + about |v|·2⁻²³.
func TestCheckNonFinite(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	const largest = math.MaxFloat32
	for _, c := range []struct {
		want  float64
		right []float64 // all others of the list below are wrong
	}{
		{nan, []float64{nan}},
		{inf, []float64{inf}},
		{-inf, []float64{-inf}},
		{0, []float64{0}},
		{1, []float64{1}},
		{1e300, []float64{inf}},
		{-1e300, []float64{-inf}},
		{2 * largest, []float64{inf}},
		{-2 * largest, []float64{-inf}},
		{largest + 0x1p103, []float64{inf, largest}}, // as far from the last number as from the next, were there one
		{largest + 1, []float64{inf, largest}},
		{largest, []float64{inf, largest}}, // a sum of rounded products may be one step too large
		{-largest, []float64{-inf, -largest}},
		{largest * (1 - 0x1p-20), nil},
	} {
		for _, got := range []float64{nan, inf, -inf, 0, 1, largest, -largest} {
			want := slices.ContainsFunc(c.right, func(r float64) bool { return r == got || math.IsNaN(r) && math.IsNaN(got) })
			rep := Check(mk(t, 1, 1, 1, 1, float32(got)), flat(1, c.want))
			if (rep.Err == nil) != want || (rep.MaxShare <= 1) != want {
				t.Errorf("%v for %v: %+v; right is %v", got, c.want, rep, want)
			}
		}
	}
	exact := flat(1, largest) // a maximum isn't rounded, so it can't overflow
	exact.Ops = 0
	if rep := Check(mk(t, 1, 1, 1, 1, float32(inf)), exact); rep.Err == nil {
		t.Error("an infinity passes for an exact answer")
	}
}

// TestCheckOverflow: sums that overflow in float32 and not in float64.
func TestCheckOverflow(t *testing.T) {
	inf := float32(math.Inf(1))
	a, b := mk(t, 1, 1, 1, 3, 3e38, -3e38, 3e38), mk(t, 1, 1, 1, 3, 3e38, -3e38, -3e38)
	ref := must(t)(Binary(a, b, graph.Binary{}))
	if rep := Check(mk(t, 1, 1, 1, 3, inf, -inf, 0), ref); rep.Err != nil {
		t.Error(rep.Err)
	}
	for _, got := range [][]float32{{-inf, -inf, 0}, {inf, inf, 0}, {inf, -inf, inf}, {math.MaxFloat32, -inf, 0}, {float32(math.NaN()), -inf, 0}} {
		if rep := Check(mk(t, 1, 1, 1, 3, got...), ref); rep.Err == nil {
			t.Errorf("%v passes for %v", got, ref.Value)
		}
	}
}

func TestCheckCatchesOneWrongElement(t *testing.T) {
	r := random(6)
	c := graph.Conv2D{In: 16, Out: 5, Kernel: graph.Square(3), Pad: graph.Pad(1)}
	x, w := mk(t, 1, 16, 7, 9, normal(r, 16*63)...), normal(r, 5*16*9)
	ref := must(t)(Conv2D(x, c, w, nil))
	if rep := Check(ref.Tensor(), ref); rep.Err != nil || rep.MaxShare > 0.1 {
		t.Fatalf("the rounded reference: %+v", rep)
	}
	for i := range ref.Value {
		got := ref.Tensor()
		got.Data[i] += 1e-2
		if rep := Check(got, ref); rep.Err == nil || rep.Index != i {
			t.Fatalf("element %d off by 1e-2: %+v", i, rep)
		}
	}
}

func TestRelL2(t *testing.T) {
	near := func(got []float32, want []float64, rel float64) {
		t.Helper()
		e, err := RelL2(got, want)
		if err != nil || !(math.Abs(e-rel) <= 1e-12) {
			t.Errorf("RelL2(%v, %v) = %v, %v; want %v", got, want, e, err, rel)
		}
	}
	near([]float32{3, 4}, []float64{3, 4}, 0)
	near([]float32{3, 5}, []float64{3, 4}, 0.2)
	near([]float32{0}, []float64{0}, 0)
	if e, err := RelL2([]float32{1}, []float64{0}); err != nil || !math.IsInf(e, 1) {
		t.Errorf("against zero: %v, %v", e, err)
	}
	nan, inf := math.NaN(), math.Inf(1)
	for _, c := range []struct {
		got  []float32
		want []float64
	}{
		{nil, nil}, {[]float32{1}, nil}, {[]float32{1}, []float64{1, 2}},
		{[]float32{float32(nan)}, []float64{1}}, {[]float32{1}, []float64{nan}}, {[]float32{float32(inf)}, []float64{inf}},
	} {
		if e, err := RelL2(c.got, c.want); err == nil {
			t.Errorf("RelL2(%v, %v) = %v, no error", c.got, c.want, e)
		}
	}
}
