package onnx

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"inceptiongl/inception/graph"
	pb "inceptiongl/inception/onnx/internal/onnxpb"
	"inceptiongl/inception/tensor"
)

const (
	minOpset, maxOpset = 7, 28
	maxNodes           = 1 << 16
	defaultFolded      = 1 << 28
)

// builder turns one ONNX graph into a graph.Graph.
type builder struct {
	g        *graph.Graph
	opset    int
	values   map[string]*value // by ONNX name
	absent   map[string]string // outputs that are not computed, with the node they belong to
	names    map[string]bool   // of graph nodes
	numbers  map[string]int    // see unused
	views    map[viewKey]graph.Value
	unknowns int
	folded   int // elements that may still be folded
}

func parse(data []byte, o Options, ext external) (*Model, error) {
	p, err := unmarshal(data)
	if err != nil {
		return nil, err
	}
	b := &builder{
		values: map[string]*value{}, absent: map[string]string{}, names: map[string]bool{}, views: map[viewKey]graph.Value{},
		numbers: map[string]int{}, folded: o.MaxFolded,
	}
	if b.folded == 0 {
		b.folded = defaultFolded
	}
	if b.opset, err = opset(p); err != nil {
		return nil, err
	}
	g := p.GetGraph()
	switch {
	case g == nil:
		return nil, fmt.Errorf("holds no graph")
	case len(p.GetFunctions()) > 0:
		return nil, fmt.Errorf("local functions are not supported")
	case len(g.GetSparseInitializer()) > 0:
		return nil, fmt.Errorf("sparse initializers are not supported")
	case o.Outputs != nil:
		g.Node = wanted(g.GetNode(), o.Outputs)
	default:
		for _, out := range g.GetOutput() {
			o.Outputs = append(o.Outputs, out.GetName())
		}
	}
	if len(g.GetNode()) > maxNodes {
		return nil, fmt.Errorf("%d nodes: more than %d", len(g.GetNode()), maxNodes)
	}
	if len(o.Outputs) == 0 {
		return nil, fmt.Errorf("has no output")
	}
	if err := b.initializers(g, ext); err != nil {
		return nil, err
	}
	given := map[string]bool{}
	for name := range b.values {
		given[name] = true
	}
	for _, in := range g.GetInput() {
		given[in.GetName()] = true
	}
	order, err := sort(g.GetNode(), given, o.Outputs)
	if err != nil {
		return nil, err
	}
	m := &Model{Opset: b.opset}
	if err := b.input(m, g, o); err != nil {
		return nil, err
	}
	for _, n := range order {
		if err := b.add(n); err != nil {
			return nil, fmt.Errorf("node %s: %w", describe(n), err)
		}
	}
	if err := b.outputs(m, o.Outputs); err != nil {
		return nil, err
	}
	if m.Graph, err = b.g.UpTo(b.g.Outputs...); err != nil { // what the outputs don't need was folded away, or is dead
		return nil, err
	}
	return m, m.verify()
}

// opset is the version of ONNX's own operators.
func opset(p *pb.ModelProto) (int, error) {
	version := int64(0)
	for _, o := range p.GetOpsetImport() {
		if standard(o.GetDomain()) {
			if version != 0 && version != o.GetVersion() {
				return 0, fmt.Errorf("imports opset %d and %d", version, o.GetVersion())
			}
			version = o.GetVersion()
		}
	}
	if version < 1 || version > maxOpset {
		return 0, fmt.Errorf("opset %d: %d to %d are supported", version, minOpset, maxOpset)
	}
	return int(version), nil
}

// standard reports the domain of ONNX's own operators.
func standard(domain string) bool { return domain == "" || domain == "ai.onnx" }

func (b *builder) initializers(g *pb.GraphProto, ext external) error {
	for _, t := range g.GetInitializer() {
		if t.GetName() == "" || b.values[t.GetName()] != nil {
			return fmt.Errorf("initializer %s is unnamed or given twice", quote(t.GetName()))
		}
		c, err := decode(t, ext)
		if err != nil {
			return err
		}
		b.values[c.name] = known(c)
	}
	return nil
}

// known is a constant as a value.
func known(c *constant) *value { return &value{dims: fixed(c.dims), con: c} }

// input finds the one input that isn't an initializer, bound or unused, and starts the graph with it.
func (b *builder) input(m *Model, g *pb.GraphProto, o Options) error {
	used := map[string]bool{}
	for _, n := range g.GetNode() {
		for _, name := range n.GetInput() {
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
	if err := b.begin(m, g.GetName(), free[0], o.Dims); err != nil {
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
func (b *builder) begin(m *Model, graphName string, in *pb.ValueInfoProto, override []int) error {
	t := in.GetType().GetTensorType()
	if t == nil {
		return fmt.Errorf("is no tensor")
	}
	if !isFloat(t.GetElemType()) && t.GetElemType() != int32(pb.TensorProto_BOOL) {
		return fmt.Errorf("type %s is not supported (FLOAT, FLOAT16, DOUBLE and BOOL are)", dtype(t.GetElemType()))
	}
	dims, err := b.declared(t, override)
	if err != nil {
		return err
	}
	if err := b.check(dims); err != nil {
		return err
	}
	w, err := b.natural(dims)
	if err != nil {
		return err
	}
	if w[0].sym != number {
		return fmt.Errorf("%s: the number of channels must be fixed (Options.Dims)", show(dims))
	}
	name := shorten(graphName, 100)
	if name == "" {
		name = "onnx"
	}
	var node graph.Value
	b.g, node = graph.New(name, w[0].n)
	b.names[b.g.Nodes[node].Name] = true
	b.values[in.GetName()] = &value{dims: dims, t: whole(node, w[0].n, w)}
	m.Input = in.GetName()
	for _, d := range dims {
		m.InputDims = append(m.InputDims, d.public())
	}
	return nil
}

// declared are an input's extents, or what Options.Dims says of them.
func (b *builder) declared(t *pb.TypeProto_Tensor, override []int) ([]dim, error) {
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
			free = !isNumber
		}
		if override != nil {
			n, free = int64(override[k]), override[k] == -1
		}
		switch {
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

// outputs notes where the wanted outputs are, in their natural view.
func (b *builder) outputs(m *Model, names []string) error {
	for _, name := range names {
		v, err := b.lookup(name)
		if err == nil {
			err = b.output(m, name, v)
		}
		if err != nil {
			return fmt.Errorf("output %s: %w", quote(name), err)
		}
	}
	return nil
}

func (b *builder) output(m *Model, name string, v *value) error {
	w, err := b.natural(v.dims)
	if err != nil {
		return err
	}
	p, err := b.as(v, w)
	if err != nil {
		return err
	}
	o := Output{Name: name, Dims: []int{}}
	for _, d := range v.dims {
		o.Dims = append(o.Dims, d.public())
	}
	m.Outputs = append(m.Outputs, o)
	b.g.Outputs = append(b.g.Outputs, b.node(p))
	return nil
}

// lookup is the value of an ONNX name.
func (b *builder) lookup(name string) (*value, error) {
	if v := b.values[name]; v != nil {
		return v, nil
	}
	if owner, ok := b.absent[name]; ok {
		return nil, fmt.Errorf("%s, an output of node %s, is not supported", quote(name), owner)
	}
	return nil, fmt.Errorf("nothing gives %s", quote(name))
}

// spend takes n elements from what may be folded.
func (b *builder) spend(n int) error {
	if n > b.folded {
		return fmt.Errorf("constants computed by the model have too many elements: %d more than Options.MaxFolded allows", n-b.folded)
	}
	b.folded -= n
	return nil
}

// unique is a node name that is not taken yet.
func (b *builder) unique(name string) string {
	name = b.unused("node", shorten(name, 200), func(s string) bool { return b.names[s] })
	b.names[name] = true
	return name
}

// weight stores a weight under the name, or the name and a number if another weight has it, and gives the name back.
func (b *builder) weight(name string, dims []int, data []float32) string {
	name = b.unused("weight", shorten(name, 200), func(s string) bool {
		a, taken := b.g.Weights[s]
		same := slices.Equal(a.Dims, dims) && len(a.Data) == len(data) && (len(data) == 0 || &a.Data[0] == &data[0])
		return taken && !same
	})
	b.g.Weights[name] = tensor.Array{Dims: dims, Data: data}
	return name
}

// unused is name, or name with a number, if that is taken. Numbers that were taken once are not tried again.
func (b *builder) unused(kind, name string, taken func(string) bool) string {
	if name == "" {
		name = "unnamed"
	}
	if !taken(name) {
		return name
	}
	key := kind + " " + name
	for {
		k := max(b.numbers[key], 2)
		s := fmt.Sprintf("%s#%d", name, k)
		if !taken(s) {
			return s
		}
		b.numbers[key] = k + 1
	}
}

// quote writes a name from a file, cut where it is long.
func quote(s string) string { return fmt.Sprintf("%q", shorten(s, 100)) }

// shorten cuts a text after n bytes.
func shorten(s string, n int) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "…"
}
