// Package message makes requests of gRPC's messages, and messages of answers.
package message

import (
	"time"

	"inceptiongl/cmd/serve/internal/oip"
	"inceptiongl/cmd/serve/internal/v2"
)

// Request is a message as the server has it.
func Request(r *oip.ModelInferRequest, take v2.Take) (*v2.Request, error) {
	to := &v2.Request{ID: r.GetId(), Binary: true}
	if t := r.GetParameters()["timeout"].GetInt64Param(); t > 0 && t < int64(time.Hour/time.Microsecond) {
		to.Timeout = time.Duration(t) * time.Microsecond
	}
	raw := r.GetRawInputContents()
	if len(raw) > 0 && len(raw) != len(r.GetInputs()) {
		return nil, v2.Errorf(v2.Invalid, "%d inputs, but the raw contents of %d", len(r.GetInputs()), len(raw))
	}
	for i, in := range r.GetInputs() {
		if in.GetParameters()["shared_memory_region"] != nil {
			return nil, v2.Errorf(v2.Invalid, "input %q: shared memory is not offered: send the data", in.GetName())
		}
		t := &v2.Tensor{Name: in.GetName(), Datatype: in.GetDatatype(), Shape: in.GetShape()}
		var err error
		switch c := in.GetContents(); {
		case len(raw) > 0 && c != nil:
			err = v2.Errorf(v2.Invalid, "input %q has contents and raw contents: send one of them", t.Name)
		case len(raw) > 0:
			err = t.SetRaw(raw[i], take)
		default:
			err = typed(t, c)
		}
		if err != nil {
			return nil, err
		}
		to.Inputs = append(to.Inputs, t)
	}
	for _, out := range r.GetOutputs() {
		o := v2.RequestedOutput{Name: out.GetName(), Binary: true}
		if p := out.GetParameters()["classification"]; p != nil {
			n := p.GetInt64Param()
			if n < 0 || n > 1<<30 {
				return nil, v2.Errorf(v2.Invalid, "output %q: %d classes", o.Name, n)
			}
			o.Classes = int(n)
		}
		to.Outputs = append(to.Outputs, o)
	}
	return to, nil
}

// typed takes the contents that go with a tensor's datatype.
func typed(t *v2.Tensor, c *oip.InferTensorContents) error {
	switch t.Datatype {
	case v2.BYTES:
		return t.SetStrings(c.GetBytesContents())
	case v2.UINT8:
		numbers := make([]float32, len(c.GetUintContents()))
		for i, v := range c.GetUintContents() {
			if v > 255 {
				return v2.Errorf(v2.Invalid, "tensor %q: element %d, %d, is no UINT8", t.Name, i, v)
			}
			numbers[i] = float32(v)
		}
		return t.SetNumbers(numbers)
	case v2.FP16:
		return v2.Errorf(v2.Invalid, "tensor %q: FP16 goes in raw contents", t.Name)
	}
	return t.SetNumbers(c.GetFp32Contents())
}

// Answer is a response's message: raw where the request was.
func Answer(r *v2.Response, raw bool) *oip.ModelInferResponse {
	to := &oip.ModelInferResponse{ModelName: r.ModelName, ModelVersion: r.ModelVersion, Id: r.ID}
	for _, t := range r.Outputs {
		out := &oip.ModelInferResponse_InferOutputTensor{Name: t.Name, Datatype: t.Datatype, Shape: t.Shape}
		to.Outputs = append(to.Outputs, out)
		if raw {
			to.RawOutputContents = append(to.RawOutputContents, t.AppendRaw(make([]byte, 0, t.RawLen())))
			continue
		}
		out.Contents = &oip.InferTensorContents{Fp32Contents: t.Numbers, BytesContents: t.Strings}
	}
	return to
}
