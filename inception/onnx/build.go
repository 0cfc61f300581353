package onnx

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"inceptiongl/inception/graph"
	pb "inceptiongl/inception/onnx/internal/onnxpb"
	"inceptiongl/inception/tail"
	"inceptiongl/inception/tensor"
)

const (
	minOpset, maxOpset = 7, 28
	maxNodes           = 1 << 16
)

// builder turns one ONNX graph into a graph.Graph.
type builder struct {
	ctx      context.Context // of the import
	g        *graph.Graph
	opset    int
	values   map[string]*value // by ONNX name
	absent   map[string]string // outputs that are not computed, with the node they belong to
	names    map[string]bool   // of graph nodes
	numbers  map[string]int    // see unused
	views    map[viewKey]graph.Value
	moves    map[string]graph.Value // by what they read and do
	label    string                 // of the ONNX node that is being imported
	unknowns int
	batch    int // what the file says, where Options.Dims leaves it open
	memory   int // see Options
	folded   int // bytes that may still be spent
	work     int // elements that constants may still be computed from

	tail    tail.Tail
	network []network // what it reads
}

// parse imports a model. Once the context has ended it stops at the next tensor or node, and says why.
func parse(ctx context.Context, data []byte, o Options, ext external) (*Model, error) {
	m, err := importModel(ctx, data, o, ext)
	if err != nil && ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	return m, err
}

func importModel(ctx context.Context, data []byte, o Options, ext external) (*Model, error) {
	if o.Memory <= 0 {
		o.Memory = defaultMemory
	}
	p, cost, err := unmarshal(data, o.Memory)
	if err != nil {
		return nil, err
	}
	b := &builder{
		ctx: ctx, values: map[string]*value{}, absent: map[string]string{}, names: map[string]bool{}, views: map[viewKey]graph.Value{}, moves: map[string]graph.Value{},
		numbers: map[string]int{}, memory: o.Memory, folded: o.Memory - cost, work: defaultWork,
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
	m := &Model{Opset: b.opset, Metadata: metadata(p)}
	if err := b.input(m, g, order, o); err != nil {
		return nil, err
	}
	for _, n := range order {
		if err := b.add(n); err != nil {
			return nil, fmt.Errorf("node %s: %w%s", printable(describe(n)), err, m.exported())
		}
	}
	if err := b.finish(m, o.Outputs); err != nil {
		return nil, err
	}
	if m.Graph, err = b.g.UpTo(b.g.Outputs...); err != nil { // what the outputs don't need was folded away, or is dead
		return nil, err
	}
	return m, m.verify()
}

// metadata are the file's named values. Of those with one name the first counts.
func metadata(p *pb.ModelProto) map[string]string {
	const longest = 1 << 20
	all := map[string]string{}
	for _, e := range p.GetMetadataProps() {
		if _, ok := all[e.GetKey()]; !ok && len(e.GetKey())+len(e.GetValue()) <= longest {
			all[e.GetKey()] = e.GetValue()
		}
	}
	return all
}

// exported is a hint for an input whose size is open: the size that Ultralytics' exporter notes.
func (m *Model) exported() string {
	size := m.Metadata["imgsz"]
	if size == "" || len(m.InputDims) == 0 || !slices.Contains(m.InputDims[1:], -1) {
		return ""
	}
	return fmt.Sprintf("; the file was exported for imgsz %s", shorten(printable(size), 30))
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
	if n := p.GetGraph().GetNode(); version == 0 && len(n) > 0 && n[0].GetOpType() == "pnnx.Input" {
		return 0, fmt.Errorf("is what pnnx writes for looking at: its nodes are PyTorch's modules, not ONNX's operators. export_onnx() in the ..._pnnx.py beside it makes a file that is supported")
	}
	if len(p.GetOpsetImport()) == 0 {
		return 0, fmt.Errorf("imports no opset: %d to %d are supported", minOpset, maxOpset)
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
		if err := b.ctx.Err(); err != nil {
			return err
		}
		if t.GetName() == "" || b.values[t.GetName()] != nil {
			return fmt.Errorf("initializer %s is unnamed or given twice", quote(t.GetName()))
		}
		c, err := decode(t, ext, b)
		if err != nil {
			return err
		}
		b.values[c.name] = known(c)
	}
	return nil
}

// known is a constant as a value.
func known(c *constant) *value { return &value{dims: fixed(c.dims), con: c, code: c.code} }

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

// unique is a node name that is not taken yet.
func (b *builder) unique(name string) string {
	name = b.unused("node", shorten(printable(name), 200), func(s string) bool { return b.names[s] })
	b.names[name] = true
	return name
}

// weight stores a weight under the name, or the name and a number if another weight has it, and gives the name back.
func (b *builder) weight(name string, dims []int, data []float32) string {
	name = b.unused("weight", shorten(printable(name), 200), func(s string) bool {
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

// printable is a name from a file, with escapes for what a terminal would act on: names are printed in many places.
func printable(name string) string {
	if !strings.ContainsFunc(name, func(r rune) bool { return !strconv.IsPrint(r) }) {
		return name
	}
	s := strconv.Quote(name)
	return s[1 : len(s)-1]
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
