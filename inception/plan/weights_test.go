package plan_test

import (
	"bytes"
	"context"
	"maps"
	"math"
	"runtime"
	"slices"
	"testing"

	"inceptiongl/inception"
	"inceptiongl/inception/graph"
	"inceptiongl/inception/internal/nettest"
	"inceptiongl/inception/plan"
	"inceptiongl/inception/tensor"
	"inceptiongl/inception/weights"
	"inceptiongl/shaders"
)

// values are weights and biases of all parts, in order.
func values(t *testing.T, p *plan.Plan) [][]float32 {
	t.Helper()
	var all [][]float32
	for _, s := range p.Steps() {
		for _, part := range s.Parts {
			w, b, err := part.Weights.Values(p.Graph)
			if err != nil {
				t.Fatal(err)
			}
			if (b != nil) != part.Weights.HasBias() {
				t.Errorf("plan %s: part %s: HasBias is %v, the bias is %v", p.Graph.Name, part.Name, part.Weights.HasBias(), b)
			}
			all = append(all, w, b)
		}
	}
	return all
}

func sameBits(a, b []float32) bool {
	return slices.EqualFunc(a, b, func(x, y float32) bool { return math.Float32bits(x) == math.Float32bits(y) })
}

// TestWeightsAreRecipes: asking for a part's weights changes nothing in the graph, gives the same twice, and where the
// graph's weights have been replaced, gives those: a plan holds none.
func TestWeightsAreRecipes(t *testing.T) {
	for _, n := range planned(t) {
		for _, off := range []plan.Rewrite{0, plan.AllRewrites} {
			p := newPlan(t, n, plan.Options{Off: off, MaxWeights: 4096})
			before := maps.Clone(n.Graph.Weights)
			copies := map[string][]float32{}
			for name, a := range before {
				copies[name] = slices.Clone(a.Data)
			}
			first, second := values(t, p), values(t, p)
			if !slices.EqualFunc(first, second, sameBits) {
				t.Errorf("%s, off %09b: two readings of the weights differ", n.Name, off)
			}
			for name, a := range n.Graph.Weights {
				if !sameBits(a.Data, copies[name]) {
					t.Errorf("%s, off %09b: %s was changed", n.Name, off, name)
				}
			}
			if !slices.ContainsFunc(n.Graph.Nodes, func(n graph.Node) bool { _, ok := n.Op.(graph.Conv2D); return ok }) {
				continue // no part has weights
			}
			other := map[string]tensor.Array{}
			for name, a := range before {
				data := slices.Clone(a.Data)
				for i := range data {
					data[i] *= 2
				}
				other[name] = tensor.Array{Dims: a.Dims, Data: data}
			}
			if err := weights.Apply(n.Graph, other); err != nil {
				t.Fatal(err)
			}
			if third := values(t, p); slices.EqualFunc(first, third, sameBits) {
				t.Errorf("%s, off %09b: replaced weights don't show", n.Name, off)
			}
			n.Graph.Weights = before
		}
	}
}

// TestWeightsID: within a graph, equal names of packed weights mean equal contents, and steps of plans for other shapes and
// batches have the same ones.
func TestWeightsID(t *testing.T) {
	layouts := []*shaders.Layout{nil, shaders.ConvTexels, shaders.ChannelTexels, shaders.DepthwiseTexels, shaders.GroupTexels, shaders.WinogradTexels}
	for _, n := range planned(t) {
		known := map[string][]byte{}
		ids := map[plan.Options][]string{}
		for _, o := range []plan.Options{{}, {Off: plan.FoldAffine}, {Off: plan.SwapPool}, {Off: plan.MergePointwise}, {Off: plan.AllRewrites}, {MaxWeights: 1024}} {
			for batch := 1; batch <= 2; batch++ {
				in := n.Input
				in.N = batch
				if n.Name == "odds and ends" {
					in = n.Input // its constant is for one batch
				}
				p, err := plan.New(context.Background(), n.Graph, in, o)
				if err != nil {
					t.Fatal(err)
				}
				var all []string
				for _, s := range p.Steps() {
					for _, l := range layouts {
						used := s.Key.Kernel.Layout() // another batch may take another kernel: its weights are those of convolutions all the same
						if used == shaders.StemTexels {
							used = shaders.ConvTexels
						}
						if l != used {
							continue
						}
						id := s.WeightsID(l)
						all = append(all, id)
						content := bits(packed(t, n.Graph, s, l, new(plan.Packing)))
						if !bytes.Equal(content, bits(packed(t, n.Graph, s, l, plan.PackingOf(256)))) {
							t.Errorf("%s: step %s: in small pieces, the weights are others", n.Name, s.Name)
						}
						if (id == "") != (len(content) == 0) {
							t.Errorf("%s: step %s has %d bytes under the name %q", n.Name, s.Name, len(content), id)
						}
						if had, ok := known[id]; ok && !bytes.Equal(had, content) {
							t.Errorf("%s: step %s packs other weights than an earlier one of the name %q", n.Name, s.Name, id)
						}
						known[id] = content
					}
				}
				if batch > 1 && !slices.Equal(ids[o], all) {
					t.Errorf("%s, %+v: another batch has other weights: %q and %q", n.Name, o, ids[o], all)
				}
				ids[o] = all
			}
		}
	}
}

// packed are a step's weights put together from their pieces, which must write each place once.
func packed(t *testing.T, g *graph.Graph, s *plan.Step, l *shaders.Layout, m *plan.Packing) []float32 {
	t.Helper()
	floats := make([]float32, s.WeightsLen(l))
	nan := float32(math.NaN())
	for i := range floats {
		floats[i] = nan
	}
	written := 0
	err := s.PackWeights(g, l, m, func(at int, piece []float32) error {
		written += copy(floats[at:], piece)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if written != len(floats) || slices.ContainsFunc(floats, func(v float32) bool { return v != v }) {
		t.Fatalf("step %s: %d of %d floats were written, or not each once", s.Name, written, len(floats))
	}
	return floats
}

func bits(data []float32) []byte {
	var all []byte
	for _, v := range data {
		b := math.Float32bits(v)
		all = append(all, byte(b), byte(b>>8), byte(b>>16), byte(b>>24))
	}
	return all
}

// TestLargeLayer plans a fully connected layer of 64 MiB for a device with GL's smallest storage blocks, 16 MiB: it becomes
// several steps of one wave. The plan itself stays small.
func TestLargeLayer(t *testing.T) {
	const wide, block = 4096, 16 << 20
	g := inception.PointwiseStack(wide, wide)
	g.Weights = map[string]tensor.Array{
		"conv1.weight": {Dims: []int{wide, wide, 1, 1}, Data: make([]float32, wide*wide)},
		"conv1.bias":   {Dims: []int{wide}, Data: make([]float32, wide)},
	}
	heap := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := heap()
	p := newPlan(t, nettest.Network{Name: "fc", Graph: g, Input: nettest.Shape(1, wide, 1, 1)}, plan.Options{MaxWeights: block})
	if after := heap(); after > before+1<<20 {
		t.Errorf("the plan takes %d bytes", after-before)
	}
	steps := p.Steps()
	if len(steps) < 5 || len(p.Waves) != 1 { // 4 have no room for the bias
		t.Errorf("%d steps in %d waves, want at least 5 in 1", len(steps), len(p.Waves))
	}
	channel := 0
	for _, s := range steps {
		if n := 4 * s.WeightsLen(shaders.ConvTexels); n > block {
			t.Errorf("step %s has %d bytes of weights, %d fit", s.Name, n, block)
		}
		out := s.Parts[0].Out
		if out.Channel != channel || out.Tensor != p.Outputs[0].Placed || s.Parts[0].Act != (graph.ReLU{}) {
			t.Errorf("step %s writes %v, want the output from channel %d on, with ReLU", s.Name, out, channel)
		}
		channel += out.Channels
	}
	if channel != wide {
		t.Errorf("%d channels in all, want %d", channel, wide)
	}
	runtime.KeepAlive(g)
}

// TestWeightsIDTellsNamesApart: files name parameters as they like. Steps with other weights never have one id, by which a device keeps them.
func TestWeightsIDTellsNamesApart(t *testing.T) {
	g, x := graph.New("names", 4)
	for i, c := range []struct{ weight, bias string }{{"a", "b Bias:c"}, {"a Bias:b", "c"}} {
		op := graph.Conv2D{In: 4, Out: 4, Kernel: graph.Square(1), Weight: c.weight, Bias: c.bias}
		g.Outputs = append(g.Outputs, g.Add([]string{"first", "second"}[i], op, x))
	}
	inception.InitHe(g, 1)
	p, err := plan.New(context.Background(), g, nettest.Shape(1, 4, 2, 2), plan.Options{Off: plan.MergePointwise})
	if err != nil {
		t.Fatal(err)
	}
	steps := p.Steps()
	if len(steps) != 2 {
		t.Fatalf("%d steps", len(steps))
	}
	if a, b := steps[0].WeightsID(shaders.ConvTexels), steps[1].WeightsID(shaders.ConvTexels); a == b {
		t.Errorf("weights %q and %q: one id, %s", "a", "a Bias:b", a)
	}
}
