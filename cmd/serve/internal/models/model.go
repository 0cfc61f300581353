// Package models is a repository of networks that are served: it loads them, makes them ready on every device, and answers requests.
package models

import (
	"context"
	"fmt"
	"slices"
	"time"

	"inceptiongl/cmd/serve/internal/batch"
	"inceptiongl/cmd/serve/internal/v2"
	"inceptiongl/inception/classify"
	"inceptiongl/inception/images"
	"inceptiongl/inception/tensor"
)

// Model is a network that answers requests.
type Model struct {
	Name, Version string

	about   *classify.Model
	preset  images.Preset
	photos  bool // pictures can become its input
	whole   bool // images of a batch depend on each other
	inputs  string
	outputs []string
	dims    [][]int // of the outputs for one image, as the file has them
	shapes  []tensor.Shape
	lane    *batch.Lane
	devices []*Device
	decoder *Decoder
	looks   chan struct{} // as many as may look inside, or wait for it
	looking chan struct{} // and who does
}

const (
	defaultMost = 16                     // images in a run
	slow        = 250 * time.Millisecond // of a run: larger ones aren't worth the wait
)

// newModel makes a model ready on all devices.
func newModel(ctx context.Context, s Spec, r *Repository) (*Model, error) {
	about, err := s.load(ctx)
	if err != nil {
		return nil, err
	}
	m := &Model{Name: s.Name, Version: s.Version, about: about, preset: about.Preset, devices: r.devices, decoder: r.o.Decoder,
		looks: make(chan struct{}, mostLooks), looking: make(chan struct{}, 1)}
	if m.Version == "" {
		m.Version = "1"
	}
	if err := m.describe(); err != nil {
		return nil, err
	}
	most, fixed := defaultMost, s.Batch > 0
	switch {
	case about.Batch > 0:
		most, fixed = about.Batch, true
	case fixed:
		most = s.Batch
	}
	list := sizes(most)
	if about.Batch > 0 || m.whole {
		list = []int{max(about.Batch, 1)}
	}
	compiled, err := m.compile(ctx, list, fixed)
	if err != nil {
		m.release()
		return nil, err
	}
	m.lane = r.scheduler.NewLane(batch.LaneOptions{
		Name: m.Name, Sizes: compiled, Whole: m.whole, Limit: max(r.o.Queue, most),
		Run: func(ctx context.Context, device, size int, x *tensor.Tensor) ([]*tensor.Tensor, time.Duration, error) {
			return m.devices[device].run(ctx, m, size, x)
		},
		OnBatch: func(device, images, size int, busy time.Duration) {
			if r.o.OnBatch != nil {
				r.o.OnBatch(m.Name, images, size, busy)
			}
		},
	})
	return m, nil
}

// compile makes the sessions, small ones first. Where a run takes long anyway, larger ones are left out unless they were asked for.
func (m *Model) compile(ctx context.Context, list []int, fixed bool) ([]batch.Size, error) {
	var all []batch.Size
	for i, size := range list {
		if i > 0 && !fixed && all[i-1].Cost*time.Duration(size/list[i-1]) > slow {
			break
		}
		var most time.Duration
		for _, d := range m.devices {
			cost, err := d.compile(ctx, m, size)
			if err != nil {
				return nil, fmt.Errorf("on %s, for %d images: %w", d.Stats().Name, size, err)
			}
			most = max(most, cost)
		}
		all = append(all, batch.Size{Images: size, Cost: most})
	}
	return all, nil
}

// describe finds out what the input and the outputs look like.
func (m *Model) describe() error {
	about := m.about
	m.photos = about.Suits(m.preset) == nil
	if !about.Pictures() {
		return fmt.Errorf("%w; others aren't served", about.Suits(m.preset))
	}
	if !m.photos && about.Size == (images.Size{}) {
		return fmt.Errorf("the input's size is open, and the preset doesn't say it: %w", about.Suits(m.preset))
	}
	n := max(about.Batch, 1)
	shapes, err := about.Graph.Shapes(m.input(n))
	if err != nil {
		return err
	}
	m.whole = !about.Graph.Separable(m.input(max(n, 2)))
	if m.inputs = about.InputName; m.inputs == "" {
		m.inputs = about.Graph.Nodes[0].Name
	}
	for i, v := range about.Graph.Outputs {
		name := about.Graph.Nodes[v].Name
		if i < len(about.Outputs) {
			name = about.Outputs[i].Name
		}
		if slices.Contains(m.outputs, name) {
			return fmt.Errorf("two outputs have the name %q", name)
		}
		m.outputs = append(m.outputs, name)
		m.shapes = append(m.shapes, shapes[v])
		m.dims = append(m.dims, m.outputDims(i, shapes[v]))
	}
	return nil
}

// input is the network's input for some images.
func (m *Model) input(images int) tensor.Shape {
	size := m.preset.Output()
	if m.about.Size.H > 0 {
		size = m.about.Size
	}
	return tensor.Shape{N: images, C: m.about.Channels(), H: size.H, W: size.W}
}

// inputDims are the input's as the model's file has them, for some images; −1 stands for any.
func (m *Model) inputDims(images int) []int64 {
	s := m.input(images)
	natural := []int64{int64(images), int64(s.C), int64(s.H), int64(s.W)}
	dims := slices.Clone(natural)
	if len(m.about.InputOrder) == len(dims) {
		for k, axis := range m.about.InputOrder {
			dims[axis] = natural[k]
		}
	}
	return dims
}

// outputDims are an output's as the model's file has them. Of a network without a file, classes have one axis.
func (m *Model) outputDims(i int, s tensor.Shape) []int {
	if m.about.Outputs == nil && s.H*s.W == 1 {
		return []int{s.N, s.C}
	}
	return m.about.OutputDims(i, s)
}

// close lets the requests that are in end, and frees the sessions.
func (m *Model) close() {
	m.lane.Close()
	m.release()
}

func (m *Model) release() {
	for _, d := range m.devices {
		d.drop(m)
	}
}

// Metadata describes the model as the protocol does.
func (m *Model) Metadata() v2.ModelMetadata {
	images := -1
	if m.whole {
		images = max(m.about.Batch, 1)
	}
	data := v2.ModelMetadata{Name: m.Name, Versions: []string{m.Version}, Platform: "inceptiongl_opengl",
		Inputs: []v2.TensorMetadata{{Name: m.inputs, Datatype: v2.FP32, Shape: m.inputDims(images)}}}
	for i, name := range m.outputs {
		t := v2.TensorMetadata{Name: name, Datatype: v2.FP32}
		for _, d := range m.dims[i] {
			t.Shape = append(t.Shape, int64(d))
		}
		if !m.whole && m.shapes[i].N == max(m.about.Batch, 1) && len(t.Shape) > 0 {
			t.Shape[0] = -1
		}
		data.Outputs = append(data.Outputs, t)
	}
	return data
}

// Labels are the classes' names; nil where there are none.
func (m *Model) Labels() []string { return m.about.Labels }

// Preset is how a picture becomes the input, and whether it can.
func (m *Model) Preset() (images.Preset, bool) { return m.preset, m.photos }

// About is the model in words, for people.
func (m *Model) About() []string {
	all := []string{m.about.About, m.preset.String()}
	for _, s := range []string{m.about.PresetReason, m.about.LabelsReason} {
		if s != "" {
			all = append(all, s)
		}
	}
	return all
}

// Waiting is how many images wait.
func (m *Model) Waiting() int { return m.lane.Waiting() }

// Unloaded reports a model that lets in no more requests: another may have taken its place.
func (m *Model) Unloaded() bool { return m.lane.Closed() }

// Full says that no request has a place, before anything of one is read; nil where one may have.
func (m *Model) Full() error {
	if err := m.lane.Full(); err != nil {
		return refused(err)
	}
	return nil
}

// Sizes are the runs that are compiled.
func (m *Model) Sizes() []batch.Size { return m.lane.Sizes() }
