package inception_test

import (
	"slices"
	"strings"
	"testing"

	"inceptiongl/inception"
	"inceptiongl/inception/graph"
	"inceptiongl/inception/tensor"
	"inceptiongl/shaders"
)

func newPlan(t *testing.T, n network, o inception.Options) *inception.Plan {
	t.Helper()
	p, err := inception.NewPlan(n.graph, n.input, o)
	if err != nil {
		t.Fatalf("%s, off %06b: %v", n.name, o.Off, err)
	}
	return p
}

// find is the network of that name.
func find(t *testing.T, name string) network {
	t.Helper()
	all := networks(1)
	i := slices.IndexFunc(all, func(n network) bool { return n.name == name })
	if i < 0 {
		t.Fatalf("no network %q", name)
	}
	return all[i]
}

// layout is the plan's steps, a string for each wave, the steps separated by blanks.
func layout(p *inception.Plan) []string {
	var all []string
	for _, w := range p.Waves {
		var names []string
		for _, s := range w.Steps {
			names = append(names, s.Name)
		}
		all = append(all, strings.Join(names, " "))
	}
	return all
}

func wantLayout(t *testing.T, p *inception.Plan, want ...string) {
	t.Helper()
	if got := layout(p); !slices.Equal(got, want) {
		t.Errorf("plan %s:\n  %s\nwant\n  %s", p.Name, strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

// TestArticlePlan: the article's module is 5 steps in 3 waves.
func TestArticlePlan(t *testing.T) {
	p := newPlan(t, find(t, "article"), inception.Options{})
	wantLayout(t, p,
		"branch1x1+branch5x5_1+branch3x3_1+branch_pool.before_pool",
		"branch5x5_2 branch3x3_2 branch_pool.pool",
		"branch3x3_3")
	out := p.Outputs[0]
	if len(p.Outputs) != 1 || out.Shape != shape(1, 88, 28, 28) {
		t.Fatalf("outputs %+v, want one of 1×88×28×28", p.Outputs)
	}
	// Every branch writes at its offset of the output: 16 + 24 + 24 + 24 channels.
	for name, offset := range map[string]int{"branch1x1": 0, "branch5x5_2": 16, "branch3x3_3": 40, "branch_pool.pool": 64} {
		part := findPart(t, p, name)
		if part.Out.Tensor != out || part.Out.Channel != offset || part.Act != (graph.ReLU{}) {
			t.Errorf("%s writes %v with ReLU %v, want the output from channel %d with ReLU", name, part.Out, part.Act, offset)
		}
	}
	for _, s := range p.Steps() {
		if s.Name == "branch_pool.pool" && s.In.Tensor.Shape.C != 24 {
			t.Errorf("the pool runs on %d channels, want 24", s.In.Tensor.Shape.C)
		}
		if !s.Params.Aligned() || !s.Key.Aligned {
			t.Errorf("step %s stores unaligned, though every count is divisible by 4", s.Name)
		}
	}
	first := findPart(t, p, "branch_pool.before_pool")
	if first.Bias != nil || first.Act != nil {
		t.Error("the 1×1 before the pool must leave bias and ReLU to the pool")
	}
}

func findPart(t *testing.T, p *inception.Plan, name string) inception.Part {
	t.Helper()
	for _, s := range p.Steps() {
		for _, part := range s.Parts {
			if part.Name == name {
				return part
			}
		}
	}
	t.Fatalf("plan %s has no part %q: %q", p.Name, name, layout(p))
	return inception.Part{}
}

// TestRewrites: what each rewrite, switched off alone, changes in the article's module.
func TestRewrites(t *testing.T) {
	const (
		macs  = 25_138_176
		reuse = 65_856 // texels: 37,632 of input (its memory serves branch3x3_2 later) + 17,248 of output + 3,136·2 + 4,704
		all   = 70_560 // and 4,704 for branch3x3_2
	)
	n := find(t, "article")
	for _, c := range []struct {
		name         string
		off          inception.Rewrite
		steps, waves int
		kinds        map[string]int // parts by kind of operator
	}{
		{"all on", 0, 5, 3, map[string]int{"conv": 7, "avgpool": 1}},
		{"FuseActivation", inception.FuseActivation, 12, 6, map[string]int{"conv": 7, "avgpool": 1, "relu": 7}},
		{"SwapPool", inception.SwapPool, 6, 3, map[string]int{"conv": 7, "avgpool": 1}},
		{"MergePointwise", inception.MergePointwise, 8, 3, map[string]int{"conv": 7, "avgpool": 1}},
		{"ConcatInPlace", inception.ConcatInPlace, 9, 4, map[string]int{"conv": 7, "avgpool": 1, "concat": 4}},
		{"ConcurrentWaves", inception.ConcurrentWaves, 5, 5, map[string]int{"conv": 7, "avgpool": 1}},
		{"ReuseMemory", inception.ReuseMemory, 5, 3, map[string]int{"conv": 7, "avgpool": 1}},
		{"framework-like", inception.AllRewrites, 19, 19, map[string]int{"conv": 7, "avgpool": 1, "relu": 7, "concat": 4}},
	} {
		p := newPlan(t, n, inception.Options{Off: c.off})
		if len(p.Steps()) != c.steps || len(p.Waves) != c.waves {
			t.Errorf("%s: %d steps in %d waves, want %d in %d: %q", c.name, len(p.Steps()), len(p.Waves), c.steps, c.waves, layout(p))
		}
		kinds, sum := map[string]int{}, int64(0)
		for _, s := range p.Steps() {
			sum += s.MACs
			for _, part := range s.Parts {
				kinds[part.Op.Kind()]++
				want := 24
				if c.off&inception.SwapPool != 0 {
					want = 192
				}
				if part.Op.Kind() == "avgpool" && s.In.Tensor.Shape.C != want {
					t.Errorf("%s: the pool runs on %d channels, want %d", c.name, s.In.Tensor.Shape.C, want)
				}
			}
		}
		if sum != macs {
			t.Errorf("%s: %d multiplications, want %d", c.name, sum, macs)
		}
		for k := range kinds {
			if kinds[k] != c.kinds[k] {
				t.Errorf("%s: %d parts are %s, want %d", c.name, kinds[k], k, c.kinds[k])
			}
		}
		if len(kinds) != len(c.kinds) {
			t.Errorf("%s: parts of %v, want %v", c.name, kinds, c.kinds)
		}
		switch c.off {
		case 0:
			if p.ArenaTexels != reuse {
				t.Errorf("all on: the arena has %d texels, want %d", p.ArenaTexels, reuse)
			}
		case inception.ReuseMemory:
			if p.ArenaTexels != all {
				t.Errorf("ReuseMemory off: the arena has %d texels, want %d", p.ArenaTexels, all)
			}
		}
		if sum := sumTexels(p); c.off&inception.ReuseMemory != 0 && p.ArenaTexels != sum {
			t.Errorf("%s: the arena has %d texels, its tensors %d", c.name, p.ArenaTexels, sum)
		} else if c.off&inception.ReuseMemory == 0 && p.ArenaTexels >= sum {
			t.Errorf("%s: the arena has %d texels, no fewer than its tensors, %d", c.name, p.ArenaTexels, sum)
		}
	}
}

func sumTexels(p *inception.Plan) int {
	sum := 0
	for _, t := range p.Tensors {
		sum += t.Texels() // 784 pixels: a multiple of the alignment already
	}
	return sum
}

// TestPlans: the steps that each awkward network becomes.
func TestPlans(t *testing.T) {
	for name, want := range map[string][]string{
		"GoogLeNet module": { // max pooling doesn't commute with a convolution
			"branch1x1+branch5x5_1+branch3x3_1 pool",
			"branch5x5_2 branch3x3_2 branch_pool"},
		"article, 13 channels, batch 3": { // the 1×1 after the pool would widen it: no swap
			"branch1x1+branch5x5_1+branch3x3_1 pool",
			"branch5x5_2 branch3x3_2 branch_pool",
			"branch3x3_3"},
		"bottleneck 5×5":      {"branch5x5_1", "branch5x5_2"},
		"pointwise stack":     {"conv1", "conv2", "conv3"},
		"only an input":       nil,
		"nested concat":       {"a+d b c", "last"},
		"shared branch":       {"a", "b concat[0]"},
		"one value twice":     {"a", "concat[0] concat[1]"},
		"concat of the input": {"a concat[0]"},
		"several outputs":     {"a", "b concat[0]", "r", "concat[1]"},
		"dead nodes":          {"a"},
		"eleven siblings":     {"s0+s1+s2+s3+s4+s5+s6+s7 s8+s9+s10"},
		"pool that shrinks":   {"pool", "a"},
		"pool and two 1×1":    {"a.before_pool", "a.pool", "b"},
	} {
		wantLayout(t, newPlan(t, find(t, name), inception.Options{}), want...)
	}
}

// TestUnaligned: a step stores whole texels only where its channels start and end on one.
func TestUnaligned(t *testing.T) {
	p := newPlan(t, find(t, "odd module"), inception.Options{})
	want := map[string]bool{
		"branch1x1+branch5x5_1+branch3x3_1+branch_pool.before_pool": false, // 13 channels from 0 of 36
		"branch5x5_2":      false, // from 13
		"branch3x3_2":      true,  // 9, a tensor of its own
		"branch3x3_3":      false, // 11 from 20: whole groups 5 and 6, but 3 channels of group 7
		"branch_pool.pool": false, // from 31
	}
	for _, s := range p.Steps() {
		aligned, ok := want[s.Name]
		if !ok {
			t.Errorf("unexpected step %s", s.Name)
			continue
		}
		if s.Params.Aligned() != aligned {
			t.Errorf("step %s: aligned is %v, want %v", s.Name, !aligned, aligned)
		}
		for _, k := range s.Candidates {
			if k.Aligned && !aligned {
				t.Errorf("step %s: candidate %v overwrites its neighbour's lanes", s.Name, k)
			}
		}
	}
	if len(p.Steps()) != len(want) {
		t.Errorf("%d steps, want %d", len(p.Steps()), len(want))
	}
}

func TestKernelPolicies(t *testing.T) {
	n := find(t, "odd module")
	for _, s := range newPlan(t, n, inception.Options{Kernels: inception.KernelsPlain}).Steps() {
		if len(s.Candidates) != 1 || s.Key.Load != shaders.LoadSSBO || s.Key.TileX != 0 {
			t.Errorf("plain: step %s has candidates %v, want the plain kernel alone", s.Name, s.Candidates)
		}
	}
	for _, s := range newPlan(t, n, inception.Options{Kernels: inception.KernelsDefault}).Steps() {
		if len(s.Candidates) < 2 || s.Key != s.Candidates[0] {
			t.Errorf("default: step %s uses %v of %v, want the first of several", s.Name, s.Key, s.Candidates)
		}
	}
}

// strange is an operator that no step computes.
type strange struct{ graph.ReLU }

func (strange) Kind() string { return "strange" }

func TestNewPlanErrors(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*network)
		want   string
	}{
		{"no graph", func(n *network) { n.graph = nil }, "empty"},
		{"no output", func(n *network) { n.graph.Outputs = nil }, "no output"},
		{"other channels", func(n *network) { n.input.C = 4 }, "the network takes 3"},
		{"no rows", func(n *network) { n.input.H = 0 }, "H is 0"},
		{"no weights", func(n *network) { n.graph.Weights = nil }, "missing"},
		{"unknown operator", func(n *network) { n.graph.Nodes[2].Op = strange{} }, `operator "strange" has no GPU step`},
		{"too large", func(n *network) { n.input = shape(1, 3, 1<<14, 1<<14) }, "beyond the shaders' indices"},
		{"a kernel that no shader serves", func(n *network) { n.input = shape(1<<20, 3, 1, 1) }, "no kernel serves it"},
	} {
		n := network{"stack", inception.PointwiseStack(3, 7), shape(1, 3, 5, 5)}
		inception.InitHe(n.graph, 1)
		c.change(&n)
		_, err := inception.NewPlan(n.graph, n.input, inception.Options{})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error is %v, want one with %q", c.name, err, c.want)
		}
	}
}

// TestWeightNameEmpty: no bias is no bias, even where a weight has the empty name.
func TestWeightNameEmpty(t *testing.T) {
	g, x := graph.New("unnamed", 2)
	g.Outputs = []graph.Value{g.Add("conv", graph.Conv2D{In: 2, Out: 2, Kernel: graph.Square(1)}, x)}
	g.Weights[""] = tensor.Array{Dims: []int{2, 2, 1, 1}, Data: []float32{1, 0, 0, 1}}
	p := newPlan(t, network{"unnamed", g, shape(1, 2, 1, 1)}, inception.Options{})
	if b := p.Waves[0].Steps[0].Parts[0].Bias; b != nil {
		t.Errorf("a convolution without a bias got %v", b)
	}
}
