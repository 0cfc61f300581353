package onnx_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"testing/fstest"
	"time"

	"google.golang.org/protobuf/proto"

	"inceptiongl/cpuref"
	"inceptiongl/cpuref/verify"
	"inceptiongl/gpu"
	"inceptiongl/gpu/gputest"
	"inceptiongl/inception"
	"inceptiongl/inception/graph"
	"inceptiongl/inception/onnx"
	pb "inceptiongl/inception/onnx/internal/onnxpb"
	ours "inceptiongl/inception/run"
	"inceptiongl/inception/tensor"
)

// draft makes a model of bytes: each operator, what it reads and its numbers are the next bytes modulo what is possible.
type draft struct {
	bytes  []byte
	values []string
	parts  []part
}

func (d *draft) next(n int) int {
	if len(d.bytes) == 0 {
		return 0
	}
	v := int(d.bytes[0]) % n
	d.bytes = d.bytes[1:]
	return v
}

// weights are small numbers, of which no two neighbours are the same.
func (d *draft) weights(dims ...int64) string {
	name := fmt.Sprintf("w%d", len(d.parts))
	t := ramp(name, dims...)
	for k := 0; k < len(t.RawData); k += 4 {
		binary.LittleEndian.PutUint32(t.RawData[k:], math.Float32bits(float32(k/4%7)-2.5))
	}
	d.parts = append(d.parts, weight(t))
	return name
}

func (d *draft) op(kind string, in []string, attrs ...*pb.AttributeProto) {
	out := fmt.Sprintf("v%d", len(d.values))
	d.parts = append(d.parts, op(kind, in, out, attrs...))
	d.values = append(d.values, out)
}

// model is a graph of up to eight operators, which the importer takes: one that it refuses is left out.
func (d *draft) model(t *testing.T) []byte {
	c := int64(d.next(9) + 1)
	dims := inputDims(int64(d.next(2)+1), c, int64(d.next(11)+1), int64(d.next(11)+1))
	d.values = []string{"x"}
	encoded := func() []byte {
		last := func(m *pb.ModelProto) {
			m.Graph.Output = []*pb.ValueInfoProto{info(d.values[len(d.values)-1], pb.TensorProto_FLOAT)}
		}
		return encode(t, model(append([]part{dims, last}, d.parts...)...))
	}
	for range d.next(8) + 1 {
		values, parts := d.values, d.parts
		x, y := d.values[d.next(len(d.values))], d.values[d.next(len(d.values))]
		kernel := []int64{int64(d.next(4) + 1), int64(d.next(4) + 1)}
		p := int64(d.next(2))
		window := []*pb.AttributeProto{aInts("kernel_shape", kernel...), aInts("strides", int64(d.next(3)+1), int64(d.next(3)+1)), aInts("pads", p, p, p, 0)}
		unary := []string{"Relu", "Sigmoid", "Tanh", "HardSwish", "LeakyRelu", "Abs", "Softplus", "Erf", "Identity", "Neg", "Clip"}
		binary := []string{"Add", "Mul", "Sub", "Max", "Min", "PRelu", "Greater"}
		switch d.next(14) {
		case 0, 1, 2:
			out := int64(d.next(9) + 1)
			d.op("Conv", []string{x, d.weights(out, c, kernel[0], kernel[1])}, window...)
		case 3:
			d.op("Conv", []string{x, d.weights(c, 1, kernel[0], kernel[1])}, append(window, aInt("group", c))...)
		case 4:
			d.op("MaxPool", in(x), window...)
		case 5:
			d.op("AveragePool", in(x), append(window, aInt("count_include_pad", p))...)
		case 6:
			d.op(unary[d.next(len(unary))], in(x))
		case 7, 8:
			d.op(binary[d.next(len(binary))], in(x, y))
		case 9:
			d.op("Concat", in(x, y), aInt("axis", int64(d.next(4))))
		case 10:
			d.op("Transpose", in(x), aInts("perm", [][]int64{{0, 2, 3, 1}, {0, 3, 1, 2}, {0, 1, 3, 2}}[d.next(3)]...))
		case 11:
			d.op("Softmax", in(x), aInt("axis", int64(d.next(4))))
		case 12:
			d.op("GlobalAveragePool", in(x))
		case 13:
			d.op("Mul", []string{x, d.weights(1, c, 1, 1)})
		}
		if _, err := onnx.Parse(context.Background(), encoded(), onnx.Options{}); err != nil {
			d.values, d.parts = values, parts
		}
	}
	return encoded()
}

// FuzzRun takes models to the device: no step may be wrong, and an error must be of a known kind.
func FuzzRun(f *testing.F) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 20 {
		b := make([]byte, 60)
		for i := range b {
			b[i] = byte(random.Uint32())
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, choices []byte) {
		data := (&draft{bytes: choices}).model(t)
		m, err := onnx.Parse(context.Background(), data, onnx.Options{Memory: 4 << 20})
		if err != nil || len(m.Graph.Nodes) > 30 {
			return
		}
		s, err := m.InputShape(0)
		if err != nil {
			return
		}
		shapes, err := m.Graph.Shapes(s)
		if err != nil {
			return
		}
		macs, err := m.Graph.MACs(s)
		if err != nil || macs > 1e6 {
			return
		}
		for _, shape := range shapes {
			if shape.Len() > 1<<14 {
				return
			}
		}
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		x := inception.RandomInput(s, 1)
		all, err := cpuref.RunAll(ctx, m.Graph, x)
		if err != nil {
			return
		}
		for _, y := range all { // beyond that, products may overflow in one order and not in another
			for _, v := range y.Data {
				if !(math.Abs(float64(v)) < 1e15) {
					return
				}
			}
		}
		session, err := ours.Compile(ctx, gputest.Open(t), m.Graph, s, ours.Options{NoCache: true, Kernels: ours.KernelsDefault})
		if err != nil {
			if !errors.Is(err, gpu.ErrLimit) {
				t.Fatal(err)
			}
			return
		}
		defer session.Close()
		if len(session.Plan().Steps()) == 0 {
			return // the output is the input
		}
		ys, err := verify.Each(ctx, session, x, func(r verify.StepReport) error { return verify.Failed([]verify.StepReport{r}) })
		if err != nil && !errors.Is(err, graph.ErrNotFinite) {
			t.Fatal(err)
		}
		again, err := session.RunAll(ctx, x)
		if err == nil {
			err = verify.SameBits(ys, again)
		}
		if err != nil && !errors.Is(err, graph.ErrNotFinite) {
			t.Fatal(err)
		}
	})
}

// FuzzLoad: weights in a file beside the model, wherever it says that they are: an error, or a graph that holds together.
func FuzzLoad(f *testing.F) {
	for _, location := range []string{"w.bin", "sub/w.bin", "../w.bin", "/etc/passwd", "m.onnx", "."} {
		t := &pb.TensorProto{Name: proto.String("w"), Dims: []int64{4, 4, 1, 1}, DataType: proto.Int32(int32(pb.TensorProto_FLOAT)), DataLocation: pb.TensorProto_EXTERNAL.Enum(),
			ExternalData: []*pb.StringStringEntryProto{{Key: proto.String("location"), Value: &location}, {Key: proto.String("offset"), Value: proto.String("8")}, {Key: proto.String("length"), Value: proto.String("64")}}}
		f.Add(encode(f, model(weight(t), op("Conv", in("x", "w"), "y"))), "w.bin", make([]byte, 80))
	}
	f.Fuzz(func(t *testing.T, data []byte, name string, content []byte) {
		m, err := onnx.LoadFS(context.Background(), fstest.MapFS{"m.onnx": {Data: data}, name: {Data: content}}, "m.onnx", onnx.Options{Memory: 4 << 20})
		if err != nil {
			return
		}
		checkModel(t, m)
		for name, w := range m.Graph.Weights {
			if n := tensor.FirstNonFinite(w.Data); n >= 0 {
				t.Fatalf("weight %q: element %d is %v", name, n, w.Data[n])
			}
		}
	})
}
