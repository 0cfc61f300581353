package main

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"inceptiongl/inception/files"
	"inceptiongl/inception/graph"
	"inceptiongl/inception/tensor"
	"inceptiongl/inception/weights"
)

// embedder collects one row of numbers for each photo.
type embedder struct {
	path     string
	node     graph.Value
	name     string // of the node
	features int
	at       int // which of a result's values it reads
	files    []string
	data     []float32 // len(files) × features
}

// Embedding says what a file of embeddings holds.
type Embedding struct {
	File     string `json:"file"`
	Node     string `json:"node"`
	Rows     int    `json:"rows"`
	Features int    `json:"features"`
}

func newEmbedder(f *flags, g *graph.Graph, shapes []tensor.Shape) (*embedder, error) {
	e := &embedder{path: f.Embed}
	var err error
	if f.EmbedNode != "" {
		e.node, err = findNode(g, f.EmbedNode)
	} else {
		e.node, err = beforeClassifier(g, shapes)
	}
	if err != nil {
		return nil, fmt.Errorf("--embed: %w", err)
	}
	s := shapes[e.node]
	e.name, e.features = g.Nodes[e.node].Name, s.Len()/shapes[0].N // of one photo
	if err := files.WritableTogether(e.path, e.rows()); err != nil {
		return nil, fmt.Errorf("--embed: %w", err)
	}
	return e, nil
}

// beforeClassifier is what the last convolution before the output reads, if that convolution has one pixel and so is a fully
// connected layer.
func beforeClassifier(g *graph.Graph, shapes []tensor.Shape) (graph.Value, error) {
	v := g.Outputs[0]
	for v > 0 && len(g.Nodes[v].In) == 1 {
		if _, ok := g.Nodes[v].Op.(graph.Conv2D); ok {
			if shapes[v].H*shapes[v].W == 1 {
				return g.Nodes[v].In[0], nil
			}
			break
		}
		v = g.Nodes[v].In[0]
	}
	return 0, errors.New("the network doesn't end in a classifier: name a node with --embed-node")
}

// rows is the file that says which row is which photo.
func (e *embedder) rows() string { return strings.TrimSuffix(e.path, ".npy") + ".rows.csv" }

// add appends a photo's row and returns its number.
func (e *embedder) add(file string, row []float32) int {
	e.files = append(e.files, file)
	e.data = append(e.data, row...)
	return len(e.files) - 1
}

func (e *embedder) about() *Embedding {
	return &Embedding{e.path, e.name, len(e.files), e.features}
}

// write writes both files, or none.
func (e *embedder) write(log io.Writer) error {
	if len(e.files) == 0 {
		fmt.Fprintf(log, "%s isn't written: there are no rows\n", e.path)
		return nil
	}
	numbers := func(out io.Writer) error { return weights.EncodeNpy(out, []int{len(e.files), e.features}, e.data) }
	rows := func(out io.Writer) error {
		w := csv.NewWriter(out)
		w.Write([]string{"row", "file"}) // an error stays, for Flush
		for i, f := range e.files {
			w.Write([]string{strconv.Itoa(i), f})
		}
		w.Flush()
		return w.Error()
	}
	if err := files.WriteTogether(files.File{Path: e.path, Write: numbers}, files.File{Path: e.rows(), Write: rows}); err != nil {
		return fmt.Errorf("--embed: %w", err)
	}
	fmt.Fprintf(log, "%s holds %d × %d numbers, the value of node %s; %s says which row is which photo\n",
		e.path, len(e.files), e.features, e.name, e.rows())
	return nil
}
