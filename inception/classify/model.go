// Package classify tells what is in pictures: a Model says which network, how a picture becomes its input, and what its classes
// are called; a Classifier runs it on a device, for any number of goroutines.
package classify

import (
	"cmp"
	"errors"
	"fmt"
	"runtime"
	"slices"

	"inceptiongl/inception/digits"
	"inceptiongl/inception/graph"
	"inceptiongl/inception/images"
	"inceptiongl/inception/onnx"
	"inceptiongl/inception/tail"
	"inceptiongl/inception/tensor"
)

// Model is a network with weights, and what is known of its use. Its fields may be changed before New.
type Model struct {
	Graph  *graph.Graph
	About  string        // in words, for people
	Preset images.Preset // how a picture becomes the input
	Labels []string      // the classes' names; nil: they have numbers only

	PresetReason string // why this preset, where it was assumed: in words, for people
	LabelsReason string // likewise

	Size       images.Size   // that the input must have; zero: any
	Batch      int           // that the model fixes; 0: any
	BatchError error         // why it does
	Declared   int           // the batch that its file declares, which the network may be free of; 0: none
	InputName  string        // in its file; "": the graph's
	InputDims  []int         // the input's in its file, −1 for what is free; nil: N×C×H×W
	InputOrder []int         // where N, C, H and W are among those: see onnx.Model; nil: in order
	Outputs    []onnx.Output // the model's outputs as the file has them; nil: the graph's, N×C×H×W each
	Tail       *tail.Tail    // what the host computes of the graph's outputs; nil: nothing, they are the model's. See Finish
	Network    []onnx.Output // the graph's outputs, where there is a Tail
}

// PresetError says how a preset's output isn't an input for a model.
type PresetError string

func (e PresetError) Error() string { return string(e) }

// Suits reports a preset that is wrong in itself, or a PresetError.
func (m *Model) Suits(p images.Preset) error {
	if !m.Pictures() {
		return PresetError(fmt.Sprintf("the model takes tensors of %s, not pictures, which have four dimensions", show(m.InputDims)))
	}
	if err := p.Check(); err != nil {
		return err
	}
	if c := m.Channels(); c != p.Order.Channels() {
		return PresetError(fmt.Sprintf("the model takes %d channels, the preset gives %d", c, p.Order.Channels()))
	}
	if fixed, size := m.fixed(), p.Output(); fixed.H > 0 && fixed.H != size.H || fixed.W > 0 && fixed.W != size.W {
		return PresetError(fmt.Sprintf("the model takes %s pixels, the preset gives %v", show([]int{cmp.Or(fixed.H, -1), cmp.Or(fixed.W, -1)}), size))
	}
	return nil
}

// fixed is m.Size; or the one side of the input that the model's file fixes, as those do that read lines of text, and 0 for the other.
func (m *Model) fixed() images.Size {
	d, k := m.InputDims, m.InputOrder
	if m.Size != (images.Size{}) || len(d) != 4 || len(k) != 4 {
		return m.Size
	}
	return images.Size{H: max(d[k[2]], 0), W: max(d[k[3]], 0)}
}

// Pictures reports whether the input has as many dimensions as pictures have. Those of networks for sound, say, have fewer.
func (m *Model) Pictures() bool { return m.InputDims == nil || len(m.InputDims) == 4 }

// AnySize reports whether the model takes pictures of more than one size. Whether it takes a particular one OwnSize tells.
func (m *Model) AnySize() bool { return m.Pictures() && m.Size == (images.Size{}) }

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

// FromONNX is an ONNX model. Exporters often fix the batch at 1: it is freed where the model's operators allow that; and it is 1 where it is
// open and they don't. So load is called up to three times, with the options to load with: as in
//
//	func(o onnx.Options) (*onnx.Model, error) { return onnx.Parse(ctx, data, o) }
//
// The preset is the one that suits the network: by its channels, its size, and the scaling that it begins with, or by who exported it. The
// classes are called what the file calls them, or those of a network that has 1,000, or 1,001, after ImageNet's. PresetReason and LabelsReason say what was assumed.
func FromONNX(load func(onnx.Options) (*onnx.Model, error)) (*Model, error) {
	m := &Model{}
	imported, err := load(onnx.Options{})
	if err != nil { // perhaps because it mixes the pictures of a batch
		var wrong error
		if imported, wrong = load(onnx.Options{Batch: 1}); wrong != nil {
			return nil, err
		}
		m.Batch, m.BatchError = 1, err
	}
	if d := imported.InputDims; len(d) == 4 && d[0] > 0 && m.Batch == 0 {
		m.Declared = d[0]
		free := slices.Clone(d)
		free[0] = -1
		imported = nil
		runtime.GC() // one network's weights at a time
		if imported, err = load(onnx.Options{Dims: free}); err == nil {
			err = apart(imported)
		}
		if err != nil {
			m.Batch, m.BatchError = d[0], err
			imported = nil
			runtime.GC()
			if imported, err = load(onnx.Options{}); err != nil {
				return nil, err
			}
		}
	}
	m.Graph, m.Outputs, m.Tail, m.Network = imported.Graph, imported.Outputs, imported.Tail, imported.Network
	m.InputName, m.InputDims, m.InputOrder = imported.Input, imported.InputDims, imported.InputOrder
	m.About = fmt.Sprintf("ONNX, opset %d", imported.Opset)
	m.Size = inputSize(imported)
	if m.Preset, m.PresetReason, err = assume(m.Graph, m.Channels(), m.Size, imported.Metadata); err != nil {
		return nil, err
	}
	m.nameClasses(imported.Metadata)
	return m, nil
}

// apart reports an output in which the pictures of a batch can't be told apart: those that end in one row for all, as in view(1, -1).
func apart(m *onnx.Model) error {
	s, err := m.InputShape(2)
	if err != nil {
		return nil // other extents are open: whoever gives them will see
	}
	shapes, err := m.Graph.Shapes(s)
	if err != nil {
		return err
	}
	for _, v := range m.Graph.Outputs {
		if shapes[v].N != s.N {
			return fmt.Errorf("node %s of shape %v doesn't keep the pictures of a batch apart", m.Graph.Nodes[v].Name, shapes[v])
		}
	}
	return nil
}

// inputSize is the size of the pictures that an imported model fixes; zero where it takes any.
func inputSize(m *onnx.Model) images.Size {
	if d, k := m.InputDims, m.InputOrder; len(d) == 4 && d[k[2]] > 0 && d[k[3]] > 0 {
		return images.Size{H: d[k[2]], W: d[k[3]]}
	}
	return images.Size{}
}

// OutputDims are the dimensions that the model's file gives the graph's output i, where the graph gives it that shape.
func (m *Model) OutputDims(i int, s tensor.Shape) []int {
	outputs := m.Outputs
	if m.Tail != nil {
		outputs = m.Network
	}
	if i >= len(outputs) {
		return []int{s.N, s.C, s.H, s.W}
	}
	dims, err := outputs[i].Resolve(s)
	switch {
	case err == nil:
		return dims
	case len(outputs[i].Dims) == 2:
		return []int{s.N, s.C * s.H * s.W}
	case len(outputs[i].Dims) == 3:
		return []int{s.N, s.C, s.H * s.W}
	}
	return []int{s.N, s.C, s.H, s.W}
}
