package graph

import (
	"fmt"
	"math"

	"inceptiongl/inception/tensor"
)

// UnaryKind is what a Unary does with a number x.
type UnaryKind int

// The kinds of Unary, each named as in ONNX and, but for those marked, in PyTorch. α and β are Alpha and Beta. NaN stays NaN.
const (
	Abs             UnaryKind = iota // |x|
	Ceil                             // the next whole number that is not below x
	Celu                             // x where x > 0, α · (exp(x/α) − 1) elsewhere
	Elu                              // x where x > 0, α · (exp(x) − 1) elsewhere
	Erf                              // the error function
	Exp                              // exp(x)
	Floor                            // the next whole number that is not above x
	Gelu                             // x · Φ(x), Φ the normal distribution: x · (1 + erf(x/√2)) / 2
	GeluTanh                         // x · (1 + tanh(√(2/π) · (x + 0.044715 · x³))) / 2: Gelu(approximate="tanh")
	HardSigmoid                      // min(max(α·x + β, 0), 1); PyTorch has α = 1/6, β = ½
	HardSwish                        // x · min(max(α·x + β, 0), 1); both have α = 1/6, β = ½
	LeakyReLU                        // x where x ≥ 0, α · x elsewhere
	Log                              // the natural logarithm
	Mish                             // x · tanh(log(1 + exp(x)))
	Reciprocal                       // 1/x; ∞ where x is 0, whatever its sign
	Round                            // the nearest whole number, the even one where two are
	Selu                             // β·x where x > 0, β·α·(exp(x) − 1) elsewhere
	Shrink                           // x + β where x < −α, x − β where x > α, 0 elsewhere; PyTorch's Softshrink has β = α, its Hardshrink 0
	Sign                             // −1, 0 or 1
	Softplus                         // log(1 + exp(x))
	Softsign                         // x / (1 + |x|)
	Sqrt                             // √x
	Swish                            // x / (1 + exp(−α·x)); PyTorch's SiLU has α = 1
	Tanh                             // tanh(x)
	ThresholdedReLU                  // x where x > α, 0 elsewhere
	unaryKinds
)

var unaryNames = [unaryKinds]string{
	"abs", "ceil", "celu", "elu", "erf", "exp", "floor", "gelu", "gelu_tanh", "hard_sigmoid", "hard_swish", "leaky_relu", "log", "mish",
	"reciprocal", "round", "selu", "shrink", "sign", "softplus", "softsign", "sqrt", "swish", "tanh", "thresholded_relu",
}

// UnaryKinds lists them.
func UnaryKinds() []UnaryKind {
	var all []UnaryKind
	for k := range unaryKinds {
		all = append(all, k)
	}
	return all
}

func (k UnaryKind) String() string {
	if k < 0 || k >= unaryKinds {
		return fmt.Sprintf("UnaryKind(%d)", int(k))
	}
	return unaryNames[k]
}

// Unary is a function of single numbers, element by element. Alpha and Beta mean something where the kind's formula has them.
type Unary struct {
	elementwise
	Type        UnaryKind
	Alpha, Beta float32
}

// Kind is the type's name: "tanh", "hard_swish" …
func (u Unary) Kind() string { return u.Type.String() }

// OutShape is the input's shape. Alpha and Beta must be finite, and Celu's Alpha not 0.
func (u Unary) OutShape(in []tensor.Shape) (tensor.Shape, error) {
	s, err := one(in)
	for _, v := range []float32{u.Alpha, u.Beta} {
		if err == nil && !(math.Abs(float64(v)) <= math.MaxFloat32) {
			err = fmt.Errorf("alpha %v, beta %v: both must be finite", u.Alpha, u.Beta)
		}
	}
	switch {
	case err != nil:
	case u.Type < 0 || u.Type >= unaryKinds:
		err = fmt.Errorf("unknown type %d", u.Type)
	case u.Type == Celu && u.Alpha == 0:
		err = fmt.Errorf("alpha is 0")
	}
	return s, err
}

// Steepest is the largest slope: how many times as far apart it may bring two numbers. It is infinite where there is no such
// number, as for Exp, Sqrt and what jumps.
func (u Unary) Steepest() float64 {
	a, b := math.Abs(float64(u.Alpha)), math.Abs(float64(u.Beta))
	switch u.Type {
	case Abs, Softplus, Softsign, Tanh:
		return 1
	case Celu:
		if u.Alpha > 0 {
			return 1
		}
	case Elu, LeakyReLU:
		return max(1, a)
	case Selu:
		return max(b, a*b)
	case Erf:
		return 1.13 // 2/√π
	case Gelu, GeluTanh:
		return 1.13 // near √2
	case Mish, Swish:
		return 1.1 // 1.09 and 1.0998, near 1.5 and 2.4/α
	case HardSigmoid:
		return a
	case HardSwish: // 2(α·x + β) − β, where α·x + β is in 0…1
		return max(1, b, math.Abs(2-float64(u.Beta)))
	case Shrink:
		if u.Alpha == u.Beta && u.Alpha >= 0 {
			return 1
		}
	}
	return math.Inf(1)
}
