package main

import (
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"inceptiongl/inception"
	"inceptiongl/inception/digits"
	"inceptiongl/inception/graph"
	"inceptiongl/inception/images"
	"inceptiongl/inception/tensor"
	"inceptiongl/inception/weights"
)

// model is a network with weights, and what is known of its use.
type model struct {
	graph  *graph.Graph
	about  string      // for people
	preset string      // the one that suits it; "" for imagenet, fitted to size
	size   images.Size // of its input; 0 where any will do
	batch  int         // that it fixes, or 0
	why    error       // it fixes the batch
	out    []int       // dimensions of its first output, −1 for what depends on the input; nil for N×C×H×W
	labels []string    // nil where it brings none
	digits bool        // it is the one that ships with this program
}

// arch is a network that is built by name.
type arch struct {
	preset string
	build  func(transform bool, m map[string]tensor.Array) (*graph.Graph, error) // m is nil without weights
}

var archs = map[string]arch{
	"googlenet": {"imagenet", func(transform bool, m map[string]tensor.Array) (*graph.Graph, error) {
		classes, err := extent(m, "fc.weight", 0, 1000)
		return inception.NetworkOptions{TransformInput: transform}.GoogLeNet(classes), err
	}},
	"inception_v3": {"inception", func(transform bool, m map[string]tensor.Array) (*graph.Graph, error) {
		classes, err := extent(m, "fc.weight", 0, 1000)
		return inception.NetworkOptions{TransformInput: transform}.InceptionV3(classes), err
	}},
	"inception_a": {"", func(_ bool, m map[string]tensor.Array) (*graph.Graph, error) {
		channels, err := extent(m, "branch1x1.weight", 1, 192)
		return inception.InceptionA(channels), err
	}},
}

func archNames() string { return strings.Join(slices.Sorted(maps.Keys(archs)), ", ") }

// extent is one of a weight's dimensions, which tells a count that the network is built with; without weights, a default.
func extent(m map[string]tensor.Array, name string, dim, without int) (int, error) {
	if m == nil {
		return without, nil
	}
	w, ok := m[name]
	if !ok {
		w, ok = m["module."+name]
	}
	if !ok {
		return 1, fmt.Errorf("there is no %s: are these weights of another network?", name)
	}
	if dim >= len(w.Dims) || w.Dims[dim] < 1 {
		return 1, fmt.Errorf("%s has dimensions %v", name, w.Dims)
	}
	return w.Dims[dim], nil
}

// loadModel makes the network that --model, --arch and --weights describe.
func loadModel(f *flags) (*model, error) {
	name, file := f.Model, f.Weights
	switch ext := strings.ToLower(filepath.Ext(f.Model)); {
	case f.Model == "" || f.Model == "digits":
		if f.Arch != "" || f.Weights != "" || f.RandomWeights {
			return nil, errors.New("--arch, --weights, --random-weights: name the network with --model")
		}
		return loadDigits()
	case ext == ".onnx":
		if f.Arch != "" || f.Weights != "" || f.RandomWeights {
			return nil, errors.New("--arch, --weights, --random-weights: a .onnx file brings its network and its weights")
		}
		return loadONNX(f.Model)
	case slices.Contains([]string{".safetensors", ".pth", ".pt"}, ext):
		if f.Arch == "" {
			return nil, fmt.Errorf("--model %s: --arch must say which network these weights are of: %s", f.Model, archNames())
		}
		if f.Weights != "" || f.RandomWeights {
			return nil, fmt.Errorf("--model %s: these are the weights; --weights and --random-weights don't go with it", f.Model)
		}
		name, file = f.Arch, f.Model
	case f.Arch != "":
		return nil, errors.New("--arch is for a file of weights: here --model names the network")
	}
	a, ok := archs[name]
	if !ok {
		return nil, fmt.Errorf("no network %q: there are digits, %s, and .onnx, .safetensors and .pth files", name, archNames())
	}
	return loadArch(name, a, file, f)
}

func loadArch(name string, a arch, file string, f *flags) (*model, error) {
	var m map[string]tensor.Array
	about := name + " with random weights: its answers mean nothing"
	switch {
	case file != "" && f.RandomWeights:
		return nil, errors.New("--weights and --random-weights exclude each other")
	case file != "":
		var err error
		if m, err = weights.Load(file); err != nil {
			return nil, err
		}
		about = name + " with weights from " + file
	case !f.RandomWeights:
		return nil, fmt.Errorf("--model %s: no weights: give --weights FILE, a .safetensors or .pth file of torchvision's state_dict; or --random-weights to try it without", name)
	}
	g, err := a.build(f.TransformInput, m)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	if m == nil {
		inception.InitHe(g, 1, slices.Collect(maps.Keys(g.Weights))...)
	} else if err := weights.Apply(g, m); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return &model{graph: g, about: about, preset: a.preset}, nil
}

func loadDigits() (*model, error) {
	g, err := digits.Network()
	if err != nil {
		return nil, err
	}
	return &model{graph: g, about: "digits: three of the article's modules, trained on handwritten digits", preset: "digits",
		size: images.Square(digits.InputSize), labels: digits.Labels(), digits: true}, nil
}

// batchOf is the batch to use: the one asked for, the one that the model fixes, or the given one.
func (m *model) batchOf(asked, without int) (int, error) {
	switch {
	case m.batch > 0 && asked > 0 && asked != m.batch:
		return 0, fmt.Errorf("--batch %d: the model is made for a batch of %d (%w)", asked, m.batch, m.why)
	case m.batch > 0:
		return m.batch, nil
	case asked > 0:
		return asked, nil
	}
	return without, nil
}
