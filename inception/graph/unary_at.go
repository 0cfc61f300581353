package graph

import "math"

// At is the operator's formula at one number, in float64. NaN of a type that there isn't.
func (u Unary) At(x float64) float64 {
	alpha, beta := float64(u.Alpha), float64(u.Beta)
	switch u.Type {
	case Abs:
		return math.Abs(x)
	case Ceil:
		return math.Ceil(x)
	case Celu:
		return elu(x, alpha, 1, 1/alpha)
	case Elu:
		return elu(x, alpha, 1, 1)
	case Erf:
		return math.Erf(x)
	case Exp:
		return math.Exp(x)
	case Floor:
		return math.Floor(x)
	case Gelu:
		return x * 0.5 * math.Erfc(-x/math.Sqrt2)
	case GeluTanh: // (1 + tanh(w))/2 = 1/(1 + exp(−2w))
		return x * logistic(2*math.Sqrt(2/math.Pi)*x*(1+0.044715*x*x))
	case HardSigmoid:
		return min(max(alpha*x+beta, 0), 1)
	case HardSwish:
		return x * min(max(alpha*x+beta, 0), 1)
	case LeakyReLU:
		return PReLU.At(x, alpha)
	case Log:
		return math.Log(x)
	case Mish:
		return mish(x)
	case Reciprocal:
		return 1 / (x + 0) // of −0 as of 0
	case Round:
		return math.RoundToEven(x)
	case Selu:
		return elu(x, alpha*beta, beta, 1)
	case Shrink:
		switch {
		case x < -alpha:
			return x + beta
		case x > alpha:
			return x - beta
		case x != x:
			return x
		}
		return 0
	case Sign:
		if x == 0 || x != x {
			return x
		}
		return math.Copysign(1, x)
	case Softplus:
		return max(x, 0) + math.Log1p(math.Exp(-math.Abs(x)))
	case Softsign:
		return x / (1 + math.Abs(x))
	case Sqrt:
		return math.Sqrt(x)
	case Swish:
		return x * logistic(alpha*x)
	case Tanh:
		return math.Tanh(x)
	case ThresholdedReLU:
		if x <= alpha {
			return 0
		}
		return x
	}
	return math.NaN()
}

func logistic(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

// elu is above·x above 0, below·(exp(inner·x) − 1) elsewhere.
func elu(x, below, above, inner float64) float64 {
	if x < 0 {
		return below * math.Expm1(inner*x)
	}
	return above * x
}

// mish: tanh(log(1 + e)) = (e² + 2e) / (e² + 2e + 2), with e = exp(x), or with exp(−x) where that is smaller.
func mish(x float64) float64 {
	if x >= 0 {
		f := math.Exp(-x)
		return x * ((1 + 2*f) / (1 + 2*f + 2*f*f))
	}
	e := math.Exp(x)
	n := e * (e + 2)
	return x * (n / (n + 2))
}

// At is the operation on two numbers, in float64. NaN of one that there isn't.
func (k BinaryKind) At(a, b float64) float64 {
	switch k {
	case Add:
		return a + b
	case Mul:
		return a * b
	case Sub:
		return a - b
	case Div:
		return a / b
	case Pow:
		return math.Pow(a, b)
	case Minimum:
		return min(a, b) // NaN of NaN
	case Maximum:
		return max(a, b)
	case PReLU:
		if a < 0 {
			return b * a
		}
		return a
	case Equal:
		return truth(a == b)
	case NotEqual:
		return truth(a != b)
	case Greater:
		return truth(a > b)
	case GreaterEqual:
		return truth(a >= b)
	case And:
		return truth(a != 0 && b != 0)
	case Or:
		return truth(a != 0 || b != 0)
	case Xor:
		return truth((a != 0) != (b != 0))
	case Keep, Drop:
		if (b != 0) == (k == Keep) {
			return a
		}
		return 0
	}
	return math.NaN()
}

func truth(holds bool) float64 {
	if holds {
		return 1
	}
	return 0
}
