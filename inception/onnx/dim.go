package onnx

import (
	"fmt"
	"strings"

	"inceptiongl/inception/tensor"
)

// A dim is one extent of an ONNX value, or one element of an integer constant (exporters compute shapes with those).
type dim struct {
	sym symbol
	n   int // the number; or the factor of the batch; or which unknown it is
}

type symbol uint8

const (
	number  symbol = iota
	batch          // n times the batch, which is free
	unknown        // an extent that only the input tells, such as the width of a fully convolutional network's output
)

func num(n int) dim { return dim{number, n} }

// is reports the number n.
func (d dim) is(n int) bool { return d == num(n) }

// public is the number, or −1.
func (d dim) public() int {
	if d.sym == number {
		return d.n
	}
	return -1
}

func (d dim) String() string {
	switch {
	case d.sym == number:
		return fmt.Sprint(d.n)
	case d.sym == unknown:
		return "?"
	case d.n == 1:
		return "batch"
	}
	return fmt.Sprintf("%d·batch", d.n)
}

// show writes dims as 1×3×224×224.
func show(ds []dim) string {
	if len(ds) == 0 {
		return "scalar"
	}
	s := make([]string, len(ds))
	for i, d := range ds {
		s[i] = d.String()
	}
	return strings.Join(s, "×")
}

func fixed(ns []int) []dim {
	ds := make([]dim, len(ns))
	for i, n := range ns {
		ds[i] = num(n)
	}
	return ds
}

// numbers is ds as ints, if all are numbers.
func numbers(ds []dim) ([]int, bool) {
	ns := make([]int, len(ds))
	for i, d := range ds {
		if d.sym != number {
			return nil, false
		}
		ns[i] = d.n
	}
	return ns, true
}

// product multiplies extents. Unknown extents make it unknown (fresh gives the unknown); two batches or more elements than
// a tensor may have are errors.
func product(ds []dim, fresh func() dim) (dim, error) {
	p := num(1)
	vague := false
	for _, d := range ds {
		if d.sym == unknown {
			vague = true
			continue
		}
		if d.sym == batch {
			if p.sym == batch {
				return p, fmt.Errorf("%s holds the batch twice (Options.Dims can fix it)", show(ds))
			}
			p.sym = batch
		}
		if d.n < 0 || d.n > 0 && p.n > tensor.MaxElements/d.n {
			return p, fmt.Errorf("%s has more than %d elements", show(ds), tensor.MaxElements)
		}
		p.n *= d.n
	}
	switch {
	case !vague || p.is(0):
		return p, nil
	case p.is(1):
		if u := pick(ds, unknown); len(u) == 1 {
			return u[0], nil
		}
	}
	return fresh(), nil
}

// pick is those of ds that are of one kind.
func pick(ds []dim, s symbol) []dim {
	var out []dim
	for _, d := range ds {
		if d.sym == s {
			out = append(out, d)
		}
	}
	return out
}

// count multiplies non-negative ints, with an error where the product is above limit.
func count(ns []int, limit int) (int, error) {
	p := 1
	for _, n := range ns {
		if n < 0 {
			return 0, fmt.Errorf("%v has a negative extent", ns)
		}
		if n > 0 && p > limit/n {
			for _, m := range ns {
				if m == 0 {
					return 0, nil
				}
			}
			return 0, fmt.Errorf("%v has more than %d elements", ns, limit)
		}
		p *= n
	}
	return p, nil
}

// arith is a op b for shape arithmetic: + − * / on numbers and on multiples of the batch.
func arith(op string, a, b dim) (dim, error) {
	const big = 1 << 31 // no sum or product of two such overflows
	fail := func() (dim, error) { return dim{}, unfoldable(op, a, b) }
	if a.sym == unknown || b.sym == unknown || max(a.n, b.n) > big || min(a.n, b.n) < -big {
		return fail()
	}
	same := a.sym == b.sym
	switch {
	case op == "Add" && same:
		return dim{a.sym, a.n + b.n}.settle(), nil
	case op == "Sub" && same:
		return dim{a.sym, a.n - b.n}.settle(), nil
	case op == "Mul" && (a.sym == number || b.sym == number):
		return dim{max(a.sym, b.sym), a.n * b.n}.settle(), nil
	case op == "Div" && b.n != 0 && a.sym == number && b.sym == number:
		return num(a.n / b.n), nil
	case op == "Div" && b.n != 0 && a.n%b.n == 0 && same:
		return num(a.n / b.n), nil
	case op == "Div" && b.n != 0 && a.n%b.n == 0 && b.sym == number:
		return dim{a.sym, a.n / b.n}.settle(), nil
	}
	return fail()
}

// unfoldable says why a op b has no value while loading.
func unfoldable(op string, a, b dim) error {
	why := ""
	switch {
	case a.sym == unknown || b.sym == unknown:
		why = ": it depends on an extent that the file leaves open, whose value must be given (Options.Dims)"
	case a.sym != number || b.sym != number:
		why = ": it depends on the batch (Options.Dims can fix it)"
	}
	return fmt.Errorf("can't fold %v %s %v%s", a, op, b, why)
}

// settle makes 0·batch the number 0.
func (d dim) settle() dim {
	if d.n == 0 {
		d.sym = number
	}
	return d
}
