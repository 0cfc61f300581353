package tail

import (
	"fmt"
	"math"
	"slices"

	"inceptiongl/inception/graph"
)

// Unary is a function of single numbers, rounded once: a graph.Unary, graph.ReLU or graph.Sigmoid.
type Unary struct {
	Name string // in ONNX
	F    func(float64) float64
}

// Kind is the name.
func (u Unary) Kind() string { return u.Name }

// Run computes. Whole numbers stay such where the function gives one.
func (u Unary) Run(in []Array) ([]Array, error) {
	if err := needs(in, 1, 1); err != nil {
		return nil, err
	}
	x := in[0]
	if !x.Ints {
		out := Floats(x.Dims, make([]float32, len(x.F)))
		for i, v := range x.F {
			out.F[i] = float32(u.F(float64(v)))
		}
		return []Array{out}, nil
	}
	out := Integers(x.Dims, make([]int64, len(x.I)))
	for i, v := range x.I {
		y := u.F(float64(v))
		if y != math.Trunc(y) || math.Abs(y) > 1<<53 {
			return nil, fmt.Errorf("of %d, an integer", v)
		}
		out.I[i] = int64(y)
	}
	return []Array{out}, nil
}

// Binary joins two arrays, element by element, as NumPy broadcasts. Integers stay integers; their quotient is cut towards 0.
type Binary struct {
	Name    string // in ONNX
	Type    graph.BinaryKind
	Swapped bool // the second one first
}

// Kind is the name.
func (b Binary) Kind() string { return b.Name }

// Run computes.
func (b Binary) Run(in []Array) ([]Array, error) {
	if err := needs(in, 2, 2); err != nil {
		return nil, err
	}
	if b.Swapped {
		in = []Array{in[1], in[0]}
	}
	x, y := in[0], in[1]
	dims, number, err := broadcast(x, y)
	if err != nil {
		return nil, err
	}
	n, err := count(dims)
	if err != nil {
		return nil, err
	}
	truth := b.Type >= graph.Equal && b.Type <= graph.Xor
	if x.Ints && y.Ints {
		out := Integers(dims, make([]int64, 0, n))
		each(dims, func(at []int) {
			v, failed := integers(b.Type, x.I[number(0, at)], y.I[number(1, at)])
			if failed != nil {
				err = failed
			}
			out.I = append(out.I, v)
		})
		return []Array{out}, err
	}
	out := Floats(dims, make([]float32, 0, n))
	each(dims, func(at []int) {
		out.F = append(out.F, float32(b.Type.At(x.Number(number(0, at)), y.Number(number(1, at)))))
	})
	if truth {
		return Cast{To: Truth}.Run([]Array{out})
	}
	return []Array{out}, nil
}

// Several joins any number of arrays, one after another: a sum, a product, the smallest or largest; with Mean, divided by their number.
type Several struct {
	Name string // in ONNX
	Type graph.BinaryKind
	Mean bool
}

// Kind is the name.
func (s Several) Kind() string { return s.Name }

// Run computes.
func (s Several) Run(in []Array) ([]Array, error) {
	if len(in) == 0 {
		return nil, fmt.Errorf("takes 1 input or more, has none")
	}
	pair := func(kind graph.BinaryKind, x, y Array) (Array, error) {
		out, err := Binary{Name: s.Name, Type: kind}.Run([]Array{x, y})
		if err != nil {
			return Array{}, err
		}
		return out[0], nil
	}
	acc := in[0]
	for _, x := range in[1:] {
		var err error
		if acc, err = pair(s.Type, acc, x); err != nil {
			return nil, err
		}
	}
	if s.Mean && len(in) > 1 {
		var err error
		if acc, err = pair(graph.Div, acc, Floats([]int{}, []float32{float32(len(in))})); err != nil {
			return nil, err
		}
	}
	return []Array{acc}, nil
}

// integers is a op b.
func integers(kind graph.BinaryKind, a, b int64) (int64, error) {
	switch kind {
	case graph.Add:
		return a + b, nil
	case graph.Sub:
		return a - b, nil
	case graph.Mul:
		return a * b, nil
	case graph.Div:
		if b == 0 {
			return 0, fmt.Errorf("%d divided by 0", a)
		}
		return a / b, nil
	case graph.Minimum:
		return min(a, b), nil
	case graph.Maximum:
		return max(a, b), nil
	case graph.Equal:
		return number(a == b), nil
	case graph.NotEqual:
		return number(a != b), nil
	case graph.Greater:
		return number(a > b), nil
	case graph.GreaterEqual:
		return number(a >= b), nil
	}
	v := kind.At(float64(a), float64(b)) // truths, and powers
	if v != math.Trunc(v) || math.Abs(v) > 1<<53 {
		return 0, fmt.Errorf("%v of %d and %d", kind, a, b)
	}
	return int64(v), nil
}

func number(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// Mod is the remainder of a division, with the divisor's sign, or with Fmod the dividend's.
type Mod struct{ Fmod bool }

// Kind is "Mod".
func (Mod) Kind() string { return "Mod" }

// Run computes.
func (m Mod) Run(in []Array) ([]Array, error) {
	if err := needs(in, 2, 2); err != nil {
		return nil, err
	}
	x, y := in[0], in[1]
	dims, number, err := broadcast(x, y)
	if err != nil {
		return nil, err
	}
	n, err := count(dims)
	if err != nil {
		return nil, err
	}
	if x.Ints != y.Ints {
		return nil, fmt.Errorf("of integers and floats")
	}
	out := Array{Dims: dims, Ints: x.Ints}
	if !x.Ints {
		out.F = make([]float32, 0, n)
		each(dims, func(at []int) {
			v, by := x.Number(number(0, at)), y.Number(number(1, at))
			r := math.Mod(v, by)
			if !m.Fmod && r != 0 && (r < 0) != (by < 0) {
				r += by
			}
			out.F = append(out.F, float32(r))
		})
		return []Array{out}, nil
	}
	out.I = make([]int64, 0, n)
	each(dims, func(at []int) {
		v, by := x.I[number(0, at)], y.I[number(1, at)]
		if by == 0 {
			err = fmt.Errorf("%d divided by 0", v)
			by = 1
		}
		r := v % by
		if !m.Fmod && r != 0 && (r < 0) != (by < 0) {
			r += by
		}
		out.I = append(out.I, r)
	})
	return []Array{out}, err
}

// Where takes an element of the second input where the first isn't 0, of the third elsewhere.
type Where struct{}

// Kind is "Where".
func (Where) Kind() string { return "Where" }

// Run picks elements.
func (Where) Run(in []Array) ([]Array, error) {
	if err := needs(in, 3, 3); err != nil {
		return nil, err
	}
	x, y := in[1], in[2]
	if x.Ints != y.Ints {
		return nil, fmt.Errorf("of integers and floats")
	}
	dims, number, err := broadcast(in...)
	if err != nil {
		return nil, err
	}
	both := Array{Dims: []int{x.Len() + y.Len()}, F: slices.Concat(x.F, y.F), I: slices.Concat(x.I, y.I), Ints: x.Ints}
	return one(both.from(dims, func(at []int) int {
		if in[0].Number(number(0, at)) != 0 {
			return number(1, at)
		}
		return x.Len() + number(2, at)
	}))
}
