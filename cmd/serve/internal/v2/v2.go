// Package v2 is the Open Inference Protocol, version 2, without a transport: requests, responses, tensors, errors. It reads and writes
// their JSON, with the extensions for binary tensors and for classification. All that it reads comes from strangers.
package v2

import (
	"encoding/json"
	"time"
)

// Extensions are those that a server which uses this package speaks, beside model_repository.
const (
	BinaryTensors  = "binary_tensor_data"
	Classification = "classification"
)

// Request asks for an inference.
type Request struct {
	ID      string
	Inputs  []*Tensor
	Outputs []RequestedOutput // none: all
	Timeout time.Duration     // 0: the server's
	Binary  bool              // outputs that say nothing else are binary
}

// RequestedOutput is one output, and how it is wanted.
type RequestedOutput struct {
	Name    string
	Binary  bool
	Classes int // the likeliest classes instead of all numbers; 0: the numbers
}

// Response is the answer to a Request.
type Response struct {
	ModelName    string
	ModelVersion string
	ID           string
	Outputs      []*Tensor
}

// ServerMetadata describes a server.
type ServerMetadata struct {
	Name       string   `json:"name"`
	Version    string   `json:"version"`
	Extensions []string `json:"extensions"`
}

// ModelMetadata describes a model.
type ModelMetadata struct {
	Name     string           `json:"name"`
	Versions []string         `json:"versions"`
	Platform string           `json:"platform"`
	Inputs   []TensorMetadata `json:"inputs"`
	Outputs  []TensorMetadata `json:"outputs"`
}

// TensorMetadata describes an input or output. An extent of −1 may be any.
type TensorMetadata struct {
	Name     string  `json:"name"`
	Datatype string  `json:"datatype"`
	Shape    []int64 `json:"shape"`
}

// IndexEntry is a model in a repository's list.
type IndexEntry struct {
	Name    string `json:"name"`
	Version string `json:"version,omitempty"`
	State   State  `json:"state"`
	Reason  string `json:"reason,omitempty"`
}

// State is what a repository says of a model.
type State string

// The states, as Triton's clients know them.
const (
	Ready       State = "READY"
	Loading     State = "LOADING"
	Unloading   State = "UNLOADING"
	Unavailable State = "UNAVAILABLE"
)

// most bounds the lists of a request.
const most = 64

// body is a request as JSON has it. Its lists are arrays, of one more than is allowed: what a stranger adds to them is skipped, and takes
// no memory.
type body struct {
	ID         string     `json:"id"`
	Parameters parameters `json:"parameters"`
	Inputs     [most + 1]*struct {
		Name       string              `json:"name"`
		Shape      [maxRank + 1]*int64 `json:"shape"`
		Datatype   string              `json:"datatype"`
		Parameters parameters          `json:"parameters"`
		Data       json.RawMessage     `json:"data"`
	} `json:"inputs"`
	Outputs [most + 1]*struct {
		Name       string     `json:"name"`
		Parameters parameters `json:"parameters"`
	} `json:"outputs"`
}

// given are the elements of a list that was read into an array.
func given[T any](all []*T) ([]T, error) {
	var list []T
	for i, x := range all {
		if x == nil {
			for _, later := range all[i:] {
				if later != nil {
					return nil, Errorf(Invalid, "element %d is null", i)
				}
			}
			break
		}
		list = append(list, *x)
	}
	if len(list) == len(all) {
		return nil, Errorf(Invalid, "more than %d elements", len(all)-1)
	}
	return list, nil
}

// parameters are the ones that are known; others are left alone, as the protocol wants it.
type parameters struct {
	BinarySize   *int64 `json:"binary_data_size"`
	Binary       *bool  `json:"binary_data"`
	BinaryOutput bool   `json:"binary_data_output"`
	Classes      int    `json:"classification"`
	Timeout      int64  `json:"timeout"` // µs
	SharedMemory string `json:"shared_memory_region"`
}

// ParseRequest reads a request. Its first bytes, as many as json says, are JSON, and binary tensors follow; all is JSON where json is
// negative. The tensors may share the body's memory.
func ParseRequest(data []byte, jsonSize int, take Take) (*Request, error) {
	text, binary := data, []byte(nil)
	if jsonSize >= 0 {
		if jsonSize > len(data) {
			return nil, Errorf(Invalid, "the header says that %d bytes are JSON, the body has %d", jsonSize, len(data))
		}
		text, binary = data[:jsonSize], data[jsonSize:]
	}
	var b body
	if err := json.Unmarshal(text, &b); err != nil {
		return nil, Errorf(Invalid, "the request is not the protocol's JSON: %v", err)
	}
	inputs, err := given(b.Inputs[:])
	if err != nil {
		return nil, Errorf(Invalid, "inputs: %v", err)
	}
	outputs, err := given(b.Outputs[:])
	if err != nil {
		return nil, Errorf(Invalid, "outputs: %v", err)
	}
	r := &Request{ID: b.ID, Binary: b.Parameters.BinaryOutput}
	if t := b.Parameters.Timeout; t > 0 && t < int64(time.Hour/time.Microsecond) {
		r.Timeout = time.Duration(t) * time.Microsecond
	}
	for _, in := range inputs {
		if string(in.Data) == "null" {
			in.Data = nil
		}
		t := &Tensor{Name: in.Name, Datatype: in.Datatype}
		if t.Shape, err = given(in.Shape[:]); err != nil {
			return nil, Errorf(Invalid, "input %q: shape: %v", in.Name, err)
		}
		switch size := in.Parameters.BinarySize; {
		case in.Parameters.SharedMemory != "":
			err = Errorf(Invalid, "input %q: shared memory is not offered: send the data", in.Name)
		case size != nil && in.Data != nil:
			err = Errorf(Invalid, "input %q has data and binary data: send one of them", in.Name)
		case size != nil && (*size < 0 || *size > int64(len(binary))):
			err = Errorf(Invalid, "input %q claims %d bytes of binary data, %d are left", in.Name, *size, len(binary))
		case size != nil:
			err = t.SetRaw(binary[:*size], take)
			binary = binary[*size:]
		case in.Data == nil:
			err = Errorf(Invalid, "input %q has no data", in.Name)
		default:
			err = t.setJSON(in.Data, take)
		}
		if err != nil {
			return nil, err
		}
		r.Inputs = append(r.Inputs, t)
	}
	if len(binary) > 0 {
		return nil, Errorf(Invalid, "%d bytes follow the last input's: the sizes don't add up", len(binary))
	}
	for _, out := range outputs {
		o := RequestedOutput{Name: out.Name, Binary: r.Binary, Classes: out.Parameters.Classes}
		if out.Parameters.SharedMemory != "" {
			return nil, Errorf(Invalid, "output %q: shared memory is not offered", out.Name)
		}
		if out.Parameters.Binary != nil {
			o.Binary = *out.Parameters.Binary
		}
		r.Outputs = append(r.Outputs, o)
	}
	return r, nil
}
