package onnx

import (
	"fmt"
	"slices"

	"inceptiongl/inception/graph"
)

// gemm is alpha·A·B + beta·C.
func (n *node) gemm() (*value, error) {
	a, b := n.in[0], n.in[1]
	alpha, beta := n.float("alpha", 1), n.float("beta", 1)
	transA, transB := n.flag("transA", false), n.flag("transB", false)
	if n.err != nil {
		return nil, n.err
	}
	if a.rank() != 2 || b.rank() != 2 {
		return nil, fmt.Errorf("matrices are needed, not %s and %s", show(a.dims), show(b.dims))
	}
	bias := n.opt(2)
	if bias != nil && bias.con != nil && beta != 1 && !bias.con.isInt {
		if err := n.b.spend(bias.con.len()); err != nil {
			return nil, err
		}
		bias = known(bias.con.scaled(beta))
	}
	y, fused, err := n.matrix(a, b, transA, transB, alpha, bias)
	if err != nil || bias == nil || fused {
		return y, err
	}
	if bias.con == nil && beta != 1 {
		p, err := n.uniform(bias, float64(beta), 0)
		if err != nil {
			return nil, err
		}
		bias = bias.like(p)
	}
	out, err := n.combine("Add", y, bias)
	if err == nil && !slices.Equal(out.dims, y.dims) {
		err = fmt.Errorf("adding %s to a product %s", show(bias.dims), show(y.dims))
	}
	return out, err
}

// scaled is f·c.
func (c *constant) scaled(f float32) *constant {
	data := make([]float32, len(c.f))
	for k, v := range c.f {
		data[k] = v * f
	}
	return floats(c.name, c.dims, data)
}

// matMul is NumPy's: a product of matrices, one for each place along the axes before the last two, which broadcast. A vector on the left is
// one row, on the right one column, and goes from the result.
func (n *node) matMul() (*value, error) {
	a, b := n.in[0], n.in[1]
	row, column := a.rank() == 1, b.rank() == 1
	if a.rank() == 0 || b.rank() == 0 {
		return nil, fmt.Errorf("%s times %s: a scalar is no matrix", show(a.dims), show(b.dims))
	}
	var err error
	if row {
		a = a.lengthened(2)
	}
	if column {
		if b, err = n.b.reshape(b, []dim{b.dims[0], num(1)}); err != nil {
			return nil, err
		}
	}
	y, _, err := n.matrix(a, b, false, false, 1, nil)
	if err != nil || !row && !column {
		return y, err
	}
	if row {
		y = y.replaced(y.rank()-2, nil)
	}
	if column {
		y = y.replaced(y.rank()-1, nil)
	}
	return y, nil
}

// matrix is alpha·A·B + bias. Where one of A and B is a constant matrix, it is a 1×1 convolution with that as its weight. It tells whether it
// took the bias, which a convolution does where that has one element for each column of A·B.
func (n *node) matrix(a, b *value, transA, transB bool, alpha float32, bias *value) (y *value, fused bool, err error) {
	for _, v := range []*value{a, b} {
		if v.con != nil && v.con.isInt {
			return nil, false, fmt.Errorf("%s times %s: a product with integers is not supported", show(a.dims), show(b.dims))
		}
	}
	if transA {
		if a, err = n.b.swapped(a); err != nil {
			return nil, false, err
		}
	}
	switch {
	case b.con != nil && b.rank() == 2: // rows of A are pixels
	case a.con != nil && a.rank() == 2 && b.con == nil: // A·B = (Bᵀ·Aᵀ)ᵀ, and columns of B are pixels
		if !transB {
			if b, err = n.b.swapped(b); err != nil {
				return nil, false, err
			}
		}
		if y, err = n.product(b, a.con, true, alpha, ""); err == nil {
			y, err = n.b.swapped(y)
		}
		return y, false, err
	default:
		if transB {
			if b, err = n.b.swapped(b); err != nil {
				return nil, false, err
			}
		}
		if y, err = n.times(a, b); err == nil && alpha != 1 {
			y, err = n.scaled(y, float64(alpha))
		}
		return y, false, err
	}
	name := ""
	if columns := b.con.dims[1]; bias != nil && bias.con != nil && !bias.con.isInt {
		if transB {
			columns = b.con.dims[0]
		}
		if bias.con.len() == columns && bias.rank() > 0 && bias.rank() <= 2 && bias.dims[bias.rank()-1].is(columns) {
			name = n.b.weight(bias.con.name, []int{columns}, bias.con.f)
		}
	}
	y, err = n.product(a, b.con, transB, alpha, name)
	return y, name != "", err
}

// swapped is x with its last two axes in the other order.
func (b *builder) swapped(x *value) (*value, error) {
	perm := identity(x.rank())
	k := x.rank() - 2
	perm[k], perm[k+1] = k+1, k
	return b.permute(x, perm)
}

// byInput says, where an extent is not as it must be, what of the input decides it.
func byInput(d dim) string {
	if d.sym == number {
		return fmt.Sprintf("not %d: Options.Dims must give the input the extents that the network was made for", d.n)
	}
	return fmt.Sprintf("and %v depends on what the file leaves open: Options.Dims must give the input's extents", d)
}

// product is alpha·A·B + bias for a tensor A and a constant matrix B.
func (n *node) product(a *value, b *constant, transB bool, alpha float32, bias string) (*value, error) {
	in, out := b.dims[0], b.dims[1]
	if transB {
		in, out = out, in
	}
	dims := slices.Clone(a.dims)
	k := len(dims) - 1
	if !dims[k].is(in) || out < 1 {
		return nil, fmt.Errorf("a tensor %s times a matrix of %d rows: %d columns are needed, %s", show(a.dims), in, in, byInput(dims[k]))
	}
	dims[k] = num(out)
	weight := b.f
	if !transB || alpha != 1 {
		if err := n.b.spend(len(b.f)); err != nil {
			return nil, err
		}
		weight = make([]float32, len(b.f))
		for i := range weight {
			j := i
			if !transB {
				j = i%in*out + i/in
			}
			weight[i] = alpha * b.f[j]
		}
	}
	a, p, err := n.b.channels(a, k)
	if err != nil {
		return nil, err
	}
	op := graph.Conv2D{In: in, Out: out, Kernel: graph.Square(1), Bias: bias}
	op.Weight = n.b.weight(b.name, []int{out, in, 1, 1}, weight)
	y := n.emit(op, nil, view{num(out), p.view[1], p.view[2]}, p)
	return &value{dims: dims, order: a.order, t: y.t}, nil
}
