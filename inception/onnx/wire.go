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

// unmarshal decodes a model, once a walk over the file has shown how much there is in it.
func unmarshal(data []byte) (*pb.ModelProto, error) {
	if int64(len(data)) > maxFile {
		return nil, fmt.Errorf("%d bytes: more than %d", len(data), maxFile)
	}
	m := &pb.ModelProto{}
	c := census{messages: maxMessages, scalars: maxScalars}
	if err := c.walk(data, m.ProtoReflect().Descriptor(), maxDepth); err != nil {
		return nil, err
	}
	if err := (proto.UnmarshalOptions{DiscardUnknown: true, RecursionLimit: maxDepth + 1}).Unmarshal(data, m); err != nil {
		return nil, fmt.Errorf("not an ONNX file: %s", shorten(err.Error(), 200))
	}
	return m, nil
}

// census holds what is left of the bounds.
type census struct{ messages, scalars int }

// walk counts messages, strings and the elements of packed fields in an encoded message.
func (c *census) walk(b []byte, desc protoreflect.MessageDescriptor, depth int) error {
	if depth == 0 {
		return fmt.Errorf("not an ONNX file: messages nested deeper than %d", maxDepth)
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
