package cpuref

import (
	"context"
	"fmt"
	"math"
	"slices"

	"inceptiongl/inception/graph"
	"inceptiongl/inception/tensor"
)

// Transform is a Winograd transform along one axis, F(m, r): y = Aᵀ·((G·w) ⊙ (Bᵀ·d)), m outputs of r taps from n = m + r − 1
// inputs.
type Transform struct {
	AT [][]float64 // m × n
	G  [][]float64 // n × r
	BT [][]float64 // n × n
}

// Winograd widens r, the Result of Conv2D(x, c, w, b) for a convolution of one group with stride and dilation 1, to what an
// implementation by F(m×m', kh×kw) may be off, one that sums directly wherever the transforms' answer isn't finite. It computes
//
//	out = Aᵀ·M·A' + b,   M = Σ_i U(i) ⊙ V(i),   U = G·w·G'ᵀ,   V = Bᵀ·d·B'
//
// with U made in more than float32 and rounded once, and coefficients of A and B that are float32 numbers. A number on its way
// from d to an output takes part in: a product and at most n−1 sums along each axis of V, so n + n' roundings; one product and
// at most I − 1 sums over the input channels, I; n + n' along the axes of the output; the bias, 1. With U's rounding these are
//
//	k = 2(n + n') + I + 2
//
// factors (1 + δ) on every term of the expanded sum, whatever the order of its sums; one more is to spare, for U's error before
// it is rounded. Written out, the terms' magnitudes add up to
//
//	Mag = |Aᵀ|·(Σ_i |G||w||G'ᵀ| ⊙ |Bᵀ||d||B'|)·|A'| + |b|
//
// so the error is at most γ(k+1)·Mag, as in Higham's §3.1. It is larger than a direct sum's γ(K+2)·Σ|w·x|, or smaller, where I is
// much less than K = I·kh·kw: r allows the larger of both, for every element. Mag counts nothing that a zero coefficient meets,
// so that elements that don't depend on an infinite or NaN input have a finite bound.
//
// Flush adds, for every operation, one subnormal flushed, times what it is then multiplied with.
func (r *Result) Winograd(x *tensor.Tensor, c graph.Conv2D, w, b []float32, rows, columns Transform) error {
	c = c.Norm()
	one := graph.Square(1)
	if c.Groups != 1 || c.Stride != one || c.Dilation != one || c.Kernel.H != len(rows.G[0]) || c.Kernel.W != len(columns.G[0]) {
		return fmt.Errorf("cpuref: winograd: a convolution of window %d×%d, stride %d×%d, dilation %d×%d in %d groups has no transform F(%d×%d, %d×%d)",
			c.Kernel.H, c.Kernel.W, c.Stride.H, c.Stride.W, c.Dilation.H, c.Dilation.W, c.Groups, len(rows.AT), len(columns.AT), len(rows.G[0]), len(columns.G[0]))
	}
	out, err := outShape(c, x)
	if err != nil {
		return err
	}
	if out != r.Shape {
		return fmt.Errorf("cpuref: winograd: the result has shape %v, not the convolution's %v", r.Shape, out)
	}
	y, z := rows.abs(), columns.abs()
	mag, err := winograd(context.Background(), fromTensor(x).abs(), c, abs(widen(w)), abs(widen(b)), y, z, r.Shape)
	if err != nil {
		return fmt.Errorf("cpuref: winograd: %w", err)
	}
	roundings := 2*(len(y.BT)+len(z.BT)) + c.In + 3
	scale := gamma(float64(roundings)) / gamma(float64(r.Ops))
	for i, m := range mag.v {
		if !math.IsNaN(m) && !math.IsInf(m, 0) { // else the element is summed directly
			r.Mag[i] = max(r.Mag[i], scale*m)
		}
	}
	a, g, d := gain(y.AT)*gain(z.AT), gain(y.G)*gain(z.G), gain(y.BT)*gain(z.BT)
	passes, in := float64(2*(len(y.BT)+len(z.BT))), float64(c.In)
	u, v := max(1, g*maxFinite(w)), max(1, d*maxFinite(x.Data))
	r.Flush += tiny * a * (in*(u*(d+passes*d)+v) + 2*(in+passes+2))
	return nil
}

// gain is the most that a transform enlarges the largest number: its largest row sum.
func gain(m [][]float64) float64 {
	most := 0.0
	for _, row := range m {
		sum := 0.0
		for _, v := range row {
			sum += v
		}
		most = max(most, sum)
	}
	return most
}

// abs is t with every coefficient's magnitude.
func (t Transform) abs() Transform {
	each := func(m [][]float64) [][]float64 {
		m = slices.Clone(m)
		for i := range m {
			m[i] = abs(m[i])
		}
		return m
	}
	return Transform{each(t.AT), each(t.G), each(t.BT)}
}

// winograd is conv by way of transforms, for arguments already checked.
func winograd(ctx context.Context, x array, c graph.Conv2D, w, b []float64, rows, columns Transform, out tensor.Shape) (array, error) {
	nh, nw, mh, mw := len(rows.BT), len(columns.BT), len(rows.AT), len(columns.AT)
	positions, yTiles, xTiles := nh*nw, (out.H+mh-1)/mh, (out.W+mw-1)/mw

	// V: N × In × tiles × positions.
	tiles := yTiles * xTiles
	v := newArray(tensor.Shape{N: x.N, C: x.C, H: tiles, W: positions})
	err := eachPlane(ctx, v, func(n, i int) {
		src, dst, d := x.plane(n, i), v.plane(n, i), make([]float64, positions)
		for t := range tiles {
			top, left := t/xTiles*mh-c.Pad.Top, t%xTiles*mw-c.Pad.Left
			for j := range d {
				d[j] = 0
				if iy, ix := top+j/nw, left+j%nw; iy >= 0 && iy < x.H && ix >= 0 && ix < x.W {
					d[j] = src[iy*x.W+ix]
				}
			}
			transform(rows.BT, columns.BT, dst[t*positions:], d)
		}
	})
	if err != nil {
		return array{}, err
	}

	y := newArray(out)
	err = eachPlane(ctx, y, func(n, o int) {
		m, u := make([]float64, tiles*positions), make([]float64, positions)
		taps := c.Kernel.H * c.Kernel.W
		for i := range c.In {
			transform(rows.G, columns.G, u, w[(o*c.In+i)*taps:][:taps])
			for t, from := 0, v.plane(n, i); t < len(m); t += positions {
				for j, k := range u {
					m[t+j] += k * from[t+j]
				}
			}
		}
		dst, r := y.plane(n, o), make([]float64, mh*mw)
		for t := range tiles {
			transform(rows.AT, columns.AT, r, m[t*positions:][:positions])
			for j, sum := range r {
				if yy, xx := t/xTiles*mh+j/mw, t%xTiles*mw+j%mw; yy < out.H && xx < out.W {
					if b != nil {
						sum += b[o]
					}
					dst[yy*out.W+xx] = sum
				}
			}
		}
	})
	return y, err
}

// transform is left·v·rightᵀ, for v of as many rows as left has columns. A zero coefficient's product is 0, whatever it meets.
func transform(left, right [][]float64, dst, v []float64) {
	rows, columns := len(left[0]), len(right[0])
	half := make([]float64, rows*len(right)) // v·rightᵀ
	for y := range rows {
		for x, k := range right {
			half[y*len(right)+x] = dot(k, v[y*columns:], 1)
		}
	}
	for y, k := range left {
		for x := range right {
			dst[y*len(right)+x] = dot(k, half[x:], len(right))
		}
	}
}

// dot is k·v, with v's elements stride apart.
func dot(k, v []float64, stride int) float64 {
	sum := 0.0
	for i, a := range k {
		if a != 0 {
			sum += a * v[i*stride]
		}
	}
	return sum
}
