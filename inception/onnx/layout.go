package onnx

import (
	"fmt"
	"slices"

	pb "inceptiongl/inception/onnx/internal/onnxpb"
	"inceptiongl/inception/tensor"
)

// inputOrder is the order in which an input's axes are best stored. Models made for pictures as N × H × W × C have their channels last, and
// exporters write a Transpose that brings them to the front behind the input, or behind what works on single elements there. Such an
// input is stored as N × C × H × W at once. It only saves a Move: what is right doesn't depend on it.
func inputOrder(nodes []*pb.NodeProto, input string, dims []dim) []int {
	rank := len(dims)
	if rank < 3 {
		return identity(rank)
	}
	first := append([]int{0, rank - 1}, identity(rank)[1:rank-1]...)
	names, votes := map[string]bool{input: true}, 0
	for _, n := range nodes { // in topological order
		if !slices.ContainsFunc(n.GetInput(), func(s string) bool { return names[s] }) {
			continue
		}
		switch n.GetOpType() {
		case "Add", "Sub", "Mul", "Div", "Neg", "Abs", "Sqrt", "Exp", "Log", "Pow", "Relu", "Clip", "Cast", "Identity", "Pad":
			for _, out := range n.GetOutput() {
				names[out] = true
			}
		case "Conv", "MaxPool", "AveragePool", "GlobalAveragePool", "GlobalMaxPool", "BatchNormalization", "LRN", "Flatten":
			return identity(rank) // channels first
		case "Transpose":
			a, err := newAttributes(nil, n.GetAttribute())
			if err != nil || !slices.Equal(a.ints("perm"), first) {
				return identity(rank)
			}
			votes++
		case "Reshape": // of one channel it is as good as a Transpose
			if dims[rank-1].is(1) {
				votes++
			}
		}
	}
	if votes == 0 {
		return identity(rank)
	}
	return first
}

// storedInput are the input's extents as the graph's input holds them.
func (m *Model) storedInput() []dim {
	dims := make([]dim, len(m.InputDims))
	for k, a := range filled(m.InputOrder, len(dims)) {
		dims[k] = num(m.InputDims[a])
		if a == 0 && m.InputDims[a] < 0 {
			dims[k] = dim{batch, 1}
		}
	}
	return dims
}

// InputShape is the shape of the graph's input for a batch of n; 0 means the batch that the model declares, or 1. An input of
// another rank than 4 is seen as N × C × H × W like an Output, its axes in the order InputOrder. It is an error if n isn't the
// batch that the model fixes, or if another extent is symbolic: Options.Dims is for that, or Tensor.
func (m *Model) InputShape(n int) (tensor.Shape, error) {
	var open []int
	for k, d := range m.InputDims {
		if k > 0 && d < 0 {
			open = append(open, k)
		}
	}
	s, err := m.inputShape(n, m.storedInput())
	if open != nil {
		err = fmt.Errorf("extents %v of %v are open, and only the batch may be", open, m.InputDims)
	}
	if err != nil {
		err = fmt.Errorf("onnx: input %s: %w (Options.Dims can change the extents)", quote(m.Input), err)
	}
	return s, err
}

func (m *Model) inputShape(n int, dims []dim) (tensor.Shape, error) {
	b := &builder{}
	w, err := b.natural(dims) // before the batch is filled in, so that N is where the importer saw it
	if err != nil {
		return tensor.Shape{}, err
	}
	s := tensor.Shape{N: n, C: w[0].n, H: w[1].n, W: w[2].n}
	own := 1
	if len(dims) > 1 || last(dims) == 0 && len(dims) == 1 && dims[0].sym == batch {
		own = dims[0].n
	}
	if n == 0 {
		s.N = own
	}
	if (len(dims) == 0 || dims[0].sym == number) && s.N != own {
		return s, fmt.Errorf("the model fixes a batch of %d, not %d", own, n)
	}
	return s, s.Check()
}

// Shape is the shape of the graph's input for an array of those extents, which are as the model declares them, in the order of the file.
func (m *Model) Shape(extents []int) (tensor.Shape, error) {
	fail := func(err error) (tensor.Shape, error) {
		return tensor.Shape{}, fmt.Errorf("onnx: input %s of extents %v: given %v: %w", quote(m.Input), m.InputDims, extents, err)
	}
	if len(extents) != len(m.InputDims) {
		return fail(fmt.Errorf("ranks differ"))
	}
	for k, d := range m.InputDims {
		if d >= 0 && d != extents[k] {
			return fail(fmt.Errorf("extent %d must be %d", k, d))
		}
	}
	if n, err := count(extents, tensor.MaxElements); err != nil || n == 0 {
		return fail(fmt.Errorf("it has no elements, or too many"))
	}
	order := filled(m.InputOrder, len(extents))
	dims, n := make([]dim, len(order)), 0
	for k, axis := range order {
		dims[k] = num(extents[axis])
		if axis == 0 && m.InputDims[axis] < 0 {
			dims[k], n = dim{batch, 1}, extents[axis]
		}
	}
	s, err := m.inputShape(n, dims)
	if err != nil {
		return fail(err)
	}
	return s, nil
}

// Tensor is the graph's input for an array as the model declares it: of its rank, with its axes in the order of the file. It is for
// extents that the model leaves open, and for models whose pictures are N × H × W × C, too.
func (m *Model) Tensor(a tensor.Array) (*tensor.Tensor, error) {
	if n, err := count(a.Dims, tensor.MaxElements); err != nil || n != len(a.Data) || n == 0 {
		return nil, fmt.Errorf("onnx: input %s of extents %v: given %v: it holds %d elements", quote(m.Input), m.InputDims, a.Dims, len(a.Data))
	}
	s, err := m.Shape(a.Dims)
	if err != nil {
		return nil, err
	}
	if order := filled(m.InputOrder, len(a.Dims)); !slices.IsSorted(order) {
		a = a.Transpose(order)
	}
	return tensor.FromData(s, a.Data)
}
