package cpuref

import (
	"fmt"
	"math"

	"inceptiongl/inception/graph"
	"inceptiongl/inception/tensor"
)

// activation is an operator that works on single numbers.
type activation struct {
	value func(v float64) float64
	// roundings bound its own error in units of u, relative to mag(v); nil: nothing is rounded.
	roundings func(v float64) float64
	mag       func(v float64) float64 // nil: the value at v, without its sign
	flush     float64                 // what flushed subnormals may take from the answer, beyond 2·2⁻¹²⁶
	// steepest is how many times as far apart it may bring two numbers.
	steepest float64
}

// activationOf is op as an activation. A new one gets its file, and its case here.
func activationOf(op graph.Op) (activation, bool) {
	switch op := op.(type) {
	case graph.ReLU:
		return relu, true
	case graph.Clip:
		return clip(op), true
	case graph.Sigmoid:
		return sigmoid, true
	case graph.Unary:
		return unary(op), true
	}
	return activation{}, false
}

// of is the activation of every element.
func (a activation) of(x array) array {
	y := newArray(x.Shape)
	for i, v := range x.v {
		y.v[i] = a.value(v)
		if math.Abs(y.v[i]) > beyond && !math.IsInf(v, 0) {
			y.v[i] = math.Inf(int(math.Copysign(1, y.v[i])))
		}
	}
	return y
}

// beyond is where a float32 is infinite whatever its error: exponentials of which the error in float64 would be infinite, too, and show
// nothing.
const beyond = 0x1p256

// result is the activation as an operator of its own.
func (a activation) result(x *tensor.Tensor) *Result {
	in := fromTensor(x)
	if a.roundings == nil {
		return newResult(a.of(in), nil, 0)
	}
	r := newResult(a.of(in), nil, 1)
	r.Flush += a.flush
	for i, v := range in.v {
		r.Mag[i] = a.bound(v, r.Value[i]) / unit
	}
	return r
}

// bound is the error of the activation itself at v, where its value is y.
func (a activation) bound(v, y float64) float64 {
	m := math.Abs(y)
	if a.mag != nil {
		m = a.mag(v)
	}
	if m == 0 {
		return 0
	}
	return gamma(a.roundings(v)) * m
}

// Add adds x to the answer in place, and returns it: a convolution's residual. One more term takes part in the sum, and may be
// flushed.
func (r *Result) Add(x *tensor.Tensor) (*Result, error) {
	if err := x.Check(); err != nil {
		return nil, fmt.Errorf("cpuref: what is to be added: %w", err)
	}
	if x.Shape != r.Shape {
		return nil, fmt.Errorf("cpuref: a tensor of shape %v can't be added to one of %v", x.Shape, r.Shape)
	}
	for i, v := range x.Data {
		r.Value[i] += float64(v)
		r.Mag[i] += math.Abs(float64(v))
	}
	r.Ops++
	r.Flush += 2 * tiny
	return r, nil
}

// Activate applies an activation to the answer in place, and returns it: the epilogue of a step. nil means none. The answer may be
// off by its bound, which the activation makes steepest times as large at most; its own error is added.
func (r *Result) Activate(op graph.Op) (*Result, error) {
	if op == nil {
		return r, nil
	}
	a, ok := activationOf(op)
	if !ok {
		return nil, fmt.Errorf("cpuref: %s is not an activation", op.Kind())
	}
	if math.IsInf(a.steepest, 0) {
		return nil, fmt.Errorf("cpuref: %s has no bound where its argument has an error", op.Kind())
	}
	y := a.of(array{r.Shape, r.Value})
	switch {
	case a.roundings != nil:
		ops := max(r.Ops, 1)
		for i, v := range r.Value {
			r.Mag[i] = (a.steepest*r.Bound(i) + a.bound(v, y.v[i])) / gamma(float64(ops))
		}
		r.Ops, r.Flush = ops, r.Flush+2*tiny+a.flush
	case a.steepest > 1:
		return nil, fmt.Errorf("cpuref: %s rounds nothing but brings numbers apart", op.Kind())
	}
	for i, v := range r.Value {
		if math.IsInf(v, 0) { // so was its bound, and y is exact
			r.Mag[i] = 0
		}
	}
	r.Value = y.v
	return r, nil
}
