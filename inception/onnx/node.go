package onnx

import (
	"fmt"
	"slices"

	"inceptiongl/inception/graph"
	pb "inceptiongl/inception/onnx/internal/onnxpb"
)

// node is an ONNX node while it is imported.
type node struct {
	*attributes
	b     *builder
	op    string
	label string   // names its graph nodes
	in    []*value // nil for an input that is left out
	outs  int      // how many outputs it has
	more  []*value // outputs after the first
}

// operator is how a node of one type becomes a value.
type operator struct {
	since   int // the first opset whose definition is understood
	in, max int // inputs: at least, at most (−1: any number)
	run     func(*node) (*value, error)
	fold    func(*node) (*value, error) // instead of run, where all inputs are constants
}

var operators map[string]operator

func init() { // not in the declaration, as run leads back to the table
	operators = map[string]operator{
		"Abs":                {6, 1, 1, (*node).element, (*node).foldElement},
		"Add":                {7, 2, 2, (*node).binary, (*node).binary},
		"And":                {7, 2, 2, (*node).binary, (*node).binary},
		"AveragePool":        {1, 1, 1, (*node).pool, nil},
		"BatchNormalization": {7, 5, 5, (*node).batchNorm, (*node).foldBatchNorm},
		"Cast":               {6, 1, 1, (*node).cast, (*node).foldCast},
		"CastLike":           {15, 2, 2, (*node).castLike, (*node).castLike},
		"Ceil":               {6, 1, 1, (*node).element, (*node).foldElement},
		"Celu":               {12, 1, 1, (*node).element, (*node).foldElement},
		"Clip":               {6, 1, 3, (*node).clip, (*node).clip},
		"Concat":             {4, 1, -1, (*node).concat, (*node).foldConcat},
		"Constant":           {1, 0, 0, nil, (*node).constant},
		"ConstantOfShape":    {9, 1, 1, nil, (*node).constantOfShape},
		"Conv":               {1, 2, 3, (*node).conv, nil},
		"ConvTranspose":      {1, 2, 3, (*node).convTranspose, nil},
		"Cos":                {7, 1, 1, nil, (*node).foldElement},
		"CumSum":             {11, 2, 2, (*node).cumSum, (*node).foldCumSum},
		"DepthToSpace":       {1, 1, 1, (*node).depthToSpace, nil},
		"DequantizeLinear":   {10, 2, 3, (*node).dequantizeLinear, (*node).dequantizeLinear},
		"Div":                {7, 2, 2, (*node).binary, (*node).binary},
		"Dropout":            {7, 1, 3, (*node).dropout, (*node).dropout},
		"Einsum":             {12, 1, -1, (*node).einsum, nil},
		"Elu":                {6, 1, 1, (*node).element, (*node).foldElement},
		"Equal":              {7, 2, 2, (*node).binary, (*node).binary},
		"Erf":                {9, 1, 1, (*node).element, (*node).foldElement},
		"Exp":                {6, 1, 1, (*node).element, (*node).foldElement},
		"Expand":             {8, 2, 2, (*node).expand, (*node).foldExpand},
		"Flatten":            {1, 1, 1, (*node).flatten, (*node).flatten},
		"Floor":              {6, 1, 1, (*node).element, (*node).foldElement},
		"Gather":             {1, 2, 2, (*node).gather, (*node).foldGather},
		"Gelu":               {20, 1, 1, (*node).element, (*node).foldElement},
		"Gemm":               {7, 2, 3, (*node).gemm, nil},
		"GlobalAveragePool":  {1, 1, 1, (*node).globalPool, nil},
		"GlobalLpPool":       {2, 1, 1, (*node).globalLpPool, nil},
		"GlobalMaxPool":      {1, 1, 1, (*node).globalPool, nil},
		"Greater":            {7, 2, 2, (*node).binary, (*node).binary},
		"GreaterOrEqual":     {12, 2, 2, (*node).binary, (*node).binary},
		"Hardmax":            {1, 1, 1, (*node).hardmax, nil},
		"HardSigmoid":        {6, 1, 1, (*node).element, (*node).foldElement},
		"HardSwish":          {14, 1, 1, (*node).element, (*node).foldElement},
		"Identity":           {1, 1, 1, (*node).identity, (*node).identity},
		"If":                 {1, 1, 1, (*node).branch, (*node).branch},
		"IsNaN":              {9, 1, 1, (*node).isNaN, (*node).isNaN},
		"LRN":                {1, 1, 1, (*node).lrn, nil},
		"LeakyRelu":          {6, 1, 1, (*node).element, (*node).foldElement},
		"Less":               {7, 2, 2, (*node).binary, (*node).binary},
		"LessOrEqual":        {12, 2, 2, (*node).binary, (*node).binary},
		"Log":                {6, 1, 1, (*node).element, (*node).foldElement},
		"LogSoftmax":         {1, 1, 1, (*node).logSoftmax, nil},
		"LpPool":             {2, 1, 1, (*node).lpPool, nil},
		"MatMul":             {1, 2, 2, (*node).matMul, nil},
		"Max":                {6, 1, -1, (*node).several, (*node).several},
		"MaxPool":            {1, 1, 1, (*node).pool, nil},
		"Mean":               {6, 1, -1, (*node).several, (*node).several},
		"Min":                {6, 1, -1, (*node).several, (*node).several},
		"Mish":               {18, 1, 1, (*node).element, (*node).foldElement},
		"Mod":                {10, 2, 2, nil, (*node).foldMod},
		"Mul":                {7, 2, 2, (*node).binary, (*node).binary},
		"Neg":                {6, 1, 1, (*node).neg, (*node).foldNeg},
		"Not":                {1, 1, 1, (*node).not, (*node).foldNot},
		"Or":                 {7, 2, 2, (*node).binary, (*node).binary},
		"PRelu":              {6, 2, 2, (*node).prelu, (*node).prelu},
		"Pad":                {2, 1, 4, (*node).pad, nil},
		"Pow":                {7, 2, 2, (*node).binary, (*node).binary},
		"QuantizeLinear":     {10, 2, 3, (*node).quantizeLinear, (*node).quantizeLinear},
		"Range":              {11, 3, 3, nil, (*node).foldRange},
		"Reciprocal":         {6, 1, 1, (*node).element, (*node).foldElement},
		"ReduceL1":           {1, 1, 2, (*node).reduce, (*node).foldReduce},
		"ReduceL2":           {1, 1, 2, (*node).reduce, (*node).foldReduce},
		"ReduceLogSum":       {1, 1, 2, (*node).reduce, (*node).foldReduce},
		"ReduceLogSumExp":    {1, 1, 2, (*node).reduce, (*node).foldReduce},
		"ReduceMax":          {1, 1, 2, (*node).reduce, (*node).foldReduce},
		"ReduceMean":         {1, 1, 2, (*node).reduce, (*node).foldReduce},
		"ReduceMin":          {1, 1, 2, (*node).reduce, (*node).foldReduce},
		"ReduceProd":         {1, 1, 2, (*node).reduce, (*node).foldReduce},
		"ReduceSum":          {1, 1, 2, (*node).reduce, (*node).foldReduce},
		"ReduceSumSquare":    {1, 1, 2, (*node).reduce, (*node).foldReduce},
		"Relu":               {6, 1, 1, (*node).element, (*node).foldElement},
		"Reshape":            {5, 2, 2, (*node).reshape, (*node).reshape},
		"Resize":             {10, 1, 4, (*node).resize, nil},
		"Round":              {11, 1, 1, (*node).element, (*node).foldElement},
		"Selu":               {6, 1, 1, (*node).element, (*node).foldElement},
		"ScatterElements":    {11, 3, 3, (*node).scatterElements, nil},
		"Shape":              {1, 1, 1, (*node).shape, (*node).shape},
		"Shrink":             {9, 1, 1, (*node).element, (*node).foldElement},
		"Sigmoid":            {6, 1, 1, (*node).element, (*node).foldElement},
		"Sign":               {9, 1, 1, (*node).element, (*node).foldElement},
		"Sin":                {7, 1, 1, nil, (*node).foldElement},
		"Size":               {1, 1, 1, (*node).size, (*node).size},
		"Slice":              {1, 1, 5, (*node).slice, (*node).foldSlice},
		"Softmax":            {1, 1, 1, (*node).softmax, nil},
		"Softplus":           {1, 1, 1, (*node).element, (*node).foldElement},
		"Softsign":           {1, 1, 1, (*node).element, (*node).foldElement},
		"SpaceToDepth":       {1, 1, 1, (*node).spaceToDepth, nil},
		"Split":              {2, 1, 2, (*node).split, nil},
		"Sqrt":               {6, 1, 1, (*node).element, (*node).foldElement},
		"Squeeze":            {1, 1, 2, (*node).squeeze, (*node).squeeze},
		"Sub":                {7, 2, 2, (*node).binary, (*node).binary},
		"Sum":                {6, 1, -1, (*node).several, (*node).several},
		"Swish":              {24, 1, 1, (*node).element, (*node).foldElement},
		"Tanh":               {6, 1, 1, (*node).element, (*node).foldElement},
		"ThresholdedRelu":    {1, 1, 1, (*node).element, (*node).foldElement},
		"Tile":               {6, 2, 2, (*node).tile, (*node).tile},
		"Transpose":          {1, 1, 1, (*node).transpose, (*node).transpose},
		"Unsqueeze":          {1, 1, 2, (*node).unsqueeze, (*node).unsqueeze},
		"Upsample":           {7, 1, 2, (*node).resize, nil},
		"Where":              {9, 3, 3, (*node).where, (*node).where},
		"Xor":                {7, 2, 2, (*node).binary, (*node).binary},

		"GroupNormalization":        {18, 3, 3, (*node).groupNorm, nil},
		"InstanceNormalization":     {6, 3, 3, (*node).instanceNorm, nil},
		"LayerNormalization":        {17, 2, 3, (*node).layerNorm, nil},
		"LpNormalization":           {1, 1, 1, (*node).lpNorm, nil},
		"MeanVarianceNormalization": {9, 1, 1, (*node).meanVariance, nil},
		"RMSNormalization":          {23, 2, 2, (*node).layerNorm, nil},

		"SplitToSequence":    {11, 1, 2, (*node).splitToSequence, nil},
		"SequenceConstruct":  {11, 1, -1, (*node).sequence, (*node).sequence},
		"SequenceAt":         {11, 2, 2, (*node).sequenceAt, nil},
		"ConcatFromSequence": {11, 1, 1, (*node).concatFromSequence, nil},
	}
}

// add imports one node.
func (b *builder) add(p *pb.NodeProto) error {
	if err := b.ctx.Err(); err != nil {
		return err
	}
	op, ok := operators[p.GetOpType()]
	if start, ends := begins[p.GetOpType()]; ends {
		op, ok = start, true
	}
	if !ok || !standard(p.GetDomain()) {
		return unsupported(p)
	}
	if p.GetOverload() != "" {
		return fmt.Errorf("overload %s is not supported", quote(p.GetOverload()))
	}
	if b.opset < op.since {
		return fmt.Errorf("opset %d: %d to %d are supported", b.opset, max(op.since, minOpset), maxOpset)
	}
	if err := b.spendBytes(nodeCost); err != nil {
		return err
	}
	n := &node{b: b, op: p.GetOpType(), label: p.GetName(), outs: len(p.GetOutput())}
	var err error
	if n.attributes, err = newAttributes(b, p.GetAttribute()); err != nil {
		return err
	}
	if n.outs == 0 || p.GetOutput()[0] == "" && n.outs == 1 {
		return fmt.Errorf("has no output")
	}
	if n.label == "" {
		n.label = p.GetOpType() + "_" + p.GetOutput()[0]
	}
	b.label = n.label
	allConstant := op.fold != nil
	for _, name := range p.GetInput() {
		var v *value
		if name != "" {
			if v, err = b.lookup(name); err != nil {
				return err
			}
			allConstant = allConstant && v.con != nil
		}
		n.in = append(n.in, v)
	}
	for len(n.in) > op.in && n.in[len(n.in)-1] == nil {
		n.in = n.in[:len(n.in)-1]
	}
	if len(n.in) < op.in || op.max >= 0 && len(n.in) > op.max || slices.Contains(n.in[:op.in], nil) || op.max < 0 && slices.Contains(n.in, nil) {
		return fmt.Errorf("has %d inputs, or one that may not be left out is", len(n.in))
	}
	if err := n.sequences(); err != nil {
		return err
	}
	if op, err = n.placed(op); err != nil {
		return err
	}
	out, err := n.apply(op, allConstant)
	if n.err != nil { // what err may come from
		return n.err
	}
	if err != nil {
		return err
	}
	if err := n.left(); err != nil {
		return err
	}
	outputs, err := n.withCodes(append([]*value{out}, n.more...))
	if err != nil {
		return err
	}
	return b.define(p, outputs)
}

func (n *node) apply(op operator, allConstant bool) (*value, error) {
	run := op.run
	if allConstant {
		run = op.fold
		if err := n.b.compute(n.in); err != nil {
			return nil, err
		}
	}
	if run == nil {
		return nil, fmt.Errorf("is supported for constants only, such as shapes")
	}
	out, err := run(n)
	if err == nil && out.con == nil && !slices.Contains(n.in, out) {
		out.origin = n.origin()
	}
	return out, err
}

// define gives a node's outputs their names.
func (b *builder) define(p *pb.NodeProto, values []*value) error {
	for k, name := range p.GetOutput() {
		if name == "" {
			continue
		}
		if k >= len(values) {
			b.absent[name] = describe(p)
			continue
		}
		v := values[k]
		if len(v.dims) > maxRank {
			return fmt.Errorf("%d dimensions: more than %d", len(v.dims), maxRank)
		}
		if v.t != nil {
			if err := b.check(v.dims); err != nil {
				return err
			}
		}
		if v.con != nil && v.con.name == "" {
			v.con.name = name
		}
		b.values[name] = v
	}
	return nil
}

// opt is input k, or nil.
func (n *node) opt(k int) *value {
	if k < len(n.in) {
		return n.in[k]
	}
	return nil
}

// known is input k, which must be a float constant.
func (n *node) known(k int) (*constant, error) {
	v := n.opt(k)
	if v == nil || v.con == nil || v.con.isInt {
		return nil, fmt.Errorf("input %d must be a constant of floats", k)
	}
	return v.con, nil
}

// list is input k, an integer constant of rank at most 1 without symbols.
func (n *node) list(k int) ([]int, error) {
	ds, err := n.symbols(k)
	if err != nil {
		return nil, err
	}
	ns, ok := numbers(ds)
	if !ok {
		return nil, fmt.Errorf("input %d depends on the batch: %s (Options.Dims can fix it)", k, show(ds))
	}
	return ns, nil
}

// symbols is list where symbols are allowed.
func (n *node) symbols(k int) ([]dim, error) {
	v := n.opt(k)
	if v == nil || v.con == nil || !v.con.isInt || len(v.con.dims) > 1 {
		return nil, fmt.Errorf("input %d must be a constant list of integers", k)
	}
	return v.con.i, nil
}

// axis is an axis of a tensor of some rank, counted from the end where it is negative.
func axis(a, rank int) (int, error) {
	if a < -rank || a >= rank {
		return 0, fmt.Errorf("axis %d of a tensor of rank %d", a, rank)
	}
	if a < 0 {
		a += rank
	}
	return a, nil
}

// emit adds a graph node that reads pictures. The output has view w.
func (n *node) emit(op graph.Op, dims []dim, w view, in ...*picture) *value {
	vs := make([]graph.Value, len(in))
	for k, p := range in {
		vs[k] = n.b.node(p)
	}
	at := n.b.g.Add(n.b.unique(n.label), op, vs...)
	return &value{dims: dims, t: whole(at, w[0].n, w)}
}
