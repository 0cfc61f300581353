package onnx

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"inceptiongl/inception/graph"
)

// term is an operand of an Einsum: a value, and a letter for each of its axes.
type term struct {
	*value
	letters []rune
}

// einsum is made of what there is: transpositions, sums over axes, products of matrices and of single elements. Operands come together from
// left to right.
func (n *node) einsum() (*value, error) {
	equation := n.string("equation", "")
	if n.err != nil {
		return nil, n.err
	}
	terms, out, err := n.terms(equation)
	if err != nil {
		return nil, fmt.Errorf("equation %s: %w", quote(equation), err)
	}
	acc := terms[0]
	for k, t := range terms[1:] {
		var later []rune
		for _, u := range terms[k+2:] {
			later = append(later, u.letters...)
		}
		if acc, err = n.contract(acc, t, append(later, out...)); err != nil {
			return nil, fmt.Errorf("equation %s: %w", quote(equation), err)
		}
	}
	if acc, err = n.summed(acc, out); err != nil {
		return nil, fmt.Errorf("equation %s: %w", quote(equation), err)
	}
	return n.b.arranged(acc, out)
}

// dots are the letters that axes of an ellipsis get, counted from the last one.
const dots = 0xE000

// terms are the operands with their letters, and the letters of the result.
func (n *node) terms(equation string) (terms []term, out []rune, err error) {
	equation = strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return -1
		}
		return r
	}, equation)
	left, right, given := strings.Cut(equation, "->")
	parts := strings.Split(left, ",")
	if len(parts) != len(n.in) {
		return nil, nil, fmt.Errorf("%d operands, %d inputs", len(parts), len(n.in))
	}
	widest := 0 // of the ellipses
	count := map[rune]int{}
	for k, part := range parts {
		v := n.in[k]
		letters, wide, err := spell(part, v.rank())
		if err != nil {
			return nil, nil, err
		}
		widest = max(widest, wide)
		for i, r := range letters {
			if slices.Contains(letters[:i], r) {
				return nil, nil, fmt.Errorf("operand %d: the letter %c twice, a diagonal, is not supported: each letter once per operand is", k, r)
			}
			count[r]++
		}
		if v.con != nil && v.con.isInt {
			return nil, nil, fmt.Errorf("operand %d: integers are not supported", k)
		}
		terms = append(terms, term{v, letters})
	}
	if given {
		out, _, err = spell(right, widest+len(strings.ReplaceAll(right, "...", "")))
		for i, r := range out {
			if err == nil && (slices.Contains(out[:i], r) || count[r] == 0) {
				err = fmt.Errorf("the result has the letter %c twice, or no operand has it", r)
			}
		}
		return terms, out, err
	}
	for r, times := range count { // ellipses, then letters that stand once
		if r >= dots || times == 1 {
			out = append(out, r)
		}
	}
	slices.SortFunc(out, func(a, b rune) int {
		if a >= dots && b >= dots {
			return int(b - a)
		}
		return int(a%dots - b%dots)
	})
	return terms, out, nil
}

// spell are the letters of an operand's axes; those of an ellipsis are as many as its rank leaves.
func spell(part string, rank int) (letters []rune, wide int, err error) {
	before, after, open := strings.Cut(part, "...")
	wide = rank - len(before) - len(after)
	if wide < 0 || !open && wide > 0 {
		return nil, 0, fmt.Errorf("%s for a tensor of rank %d", quote(part), rank)
	}
	letters = []rune(before)
	for k := wide - 1; k >= 0; k-- {
		letters = append(letters, dots+rune(k))
	}
	letters = append(letters, []rune(after)...)
	for _, r := range letters {
		if r < dots && !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z') {
			return nil, 0, fmt.Errorf("%s: letters are a…z and A…Z", quote(part))
		}
	}
	return letters, wide, nil
}

// summed is t, summed over the axes whose letters nobody wants any more.
func (n *node) summed(t term, wanted []rune) (term, error) {
	var axes []int
	count := 1
	for k, r := range t.letters {
		if slices.Contains(wanted, r) {
			continue
		}
		if t.dims[k].sym != number {
			return t, fmt.Errorf("a sum over an axis of %s that isn't fixed (Options.Dims)", show(t.dims))
		}
		axes = append(axes, k)
		count *= t.dims[k].n
	}
	if len(axes) == 0 {
		return t, nil
	}
	y, err := n.reduced(t.value, graph.Average, axes)
	if err == nil {
		y, err = n.scaled(y, float64(count))
	}
	if err != nil {
		return t, err
	}
	return term{y.without(axes), slices.DeleteFunc(slices.Clone(t.letters), func(r rune) bool { return !slices.Contains(wanted, r) })}, nil
}

// without is v less these axes, whose extents are 1.
func (v *value) without(axes []int) *value {
	for _, a := range slices.Backward(slices.Sorted(slices.Values(axes))) {
		v = v.replaced(a, nil)
	}
	return v
}

// contract multiplies two operands and sums over the letters that both have and nobody wants any more.
func (n *node) contract(a, b term, wanted []rune) (term, error) {
	var err error
	if a, err = n.summed(a, append(slices.Clone(b.letters), wanted...)); err != nil {
		return a, err
	}
	if b, err = n.summed(b, append(slices.Clone(a.letters), wanted...)); err != nil {
		return a, err
	}
	var both, gone, left, right []rune // letters of a and b; those to be summed over; of one of them
	for _, r := range a.letters {
		switch {
		case !slices.Contains(b.letters, r):
			left = append(left, r)
		case slices.Contains(wanted, r):
			both = append(both, r)
		default:
			gone = append(gone, r)
		}
	}
	for _, r := range b.letters {
		if !slices.Contains(a.letters, r) {
			right = append(right, r)
		}
	}
	letters := slices.Concat(both, left, right)
	if len(letters) > maxRank {
		return a, fmt.Errorf("%d dimensions: more than %d", len(letters), maxRank)
	}
	if len(gone) == 0 && (len(left) == 0 || len(right) == 0) { // element by element
		x, err := n.b.fanned(a, letters)
		if err != nil {
			return a, err
		}
		y, err := n.b.fanned(b, letters)
		if err != nil {
			return a, err
		}
		z, err := n.combine("Mul", x, y)
		return term{z, letters}, err
	}
	if a.con != nil && b.con == nil { // a constant matrix is a convolution's weight on the right
		return n.contract(b, a, wanted)
	}
	x, err := n.matrixOf(a, both, left, gone)
	if err != nil {
		return a, err
	}
	y, err := n.matrixOf(b, both, gone, right)
	if err != nil {
		return a, err
	}
	z, _, err := n.matrix(x, y, false, false, 1, nil)
	if err != nil {
		return a, err
	}
	dims, err := together(x.dims[:len(both)], y.dims[:len(both)])
	if err != nil {
		return a, err
	}
	z, err = n.b.reshape(z, slices.Concat(dims, a.of(left), b.of(right)))
	return term{z, letters}, err
}

// of are the extents of the axes with these letters.
func (t term) of(letters []rune) []dim {
	dims := make([]dim, len(letters))
	for k, r := range letters {
		dims[k] = t.dims[slices.Index(t.letters, r)]
	}
	return dims
}

// matrixOf is t with the axes of the letters in both, then all of rows as one axis, then all of columns.
func (n *node) matrixOf(t term, both, rows, columns []rune) (*value, error) {
	v, err := n.b.arranged(t, slices.Concat(both, rows, columns))
	if err != nil {
		return nil, err
	}
	dims := t.of(both)
	for _, letters := range [][]rune{rows, columns} {
		d, err := product(t.of(letters), n.b.fresh)
		if err != nil {
			return nil, err
		}
		dims = append(dims, d)
	}
	return n.b.reshape(v, dims)
}

// arranged is t with its axes in the order of the letters, which are its own.
func (b *builder) arranged(t term, letters []rune) (*value, error) {
	perm := make([]int, len(letters))
	for k, r := range letters {
		if perm[k] = slices.Index(t.letters, r); perm[k] < 0 {
			return nil, fmt.Errorf("the letter %c is missing", r)
		}
	}
	if len(perm) != len(t.letters) {
		return nil, fmt.Errorf("%d letters for a tensor of rank %d", len(perm), len(t.letters))
	}
	return b.permute(t.value, perm)
}

// fanned is t with an axis for each letter, in their order, of extent 1 where it has none.
func (b *builder) fanned(t term, letters []rune) (*value, error) {
	var own []rune
	dims := make([]dim, len(letters))
	for k, r := range letters {
		if dims[k] = num(1); slices.Contains(t.letters, r) {
			own = append(own, r)
			dims[k] = t.dims[slices.Index(t.letters, r)]
		}
	}
	v, err := b.arranged(t, own)
	if err != nil {
		return nil, err
	}
	return b.reshape(v, dims)
}
