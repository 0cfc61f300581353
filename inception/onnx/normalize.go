package onnx

import (
	"fmt"
	"slices"

	"inceptiongl/inception/graph"
)

// layerNorm is LayerNormalization: each image's elements from an axis on, or each pixel's channels, get mean 0 and variance 1. Then come
// a factor and an addend for each element of those axes. RMSNormalization is without the mean and the addend.
func (n *node) layerNorm() (*value, error) {
	x := n.in[0]
	from, err := axis(n.int("axis", -1), x.rank())
	if err != nil {
		return nil, err
	}
	if n.int("stash_type", 1) != 1 {
		return nil, fmt.Errorf("stash_type must be 1, float")
	}
	op := graph.Normalize{Eps: float64(n.float("epsilon", 1e-5))}
	if n.op == "RMSNormalization" {
		op.Type = graph.RootMeanSquare
	}
	return n.normalized(x, identity(x.rank())[from:], op, n.in[1], n.opt(2))
}

// instanceNorm is InstanceNormalization, over all pixels of a channel.
func (n *node) instanceNorm() (*value, error) {
	x := n.in[0]
	if x.rank() < 3 {
		return nil, fmt.Errorf("a tensor of rank %d, must be at least 3", x.rank())
	}
	each, err := n.eachChannel(x, x.dims[1], 1)
	if err != nil {
		return nil, err
	}
	return n.normalized(x, identity(x.rank())[2:], graph.Normalize{Eps: float64(n.float("epsilon", 1e-5))}, each[0], each[1])
}

// groupNorm is GroupNormalization, over all pixels of a group of channels. Its factors and addends are of groups before opset 21, of channels
// since.
func (n *node) groupNorm() (*value, error) {
	x := n.in[0]
	groups := n.int("num_groups", 0)
	if n.int("stash_type", 1) != 1 {
		return nil, fmt.Errorf("stash_type must be 1, float")
	}
	op := graph.Normalize{Eps: float64(n.float("epsilon", 1e-5))}
	if n.err != nil {
		return nil, n.err
	}
	if x.rank() < 2 || x.dims[1].sym != number || groups < 1 || x.dims[1].n%groups != 0 {
		return nil, fmt.Errorf("%d groups of a tensor %s: they must divide the channels", groups, show(x.dims))
	}
	size := x.dims[1].n / groups
	have, repeat := x.dims[1], 1
	if n.b.opset < 21 {
		have, repeat = num(groups), size
	}
	each, err := n.eachChannel(x, have, repeat)
	if err != nil {
		return nil, err
	}
	grouped := x.replaced(1, []dim{num(groups), num(size)})
	y, err := n.normalize(grouped, identity(grouped.rank())[2:], op)
	if err != nil {
		return nil, err
	}
	if y, err = n.b.reshape(y, x.dims); err != nil {
		return nil, err
	}
	return n.scaledBy(y, each[0], each[1])
}

// eachChannel are inputs 1 and 2 as factor and addend of each channel of x: as many numbers as have says, each for so many channels.
func (n *node) eachChannel(x *value, have dim, repeat int) (each [2]*value, err error) {
	for k := range each {
		c, err := n.known(1 + k)
		if err != nil {
			return each, err
		}
		if len(c.dims) != 1 || !have.is(c.dims[0]) {
			return each, fmt.Errorf("input %d is %v, for a tensor %s", 1+k, c.dims, show(x.dims))
		}
		data := c.f
		if repeat > 1 {
			if err := n.b.spend(repeat * len(c.f)); err != nil {
				return each, err
			}
			data = nil
			for _, v := range c.f {
				data = append(data, slices.Repeat([]float32{v}, repeat)...)
			}
		}
		dims := append([]int{len(data)}, slices.Repeat([]int{1}, x.rank()-2)...)
		each[k] = known(floats(c.name, dims, data))
	}
	return each, nil
}

// lpNorm is LpNormalization: numbers along an axis over the sum of their magnitudes, or the root of that of their squares.
func (n *node) lpNorm() (*value, error) {
	a, err := axis(n.int("axis", -1), n.in[0].rank())
	if err != nil {
		return nil, err
	}
	kinds := map[int]graph.NormalizeKind{1: graph.L1, 2: graph.L2}
	p := n.int("p", 2)
	kind, ok := kinds[p]
	if !ok {
		return nil, fmt.Errorf("p is %d, must be 1 or 2", p)
	}
	return n.normalize(n.in[0], []int{a}, graph.Normalize{Type: kind})
}

// meanVariance is MeanVarianceNormalization. ONNX adds 1e-9 to the deviation: as much, where that is 0.
func (n *node) meanVariance() (*value, error) {
	axes := n.ints("axes")
	if axes == nil {
		axes = []int{0, 2, 3}
	}
	axes, err := normal(axes, n.in[0].rank())
	if err != nil {
		return nil, err
	}
	return n.normalize(n.in[0], axes, graph.Normalize{Eps: 1e-18})
}

// normalized is normalize, with a factor and an addend that broadcast to the result; each may be nil.
func (n *node) normalized(x *value, axes []int, op graph.Normalize, scale, bias *value) (*value, error) {
	y, err := n.normalize(x, axes, op)
	if err != nil {
		return nil, err
	}
	return n.scaledBy(y, scale, bias)
}

// normalize brings the elements along some axes to one scale. As they are stored, these axes are all pixels, with some of the channels or
// none, or they are made the channels of pixels; where they don't stand together, they are stored last.
func (n *node) normalize(x *value, axes []int, op graph.Normalize) (*value, error) {
	if n.err != nil {
		return nil, n.err
	}
	for _, a := range axes {
		if x.dims[a].sym == batch {
			return nil, fmt.Errorf("over the batch of %s (Options.Dims can fix it)", show(x.dims))
		}
	}
	from, to := stretch(x, axes)
	if from < 0 {
		order := filled(x.order, x.rank())
		in := func(a int) bool { return slices.Contains(axes, a) }
		rest := slices.DeleteFunc(slices.Clone(order), in)
		last := slices.DeleteFunc(slices.Clone(order), func(a int) bool { return !in(a) })
		var err error
		if x, err = n.b.ordered(x, append(rest, last...)); err != nil {
			return nil, err
		}
		from, to = len(rest), x.rank()
	}
	s := x.stored()
	p, err := n.b.tensor(s)
	if err != nil {
		return nil, err
	}
	if op.Groups = groupsBefore(s.dims, from, to, p.view); op.Groups == 0 {
		if p, err = n.b.seen(s, from, to); err != nil {
			return nil, err
		}
	}
	if p.view[0].sym != number {
		return nil, fmt.Errorf("a tensor %s: the number of channels isn't fixed (Options.Dims)", show(x.dims))
	}
	op.Channels = p.view[0].n
	return x.like(n.emit(op, nil, p.view, p).t), nil
}

// stretch is where axes are stored, if nothing but extents of 1 is stored between them; else from is −1.
func stretch(x *value, axes []int) (from, to int) {
	from, to = -1, -1
	for k, a := range filled(x.order, x.rank()) {
		switch in := slices.Contains(axes, a); {
		case x.dims[a].is(1):
		case in && (from < 0 || to == k || !slices.ContainsFunc(filled(x.order, x.rank())[to:k], func(a int) bool { return !x.dims[a].is(1) })):
			if from < 0 {
				from = k
			}
			to = k + 1
		case in:
			return -1, -1
		}
	}
	if from < 0 { // only single elements
		k := x.axisOf(axes[0])
		return k, k + 1
	}
	return from, to
}

// groupsBefore is into how many groups of channels the axes from…to−1 cut a view, if they are all of its pixels and whole channels; else 0,
// as where it is all that an image has in one pixel.
func groupsBefore(dims []dim, from, to int, v view) int {
	for _, d := range dims[to:] {
		if !d.is(1) {
			return 0
		}
	}
	groups := 0
	if all, ok := numbers(slices.Concat(dims[from:], v[:])); ok {
		size, pixels, channels := 1, v[1].n*v[2].n, v[0].n
		for _, d := range all[:len(dims)-from] {
			size *= d
		}
		if size%pixels == 0 && channels%(size/pixels) == 0 {
			groups = channels * pixels / size
		}
		if groups == 1 && pixels == 1 {
			return 0
		}
		return groups
	}
	spanned, ok := spans(dims, v)
	if !ok || v[0].sym != number || from < len(spanned[0]) || from > len(spanned[0])+len(spanned[1]) {
		return 0
	}
	groups = 1
	for _, d := range dims[len(spanned[0]):from] {
		groups *= d.n
	}
	return groups
}

// scaledBy is y·scale + bias, where both may be nil. Factors and addends of channels move into the Normalize when it is planned.
func (n *node) scaledBy(y, scale, bias *value) (*value, error) {
	for _, step := range []struct {
		op string
		by *value
	}{{"Mul", scale}, {"Add", bias}} {
		if step.by == nil {
			continue
		}
		out, err := n.combine(step.op, y, step.by)
		if err != nil {
			return nil, err
		}
		if !slices.Equal(out.dims, y.dims) {
			return nil, fmt.Errorf("a factor or addend %s for a tensor %s", show(step.by.dims), show(y.dims))
		}
		y = out
	}
	return y, nil
}
