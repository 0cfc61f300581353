package cli

import (
	"errors"
	"fmt"
	"strings"

	"inceptiongl/inception/classify"
)

// SourceFlags say where a model's weights come from, where its file doesn't hold them.
type SourceFlags struct {
	Arch           string `placeholder:"NAME" help:"The network that a file of weights is of: ${archs}."`
	Weights        string `placeholder:"FILE" help:"A .safetensors or .pth file with PyTorch's state_dict names, for a model given by name."`
	RandomWeights  bool   `help:"Random weights in place of a file: fit for timing, not for classifying."`
	TransformInput bool   `default:"true" negatable:"" help:"googlenet, inception_v3: begin with the change of normalisation that torchvision's pretrained weights expect."`
}

// Load makes the network that model and the flags describe. An error names flags; where it may be the model's, how is how a
// model is given.
func (f SourceFlags) Load(model, how string) (*classify.Model, error) {
	m, err := classify.LoadModel(classify.Source{
		Model: model, Arch: f.Arch, Weights: f.Weights, RandomWeights: f.RandomWeights, PlainInput: !f.TransformInput,
	})
	if wrong := classify.SourceError(""); errors.As(err, &wrong) {
		return nil, fmt.Errorf("%w (%s, --arch, --weights FILE, --random-weights)", err, how)
	}
	return m, err
}

// Vars are what the flags' help needs.
func Vars() map[string]string {
	return map[string]string{"presets": presetNames(), "archs": strings.Join(classify.Archs(), ", ")}
}
