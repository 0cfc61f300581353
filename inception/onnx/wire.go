package onnx

import (
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	pb "inceptiongl/inception/onnx/internal/onnxpb"
)

// Bounds on a file. An empty message takes two bytes in the file and hundreds in memory, so they are counted first.
const (
	maxFile     = 2 << 30
	maxMessages = 1 << 20
	maxScalars  = 1 << 24
	maxDepth    = 16
)

// unmarshal decodes a model, once a walk over the file has shown how much there is in it: what it costs in memory beside the file.
func unmarshal(data []byte, memory int) (m *pb.ModelProto, cost int, err error) {
	if int64(len(data)) > maxFile {
		return nil, 0, fmt.Errorf("%d bytes: more than %d", len(data), maxFile)
	}
	m = &pb.ModelProto{}
	c := census{messages: maxMessages, scalars: maxScalars}
	if err := c.walk(data, m.ProtoReflect().Descriptor(), maxDepth); err != nil {
		return nil, 0, err
	}
	cost = messageCost*(maxMessages-c.messages) + scalarCost*(maxScalars-c.scalars)
	if cost > memory {
		return nil, 0, fmt.Errorf("%w: %d messages, %d strings and integers", ErrMemory, maxMessages-c.messages, maxScalars-c.scalars)
	}
	light, raw := lighten(data)
	if err := (proto.UnmarshalOptions{DiscardUnknown: true, RecursionLimit: maxDepth + 1}).Unmarshal(light, m); err != nil {
		return nil, 0, fmt.Errorf("not an ONNX file: %s", shorten(err.Error(), 200))
	}
	for i, t := range m.GetGraph().GetInitializer() {
		if i < len(raw) && raw[i] != nil {
			t.RawData = raw[i]
		}
	}
	return m, cost, nil
}

// lighten is an encoded model, which a walk found well-formed, without the raw data of its weights, and those data, in data itself: nil
// where an initializer has none. Decoding would copy them, and a network's weights would be in memory three times.
func lighten(data []byte) (light []byte, raw [][]byte) {
	number := func(m proto.Message, field protoreflect.Name) protowire.Number {
		return m.ProtoReflect().Descriptor().Fields().ByName(field).Number()
	}
	graph, initializer, content := number(&pb.ModelProto{}, "graph"), number(&pb.GraphProto{}, "initializer"), number(&pb.TensorProto{}, "raw_data")
	tensor := func(b []byte) []byte {
		var last []byte // of several the last counts
		b = rewrite(b, content, func(value []byte) ([]byte, bool) {
			last = value[:len(value):len(value)]
			return nil, false
		})
		raw = append(raw, last)
		return b
	}
	light = rewrite(data, graph, func(b []byte) ([]byte, bool) {
		return rewrite(b, initializer, func(b []byte) ([]byte, bool) { return tensor(b), true }), true
	})
	return light, raw
}

// rewrite is an encoded message with the values of one field of bytes replaced, or left out. Where f changes none, it is b itself.
func rewrite(b []byte, field protowire.Number, f func(value []byte) (now []byte, keep bool)) []byte {
	var out []byte
	copied := 0 // how much of b stands in out, as it is or changed
	for at := 0; at < len(b); {
		id, wire, tag := protowire.ConsumeTag(b[at:])
		end := at + tag + protowire.ConsumeFieldValue(id, wire, b[at+tag:])
		if id == field && wire == protowire.BytesType {
			value, _ := protowire.ConsumeBytes(b[at+tag:])
			now, keep := f(value)
			if !keep || len(now) != len(value) { // f only ever takes away
				out = append(out, b[copied:at]...)
				copied = end
				if keep {
					out = protowire.AppendBytes(protowire.AppendTag(out, id, wire), now)
				}
			}
		}
		at = end
	}
	if copied == 0 {
		return b
	}
	return append(out, b[copied:]...)
}

// census holds what is left of the bounds.
type census struct{ messages, scalars int }

// walk counts messages, strings and the elements of packed fields in an encoded message.
func (c *census) walk(b []byte, desc protoreflect.MessageDescriptor, depth int) error {
	if depth == 0 {
		return fmt.Errorf("messages nested deeper than %d, as branches (If, Loop) in branches may be: not supported", maxDepth)
	}
	for len(b) > 0 {
		id, wire, n := protowire.ConsumeTag(b)
		if n < 0 {
			return fmt.Errorf("not an ONNX file: truncated or damaged")
		}
		b = b[n:]
		size := protowire.ConsumeFieldValue(id, wire, b)
		if size < 0 {
			return fmt.Errorf("not an ONNX file: truncated or damaged")
		}
		value := b[:size]
		b = b[size:]
		field := desc.Fields().ByNumber(id)
		if field == nil {
			continue
		}
		bytes := value
		if wire == protowire.BytesType {
			bytes, _ = protowire.ConsumeBytes(value)
		}
		switch kind := field.Kind(); {
		case kind == protoreflect.MessageKind && wire == protowire.BytesType:
			if c.messages--; c.messages < 0 {
				return fmt.Errorf("more than %d messages", maxMessages)
			}
			if err := c.walk(bytes, field.Message(), depth-1); err != nil {
				return err
			}
		case wire != protowire.BytesType, kind == protoreflect.StringKind, kind == protoreflect.BytesKind:
			c.scalars--
		case kind != protoreflect.FloatKind && kind != protoreflect.DoubleKind: // packed varints, perhaps 1 byte each
			c.scalars -= len(bytes)
		}
		if c.scalars < 0 {
			return fmt.Errorf("more than %d strings and integers outside raw data", maxScalars)
		}
	}
	return nil
}
