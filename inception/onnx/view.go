package onnx

import "fmt"

// How values are seen as N × C × H × W. All here is about axes as they are stored.

// last is the index of the last extent that holds the batch; 0 where none does.
func last(dims []dim) int {
	for k := len(dims) - 1; k > 0; k-- {
		if dims[k].sym == batch {
			return k
		}
	}
	return 0
}

// natural is the view in which the first extent is N, the second C, the next two H and W, and more go into W. A signal
// N × C × W has H = 1; a vector is C, unless it is the batch.
func (b *builder) natural(dims []dim) (view, error) {
	w := view{num(1), num(1), num(1)}
	var rest []dim
	switch k := last(dims); {
	case len(dims) == 1 && dims[0].sym != batch:
		rest = dims
	case len(dims) > 0:
		rest = dims[k+1:]
	}
	var err error
	switch len(rest) {
	case 0:
	case 1:
		w[0] = rest[0]
	case 2:
		w[0], w[2] = rest[0], rest[1]
	default:
		w[0], w[1] = rest[0], rest[1]
		w[2], err = product(rest[2:], b.fresh)
	}
	return w, err
}

// along is the view whose channels are the axes from…to−1: what is before them is N, what is after them H × W.
func (b *builder) along(dims []dim, from, to int) (view, error) {
	if nat, err := b.natural(dims); err == nil && from == 1 && to == 2 && last(dims) == 0 {
		return nat, nil
	}
	if k := last(dims); k >= from && k < len(dims) && dims[k].sym == batch {
		return view{}, fmt.Errorf("works along an axis of %s that holds the batch or stands before it (Options.Dims can fix it)", show(dims))
	}
	c, err := product(dims[from:to], b.fresh)
	if err != nil {
		return view{}, err
	}
	h, err := product(dims[to:], b.fresh)
	return view{c, h, num(1)}, err
}

// seen is a picture of v whose channels are the axes from…to−1, with what is after them in H and W: v's own, if it is one.
func (b *builder) seen(v *value, from, to int) (*picture, error) {
	w, err := b.along(v.dims, from, to)
	if err != nil {
		return nil, err
	}
	p, err := b.tensor(v)
	if err != nil {
		return nil, err
	}
	if b.shows(p, w) {
		return p, nil
	}
	return b.as(v, w)
}

// shows reports that p has w's channels, and as many pixels.
func (b *builder) shows(p *picture, w view) bool {
	if p.view == w { // whatever unknown extents multiply to
		return true
	}
	after, err := product(p.view[1:], b.fresh)
	if err != nil {
		return false
	}
	want, err := product(w[1:], b.fresh)
	return err == nil && p.view[0] == w[0] && after == want
}

// sees reports that seen reshapes nothing.
func (b *builder) sees(v *value, from, to int) bool {
	w, err := b.along(v.dims, from, to)
	return err == nil && v.t != nil && b.shows(v.t, w)
}
