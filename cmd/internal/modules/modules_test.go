package modules

import (
	"slices"
	"testing"

	"inceptiongl/inception"
	"inceptiongl/inception/graph"
	"inceptiongl/inception/tensor"
)

func TestBranches(t *testing.T) {
	g := inception.InceptionV3(10)
	shapes, err := g.Shapes(tensor.Shape{N: 1, C: 3, H: 299, W: 299})
	if err != nil {
		t.Fatal(err)
	}
	if n := len(All(g)); n != 11 {
		t.Errorf("%d modules, want 11", n)
	}
	v := graph.Value(slices.IndexFunc(g.Nodes, func(n graph.Node) bool { return n.Name == "Mixed_7c" }))
	want := []Branch{
		{"Mixed_7c.branch1x1", "1×1", 320},
		{"Mixed_7c.branch3x3_2a", "1×1 › 1×3", 384}, {"Mixed_7c.branch3x3_2b", "1×1 › 3×1", 384},
		{"Mixed_7c.branch3x3dbl_3a", "1×1 › 3×3 › 1×3", 384}, {"Mixed_7c.branch3x3dbl_3b", "1×1 › 3×3 › 3×1", 384},
		{"Mixed_7c.branch_pool", "avgpool 3×3 › 1×1", 192},
	}
	if got := Branches(g, shapes, v); !slices.Equal(got, want) {
		t.Errorf("branches are %v, want %v", got, want)
	}
}

func TestNestedConcat(t *testing.T) {
	g, x := graph.New("nested", 2)
	a := g.Add("a", graph.ReLU{}, x)
	in := g.Add("in", graph.Concat{}, a, x)
	out := g.Add("out", graph.Concat{}, in, a)
	g.Outputs = []graph.Value{out}
	shapes, err := g.Shapes(tensor.Shape{N: 1, C: 2, H: 3, W: 3})
	if err != nil {
		t.Fatal(err)
	}
	if got := All(g); !slices.Equal(got, []graph.Value{out}) {
		t.Errorf("modules are %v", got)
	}
	got := Branches(g, shapes, out)
	if len(got) != 3 || got[0] != (Branch{"a", "", 2}) || got[1] != (Branch{"input", "", 2}) {
		t.Errorf("branches are %v", got)
	}
}
