package rpc

import (
	"bytes"
	"runtime"
	"testing"

	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"inceptiongl/cmd/serve/internal/oip"
)

// TestCodec: messages that would take many times their length in memory are refused before they do; others are read.
func TestCodec(t *testing.T) {
	const length = 2 << 20
	field := func(number protowire.Number, inner []byte) []byte {
		return protowire.AppendBytes(protowire.AppendTag(nil, number, protowire.BytesType), inner)
	}
	many := func(one []byte) []byte { return bytes.Repeat(one, length/len(one)) }
	c := codec{encoding.GetCodecV2("proto")}
	read := func(data []byte, to proto.Message) (took uint64, err error) {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		err = c.Unmarshal(mem.BufferSlice{mem.SliceBuffer(data)}, to)
		runtime.ReadMemStats(&after)
		return after.TotalAlloc - before.TotalAlloc, err
	}
	for name, data := range map[string][]byte{
		"empty inputs":      many(field(5, nil)),
		"empty outputs":     many(field(6, nil)),
		"parameters":        many(field(4, nil)),
		"of an input":       field(5, many(field(4, nil))),
		"raw contents":      many(field(7, nil)),
		"empty strings":     field(5, field(5, many(field(8, nil)))),
		"numbers":           field(5, field(5, field(3, make([]byte, length)))),
		"numbers, one each": field(5, field(5, many([]byte{3 << 3, 0}))),
		"a shape":           field(5, field(3, make([]byte, length))),
	} {
		if took, err := read(data, &oip.ModelInferRequest{}); err == nil || took > 3*length {
			t.Errorf("%s: %d bytes of memory, %v", name, took, err)
		}
	}
	for name, r := range map[string]*oip.ModelInferRequest{
		"raw":    {RawInputContents: [][]byte{make([]byte, length)}},
		"floats": {Inputs: []*oip.ModelInferRequest_InferInputTensor{{Contents: &oip.InferTensorContents{Fp32Contents: make([]float32, length/4)}}}},
		"small":  {ModelName: "m", Inputs: []*oip.ModelInferRequest_InferInputTensor{{Contents: &oip.InferTensorContents{UintContents: make([]uint32, 100)}}}},
		"levels": {Inputs: []*oip.ModelInferRequest_InferInputTensor{{Contents: &oip.InferTensorContents{UintContents: make([]uint32, 1<<20)}}}},
	} {
		data, err := proto.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		var back oip.ModelInferRequest
		if _, err := read(data, &back); err != nil || !proto.Equal(&back, r) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
