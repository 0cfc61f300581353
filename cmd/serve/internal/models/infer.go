package models

import (
	"bytes"
	"context"
	"errors"
	"image"
	"slices"
	"strconv"
	"time"

	"inceptiongl/cmd/serve/internal/batch"
	"inceptiongl/cmd/serve/internal/v2"
	"inceptiongl/inception/classify"
	"inceptiongl/inception/tensor"
)

// Times says where a request spent its time.
type Times struct {
	Images int
	Batch  int           // images in the run that it shared
	Decode time.Duration // and everything else that makes the input
	Wait   time.Duration // for a run
	Run    time.Duration
	Encode time.Duration // what makes the outputs
}

// Infer answers a request.
func (m *Model) Infer(ctx context.Context, r *v2.Request) (*v2.Response, Times, error) {
	var t Times
	in, n, err := m.check(r)
	if err != nil {
		return nil, t, err
	}
	wanted, err := m.wanted(r)
	if err != nil {
		return nil, t, err
	}
	t.Images = n
	place, err := m.lane.Enter(ctx, n)
	if err != nil {
		return nil, t, refused(err)
	}
	defer place.Leave()
	begin := time.Now()
	x, err := m.tensor(ctx, in, n)
	t.Decode = time.Since(begin)
	if err != nil {
		return nil, t, err
	}
	a, err := place.Run(ctx, x)
	t.Batch, t.Wait, t.Run = a.Batch, a.Waited, a.Ran
	if err != nil {
		return nil, t, refused(err)
	}
	begin = time.Now()
	response := &v2.Response{ModelName: m.Name, ModelVersion: m.Version, ID: r.ID}
	for _, o := range wanted {
		i := slices.Index(m.outputs, o.Name)
		response.Outputs = append(response.Outputs, m.output(i, o, a.Outputs[i]))
	}
	t.Encode = time.Since(begin)
	return response, t, nil
}

// refused is the batcher's error for a client.
func refused(err error) error {
	var full *batch.FullError
	switch {
	case errors.As(err, &full):
		return &v2.Error{Code: v2.Full, Message: err.Error(), RetryAfter: max(full.After, time.Second)}
	case errors.Is(err, batch.ErrClosed):
		return &v2.Error{Code: v2.NotReady, Message: err.Error(), RetryAfter: time.Second}
	}
	return err
}

// check finds the input and its number of images.
func (m *Model) check(r *v2.Request) (*v2.Tensor, int, error) {
	if len(r.Inputs) != 1 {
		return nil, 0, v2.Errorf(v2.Invalid, "model %q has one input, %q; the request has %d", m.Name, m.inputs, len(r.Inputs))
	}
	in := r.Inputs[0]
	if in.Name != m.inputs {
		return nil, 0, v2.Errorf(v2.Invalid, "model %q has no input %q: its input is %q", m.Name, shorten(in.Name), m.inputs)
	}
	if len(in.Shape) == 0 {
		return nil, 0, v2.Errorf(v2.Invalid, "input %q has no shape: %v is needed", in.Name, m.inputDims(-1))
	}
	n := int(in.Shape[0])
	if in.Datatype == v2.BYTES {
		if !m.photos {
			return nil, 0, v2.Errorf(v2.Invalid, "model %q is not for pictures: send %v in FP32", m.Name, m.inputDims(-1))
		}
		if len(in.Strings) != n { // [N] or [N, 1]
			return nil, 0, v2.Errorf(v2.Invalid, "input %q has shape %v: pictures in BYTES have [N] or [N, 1]", in.Name, in.Shape)
		}
	} else if _, err := m.layout(in); err != nil {
		return nil, 0, err
	}
	if most := m.lane.Limit(); n > most {
		return nil, 0, v2.Errorf(v2.TooLarge, "input %q has %d images: model %q takes at most %d in a request", in.Name, n, m.Name, most)
	}
	if need := max(m.about.Batch, 1); m.whole && n != need {
		return nil, 0, v2.Errorf(v2.Invalid, "model %q takes exactly %d images at once, not %d", m.Name, need, n)
	}
	return in, n, nil
}

// layout is the order of an input's axes: where N, C, H and W are.
func (m *Model) layout(in *v2.Tensor) ([]int, error) {
	n := in.Shape[0]
	s := m.input(1)
	first := []int64{n, int64(s.C), int64(s.H), int64(s.W)}
	last := []int64{n, int64(s.H), int64(s.W), int64(s.C)}
	own := m.inputDims(int(n))
	switch {
	case slices.Equal(in.Shape, own) && len(m.about.InputOrder) == 4:
		return m.about.InputOrder, nil
	case slices.Equal(in.Shape, first):
		return []int{0, 1, 2, 3}, nil
	case slices.Equal(in.Shape, last) && in.Datatype == v2.UINT8: // as pictures are in memory
		return []int{0, 3, 1, 2}, nil
	}
	return nil, v2.Errorf(v2.Invalid, "input %q has shape %v: %v is needed, where −1 is the number of images", in.Name, in.Shape, m.inputDims(-1))
}

// wanted are the outputs asked for, in order.
func (m *Model) wanted(r *v2.Request) ([]v2.RequestedOutput, error) {
	if len(r.Outputs) == 0 {
		var all []v2.RequestedOutput
		for _, name := range m.outputs {
			all = append(all, v2.RequestedOutput{Name: name, Binary: r.Binary})
		}
		return all, nil
	}
	for i, o := range r.Outputs {
		k := slices.Index(m.outputs, o.Name)
		if k < 0 {
			return nil, v2.Errorf(v2.Invalid, "model %q has no output %q: it has %q", m.Name, shorten(o.Name), m.outputs)
		}
		if slices.ContainsFunc(r.Outputs[:i], func(p v2.RequestedOutput) bool { return p.Name == o.Name }) {
			return nil, v2.Errorf(v2.Invalid, "output %q is asked for twice", o.Name)
		}
		if s := m.shapes[k]; o.Classes < 0 || o.Classes > 0 && (s.H*s.W != 1 || s.N != max(m.about.Batch, 1)) {
			return nil, v2.Errorf(v2.Invalid, "output %q has shape %v: %d classes can't be picked from it", o.Name, m.dims[k], o.Classes)
		}
	}
	return r.Outputs, nil
}

// tensor makes the network's input.
func (m *Model) tensor(ctx context.Context, in *v2.Tensor, n int) (*tensor.Tensor, error) {
	s := m.input(n)
	if in.Datatype == v2.BYTES {
		x := tensor.New(s)
		for i, data := range in.Strings {
			if err := m.decoder.into(ctx, x.Data[i*m.preset.Len():(i+1)*m.preset.Len()], m.preset, data); err != nil {
				return nil, named(err, i, n)
			}
		}
		return x, nil
	}
	order, err := m.layout(in)
	if err != nil {
		return nil, err
	}
	a := tensor.Array{Data: in.Numbers}
	for _, d := range in.Shape {
		a.Dims = append(a.Dims, int(d))
	}
	if !slices.IsSorted(order) {
		a = a.Transpose(order)
	}
	x, err := tensor.FromData(s, a.Data)
	if err != nil {
		return nil, err
	}
	if in.Datatype == v2.UINT8 && m.photos {
		m.levels(x)
	}
	return x, nil
}

// named says which of several pictures is wrong.
func named(err error, i, n int) error {
	var e *v2.Error
	if n > 1 && errors.As(err, &e) {
		return v2.Errorf(e.Code, "picture %d of %d: %s", i, n, e.Message)
	}
	return err
}

// levels makes the network's input of a picture's levels, in the order R, G, B, as the preset does it.
func (m *Model) levels(x *tensor.Tensor) {
	plane := x.H * x.W
	picture := image.NewRGBA(image.Rect(0, 0, x.W, x.H))
	for n := range x.N {
		data := x.Data[n*x.C*plane:][:x.C*plane]
		for i := range plane {
			for c := range 3 {
				picture.Pix[4*i+c] = uint8(data[min(c, x.C-1)*plane+i])
			}
		}
		m.preset.Fill(data, picture)
	}
}

// output is one output for a client.
func (m *Model) output(i int, o v2.RequestedOutput, y *tensor.Tensor) *v2.Tensor {
	t := &v2.Tensor{Name: o.Name, Binary: o.Binary}
	if o.Classes > 0 {
		return m.classes(t, o.Classes, y)
	}
	t.Datatype, t.Numbers = v2.FP32, y.Data
	for _, d := range m.outputDims(i, y.Shape) {
		t.Shape = append(t.Shape, int64(d))
	}
	return t
}

// classes are the likeliest as value:index:label.
func (m *Model) classes(t *v2.Tensor, top int, y *tensor.Tensor) *v2.Tensor {
	top = min(top, y.C)
	t.Datatype, t.Shape = v2.BYTES, []int64{int64(y.N), int64(top)}
	for n := range y.N {
		all, _ := classify.Rank(y.Data[n*y.C:(n+1)*y.C], nil, top, false)
		for _, c := range all {
			s := strconv.FormatFloat(float64(c.Score), 'f', 6, 32) + ":" + strconv.Itoa(c.Index)
			if c.Index < len(m.about.Labels) {
				s += ":" + m.about.Labels[c.Index]
			}
			t.Strings = append(t.Strings, []byte(s))
		}
	}
	return t
}

// Raw is a request for one picture, or for the numbers of as many images as there are bytes for, all of them raw.
func (m *Model) Raw(data []byte, take v2.Take) (*v2.Request, error) {
	t := &v2.Tensor{Name: m.inputs}
	each := 4 * m.input(1).Len()
	_, _, notImage := image.DecodeConfig(bytes.NewReader(data))
	if len(data) > 0 && len(data)%each == 0 && notImage != nil {
		t.Datatype, t.Shape = v2.FP32, m.inputDims(len(data)/each)
		if err := t.SetRaw(data, take); err != nil {
			return nil, err
		}
		return &v2.Request{Inputs: []*v2.Tensor{t}}, nil
	}
	t.Datatype, t.Shape = v2.BYTES, []int64{1}
	return &v2.Request{Inputs: []*v2.Tensor{t}}, t.SetStrings([][]byte{data})
}
