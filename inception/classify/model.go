// Package classify tells what is in pictures: a Model says which network, how a picture becomes its input, and what its classes
// are called; a Classifier runs it on a device, for any number of goroutines.
package classify

import (
	"errors"
	"fmt"
	"slices"

	"inceptiongl/inception/digits"
	"inceptiongl/inception/graph"
	"inceptiongl/inception/images"
	"inceptiongl/inception/onnx"
	"inceptiongl/inception/tensor"
)

// Model is a network with weights, and what is known of its use. Its fields may be changed before New.
type Model struct {
	Graph  *graph.Graph
	About  string        // in words, for people
	Preset images.Preset // how a picture becomes the input
	Labels []string      // the classes' names; nil: they have numbers only

	Size       images.Size // that the input must have; zero: any
	Batch      int         // that the model fixes; 0: any
	BatchError error       // why it does
	InputOrder []int       // where N, C, H and W are among the axes of the model's file: see onnx.Model; nil: in order
	OutputDims []int       // the first output's, −1 for what depends on the input; nil: N×C×H×W
}

// PresetError says how a preset's output isn't an input for a model.
type PresetError string

func (e PresetError) Error() string { return string(e) }

// Suits reports a preset that is wrong in itself, or a PresetError.
func (m *Model) Suits(p images.Preset) error {
	if err := p.Check(); err != nil {
		return err
	}
	if c := m.Channels(); c != p.Order.Channels() {
		return PresetError(fmt.Sprintf("the model takes %d channels, the preset gives %d", c, p.Order.Channels()))
	}
	if m.Size != (images.Size{}) && m.Size != p.Output() {
		return PresetError(fmt.Sprintf("the model takes %v pixels, the preset gives %v", m.Size, p.Output()))
	}
	return nil
}

// Channels is how many the input has; 0 for a graph that isn't one.
func (m *Model) Channels() int {
	if m.Graph == nil || len(m.Graph.Nodes) == 0 {
		return 0
	}
	in, _ := m.Graph.Nodes[0].Op.(graph.Input)
	return in.Channels
}

// Input is the network's input for a batch of pictures.
func (m *Model) Input(batch int) tensor.Shape {
	s := m.Preset.Output()
	return tensor.Shape{N: batch, C: m.Preset.Order.Channels(), H: s.H, W: s.W}
}

// ErrNoClasses is wrapped where a network's output isn't a number for each class.
var ErrNoClasses = errors.New("no classes")

// Classes is how many classes the network tells apart.
func (m *Model) Classes() (int, error) { return m.classes(max(m.Batch, 1)) }

func (m *Model) classes(batch int) (int, error) {
	in := m.Input(batch)
	shapes, err := m.Graph.Shapes(in)
	if err != nil {
		return 0, err
	}
	s := shapes[m.Graph.Outputs[0]]
	if s.H*s.W != 1 || s.N != in.N {
		return 0, fmt.Errorf("the network's output is %v: %w", s, ErrNoClasses)
	}
	return s.C, nil
}

// ChooseBatch is the batch to use: the one asked for, the one that the model fixes, or otherwise the given one. 0 asks for none.
func (m *Model) ChooseBatch(asked, otherwise int) (int, error) {
	switch {
	case asked < 0:
		return 0, fmt.Errorf("a batch of %d", asked)
	case m.Batch > 0 && asked > 0 && asked != m.Batch:
		return 0, fmt.Errorf("the model is made for a batch of %d, not %d (%w)", m.Batch, asked, m.BatchError)
	case m.Batch > 0:
		return m.Batch, nil
	case asked > 0:
		return asked, nil
	}
	return otherwise, nil
}

// Digits is the network that ships with this module: handwritten digits, light on dark.
func Digits() (*Model, error) {
	g, err := digits.Network()
	if err != nil {
		return nil, err
	}
	p, err := images.FindPreset("digits")
	return &Model{Graph: g, About: "digits: three of the article's modules, trained on handwritten digits", Preset: p,
		Size: images.Square(digits.InputSize), Labels: digits.Labels()}, err
}

// FromONNX is an ONNX model. Exporters often fix the batch at 1: it is freed where the model's operators allow that, so load is
// called once or twice, with the options to load with: as in
//
//	func(o onnx.Options) (*onnx.Model, error) { return onnx.Parse(data, o) }
//
// The preset is imagenet's, or inception's where the input is 299×299, fitted to the size of the input where that is fixed.
func FromONNX(load func(onnx.Options) (*onnx.Model, error)) (*Model, error) {
	imported, err := load(onnx.Options{})
	if err != nil {
		return nil, err
	}
	m := &Model{}
	if d := imported.InputDims; len(d) == 4 && d[0] > 0 {
		free := slices.Clone(d)
		free[0] = -1
		if again, err := load(onnx.Options{Dims: free}); err == nil {
			imported = again
		} else {
			m.Batch, m.BatchError = d[0], err
		}
	}
	preset := "imagenet"
	if d, k := imported.InputDims, imported.InputOrder; len(d) == 4 && d[k[2]] > 0 && d[k[3]] > 0 {
		m.Size = images.Size{H: d[k[2]], W: d[k[3]]}
		if m.Size == images.Square(299) {
			preset = "inception"
		}
	}
	m.Graph, m.InputOrder, m.OutputDims = imported.Graph, imported.InputOrder, imported.Outputs[0].Dims
	m.About = fmt.Sprintf("ONNX, opset %d", imported.Opset)
	if m.Preset, err = images.FindPreset(preset); err != nil {
		return nil, err
	}
	m.Preset = m.Preset.ForSize(m.Size)
	return m, nil
}
