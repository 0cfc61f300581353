package onnx_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"testing"
	"testing/fstest"

	"google.golang.org/protobuf/proto"

	"inceptiongl/gpu/gputest"
	"inceptiongl/inception/onnx"
	pb "inceptiongl/inception/onnx/internal/onnxpb"
)

// endsAfter is a context that ends once it was asked so often.
type endsAfter struct {
	context.Context
	left int
}

func (c *endsAfter) Err() error {
	if c.left--; c.left < 0 {
		return context.Canceled
	}
	return nil
}

// TestCancel: wherever the context ends, loading ends there. It is looked at before every tensor and every node, and every 4 MiB of a file.
func TestCancel(t *testing.T) {
	const (
		tensors, nodes = 3, 20
		large          = 3 << 19 // floats
	)
	outside := ramp("c", 1, 1, 4)
	content := outside.RawData
	outside.RawData, outside.DataLocation = nil, pb.TensorProto_EXTERNAL.Enum()
	outside.ExternalData = []*pb.StringStringEntryProto{{Key: proto.String("location"), Value: proto.String("c.bin")}}
	name := func(k int) string { return fmt.Sprintf("v%d", k) }
	chain := []part{weight(ramp("a", large)), weight(ramp("b", 1, 1, 4)),
		times(nodes/2, func(k int) part { return op("Neg", in(name(k)), name(k+1)) }), // in the network
		op("Abs", in("b"), "b0"), times(nodes/2-2, func(k int) part { return op("Neg", in("b"+fmt.Sprint(k)), "b"+fmt.Sprint(k+1)) }), // of constants
		op("Neg", in(name(nodes/2)), "y")}
	rename := func(m *pb.ModelProto) { m.Graph.Input[0] = info("v0", pb.TensorProto_FLOAT, -1, 4, 6, 6) }
	within := encode(t, model(append(chain, rename)...))
	without := encode(t, model(append(chain, rename, weight(outside))...))
	for kind, c := range map[string]struct {
		load  func(context.Context) (*onnx.Model, error)
		least int // times that it is looked at
	}{
		"Parse": {func(ctx context.Context) (*onnx.Model, error) { return onnx.Parse(ctx, within, onnx.Options{}) }, tensors - 1 + nodes},
		"Decode": {func(ctx context.Context) (*onnx.Model, error) {
			return onnx.Decode(ctx, bytes.NewReader(within), onnx.Options{})
		}, tensors - 1 + nodes + 4*large/(4<<20)},
		"LoadFS": {func(ctx context.Context) (*onnx.Model, error) {
			return onnx.LoadFS(ctx, fstest.MapFS{"m.onnx": {Data: without}, "c.bin": {Data: content}}, "m.onnx", onnx.Options{})
		}, tensors + nodes + 4*large/(4<<20) + 1},
	} {
		all := &endsAfter{context.Background(), math.MaxInt}
		if _, err := c.load(all); err != nil {
			t.Errorf("%s: %v", kind, err)
			continue
		}
		looks := math.MaxInt - all.left
		gputest.Tell(t, "%s looks %d times", kind, looks)
		if looks < c.least {
			t.Errorf("%s looks at the context %d times, want %d", kind, looks, c.least)
		}
		for k := range looks {
			if m, err := c.load(&endsAfter{context.Background(), k}); m != nil || !errors.Is(err, context.Canceled) {
				t.Errorf("%s, ended after %d looks: %v", kind, k, err)
			}
		}
	}
}
