package classify

import (
	"context"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"inceptiongl/inception"
	"inceptiongl/inception/graph"
	"inceptiongl/inception/images"
	"inceptiongl/inception/onnx"
	"inceptiongl/inception/tensor"
	"inceptiongl/inception/weights"
)

// Source says which network to load, and from which files. The zero value is Digits.
type Source struct {
	Model         string // a .onnx file; a .safetensors or .pth file of weights, with Arch; or a name: digits or one of Archs
	Arch          string // the network that a file of weights is of: one of Archs
	Weights       string // a .safetensors or .pth file, for a Model given by its name
	RandomWeights bool   // instead of a file: fit for timing, not for classifying
	Labels        string // a file with the classes' names: see ReadLabels

	// Dims replaces the extents of a .onnx file's input, one for each dimension: where it leaves open what its operators need, or for
	// pictures of another size than it was exported with. Nil keeps them.
	Dims []int

	// PlainInput leaves out the change of normalisation that torchvision's pretrained googlenet and inception_v3 begin with.
	PlainInput bool
}

// SourceError says how a Source is incomplete or contradicts itself.
type SourceError string

func (e SourceError) Error() string { return string(e) }

// LoadModel loads what s names, from paths. The context ends the import of a .onnx file.
func LoadModel(ctx context.Context, s Source) (*Model, error) {
	return s.load(
		weights.Load,
		func(name string, o onnx.Options) (*onnx.Model, error) { return onnx.Load(ctx, name, o) },
		LoadLabels,
	)
}

// LoadModelFS is LoadModel for files of a file system.
func LoadModelFS(ctx context.Context, fsys fs.FS, s Source) (*Model, error) {
	return s.load(
		func(name string) (map[string]tensor.Array, error) { return weights.LoadFS(fsys, name) },
		func(name string, o onnx.Options) (*onnx.Model, error) { return onnx.LoadFS(ctx, fsys, name, o) },
		func(name string) ([]string, error) { return LoadLabelsFS(fsys, name) },
	)
}

func (s Source) load(
	loadWeights func(string) (map[string]tensor.Array, error),
	loadONNX func(string, onnx.Options) (*onnx.Model, error),
	loadLabels func(string) ([]string, error),
) (*Model, error) {
	m, err := s.network(loadWeights, loadONNX)
	if err != nil || s.Labels == "" {
		return m, err
	}
	m.LabelsReason = ""
	if m.Labels, err = loadLabels(s.Labels); err != nil {
		return nil, err
	}
	return m, nil
}

func (s Source) network(
	loadWeights func(string) (map[string]tensor.Array, error),
	loadONNX func(string, onnx.Options) (*onnx.Model, error),
) (*Model, error) {
	fail := func(format string, a ...any) (*Model, error) {
		return nil, SourceError(fmt.Sprintf(format, a...))
	}
	more := s.Arch != "" || s.Weights != "" || s.RandomWeights
	arch, file := s.Model, s.Weights
	switch ext := strings.ToLower(filepath.Ext(s.Model)); {
	case (s.Model == "" || s.Model == "digits") && more:
		return fail("digits brings its weights: with a file of weights, or random ones, name the network that they are for")
	case s.Model == "" || s.Model == "digits":
		return Digits()
	case ext == ".onnx" && more:
		return fail("%s brings its network and its weights: no others go with it", s.Model)
	case ext == ".onnx":
		m, err := FromONNX(func(o onnx.Options) (*onnx.Model, error) {
			if o.Dims == nil {
				o.Dims = s.Dims
			}
			return loadONNX(s.Model, o)
		})
		if err == nil {
			m.About = s.Model + strings.TrimPrefix(m.About, "ONNX")
		}
		return m, err
	case ext == ".safetensors" || ext == ".pth" || ext == ".pt":
		if s.Arch == "" {
			return fail("%s holds weights only: say which network they are of: %s", s.Model, strings.Join(Archs(), ", "))
		}
		if s.Weights != "" || s.RandomWeights {
			return fail("%s holds the weights: no others go with it", s.Model)
		}
		arch, file = s.Arch, s.Model
	case s.Arch != "":
		return fail("an arch is for a file of weights; %q is a network's name", s.Model)
	}
	switch {
	case !slices.Contains(Archs(), arch):
		return fail("no network %q: there are digits, %s, and .onnx, .safetensors and .pth files", arch, strings.Join(Archs(), ", "))
	case file != "" && s.RandomWeights:
		return fail("a file of weights and random ones exclude each other")
	case file == "" && !s.RandomWeights:
		return fail("%s: no weights: give a .safetensors or .pth file of PyTorch's state_dict, or ask for random ones to try it without", arch)
	case file == "":
		return FromWeights(arch, nil, s.PlainInput)
	}
	w, err := loadWeights(file)
	if err != nil {
		return nil, err
	}
	m, err := FromWeights(arch, w, s.PlainInput)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	m.About = arch + " with weights from " + file
	return m, nil
}

// arch is a network that is built by name.
type arch struct {
	name, preset string
	build        func(plain bool, w map[string]tensor.Array) (*graph.Graph, error) // w is nil without weights
}

// archs are the networks that weights can be for.
func archs() []arch {
	// whole is a network whose classifier tells the number of classes.
	whole := func(classifier string, build func(classes int) *graph.Graph) func(bool, map[string]tensor.Array) (*graph.Graph, error) {
		return func(_ bool, w map[string]tensor.Array) (*graph.Graph, error) {
			classes, err := extent(w, classifier+".weight", 0, 1000)
			return build(classes), err
		}
	}
	return []arch{
		{"googlenet", "imagenet", func(plain bool, w map[string]tensor.Array) (*graph.Graph, error) {
			classes, err := extent(w, "fc.weight", 0, 1000)
			return inception.NetworkOptions{TransformInput: !plain}.GoogLeNet(classes), err
		}},
		{"bninception", "bninception", whole("last_linear", inception.BNInception)},
		{"inception_a", "imagenet", func(_ bool, w map[string]tensor.Array) (*graph.Graph, error) {
			channels, err := extent(w, "branch1x1.weight", 1, 192)
			return inception.InceptionA(channels), err
		}},
		{"inception_v3", "inception", func(plain bool, w map[string]tensor.Array) (*graph.Graph, error) {
			classes, err := extent(w, "fc.weight", 0, 1000)
			return inception.NetworkOptions{TransformInput: !plain}.InceptionV3(classes), err
		}},
		{"inception_v4", "inception_v4", whole("last_linear", inception.InceptionV4)},
		{"inception_resnet_v2", "xception", whole("classif", inception.InceptionResNetV2)},
		{"xception", "xception", whole("fc", inception.Xception)},
	}
}

// Archs names the networks that weights can be for.
func Archs() []string {
	var names []string
	for _, a := range archs() {
		names = append(names, a.name)
	}
	return names
}

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

// FromWeights is one of Archs with weights, whose names are those of PyTorch's state_dict: see package weights. Nil stands for
// random ones. The number of classes is that of the weights.
func FromWeights(arch string, w map[string]tensor.Array, plainInput bool) (*Model, error) {
	for _, a := range archs() {
		if a.name != arch {
			continue
		}
		g, err := a.build(plainInput, w)
		if err != nil {
			return nil, err
		}
		m := &Model{Graph: g, About: arch + " with weights of the caller's"}
		if w == nil {
			inception.InitHe(g, 1, slices.Collect(maps.Keys(g.Weights))...)
			m.About = arch + " with random weights: its answers mean nothing"
		} else if err := weights.Apply(g, w); err != nil {
			return nil, err
		}
		if m.Preset, err = images.FindPreset(a.preset); err == nil && w != nil {
			m.nameClasses(nil)
		}
		return m, err
	}
	return nil, SourceError(fmt.Sprintf("no network %q: there are %s", arch, strings.Join(Archs(), ", ")))
}
