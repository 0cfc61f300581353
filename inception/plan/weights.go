package plan

import (
	"fmt"
	"slices"

	"inceptiongl/inception/graph"
	"inceptiongl/shaders"
)

// Weights tells how a part's weight and bias come from the graph's parameters. It holds none of them: a plan stays small, and
// whoever packs them for a kernel computes them then.
type Weights struct {
	source graph.Op // as the graph has it; nil: it has no weights
	folds  []fold
	only   channelRange
	noBias bool     // another part has the bias
	biasOf *Weights // the bias alone, of another part's convolution
}

// fold is a scaling of channels that moved into a convolution.
type fold struct {
	op     graph.Op     // an Affine, a Scale or a BatchNorm
	conv   graph.Conv2D // which it moved into
	inputs bool         // it scales the convolution's inputs, not its outputs
}

// channelRange is a range of output channels; the zero value is all of them.
type channelRange struct{ first, n int }

// Values are weight and bias as the part's operator takes them; nil where it has none. They may be the graph's own: not to be
// changed. Convolutions: Out × In/Groups × Kernel.H × Kernel.W; an Affine: its scales; Channels: its indices.
func (w Weights) Values(g *graph.Graph) (weight, bias []float32, err error) {
	if w.biasOf != nil {
		_, bias, err = w.biasOf.Values(g)
		return nil, bias, err
	}
	if w.source == nil {
		return nil, nil, nil
	}
	row, err := rowOf(w.source)
	if err != nil || row.values == nil {
		return nil, nil, err
	}
	param := params(g)
	if weight, bias, err = row.values(w.source, param); err != nil {
		return nil, nil, err
	}
	for _, f := range w.folds {
		scale, shift, err := scaleShift(f.op, param)
		if err != nil {
			return nil, nil, err
		}
		if f.inputs {
			weight, bias = scaleInputs(f.conv, weight, bias, scale, shift)
		} else {
			weight, bias = scaleOutputs(weight, bias, scale, shift)
		}
	}
	if r := w.only; r.n > 0 {
		if total := w.outputs(); len(weight) > 0 && total > 0 {
			each := len(weight) / total
			weight = weight[r.first*each : (r.first+r.n)*each]
		}
		if bias != nil {
			bias = bias[r.first : r.first+r.n]
		}
	}
	if !w.HasBias() {
		bias = nil
	}
	return weight, bias, nil
}

// outputs is the number of output channels before a range was taken.
func (w Weights) outputs() int {
	if c, ok := w.source.(graph.Conv2D); ok {
		return c.Out
	}
	return 0
}

// HasBias reports whether Values has a bias.
func (w Weights) HasBias() bool {
	if w.biasOf != nil {
		return w.biasOf.HasBias()
	}
	if w.noBias {
		return false
	}
	for _, f := range w.folds {
		if !f.inputs || shifts(f.op) {
			return true
		}
	}
	switch op := w.source.(type) {
	case graph.Conv2D:
		return op.Bias != ""
	case graph.Affine, graph.Scale, graph.BatchNorm:
		return shifts(op)
	}
	return false
}

// id names the values: within one graph, equal ids have equal values.
func (w Weights) id() string {
	if w.biasOf != nil {
		return "bias of " + w.biasOf.id()
	}
	if w.source == nil {
		return ""
	}
	id := fmt.Sprintf("%T%+v%+v", w.source, w.source, w.only)
	for _, f := range w.folds {
		id += fmt.Sprintf(" %T%+v", f.op, f)
	}
	if w.noBias {
		id += " no bias"
	}
	return id
}

// scaleOutputs are the weights of scale·conv(x) + shift.
func scaleOutputs(weight, bias []float32, scale, shift []float64) (w, b []float32) {
	w, b = slices.Clone(weight), make([]float32, len(scale))
	each := len(w) / len(scale)
	for o := range b {
		for k := range each {
			w[o*each+k] = float32(float64(w[o*each+k]) * scale[o])
		}
		b[o] = float32(at(bias, o, 0)*scale[o] + shift[o])
	}
	return w, b
}

// scaleInputs are the weights of conv(scale·x + shift).
func scaleInputs(c graph.Conv2D, weight, bias []float32, scale, shift []float64) (w, b []float32) {
	w, b = slices.Clone(weight), make([]float32, c.Out)
	area, perGroup := c.Kernel.H*c.Kernel.W, c.In/c.Groups
	for o := range b {
		sum := at(bias, o, 0)
		first := o / (c.Out / c.Groups) * perGroup
		for i := range perGroup {
			for k := range area {
				v := &w[(o*perGroup+i)*area+k]
				sum += float64(*v) * shift[first+i]
				*v = float32(float64(*v) * scale[first+i])
			}
		}
		b[o] = float32(sum)
	}
	return w, b
}

// The weights of a step, in a kernel's layout: the parts' one after the other, then one bias texel for each output group,
// zeros for a part that has none.

// WeightsID names what PackWeights writes: within one graph, equal ids have equal contents. It is empty where there is nothing.
func (s *Step) WeightsID(l *shaders.Layout) string {
	if s.WeightsLen(l) == 0 {
		return ""
	}
	id := ""
	if l != nil {
		id = l.Name
	}
	for _, p := range s.Parts {
		id += fmt.Sprintf("; %d %+v %s", p.Out.Channels, p.dims, p.Weights.id())
	}
	return id
}

// WeightsLen is the number of floats of the step's weights and biases.
func (s *Step) WeightsLen(l *shaders.Layout) int {
	weights, bias := s.weightLens(l)
	return weights + bias
}

func (s *Step) weightLens(l *shaders.Layout) (weights, bias int) {
	hasBias := false
	for _, p := range s.Parts {
		if l != nil {
			weights += l.Len(p.dims)
		}
		bias += shaders.PackedBiasLen(p.Out.Channels)
		hasBias = hasBias || p.Weights.HasBias()
	}
	if !hasBias {
		bias = 0
	}
	return weights, bias
}

// PackWeights writes the step's weights to dst, which has WeightsLen floats.
func (s *Step) PackWeights(dst []float32, g *graph.Graph, l *shaders.Layout) error {
	weights, biases := s.weightLens(l)
	w, b := dst[:weights], dst[weights:][:biases]
	for _, p := range s.Parts {
		weight, bias, err := p.Weights.Values(g)
		if err != nil {
			return fmt.Errorf("step %s: %w", p.Name, err)
		}
		if l != nil {
			n := l.Len(p.dims)
			l.Pack(w[:n], weight, p.dims)
			w = w[n:]
		}
		if biases > 0 {
			n := shaders.PackedBiasLen(p.Out.Channels)
			clear(b[:n])
			copy(b[:n], bias)
			b = b[n:]
		}
	}
	return nil
}
