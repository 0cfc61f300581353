package cpuref

import (
	"context"
	"fmt"
	"math"

	"inceptiongl/inception/graph"
	"inceptiongl/inception/tensor"
)

// LRN is local response normalisation across channels, ONNX's LRN:
//
//	out(n, c, y, x) = in(n, c, y, x) · s^−Beta,   s = Bias + Alpha/Size · Σ_i in(n, i, y, x)²,   c − ⌊(Size−1)/2⌋ ≤ i ≤ c + ⌈(Size−1)/2⌉
//
// Channels outside the input count as zeros. The shader may sum in any order, take Alpha/Size as one constant or divide by
// Size, and compute pow(s, −Beta), exp2(−Beta·log2(s)), or x / pow(s, Beta).
//
// The bound, in units of u and relative to the output, with l = |log2 s|:
//
//   - s: a square is rounded once and takes part in Size − 1 additions; Alpha is rounded, multiplied by, and divided by Size
//     (2.5 ULP, at most 5); Bias is added: Size + 7, and 1 to spare, of |Bias| + |Alpha|/Size·Σx². Where Alpha and Bias are
//     positive that is s itself. The power multiplies it by Beta.
//   - log2 s is off by at most 2⁻²¹ = 8u inside [½, 2] and 3 ULP, at most 6·l, outside (GLSL 4.30 §4.7.1): max(8, 6·l).
//     Beta, and its product with log2 s, are rounded: 2·l. Both are absolute errors of the exponent: times Beta·ln 2.
//   - exp2 is off by 3 + 2·|Beta·log2 s| ULP, at most 6 + 4·Beta·l. Mesa's software drivers take a third of this and less.
//   - the product with x is rounded once, or a division is, at most 5; 1 is for second-order terms.
//
// In all
//
//	κ = Beta·((Size + 8)·(|Bias| + |Alpha|/Size·Σx²)/s + ln 2·(2·l + max(8, 6·l)) + 4·l) + 12
//
// which is 30, an error of 1.8e-6, for Size 5, Beta ¾ and s = 2. It also has room for s^−¾ as
// inversesqrt(s)·sqrt(inversesqrt(s)), at 16, with Alpha/Size as one constant.
//
// s must be positive, and s and s^−Beta normal: pow is undefined below, and here the answer is NaN or has no bound.
//
// Flush: subnormal squares and sums lose 2·(|Alpha| + 1)·2⁻¹²⁶ of s, which is added to κ; a subnormal input read as zero
// loses s^−Beta·2⁻¹²⁶.
func LRN(x *tensor.Tensor, l graph.LRN) (*Result, error) {
	if _, err := outShape(l, x); err != nil {
		return nil, err
	}
	in := fromTensor(x)
	y, squares, err := lrn(context.Background(), in, l)
	if err != nil {
		return nil, fmt.Errorf("cpuref: lrn: %w", err)
	}
	beta := math.Abs(l.Beta)
	roundings := make([]float64, len(y.v))
	gain := 0.0 // the largest s^−Beta
	for i, q := range squares.v {
		s := l.Bias + q
		mag := float64(l.Size+8)*(math.Abs(l.Bias)+math.Abs(q)) + 2*(math.Abs(l.Alpha)+1)*tiny/unit
		log := math.Abs(math.Log2(s))
		roundings[i] = beta*(mag/s+math.Ln2*(2*log+max(8, 6*log))+4*log) + 12
		if g := math.Pow(s, -l.Beta); g > gain && !math.IsInf(g, 0) {
			gain = g
		}
	}
	r := relativeResult(y, roundings)
	if hasSubnormal(x.Data) {
		r.Flush += tiny * gain
	}
	return r, nil
}

// lrn is LRN in float64, and Alpha/Size · Σx².
func lrn(ctx context.Context, x array, l graph.LRN) (y, squares array, err error) {
	y, squares = newArray(x.Shape), newArray(x.Shape)
	before := (l.Size - 1) / 2
	after := l.Size - 1 - before
	err = eachPlane(ctx, y, func(n, c int) {
		dst, sum := y.plane(n, c), squares.plane(n, c)
		for i := max(c-before, 0); i <= min(c+after, x.C-1); i++ {
			for p, v := range x.plane(n, i) {
				sum[p] += v * v
			}
		}
		for p, v := range x.plane(n, c) {
			sum[p] *= l.Alpha / float64(l.Size)
			dst[p] = v * math.Pow(l.Bias+sum[p], -l.Beta)
		}
	})
	return y, squares, err
}
