package v2

import (
	"bytes"
	"encoding/json"
	"testing"
)

// FuzzParseRequest: whatever comes, there is an error or a request whose tensors have what their shapes say; and what is written of such
// a tensor is read again as it was.
func FuzzParseRequest(f *testing.F) {
	for _, s := range []string{
		`{"inputs":[{"name":"x","shape":[1,2],"datatype":"FP32","data":[1,2.5e-3]}],"outputs":[{"name":"y","parameters":{"classification":1}}]}`,
		`{"inputs":[{"name":"x","shape":[2,2],"datatype":"UINT8","data":[[1,2],[3,255]]}]}`,
		`{"inputs":[{"name":"x","shape":[1],"datatype":"BYTES","data":["AAAA"]}],"parameters":{"timeout":5,"binary_data_output":true}}`,
		`{"inputs":[{"name":"x","shape":[2],"datatype":"FP16","parameters":{"binary_data_size":4}}]}abcd`,
		`{"inputs":[{"name":"x","shape":[2],"datatype":"BYTES","parameters":{"binary_data_size":9}}]}` + "\x01\x00\x00\x00a\x00\x00\x00\x00",
		`{"inputs":[{"name":"x","shape":[9223372036854775807,2],"datatype":"FP32","data":[]}]}`, `[]`, `{"inputs":null}`, ``,
	} {
		f.Add([]byte(s), bytes.IndexByte([]byte(s), '}')+1)
		f.Add([]byte(s), -1)
		f.Add([]byte(s), len(s))
	}
	f.Fuzz(func(t *testing.T, data []byte, size int) {
		r, err := ParseRequest(data, size, nil)
		if err != nil {
			if e := AsError(err); e.Code != Invalid || e.Message == "" {
				t.Fatalf("%v", err)
			}
			return
		}
		for _, in := range r.Inputs {
			n, err := in.Len()
			if err != nil || len(in.Numbers)+len(in.Strings) != n {
				t.Fatalf("%v: %d numbers, %d strings, %v", in.Shape, len(in.Numbers), len(in.Strings), err)
			}
			out := &Tensor{Name: "o", Datatype: in.Datatype, Shape: in.Shape, Numbers: in.Numbers, Strings: in.Strings}
			if in.Datatype != BYTES {
				out.Datatype = FP32
			}
			raw := out.AppendRaw(nil)
			back := &Tensor{Name: "o", Datatype: out.Datatype, Shape: in.Shape}
			if err := back.SetRaw(raw, nil); err != nil || len(raw) != out.RawLen() || !bytes.Equal(back.AppendRaw(nil), raw) {
				t.Fatalf("%v: %v", in.Shape, err)
			}
			for _, binary := range []bool{true, false} {
				out.Binary = binary
				res, size, err := (&Response{ModelName: in.Name, ID: r.ID, Outputs: []*Tensor{out}}).Encode()
				if err != nil {
					if AsError(err).Code != Invalid || binary {
						t.Fatal(err)
					}
					continue
				}
				if size < 0 != !binary {
					t.Fatalf("binary %v gives size %d", binary, size)
				}
				if size >= 0 {
					if !bytes.Equal(res[size:], raw) {
						t.Fatal("binary data differ")
					}
					res = res[:size]
				}
				if !json.Valid(res) {
					t.Fatalf("no JSON: %q", res)
				}
			}
		}
	})
}

// TestJSONNumbers: what is written is read as the same float32, whatever its size.
func TestJSONNumbers(t *testing.T) {
	numbers := []float32{0, 1, -1, 0.1, 1e-7, -3.4028235e38, 1.1754944e-38, 1e-45, 16777217, 1e21, 123456.79}
	out := &Tensor{Name: "y", Datatype: FP32, Shape: []int64{int64(len(numbers))}, Numbers: numbers}
	b, err := out.appendJSON(nil)
	if err != nil {
		t.Fatal(err)
	}
	in := &Tensor{Name: "x", Datatype: FP32, Shape: out.Shape}
	if err := in.setJSON(b, nil); err != nil {
		t.Fatalf("%s: %v", b, err)
	}
	for i, v := range numbers {
		if in.Numbers[i] != v {
			t.Errorf("%v is written and read as %v", v, in.Numbers[i])
		}
	}
}
