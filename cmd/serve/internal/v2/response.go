package v2

import (
	"encoding/json"
	"math"
	"strconv"

	"inceptiongl/inception/tensor"
)

// Encode writes a response: JSON, and behind it the outputs that are to be binary. jsonSize is the length of the JSON where any are,
// else −1. A number that JSON doesn't have is an error.
func (r *Response) Encode() (data []byte, jsonSize int, err error) {
	room := 256
	for _, t := range r.Outputs {
		room += 128 + t.RawLen()
	}
	b := make([]byte, 0, room)
	b = append(b, `{"model_name":`...)
	b = appendString(b, r.ModelName)
	b = append(b, `,"model_version":`...)
	b = appendString(b, r.ModelVersion)
	if r.ID != "" {
		b = append(b, `,"id":`...)
		b = appendString(b, r.ID)
	}
	b = append(b, `,"outputs":[`...)
	binary := false
	for i, t := range r.Outputs {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, `{"name":`...)
		b = appendString(b, t.Name)
		b = append(b, `,"datatype":"`+t.Datatype+`","shape":[`...)
		for k, d := range t.Shape {
			if k > 0 {
				b = append(b, ',')
			}
			b = strconv.AppendInt(b, d, 10)
		}
		b = append(b, ']')
		if t.Binary {
			binary = true
			b = append(b, `,"parameters":{"binary_data_size":`...)
			b = strconv.AppendInt(b, int64(t.RawLen()), 10)
			b = append(b, "}}"...)
			continue
		}
		b = append(b, `,"data":`...)
		if b, err = t.appendJSON(b); err != nil {
			return nil, 0, err
		}
		b = append(b, '}')
	}
	b = append(b, "]}"...)
	if !binary {
		return b, -1, nil
	}
	jsonSize = len(b)
	for _, t := range r.Outputs {
		if t.Binary {
			b = t.AppendRaw(b)
		}
	}
	return b, jsonSize, nil
}

func (t *Tensor) appendJSON(b []byte) ([]byte, error) {
	if i := tensor.FirstNonFinite(t.Numbers); i >= 0 {
		return nil, Errorf(Invalid, "output %q is %v at element %d, which JSON can't say: ask for binary data", t.Name, t.Numbers[i], i)
	}
	b = append(b, '[')
	for i, v := range t.Numbers {
		if i > 0 {
			b = append(b, ',')
		}
		format := byte('f')
		if a := math.Abs(float64(v)); a != 0 && (a < 1e-6 || a >= 1e21) {
			format = 'e'
		}
		b = strconv.AppendFloat(b, float64(v), format, -1, 32)
	}
	for i, s := range t.Strings {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendString(b, string(s))
	}
	return append(b, ']'), nil
}

// appendString writes a string, whatever is in it.
func appendString(b []byte, s string) []byte {
	quoted, err := json.Marshal(s)
	if err != nil { // a string never fails
		quoted = []byte(`""`)
	}
	return append(b, quoted...)
}
