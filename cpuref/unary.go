package cpuref

import (
	"math"

	"inceptiongl/inception/graph"
	"inceptiongl/inception/tensor"
)

// Unary is a function of single numbers, element by element: package graph has the formulas. NaN stays NaN.
//
// The shaders use sums, products and bits, which are exact to one rounding u, quotients within 2.5 ULP, at most 5u, and polynomials
// of their own; GLSL promises nothing of tanh and little of log near 1. The errors of these parts, in units of u, relative to
// their values (shaders/math.glsl):
//
//	exp 3, exp − 1 12, log 10, log(1 + e) 9, erf 6 below 1, 1 − erf 16 + v² from 1 on
//
// with the polynomials' own errors below 0.65 (exp 0.23, log 0.08, erf 0.02, 1 − erf 0.65), found by comparing with 40 digits. What
// follows for each kind stands below: the roundings one after the other, each times what it changes the result relative to its own
// change, and 1 for second-order terms.
//
// Flush: Log reads subnormal numbers as they are, whatever the driver. Elsewhere one may be read as zero.
func Unary(x *tensor.Tensor, u graph.Unary) (*Result, error) {
	if _, err := outShape(u, x); err != nil {
		return nil, err
	}
	return unaryResult(unary(u), x, u), nil
}

// unaryResult is the activation's result; where an input is subnormal, what may become of it counts.
func unaryResult(a activation, x *tensor.Tensor, u graph.Unary) *Result {
	r := a.result(x)
	switch u.Type {
	case graph.Sqrt, graph.Reciprocal, graph.Sign, graph.Ceil, graph.Floor:
	default:
		return r
	}
	if !hasSubnormal(x.Data) {
		return r
	}
	if r.Ops == 0 {
		r.Ops, r.Mag = 1, make([]float64, len(r.Value))
	}
	for i, v := range x.Data {
		switch {
		case v == 0 || math.Abs(float64(v)) >= tiny:
		case u.Type == graph.Reciprocal:
			r.Mag[i] = 0x1p128 / unit // GLSL promises nothing of a division by a subnormal number
		default: // zero is right too
			r.Mag[i] = math.Abs(r.Value[i]) / unit
		}
	}
	return r
}

// constant is a number of roundings that doesn't depend on the argument.
func constant(n float64) func(float64) float64 { return func(float64) float64 { return n } }

// unary is u as an activation.
func unary(u graph.Unary) activation {
	a := activation{value: u.At, steepest: u.Steepest()}
	alpha, beta := float64(u.Alpha), float64(u.Beta)
	switch u.Type {
	case graph.Abs, graph.Ceil, graph.Floor, graph.Round, graph.Sign, graph.ThresholdedReLU: // nothing is rounded
	case graph.Shrink, graph.LeakyReLU:
		a.roundings = constant(1)
	case graph.Celu: // 1/α and the product are rounded; exp − 1 changes by 1 + max(v/α, 0) times that; a product
		a.roundings = func(v float64) float64 { return 12 + 2*(1+max(min(v/alpha, 104), 0)) + 2 }
	case graph.Elu: // exp − 1, a product
		a.roundings = constant(14)
	case graph.Selu: // and α·β
		a.roundings = constant(15)
	case graph.Erf: // below 1; else 1 − (1 − erf), of which the error is (1/erf − 1) times as large
		a.roundings = func(v float64) float64 {
			if v = math.Abs(v); v <= 1 {
				return 7
			}
			return 2 + (17+min(v*v, 111))*math.Erfc(v)/math.Erf(v)
		}
	case graph.Exp:
		a.roundings = constant(4)
	case graph.Gelu:
		a.roundings = geluRoundings
	case graph.GeluTanh: // its w is off by 6: four roundings and two constants
		gate(&a, func(v float64) float64 { return 2 * math.Sqrt(2/math.Pi) * v * (1 + 0.044715*v*v) }, 6)
	case graph.Swish: // its w is one product
		gate(&a, func(v float64) float64 { return alpha * v }, 1)
	case graph.HardSigmoid:
		a.roundings, a.mag = constant(2), func(v float64) float64 { return hardMag(v, alpha, beta) }
	case graph.HardSwish:
		a.roundings, a.mag = constant(3), func(v float64) float64 {
			return hardMag(v, alpha, beta) * min(math.Abs(v), (1+math.Abs(beta))/math.Abs(alpha))
		}
	case graph.Log:
		a.roundings = constant(10)
	case graph.Mish:
		a.roundings, a.flush = constant(mishRoundings), 104*tiny
	case graph.Reciprocal:
		a.roundings = constant(5)
	case graph.Softplus: // exp; log(1 + e), which changes less than e; a sum
		a.roundings = constant(3 + 9 + 1 + 1)
	case graph.Softsign: // a sum and a quotient
		a.roundings, a.mag = constant(7), func(v float64) float64 {
			if math.Abs(v) > 0x1p126 && !math.IsInf(v, 0) {
				return 0x1p128 // GLSL promises nothing of a division by such a number
			}
			return math.Abs(v) / (1 + math.Abs(v))
		}
	case graph.Sqrt: // 1/√v within 2 ULP, and its inverse (GLSL 4.30 §4.7.1)
		a.roundings = constant(10)
	case graph.Tanh: // exp − 1 = e, which changes e/(e + 2) by 2/(e + 2) times as much; a sum, a quotient
		a.roundings = func(v float64) float64 { return 12*2/(math.Expm1(min(2*math.Abs(v), 40))+2) + 1 + 5 + 1 }
	default:
		a.roundings = constant(math.NaN()) // which no comparison passes
	}
	return a
}

// gate bounds v / (1 + exp(−w)), whose argument w is off by so many roundings.
//
// exp is GLSL's own, as for Sigmoid: (6 + 4·|w|), of which 1/(1 + exp) and exp/(1 + exp) take the share 1 − s, s = 1/(1 + exp(−w)),
// and so they do of w's error, |w| times as large; a sum, a quotient, a product.
//
// Flush: exp(−|w|) is lost where it is subnormal; it is |v| times as large in the answer, and |v| there at most 104 times the
// larger of 1 and |v/w|.
func gate(a *activation, w func(v float64) float64, off float64) {
	a.roundings = func(v float64) float64 {
		x := w(v)
		if math.IsInf(x, 0) || x != x {
			return 8
		}
		size := min(math.Abs(x), 104)
		return (1-logistic(x))*(6+4*size+off*size) + 8
	}
	a.flush = 104 * tiny * max(1, 1/math.Abs(w(1)))
	if w(1) == 0 {
		a.flush = 0
	}
}

// hardMag is |α·v| + |β|, with which the roundings of α·v + β scale. Where that is cut to 0 or 1 nothing is rounded; elsewhere |α·v| is at
// most 1 + |β|, and so it needs to be no larger anywhere.
func hardMag(v, alpha, beta float64) float64 {
	return min(math.Abs(alpha*v), 1+math.Abs(beta)) + math.Abs(beta)
}

// geluRoundings: v/√2 is off by 1.5, which changes erfc(a) by 2a² + 1 times as much at most where a = |v|/√2 ≥ 1, erf(a) by as much at most
// elsewhere. Above 0: 1 + erf, two products. Below: 1 − erf has 1/erfc − 1 times the error of erf, or a tail of 16 + a².
func geluRoundings(v float64) float64 {
	a := min(math.Abs(v)/math.Sqrt2, 10.5)
	lower := math.Erfc(a)
	erf := (6 + 1.5) * (1 - lower)
	if a > 1 {
		erf = (16 + a*a + 1.5*(2*a*a+1)) * lower
	}
	if v >= 0 {
		return erf/(2-lower) + 4
	}
	return erf/lower + 5
}

// mishRoundings: exp is off by 3. Below 0 it changes n = e(e + 2) by (2e + 2)/(e + 2) times as much, and n/(n + 2) changes by 2/(n + 2)
// of that: 4/3 at most. Above 0 the quotient changes by less than exp. Two sums, a product, a sum, a quotient, a product.
const mishRoundings = 4 + 2 + 1 + 1 + 5 + 1 + 1
