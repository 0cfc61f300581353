package rpc

import (
	"fmt"

	"google.golang.org/grpc"
	"google.golang.org/grpc/encoding"
	_ "google.golang.org/grpc/encoding/proto" // the codec
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// Codec is protobuf's, for messages that take about as much memory as they have bytes: a million empty inputs have two each.
func Codec() grpc.ServerOption { return grpc.ForceServerCodecV2(codec{encoding.GetCodecV2("proto")}) }

type codec struct{ encoding.CodecV2 }

// extra is what a message may take beyond its own length.
const extra = 8 << 20

func (c codec) Unmarshal(data mem.BufferSlice, to any) error {
	if m, ok := to.(proto.Message); ok && data.Len() > extra/each {
		flat := data.Materialize()
		if n := memory(flat, m.ProtoReflect().Descriptor(), 4); n > int64(2*len(flat)+extra) {
			return fmt.Errorf("%d bytes would take %d MiB of memory: numbers go in raw contents", len(flat), n>>20)
		}
		data = mem.BufferSlice{mem.SliceBuffer(flat)}
	}
	return c.CodecV2.Unmarshal(data, to)
}

// each is what an element takes at most beside its bytes: an entry of a map, or a message with its pointer.
const each = 256

// memory is what a message of some kind takes at most. What is damaged counts as far as it goes, and what is deeper than any message of
// the protocol as its bytes: it is refused later.
func memory(data []byte, kind protoreflect.MessageDescriptor, depth int) int64 {
	var sum int64
	for len(data) > 0 {
		number, wire, n := protowire.ConsumeTag(data)
		if n < 0 {
			break
		}
		data = data[n:]
		if n = protowire.ConsumeFieldValue(number, wire, data); n < 0 {
			break
		}
		value := data[:n]
		data = data[n:]
		field := kind.Fields().ByNumber(number)
		switch {
		case wire != protowire.BytesType:
			sum += 16 // a number of a list, with room for more
		case field == nil:
			sum += int64(n)
		case field.Message() != nil && depth > 0:
			inner, _ := protowire.ConsumeBytes(value)
			sum += each + memory(inner, field.Message(), depth-1)
		case field.Kind() == protoreflect.StringKind || field.Kind() == protoreflect.BytesKind:
			sum += 48 + int64(n)
		case field.Kind() == protoreflect.FloatKind || field.Kind() == protoreflect.DoubleKind:
			sum += int64(n)
		default: // varints
			sum += 8 * int64(n)
		}
	}
	return sum
}
