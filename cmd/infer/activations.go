package main

import (
	"fmt"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"inceptiongl/inception/classify"
	"inceptiongl/inception/files"
	"inceptiongl/inception/graph"
	"inceptiongl/inception/tensor"
)

// drawer draws the feature maps of modules, one PNG for each photo and module.
type drawer struct {
	dir     string
	modules []module
	names   namer
	count   int // of files
}

// module is a node whose channels are drawn, by branch.
type module struct {
	node     graph.Value
	name     string
	at       int // which of a result's values it is
	branches []branch
}

// branch is a range of a module's channels.
type branch struct {
	name     string
	how      string // its operators in short: "1×1 › 5×5"
	channels int
}

func newDrawer(f *flags, g *graph.Graph, shapes []tensor.Shape) (*drawer, error) {
	d := &drawer{dir: f.Activations, names: namer{}}
	var nodes []graph.Value
	for _, name := range f.ActivationsNode {
		v, err := findNode(g, name)
		if err != nil {
			return nil, fmt.Errorf("--activations-node: %w", err)
		}
		nodes = append(nodes, v)
	}
	if len(f.ActivationsNode) == 0 {
		nodes = modules(g)
	}
	if len(nodes) == 0 {
		return nil, fmt.Errorf("--activations: the network has no concatenation: name nodes with --activations-node")
	}
	for _, v := range nodes {
		d.modules = append(d.modules, module{node: v, name: strings.TrimSuffix(g.Nodes[v].Name, ".concat"), branches: branches(g, shapes, v)})
	}
	if err := os.MkdirAll(d.dir, 0o755); err != nil {
		return nil, fmt.Errorf("--activations: %w", err)
	}
	if err := files.Writable(filepath.Join(d.dir, "x.png")); err != nil {
		return nil, fmt.Errorf("--activations: %w", err)
	}
	return d, nil
}

// modules are the concatenations that aren't a part of another.
func modules(g *graph.Graph) []graph.Value {
	var all []graph.Value
	part := map[graph.Value]bool{}
	for i, n := range slices.Backward(g.Nodes) {
		if n.Op != (graph.Concat{}) {
			continue
		}
		if !part[graph.Value(i)] {
			all = append(all, graph.Value(i))
		}
		for _, v := range n.In {
			part[v] = true
		}
	}
	slices.Reverse(all)
	return all
}

// branches takes a concatenation apart, and concatenations in it. Any other node is one branch.
func branches(g *graph.Graph, shapes []tensor.Shape, v graph.Value) []branch {
	var leaves []graph.Value
	var collect func(v graph.Value)
	collect = func(v graph.Value) {
		if g.Nodes[v].Op != (graph.Concat{}) {
			leaves = append(leaves, v)
			return
		}
		for _, in := range g.Nodes[v].In {
			collect(in)
		}
	}
	collect(v)
	var chains [][]graph.Value
	for _, leaf := range leaves {
		chains = append(chains, chain(g, leaf))
	}
	start := common(chains)
	var all []branch
	for i, leaf := range leaves {
		all = append(all, branch{strings.TrimSuffix(g.Nodes[leaf].Name, ".relu"), describe(g, chains[i], start), shapes[leaf].C})
	}
	return all
}

// chain is v, what it reads, and so on, as long as a node reads one value.
func chain(g *graph.Graph, v graph.Value) []graph.Value {
	all := []graph.Value{v}
	for len(g.Nodes[v].In) == 1 {
		v = g.Nodes[v].In[0]
		all = append(all, v)
	}
	return all
}

// common is the last value that all chains go through, or −1: where a module begins.
func common(chains [][]graph.Value) graph.Value {
	if len(chains) > 1 {
		for _, v := range chains[0] {
			if !slices.ContainsFunc(chains, func(c []graph.Value) bool { return !slices.Contains(c, v) }) {
				return v
			}
		}
	}
	return -1
}

// describe is the windows on the way from start to the end of a chain: "1×1 › 5×5".
func describe(g *graph.Graph, chain []graph.Value, start graph.Value) string {
	if start < 0 {
		return g.Nodes[chain[0]].Op.Kind()
	}
	var words []string
	for _, v := range chain {
		if v == start {
			break
		}
		switch op := g.Nodes[v].Op.(type) {
		case graph.Conv2D:
			op = op.Norm()
			words = append(words, window("", op.Kernel, op.Stride))
		case graph.Pool2D:
			op = op.Norm()
			words = append(words, window(op.Kind()+" ", op.Kernel, op.Stride))
		}
	}
	slices.Reverse(words)
	return strings.Join(words, " › ")
}

func window(kind string, kernel, stride graph.Pair) string {
	s := fmt.Sprintf("%s%d×%d", kind, kernel.H, kernel.W)
	if stride != graph.Square(1) {
		s += fmt.Sprintf("/%d", stride.H)
	}
	return s
}

// draw writes the mosaics of a photo, and lists the files.
func (d *drawer) draw(name string, r classify.Result) ([]string, error) {
	var drawn []string
	for _, m := range d.modules {
		path := filepath.Join(d.dir, d.names.file(name, m.name, ".png"))
		picture := mosaic(filepath.Base(name), m, r.Values[m.at], r.Fitted)
		if err := files.Write(path, func(w io.Writer) error { return png.Encode(w, picture) }); err != nil {
			return drawn, fmt.Errorf("--activations: %w", err)
		}
		drawn = append(drawn, path)
		d.count++
	}
	return drawn, nil
}

// safe keeps letters, digits, dots, hyphens and underscores of a name that came from elsewhere, and at most 150 of them.
func safe(name string) string {
	name = strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', strings.ContainsRune("._-", r):
			return r
		}
		return '_'
	}, name)
	name = strings.TrimLeft(name, ".")
	return name[:min(len(name), 150)]
}
