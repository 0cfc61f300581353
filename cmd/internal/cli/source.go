package cli

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"inceptiongl/inception/classify"
)

// SourceFlags say where a model's weights come from, where its file doesn't hold them.
type SourceFlags struct {
	Arch           string `placeholder:"NAME" help:"The network that a file of weights is of: ${archs}."`
	Weights        string `placeholder:"FILE" help:"A .safetensors or .pth file with PyTorch's state_dict names, for a model given by name."`
	RandomWeights  bool   `help:"Random weights in place of a file: fit for timing, not for classifying."`
	Shape          string `placeholder:"1x3x224x224" help:"The input's shape, for an .onnx file that leaves it open, or for another size than it was exported with; ? leaves a dimension open, as in ?x3x?x?."`
	TransformInput bool   `default:"true" negatable:"" help:"googlenet, inception_v3: begin with the change of normalisation that torchvision's pretrained weights expect."`
}

// Load makes the network that model and the flags describe. An error names flags; where it may be the model's, how is how a
// model is given.
func (f SourceFlags) Load(ctx context.Context, model, how string) (*classify.Model, error) {
	s := classify.Source{Model: model, Arch: f.Arch, Weights: f.Weights, RandomWeights: f.RandomWeights, PlainInput: !f.TransformInput}
	if f.Shape != "" {
		var err error
		if s.Dims, err = ParseDims(f.Shape); err != nil {
			return nil, fmt.Errorf("--shape: %w", err)
		}
	}
	m, err := classify.LoadModel(ctx, s)
	if wrong := classify.SourceError(""); errors.As(err, &wrong) {
		return nil, fmt.Errorf("%w (%s, --arch, --weights FILE, --random-weights)", err, how)
	}
	if err != nil {
		if said := Words(err.Error(), "--shape"); said != err.Error() {
			return nil, errors.New(said)
		}
	}
	return m, err
}

// ParseDims reads a shape such as 1x3x224x224; -1 and ? are -1.
func ParseDims(text string) ([]int, error) {
	var dims []int
	for _, word := range strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune("xX×,", r) }) {
		if word == "?" {
			word = "-1"
		}
		d, err := strconv.Atoi(word)
		if err != nil || d < 1 && d != -1 {
			return nil, fmt.Errorf("%q is not a shape such as 1x3x224x224 or ?x3x?x?", text)
		}
		dims = append(dims, d)
	}
	return dims, nil
}

// Vars are what the flags' help needs.
func Vars() map[string]string {
	return map[string]string{"presets": presetNames(), "archs": strings.Join(classify.Archs(), ", ")}
}
