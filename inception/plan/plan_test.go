package plan_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"inceptiongl/inception"
	"inceptiongl/inception/graph"
	"inceptiongl/inception/internal/nettest"
	"inceptiongl/inception/plan"
	"inceptiongl/inception/tensor"
	"inceptiongl/shaders"
)

func newPlan(t testing.TB, n nettest.Network, o plan.Options) *plan.Plan {
	t.Helper()
	o.Target.Software = true // its default kernels need no scratch
	p, err := plan.New(context.Background(), n.Graph, n.Input, o)
	if err != nil {
		t.Fatalf("%s, off %09b: %v", n.Name, o.Off, err)
	}
	return p
}

// layout is the plan's steps, a string for each wave, the steps separated by blanks.
func layout(p *plan.Plan) []string {
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

func wantLayout(t *testing.T, p *plan.Plan, want ...string) {
	t.Helper()
	if got := layout(p); !slices.Equal(got, want) {
		t.Errorf("plan %s:\n  %s\nwant\n  %s", p.Graph.Name, strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

// TestArticlePlan: the article's module is 5 steps in 3 waves.
func TestArticlePlan(t *testing.T) {
	p := newPlan(t, nettest.Find(t, "article"), plan.Options{})
	wantLayout(t, p,
		"branch1x1+branch5x5_1+branch3x3_1+branch_pool.before_pool",
		"branch5x5_2 branch3x3_2 branch_pool.pool",
		"branch3x3_3")
	out := p.Outputs[0].Placed
	if len(p.Outputs) != 1 || out.Shape != nettest.Shape(1, 88, 28, 28) {
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
		if params := s.Params(); !params.Aligned() || !s.Key.Aligned {
			t.Errorf("step %s stores unaligned, though every count is divisible by 4", s.Name)
		}
	}
	first := findPart(t, p, "branch_pool.before_pool")
	if _, bias, err := first.Weights.Values(p.Graph); err != nil || bias != nil || first.Weights.HasBias() || first.Act != nil {
		t.Error("the 1×1 before the pool must leave bias and ReLU to the pool")
	}
}

func findPart(t *testing.T, p *plan.Plan, name string) plan.Part {
	t.Helper()
	for _, s := range p.Steps() {
		for _, part := range s.Parts {
			if part.Name == name {
				return part
			}
		}
	}
	t.Fatalf("plan %s has no part %q: %q", p.Graph.Name, name, layout(p))
	return plan.Part{}
}

// TestRewrites: what each rewrite, switched off alone, changes in the article's module.
func TestRewrites(t *testing.T) {
	const (
		macs  = 25_138_176
		reuse = 65_856 // texels: 37,632 of input (its memory serves branch3x3_2 later) + 17,248 of output + 3,136·2 + 4,704
		all   = 70_560 // and 4,704 for branch3x3_2
	)
	n := nettest.Find(t, "article")
	for _, c := range []struct {
		name         string
		off          plan.Rewrite
		steps, waves int
		kinds        map[string]int // parts by kind of operator
	}{
		{"all on", 0, 5, 3, map[string]int{"conv": 7, "avgpool": 1}},
		{"FuseActivation", plan.FuseActivation, 12, 6, map[string]int{"conv": 7, "avgpool": 1, "relu": 7}},
		{"SwapPool", plan.SwapPool, 6, 3, map[string]int{"conv": 7, "avgpool": 1}},
		{"MergePointwise", plan.MergePointwise, 8, 3, map[string]int{"conv": 7, "avgpool": 1}},
		{"ConcatInPlace", plan.ConcatInPlace, 9, 4, map[string]int{"conv": 7, "avgpool": 1, "concat": 4}},
		{"ConcurrentWaves", plan.ConcurrentWaves, 5, 5, map[string]int{"conv": 7, "avgpool": 1}},
		{"ReuseMemory", plan.ReuseMemory, 5, 3, map[string]int{"conv": 7, "avgpool": 1}},
		{"framework-like", plan.AllRewrites, 19, 19, map[string]int{"conv": 7, "avgpool": 1, "relu": 7, "concat": 4}},
	} {
		p := newPlan(t, n, plan.Options{Off: c.off})
		if len(p.Steps()) != c.steps || len(p.Waves) != c.waves {
			t.Errorf("%s: %d steps in %d waves, want %d in %d: %q", c.name, len(p.Steps()), len(p.Waves), c.steps, c.waves, layout(p))
		}
		kinds, sum := map[string]int{}, int64(0)
		for _, s := range p.Steps() {
			sum += s.MACs
			for _, part := range s.Parts {
				kinds[part.Op.Kind()]++
				want := 24
				if c.off&plan.SwapPool != 0 {
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
		case plan.ReuseMemory:
			if p.ArenaTexels != all {
				t.Errorf("ReuseMemory off: the arena has %d texels, want %d", p.ArenaTexels, all)
			}
		}
		if sum := sumTexels(p); c.off&plan.ReuseMemory != 0 && p.ArenaTexels != sum {
			t.Errorf("%s: the arena has %d texels, its tensors %d", c.name, p.ArenaTexels, sum)
		} else if c.off&plan.ReuseMemory == 0 && p.ArenaTexels >= sum {
			t.Errorf("%s: the arena has %d texels, no fewer than its tensors, %d", c.name, p.ArenaTexels, sum)
		}
	}
}

func sumTexels(p *plan.Plan) int {
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
		"batch norms":         {"of_input", "a", "b", "c", "of_output"},
		"pads":                {"a average for_max wide", "largest ones narrow", "d"},
		"flatten":             {"a", "fc1 fc2 column row", "of_column of_row last"},
		"residual":            {"a", "b", "pool", "gate", "gated", "third", "c", "twice"},
		"odds and ends":       {"sum", "shuffle", "lrn", "largest softmax"},
		"gates":               {"a", "pool", "squeeze", "excite", "prelu", "minus", "pixel", "quotient mask", "kept rest round", "b", "power"},
		"moves":               {"nhwc", "half up", "windows a mirror", "b"},
	} {
		wantLayout(t, newPlan(t, nettest.Find(t, name), plan.Options{}), want...)
	}
}

// TestRewritesOff: what the rewrites that the article's module gives nothing to do are for, each switched off alone.
func TestRewritesOff(t *testing.T) {
	for _, c := range []struct {
		network string
		off     plan.Rewrite
		want    []string
	}{
		// The scaling of the input stays before a padded convolution, as it shifts; "scale" doesn't, so it folds.
		{"batch norms", plan.FoldAffine, []string{"of_input", "a", "after", "before", "b", "scale", "c", "of_output"}},
		{"pads", plan.FoldPad, []string{"zeros for_max wide", "a average largest narrow", "ones", "d"}},
		{"moves", plan.MergeMoves, []string{"nhwc", "nchw", "shuffle", "half up", "windows a mirror", "b"}},
		{"flatten", plan.FoldFlatten, []string{"a", "flat column row", "fc1+fc2 of_column of_row", "last"}},
		{"residual", plan.FuseAdd, []string{"a", "b", "sum", "pool", "gate", "gated", "c third", "more", "twice"}},
		{"residual", plan.FuseActivation, []string{"a", "clip", "b", "relu", "pool", "gate", "gated", "third", "c", "twice", "clip2"}},
	} {
		wantLayout(t, newPlan(t, nettest.Find(t, c.network), plan.Options{Off: c.off}), c.want...)
	}
}

// TestEveryRewriteApplies: a rewrite that changes no network's plan is not tested by the tests that switch it off.
func TestEveryRewriteApplies(t *testing.T) {
	var all plan.Rewrite
	for _, n := range nettest.Networks(1) {
		all |= applied(t, n)
	}
	if all != plan.AllRewrites {
		t.Errorf("rewrites %09b apply somewhere, want %09b", all, plan.AllRewrites)
	}
}

// TestUnaligned: a step stores whole texels only where its channels start and end on one.
func TestUnaligned(t *testing.T) {
	p := newPlan(t, nettest.Find(t, "odd module"), plan.Options{})
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
		if params := s.Params(); params.Aligned() != aligned {
			t.Errorf("step %s: aligned is %v, want %v", s.Name, !aligned, aligned)
		}
		for _, k := range candidates(t, s) {
			if k.Aligned && !aligned {
				t.Errorf("step %s: candidate %v overwrites its neighbour's lanes", s.Name, k)
			}
		}
	}
	if len(p.Steps()) != len(want) {
		t.Errorf("%d steps, want %d", len(p.Steps()), len(want))
	}
}

// candidates are those for a software driver, as newPlan takes them.
func candidates(t *testing.T, s *plan.Step) []shaders.Key {
	t.Helper()
	keys, err := s.Candidates(shaders.Target{Software: true})
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

func TestKernelPolicies(t *testing.T) {
	n := nettest.Find(t, "odd module")
	for _, s := range newPlan(t, n, plan.Options{Plain: true}).Steps() {
		if !s.Key.Kernel.Plain || s.Key.Load != shaders.LoadSSBO || s.Key.TileX != 0 {
			t.Errorf("plain: step %s has kernel %v, want the plain one", s.Name, s.Key)
		}
	}
	for _, s := range newPlan(t, n, plan.Options{}).Steps() {
		if keys := candidates(t, s); len(keys) < 2 || s.Key != keys[0] {
			t.Errorf("default: step %s uses %v of %v, want the first of several", s.Name, s.Key, keys)
		}
	}
}

// strange is an operator that has no row.
type strange struct{ graph.ReLU }

func (strange) Kind() string { return "strange" }

func TestNewPlanErrors(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*nettest.Network)
		want   string
	}{
		{"no graph", func(n *nettest.Network) { n.Graph = nil }, "empty"},
		{"no output", func(n *nettest.Network) { n.Graph.Outputs = nil }, "no output"},
		{"other channels", func(n *nettest.Network) { n.Input.C = 4 }, "the network takes 3"},
		{"no rows", func(n *nettest.Network) { n.Input.H = 0 }, "H is 0"},
		{"no weights", func(n *nettest.Network) { n.Graph.Weights = nil }, "missing"},
		{"unknown operator", func(n *nettest.Network) { n.Graph.Nodes[2].Op = strange{} }, `node conv1.relu: operator "strange" (plan_test.strange) has no row in the compiler`},
		{"unknown operator that nothing needs", func(n *nettest.Network) { n.Graph.Add("dead", strange{}, 1) }, `node dead: operator "strange"`},
	} {
		n := nettest.Network{Name: "stack", Graph: inception.PointwiseStack(3, 7), Input: nettest.Shape(1, 3, 5, 5)}
		inception.InitHe(n.Graph, 1)
		c.change(&n)
		_, err := plan.New(context.Background(), n.Graph, n.Input, plan.Options{})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error is %v, want one with %q", c.name, err, c.want)
		}
	}
}

// TestNoKernel: a step that is beyond the target has a name and a reason.
func TestNoKernel(t *testing.T) {
	n := nettest.Find(t, "article")
	for _, plain := range []bool{false, true} {
		_, err := plan.New(context.Background(), n.Graph, n.Input, plan.Options{Plain: plain, Target: shaders.Target{MaxIterations: 10}})
		if !errors.Is(err, plan.ErrNoKernel) || !strings.Contains(err.Error(), "step branch1x1+") || !strings.Contains(err.Error(), "loop iterations") {
			t.Errorf("plain %v: error is %v, want plan.ErrNoKernel with step and reason", plain, err)
		}
	}
}

// TestWeightNameEmpty: no bias is no bias, even where a weight has the empty name.
func TestWeightNameEmpty(t *testing.T) {
	g, x := graph.New("unnamed", 2)
	g.Outputs = []graph.Value{g.Add("conv", graph.Conv2D{In: 2, Out: 2, Kernel: graph.Square(1)}, x)}
	g.Weights[""] = tensor.Array{Dims: []int{2, 2, 1, 1}, Data: []float32{1, 0, 0, 1}}
	p := newPlan(t, nettest.Network{Name: "unnamed", Graph: g, Input: nettest.Shape(1, 2, 1, 1)}, plan.Options{})
	w := p.Waves[0].Steps[0].Parts[0].Weights
	if _, b, err := w.Values(p.Graph); err != nil || b != nil || w.HasBias() {
		t.Errorf("a convolution without a bias got %v, %v", b, err)
	}
}
