package weights

import (
	"fmt"
	"maps"
	"math"
	"reflect"
	"strings"
	"testing"

	"inceptiongl/inception/graph"
	"inceptiongl/inception/tensor"
)

func arr(data []float32, dims ...int) tensor.Array { return tensor.Array{Dims: dims, Data: data} }

// twoConvs needs a.weight 1×2×1×1, a.bias 1, b.weight 3×1×1×1.
func twoConvs() *graph.Graph {
	g, x := graph.New("two", 2)
	a := g.Add("a", graph.Conv2D{In: 2, Out: 1, Kernel: graph.Square(1), Weight: "a.weight", Bias: "a.bias"}, x)
	g.Outputs = []graph.Value{g.Add("b", graph.Conv2D{In: 1, Out: 3, Kernel: graph.Square(1), Weight: "b.weight"}, a)}
	return g
}

func fitting() map[string]tensor.Array {
	return map[string]tensor.Array{
		"a.weight": arr([]float32{1, 2}, 1, 2, 1, 1), "a.bias": arr([]float32{3}, 1), "b.weight": arr([]float32{4, 5, 6}, 3, 1, 1, 1),
	}
}

func TestApply(t *testing.T) {
	for _, prefix := range []string{"", "module."} {
		g, m := twoConvs(), map[string]tensor.Array{prefix + "fc.weight": arr([]float32{float32(math.NaN())}, 1)}
		for name, a := range fitting() {
			m[prefix+name] = a
		}
		if err := Apply(g, m); err != nil {
			t.Fatal(err)
		}
		if err := g.CheckWeights(); err != nil {
			t.Error(err)
		}
		if !reflect.DeepEqual(g.Weights, fitting()) {
			t.Errorf("weights %v", g.Weights)
		}
		if got := Unused(g, m); !reflect.DeepEqual(got, []string{prefix + "fc.weight"}) {
			t.Errorf("unused: %q", got)
		}
		if &g.Weights["a.bias"].Data[0] != &m[prefix+"a.bias"].Data[0] {
			t.Error("the weights are in memory twice")
		}
	}
	g := twoConvs()
	g.Weights = nil
	if err := Apply(g, fitting()); err != nil || len(g.Weights) != 3 {
		t.Errorf("nil map: %v, %d weights", err, len(g.Weights))
	}
}

func TestApplyErrors(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(m map[string]tensor.Array)
		says   []string
	}{
		{"missing", func(m map[string]tensor.Array) { delete(m, "a.bias"); delete(m, "b.weight") }, []string{`"a.bias" [1] is missing`, `"b.weight"`, "2 of 3"}},
		{"dimensions", func(m map[string]tensor.Array) { m["a.weight"] = arr([]float32{1, 2}, 2, 1, 1, 1) }, []string{`"a.weight" has dimensions [2 1 1 1], needs [1 2 1 1]`}},
		{"length", func(m map[string]tensor.Array) { m["a.weight"] = arr([]float32{1}, 1, 2, 1, 1) }, []string{`"a.weight"`, "holds 1 elements"}},
		{"NaN", func(m map[string]tensor.Array) { m["b.weight"].Data[1] = float32(math.NaN()) }, []string{`"b.weight" is not finite at element 1: NaN`}},
		{"infinity", func(m map[string]tensor.Array) { m["a.bias"].Data[0] = float32(math.Inf(1)) }, []string{`"a.bias"`, "+Inf"}},
		{"empty", func(m map[string]tensor.Array) { clear(m) }, []string{"3 of 3"}},
	} {
		g, m := twoConvs(), fitting()
		g.Weights["keep"] = arr([]float32{7}, 1)
		before := maps.Clone(g.Weights)
		c.change(m)
		err := Apply(g, m)
		if err == nil {
			t.Errorf("%s: no error", c.name)
			continue
		}
		for _, s := range c.says {
			if !strings.Contains(err.Error(), s) {
				t.Errorf("%s: %v: does not say %s", c.name, err, s)
			}
		}
		if !reflect.DeepEqual(g.Weights, before) {
			t.Errorf("%s: the graph was changed: %v", c.name, g.Weights)
		}
	}
	if err := Apply(nil, fitting()); err == nil {
		t.Error("nil graph: no error")
	}
	g := twoConvs() // two nodes that read one weight with different dimensions
	g.Add("c", graph.Conv2D{In: 1, Out: 2, Kernel: graph.Square(1), Weight: "b.weight"}, 1)
	if err := Apply(g, fitting()); err == nil {
		t.Error("disagreeing nodes: no error")
	}
}

func TestApplyListIsCapped(t *testing.T) {
	g, v := graph.New("long", 1)
	for i := range 1000 {
		v = g.Add(fmt.Sprint("c", i), graph.Conv2D{In: 1, Out: 1, Kernel: graph.Square(1), Weight: fmt.Sprint("w", i)}, v)
	}
	g.Outputs = []graph.Value{v}
	err := Apply(g, nil)
	if err == nil || len(err.Error()) > 1000 || !strings.Contains(err.Error(), "and 992 more") {
		t.Errorf("%v", err)
	}
}
