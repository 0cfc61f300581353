package onnx

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"inceptiongl/inception/graph"
	pb "inceptiongl/inception/onnx/internal/onnxpb"
	"inceptiongl/inception/tensor"
)

// input finds the one input that isn't an initializer, bound or unused, and starts the graph with it; nodes are sorted.
func (b *builder) input(m *Model, g *pb.GraphProto, nodes []*pb.NodeProto, o Options) error {
	used := map[string]bool{}
	for _, n := range g.GetNode() {
		for _, name := range reads(n) {
			used[name] = true
		}
	}
	for _, name := range o.Outputs {
		used[name] = true
	}
	bound := maps.Clone(o.Bind)
	var free []*pb.ValueInfoProto
	seen := map[string]bool{}
	for _, in := range g.GetInput() {
		name := in.GetName()
		if name == "" || seen[name] {
			return fmt.Errorf("input %s is unnamed or given twice", quote(name))
		}
		seen[name] = true
		a, isBound := bound[name]
		delete(bound, name)
		switch {
		case isBound:
			c, err := bind(name, in, a)
			if err != nil {
				return fmt.Errorf("input %s: %w", quote(name), err)
			}
			b.values[name] = known(c)
		case b.values[name] == nil && used[name]:
			free = append(free, in)
		}
	}
	for name := range bound {
		return fmt.Errorf("Options.Bind: the model has no input %s", quote(name))
	}
	if len(free) != 1 {
		names := make([]string, len(free))
		for k, in := range free {
			names[k] = quote(in.GetName())
		}
		return fmt.Errorf("has %d inputs, must have 1: %s (Options.Bind gives inputs fixed values)", len(free), shorten(strings.Join(names, ", "), 300))
	}
	if err := b.begin(m, g.GetName(), nodes, free[0], o); err != nil {
		return fmt.Errorf("input %s: %w", quote(free[0].GetName()), err)
	}
	return nil
}

// bind is an input's fixed value. It arrives as floats, which are converted where the model declares integers.
func bind(name string, in *pb.ValueInfoProto, a tensor.Array) (*constant, error) {
	if n, err := count(a.Dims, tensor.MaxElements); err != nil || n != len(a.Data) || len(a.Dims) > maxRank {
		return nil, fmt.Errorf("bound to extents %v and %d elements", a.Dims, len(a.Data))
	}
	t := in.GetType().GetTensorType()
	if t == nil {
		return nil, fmt.Errorf("is no tensor")
	}
	switch kind := t.GetElemType(); {
	case isCode(kind):
		return &constant{name: name, dims: slices.Clone(a.Dims), f: a.Data, code: kind}, nil
	case isFloat(kind):
		return floats(name, slices.Clone(a.Dims), a.Data), nil
	case isInt(kind):
		data := make([]dim, len(a.Data))
		for k, v := range a.Data {
			if v != float32(math.Trunc(float64(v))) || !(math.Abs(float64(v)) < 1<<62) {
				return nil, fmt.Errorf("bound to %v at element %d, must be an integer", v, k)
			}
			data[k] = num(int(v))
		}
		return ints(name, slices.Clone(a.Dims), data), nil
	}
	return nil, fmt.Errorf("type %s is not supported", dtype(t.GetElemType()))
}

// begin makes the graph and its input.
func (b *builder) begin(m *Model, graphName string, nodes []*pb.NodeProto, in *pb.ValueInfoProto, o Options) error {
	t := in.GetType().GetTensorType()
	if t == nil {
		return fmt.Errorf("is no tensor")
	}
	if !isFloat(t.GetElemType()) && !isCode(t.GetElemType()) && t.GetElemType() != int32(pb.TensorProto_BOOL) {
		return fmt.Errorf("type %s is not supported (FLOAT, FLOAT16, DOUBLE, BOOL, INT8, UINT8, INT16 and UINT16 are)", dtype(t.GetElemType()))
	}
	dims, err := b.declared(t, o.Dims, o.Batch)
	if err != nil {
		return err
	}
	if err := b.check(dims); err != nil {
		return err
	}
	m.InputOrder = inputOrder(nodes, in.GetName(), dims)
	x := &value{dims: dims}
	if !slices.IsSorted(m.InputOrder) {
		x.order = m.InputOrder
	}
	w, err := b.natural(x.stored().dims)
	if err != nil {
		return err
	}
	if w[0].sym != number {
		return fmt.Errorf("%s: the number of channels must be fixed (Options.Dims)", show(dims))
	}
	name := shorten(printable(graphName), 100)
	if name == "" {
		name = "onnx"
	}
	var at graph.Value
	b.g, at = graph.New(name, w[0].n)
	b.names[b.g.Nodes[at].Name] = true
	x.t = whole(at, w[0].n, w)
	switch {
	case isCode(t.GetElemType()):
		x.code = t.GetElemType()
	case t.GetElemType() == int32(pb.TensorProto_BOOL): // what arithmetic makes of truths is right for 0 and 1
		if x, err = (&node{b: b, label: in.GetName()}).combine("differs", x, numeral(0)); err != nil {
			return err
		}
	}
	b.values[in.GetName()] = x
	m.Input = printable(in.GetName())
	for _, d := range dims {
		m.InputDims = append(m.InputDims, d.public())
	}
	return nil
}

// declared are an input's extents, or what Options.Dims says of them; fix, if above 0, is a batch that is open.
func (b *builder) declared(t *pb.TypeProto_Tensor, override []int, fix int) ([]dim, error) {
	list := t.GetShape().GetDim()
	if t.GetShape() == nil && override == nil {
		return nil, fmt.Errorf("has no declared extents: Options.Dims can give them")
	}
	if t.GetShape() == nil {
		list = make([]*pb.TensorShapeProto_Dimension, len(override))
	}
	if override != nil && len(override) != len(list) {
		return nil, fmt.Errorf("has %d dimensions, Options.Dims %d", len(list), len(override))
	}
	if len(list) > maxRank {
		return nil, fmt.Errorf("%d dimensions: more than %d", len(list), maxRank)
	}
	dims := make([]dim, len(list))
	for k, d := range list {
		n, free := d.GetDimValue(), true
		if d != nil {
			_, isNumber := d.GetValue().(*pb.TensorShapeProto_Dimension_DimValue)
			free = !isNumber || n == 0 || n == -1 // as some exporters write what is open
		}
		if override != nil {
			if k == 0 && !free && override[k] == -1 && n > 0 && n <= tensor.MaxElements {
				b.batch = int(n)
			}
			n, free = int64(override[k]), override[k] == -1
		}
		switch {
		case free && k == 0 && fix > 0:
			dims[k] = num(fix)
		case free && k == 0:
			dims[k] = dim{batch, 1}
		case free:
			dims[k] = b.fresh()
		case n < 1 || n > tensor.MaxElements:
			return nil, fmt.Errorf("extent %d is %d, must be in 1…%d", k, n, tensor.MaxElements)
		default:
			dims[k] = num(int(n))
		}
	}
	return dims, nil
}
