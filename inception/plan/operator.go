package plan

import (
	"fmt"
	"reflect"

	"inceptiongl/inception/graph"
	"inceptiongl/inception/tensor"
	"inceptiongl/shaders"
)

// operator is a row: all that the compiler knows of one operator of package graph. The rows stand in the op_*.go files.
type operator struct {
	// lower appends the node's units to the draft; nil makes one unit, the operator as it is.
	lower func(d *draft, n lowering) error
	// attributes tells the kernels what the operator says; nil: nothing.
	attributes func(p *shaders.Params, op graph.Op)
	// kernels may serve it, in the order in which they are worth trying.
	kernels func(op graph.Op) []*shaders.Kernel
	// values are weight and bias as the graph has them, not to be changed; nil: it has neither.
	values func(op graph.Op, param func(name string) []float32) (weight, bias []float32, err error)
	// dims are its weights'; nil where values is.
	dims func(op graph.Op) shaders.Dims
	// epilogue is what it does as the end of another step; nil: it can't be that.
	epilogue func(op graph.Op) epilogue
	// alone tells whether it must stay a step of its own though it has an epilogue; nil: it needn't.
	alone func(op graph.Op) bool
	// takesEpilogue: an epilogue may become the end of its own step.
	takesEpilogue bool
	// merges: steps of it that read the same value may become one.
	merges func(op graph.Op) bool
}

// epilogue is an activation on the way out.
type epilogue struct {
	act       shaders.Act
	low, high float32
}

// operators are the rows, by the operator's type.
var operators = byType([]struct {
	op  graph.Op
	row operator
}{
	{graph.Input{}, operator{lower: func(*draft, lowering) error { return nil }}},
	{graph.Constant{}, operator{lower: func(d *draft, n lowering) error { d.fixed[n.index] = true; return nil }}},
	{graph.Conv2D{}, convRow},
	{graph.ConvTranspose2D{}, convTransposeRow},
	{graph.Pool2D{}, poolRow},
	{graph.GlobalPool{}, globalPoolRow},
	{graph.Affine{}, affineRow},
	{graph.Scale{}, scaleRow},
	{graph.Quantize{}, quantizeRow},
	{graph.BatchNorm{}, batchNormRow},
	{graph.Binary{}, binaryRow},
	{graph.MatMul{}, matMulRow},
	{graph.ReLU{}, reluRow},
	{graph.Clip{}, clipRow},
	{graph.Sigmoid{}, sigmoidRow},
	{graph.Unary{}, unaryRow},
	{graph.LRN{}, lrnRow},
	{graph.Normalize{}, normalizeRow},
	{graph.Softmax{}, softmaxRow},
	{graph.CumSum{}, cumSumRow},
	{graph.Concat{}, concatRow},
	{graph.Reshape{}, reshapeRow},
	{graph.Pad2D{}, padRow},
	{graph.Channels{}, channelsRow},
	{graph.Move{}, moveRow},
	{graph.Resize{}, resizeRow},
})

func byType(table []struct {
	op  graph.Op
	row operator
}) map[reflect.Type]operator {
	all := map[reflect.Type]operator{}
	for _, r := range table {
		all[reflect.TypeOf(r.op)] = r.row
	}
	return all
}

// rowOf is the only place that decides whether an operator can run.
func rowOf(op graph.Op) (operator, error) {
	row, ok := operators[reflect.TypeOf(op)]
	if !ok {
		return row, fmt.Errorf("operator %q (%T) has no row in the compiler: it can't run on the GPU", op.Kind(), op)
	}
	return row, nil
}

// only is a list of kernels that doesn't depend on the operator's attributes.
func only(kernels ...*shaders.Kernel) func(graph.Op) []*shaders.Kernel {
	return func(graph.Op) []*shaders.Kernel { return kernels }
}

// lowering is a node on its way into the draft.
type lowering struct {
	index int // of the node, and of its value
	node  graph.Node
	in    []tensor.Shape
	out   tensor.Shape
	param func(name string) []float32
}

// unit is the node as one unit with another operator.
func (n lowering) unit(op graph.Op) *unit {
	u := &unit{name: n.node.Name, op: op, weights: Weights{source: n.node.Op}, nodes: []graph.Value{graph.Value(n.index)}, in2: none, out: slot{value: n.index}, shape: n.out}
	u.in = int(n.node.In[0])
	if len(n.node.In) == 2 {
		u.in2 = int(n.node.In[1])
	}
	return u
}
