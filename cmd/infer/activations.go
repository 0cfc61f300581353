package main

import (
	"fmt"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"strings"

	"inceptiongl/cmd/internal/modules"
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
	branches []modules.Branch
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
		nodes = modules.All(g)
	}
	if len(nodes) == 0 {
		return nil, fmt.Errorf("--activations: the network has no concatenation: name nodes with --activations-node")
	}
	for _, v := range nodes {
		if shapes[v].N != shapes[0].N {
			return nil, fmt.Errorf("--activations: node %s of shape %v is no map of one photo", g.Nodes[v].Name, shapes[v])
		}
		d.modules = append(d.modules, module{node: v, name: strings.TrimSuffix(g.Nodes[v].Name, ".concat"), branches: modules.Branches(g, shapes, v)})
	}
	if err := os.MkdirAll(d.dir, 0o755); err != nil {
		return nil, fmt.Errorf("--activations: %w", err)
	}
	if err := files.Writable(filepath.Join(d.dir, "x.png")); err != nil {
		return nil, fmt.Errorf("--activations: %w", err)
	}
	return d, nil
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
