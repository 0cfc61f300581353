package message

import (
	"testing"

	"google.golang.org/protobuf/proto"

	"inceptiongl/cmd/serve/internal/oip"
	"inceptiongl/cmd/serve/internal/v2"
)

// FuzzRequest: whatever message comes, there is an error that says what is wrong, or a request whose tensors have what their shapes say.
func FuzzRequest(f *testing.F) {
	shape := []int64{1, 2}
	for _, r := range []*oip.ModelInferRequest{
		{ModelName: "m", Inputs: []*oip.ModelInferRequest_InferInputTensor{{Name: "x", Datatype: "FP32", Shape: shape}}, RawInputContents: [][]byte{make([]byte, 8)}},
		{Inputs: []*oip.ModelInferRequest_InferInputTensor{{Name: "x", Datatype: "FP32", Shape: shape, Contents: &oip.InferTensorContents{Fp32Contents: []float32{1, 2}}}}},
		{Inputs: []*oip.ModelInferRequest_InferInputTensor{{Name: "x", Datatype: "BYTES", Shape: []int64{1}, Contents: &oip.InferTensorContents{BytesContents: [][]byte{{1}}}}}},
		{Inputs: []*oip.ModelInferRequest_InferInputTensor{{Name: "x", Datatype: "UINT8", Shape: shape, Contents: &oip.InferTensorContents{UintContents: []uint32{1, 300}}}}},
		{Outputs: []*oip.ModelInferRequest_InferRequestedOutputTensor{{Name: "y", Parameters: map[string]*oip.InferParameter{"classification": {ParameterChoice: &oip.InferParameter_Int64Param{Int64Param: -1}}}}}},
	} {
		data, err := proto.Marshal(r)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		m := &oip.ModelInferRequest{}
		if proto.Unmarshal(data, m) != nil {
			return
		}
		r, err := Request(m, nil)
		if err != nil {
			if e := v2.AsError(err); e.Code != v2.Invalid || e.Message == "" {
				t.Fatalf("%v", err)
			}
			return
		}
		for _, in := range r.Inputs {
			if n, err := in.Len(); err != nil || len(in.Numbers)+len(in.Strings) != n {
				t.Fatalf("%v: %d numbers, %d strings, %v", in.Shape, len(in.Numbers), len(in.Strings), err)
			}
		}
		if a := Answer(&v2.Response{ModelName: "m", Outputs: r.Inputs}, len(m.GetRawInputContents()) > 0); len(a.GetOutputs()) != len(r.Inputs) {
			t.Fatal("outputs are missing")
		}
	})
}
