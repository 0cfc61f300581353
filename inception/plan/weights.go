package plan

import (
	"cmp"
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
// changed. Convolutions: Out × In/Groups × Kernel.H × Kernel.W; transposed ones: In × Out/Groups × Kernel.H × Kernel.W; an Affine and a
// Normalize: its scales; a Quantize: its scales, and its zero points; Channels: its indices; a Resize: its tables.
func (w Weights) Values(g *graph.Graph) (weight, bias []float32, err error) {
	return w.some(g, channelRange{}, nil)
}

// some are Values for a range of a convolution's outputs, those of the part being counted from 0. Where they are not the graph's
// own, weight stands in buf, which grows as it must and may be nil.
func (w Weights) some(g *graph.Graph, r channelRange, buf *[]float32) (weight, bias []float32, err error) {
	if w.biasOf != nil {
		_, bias, err = w.biasOf.some(g, r, buf)
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
	r.first += w.only.first
	if r.n == 0 {
		r.n = w.only.n
	}
	if r.n > 0 {
		if total := w.outputs(); len(weight) > 0 && total > 0 {
			each := len(weight) / total
			weight = weight[r.first*each : (r.first+r.n)*each]
		}
		if bias != nil {
			bias = bias[r.first : r.first+r.n]
		}
	}
	for i, f := range w.folds {
		scale, shift, err := scaleShift(f.op, param)
		if err != nil {
			return nil, nil, err
		}
		if buf == nil {
			buf = new([]float32)
		}
		if i == 0 {
			*buf = append((*buf)[:0], weight...)
			weight, bias = *buf, slices.Clone(bias)
		}
		if f.inputs {
			bias = scaleInputs(f.conv, r.first, weight, bias, scale, shift)
			continue
		}
		if r.n > 0 {
			scale, shift = scale[r.first:][:r.n], shift[r.first:][:r.n]
		}
		bias = scaleOutputs(weight, bias, scale, shift)
	}
	if !w.HasBias() {
		bias = nil
	}
	return weight, bias, nil
}

// names are the graph's parameters that the values come from.
func (w Weights) names() []string {
	if w.biasOf != nil {
		return w.biasOf.names()
	}
	if w.source == nil {
		return nil
	}
	ops := []graph.Op{w.source}
	for _, f := range w.folds {
		ops = append(ops, f.op)
	}
	var all []string
	for _, op := range ops {
		for _, p := range op.Params() {
			all = append(all, p.Name)
		}
	}
	return all
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
	case graph.ConvTranspose2D:
		return op.Bias != ""
	case graph.Normalize:
		return op.Shift != ""
	case graph.Affine, graph.Scale, graph.BatchNorm:
		return shifts(op)
	case graph.Quantize:
		return op.Zero != ""
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
	id := fmt.Sprintf("%#v%+v", w.source, w.only) // names are quoted
	for _, f := range w.folds {
		id += fmt.Sprintf(" %#v", f)
	}
	if w.noBias {
		id += " no bias"
	}
	return id
}

// scaleOutputs makes weight that of scale·conv(x) + shift, and gives the bias.
func scaleOutputs(weight, bias []float32, scale, shift []float64) []float32 {
	b := make([]float32, len(scale))
	each := len(weight) / len(scale)
	for o := range b {
		for k, v := range weight[o*each:][:each] {
			weight[o*each+k] = float32(float64(v) * scale[o])
		}
		b[o] = float32(at(bias, o, 0)*scale[o] + shift[o])
	}
	return b
}

// scaleInputs makes weight that of conv(scale·x + shift), for outputs from the first on, and gives the bias.
func scaleInputs(c graph.Conv2D, first int, weight, bias []float32, scale, shift []float64) []float32 {
	area, perGroup := c.Kernel.H*c.Kernel.W, c.In/c.Groups
	b := make([]float32, len(weight)/(perGroup*area))
	for o := range b {
		sum := at(bias, o, 0)
		group := (first + o) / (c.Out / c.Groups) * perGroup
		for i := range perGroup {
			for k := range area {
				v := &weight[(o*perGroup+i)*area+k]
				sum += float64(*v) * shift[group+i]
				*v = float32(float64(*v) * scale[group+i])
			}
		}
		b[o] = float32(sum)
	}
	return b
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

// WeightNames are the graph's parameters that PackWeights reads.
func (s *Step) WeightNames() []string {
	var all []string
	for _, p := range s.Parts {
		all = append(all, p.Weights.names()...)
	}
	return all
}

// Packing is the memory that PackWeights works in: of one step after the other, by one goroutine at a time.
type Packing struct {
	packed, values []float32
	piece          int // floats of a piece at most, where the layout lets packing stop; 0: pieceFloats
}

// pieceFloats is little memory, and yet makes few calls.
const pieceFloats = 1 << 16

// PackWeights packs the step's weights, WeightsLen floats, and hands them to write piece by piece: each with its place, counted in
// floats. A piece is write's until it returns.
func (s *Step) PackWeights(g *graph.Graph, l *shaders.Layout, m *Packing, write func(at int, piece []float32) error) error {
	biasAt, biases := s.weightLens(l)
	weightAt := 0
	emit := func(at *int, n int, pack func(dst []float32)) error {
		m.packed = slices.Grow(m.packed[:0], n)[:n]
		pack(m.packed)
		err := write(*at, m.packed)
		*at += n
		return err
	}
	for _, p := range s.Parts {
		for _, r := range p.ranges(l, cmp.Or(m.piece, pieceFloats)) {
			weight, bias, err := p.Weights.some(g, r, &m.values)
			if err != nil {
				return fmt.Errorf("step %s: %w", p.Name, err)
			}
			d := p.dims
			if r.n > 0 {
				d.Out = r.n
			}
			if l != nil {
				if err := emit(&weightAt, l.Len(d), func(dst []float32) { l.Pack(dst, weight, d) }); err != nil {
					return err
				}
			}
			if biases == 0 {
				continue
			}
			n := p.Out.Channels
			if r.n > 0 {
				n = r.n
			}
			if err := emit(&biasAt, shaders.PackedBiasLen(n), func(dst []float32) { clear(dst[copy(dst, bias):]) }); err != nil {
				return err
			}
		}
	}
	return nil
}

// ranges are the outputs of each piece; one zero range is the whole part.
func (p *Part) ranges(l *shaders.Layout, floats int) []channelRange {
	if l == nil || !l.Sliced || p.dims.Out != p.Out.Channels || l.Len(p.dims) <= floats || p.Weights.outputs() == 0 {
		return []channelRange{{}}
	}
	one := p.dims
	one.Out = 4
	step := 4 * max(1, floats/l.Len(one))
	var all []channelRange
	for first := 0; first < p.dims.Out; first += step {
		all = append(all, channelRange{first, min(step, p.dims.Out-first)})
	}
	return all
}
