// Package digits is a trained network that ships with the module: handwritten digits, 28×28 pixels, classified by three of
// the article's Inception modules. PROVENANCE.md says where the data and the weights come from.
package digits

import (
	"embed"
	"fmt"
	"io/fs"
	"path"

	"inceptiongl/inception"
	"inceptiongl/inception/graph"
	"inceptiongl/inception/weights"
)

// The network's input is N × Channels × InputSize × InputSize: greyscale levels divided by MaxLevel, so 0 is black, the
// background, and 1 is white, the ink.
const (
	InputSize = 28
	Channels  = 1
	MaxLevel  = 255
)

//go:embed digits.safetensors
var trained []byte

//go:embed samples/*.png
var samples embed.FS

// Network is the classifier with its trained weights. Its output, N × 10 × 1 × 1, holds a logit for each of Labels.
func Network() (*graph.Graph, error) {
	state, err := weights.ReadSafetensors(trained)
	if err != nil {
		return nil, fmt.Errorf("digits: %w", err)
	}
	g := untrained()
	if err := weights.Apply(g, state); err != nil {
		return nil, fmt.Errorf("digits: %w", err)
	}
	return g, nil
}

// untrained is the class Digits of train.py: a 3×3 stem, modules at 28×28, 14×14 and 7×7, the average over all pixels, a
// linear layer.
func untrained() *graph.Graph {
	g, x := graph.New("digits", Channels)
	x = g.Add("stem", conv("stem", Channels, 16, 3), x)
	x = g.Add("stem.relu", graph.ReLU{}, x)
	half := graph.Pool2D{Type: graph.Max, Kernel: graph.Square(2), Stride: graph.Square(2)}
	x = inception.AddModule(g, x, "a1.", inception.Article(16))
	x = inception.AddModule(g, g.Add("pool1", half, x), "a2.", inception.Article(88))
	x = inception.AddModule(g, g.Add("pool2", half, x), "a3.", inception.Article(88))
	x = g.Add("average", graph.GlobalPool{Type: graph.Average}, x)
	g.Outputs = []graph.Value{g.Add("fc", conv("fc", 88, 10, 1), x)}
	return g
}

func conv(name string, in, out, kernel int) graph.Conv2D {
	return graph.Conv2D{
		In: in, Out: out, Kernel: graph.Square(kernel), Pad: graph.Pad(kernel / 2),
		Weight: name + ".weight", Bias: name + ".bias",
	}
}

// Labels names the classes, in the order of the network's output.
func Labels() []string { return []string{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"} }

// Sample is a picture of a digit that the network was not trained on.
type Sample struct {
	Name  string // of the file: the digit, then a letter, such as "3a.png"
	Label int    // the digit: an index into Labels
	PNG   []byte // greyscale, InputSize × InputSize pixels
}

// Samples lists the pictures that ship with the network, by name: two of every digit.
func Samples() ([]Sample, error) {
	files, err := fs.ReadDir(samples, "samples")
	if err != nil {
		return nil, fmt.Errorf("digits: %w", err)
	}
	var all []Sample
	for _, f := range files {
		png, err := samples.ReadFile(path.Join("samples", f.Name()))
		if err != nil {
			return nil, fmt.Errorf("digits: %w", err)
		}
		all = append(all, Sample{Name: f.Name(), Label: int(f.Name()[0] - '0'), PNG: png})
	}
	return all, nil
}
