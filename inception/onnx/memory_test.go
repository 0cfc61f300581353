package onnx_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"inceptiongl/gpu/gputest"
	"inceptiongl/inception/onnx"
	pb "inceptiongl/inception/onnx/internal/onnxpb"
)

// large gives a constant of n elements, made of a few bytes: floats, or integers.
func large(name string, n int64, integers bool) []part {
	value := &pb.TensorProto{Dims: []int64{1}, DataType: proto.Int32(int32(pb.TensorProto_FLOAT)), FloatData: []float32{1}}
	if integers {
		value = &pb.TensorProto{Dims: []int64{1}, DataType: proto.Int32(int32(pb.TensorProto_INT64)), Int64Data: []int64{1}}
	}
	return []part{weight(list(name+".n", n)), op("ConstantOfShape", in(name+".n"), name, aTensor("value", value))}
}

// times repeats a part with a number.
func times(n int, f func(k int) part) part {
	return func(m *pb.ModelProto) {
		for k := range n {
			f(k)(m)
		}
	}
}

// greedy are models that take much memory or time for their size. Without a budget each takes from 300 MB to 100 GB, or minutes.
func greedy() map[string][]part {
	with := func(parts []part, more ...part) []part { return append(parts, more...) }
	name := func(k int) string { return fmt.Sprintf("v%d", k) }
	all := map[string][]part{
		"one constant": large("c", 1<<28-1, false),
		"integers":     large("c", 1<<24, true),
		"many constants": {times(60, func(k int) part {
			return func(m *pb.ModelProto) {
				for _, p := range large(name(k), 1<<22, false) {
					p(m)
				}
			}
		})},
		"a chain of sums": with(with(large("v0", 1<<20, true), weight(list("one", 1))), times(60, func(k int) part { return op("Add", in(name(k), "one"), name(k+1)) })),
		"a chain of casts": with(large("v0", 1<<21, false), times(60, func(k int) part {
			return op("Cast", in(name(k)), name(k+1), aInt("to", int64([]pb.TensorProto_DataType{pb.TensorProto_INT64, pb.TensorProto_FLOAT}[k%2])))
		})),
		"expanded":     {weight(scalar("s", 1)), weight(list("to", 1<<14, 1<<14)), op("Expand", in("s", "to"), "c")},
		"tiled":        {weight(ramp("s", 64)), weight(list("by", 1<<20)), op("Tile", in("s", "by"), "c")},
		"concatenated": with(large("c", 1<<22, false), op("Concat", repeated("c", 500), "d", aInt("axis", 0))),
		"transposed over and over": with(with(large("c", 1<<20, false), weight(list("square", 1<<10, 1<<10)), op("Reshape", in("c", "square"), "v0")),
			times(200, func(k int) part { return op("Transpose", in(name(k)), name(k+1), aInts("perm", 1, 0)) })),
		"chosen": with(with(large("c", 1<<21, true), op("Equal", in("c", "c"), "e")), times(40, func(k int) part { return op("Where", in("e", "c", "c"), name(k)) })),
		"booleans": {weight(&pb.TensorProto{Name: proto.String("b"), Dims: []int64{20 << 20}, DataType: proto.Int32(int32(pb.TensorProto_BOOL)), RawData: make([]byte, 20<<20)}),
			op("Not", in("b"), "c")},
		"one read by thousands": with(large("c", 1<<20, true), times(20000, func(k int) part { return op("ReduceProd", in("c"), name(k), aInt("keepdims", 0)) })),
		"empty messages":        {func(m *pb.ModelProto) { m.Graph.ValueInfo = make([]*pb.ValueInfoProto, 800_000) }},
		"empty strings":         {op("Relu", make([]string, 1<<24-100), "z")},
		"small integers":        {func(m *pb.ModelProto) { op("Relu", in("x"), "z", aInts("a", make([]int64, 1<<24-100)...))(m) }},
	}
	for k, parts := range all {
		all[k] = append(parts, op("Relu", in("x"), "y"))
	}
	return all
}

func repeated(s string, n int) []string {
	list := make([]string, n)
	for k := range list {
		list[k] = s
	}
	return list
}

// TestMemory: no model takes more than the budget beyond its own size, or long.
func TestMemory(t *testing.T) {
	ran := 0
	for name, parts := range greedy() {
		data := encode(t, model(parts...))
		runtime.GC()
		stop := peak()
		begin := time.Now()
		_, err := onnx.Parse(context.Background(), data, onnx.Options{})
		took, most := time.Since(begin), stop()
		if !errors.Is(err, onnx.ErrMemory) {
			t.Errorf("%s: error is %v", name, err)
		}
		if most > 256<<20+3*uint64(len(data)) {
			t.Errorf("%s: a file of %d bytes took %d MiB", name, len(data), most>>20)
		}
		if took > 5*time.Second {
			t.Errorf("%s: a file of %d bytes took %v", name, len(data), took)
		}
		ran++
	}
	gputest.Tell(t, "%d models", ran)
	if ran < 15 {
		t.Error("too few")
	}
	// What is asked for is given.
	small := encode(t, model(append(large("c", 1<<20, false), op("Relu", in("x"), "y"))...))
	for memory, enough := range map[int]bool{1 << 20: false, 8 << 20: true, math.MaxInt: true} {
		if _, err := onnx.Parse(context.Background(), small, onnx.Options{Memory: memory}); (err == nil) != enough {
			t.Errorf("with %d bytes: %v", memory, err)
		}
	}
}

// peak watches how much the heap grows, until it is stopped: what the garbage collector hasn't found yet counts, too.
func peak() (stop func() uint64) {
	var before, now runtime.MemStats
	runtime.ReadMemStats(&before)
	done, answer := make(chan struct{}), make(chan uint64)
	go func() {
		most := before.HeapSys - before.HeapReleased
		for {
			runtime.ReadMemStats(&now)
			most = max(most, now.HeapSys-now.HeapReleased)
			select {
			case <-done:
				answer <- most - (before.HeapSys - before.HeapReleased)
				return
			case <-time.After(5 * time.Millisecond):
			}
		}
	}()
	return func() uint64 { close(done); return <-answer }
}
