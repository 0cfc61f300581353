package inception

import (
	"inceptiongl/inception/graph"
	"inceptiongl/inception/tensor"
)

// NetworkOptions vary GoogLeNet and InceptionV3. The zero value is the published network.
type NetworkOptions struct {
	// TransformInput starts with the change of normalisation that torchvision's pretrained weights of these two networks
	// expect: from ImageNet's mean and deviation of each channel, (0.485, 0.456, 0.406) and (0.229, 0.224, 0.225), to 0.5 and 0.5.
	TransformInput bool
	// WidthDivisor divides every channel count but those of the input and the classes: a network of 8 is quick to test.
	// 0 means 1. Counts are rounded down, and at least 1.
	WidthDivisor int
}

// layer is a value of a network under construction. Its methods append to the graph and return the new value.
type layer struct {
	g       *graph.Graph
	v       graph.Value
	c       int // its channels
	divisor int // of the channel counts that conv is given
}

// start begins a network on RGB images.
func (o NetworkOptions) start(name string) layer {
	g, v := graph.New(name, 3)
	if o.TransformInput {
		mean, std := [3]float64{0.485, 0.456, 0.406}, [3]float64{0.229, 0.224, 0.225}
		scale, shift := make([]float32, 3), make([]float32, 3)
		for i := range 3 {
			scale[i], shift[i] = float32(std[i]/0.5), float32((mean[i]-0.5)/0.5)
		}
		op := graph.Affine{Channels: 3, Scale: "transform_input.scale", Shift: "transform_input.shift"}
		g.Weights[op.Scale] = tensor.Array{Dims: []int{3}, Data: scale}
		g.Weights[op.Shift] = tensor.Array{Dims: []int{3}, Data: shift}
		v = g.Add("transform_input", op, v)
	}
	return layer{g, v, 3, max(o.WidthDivisor, 1)}
}

// same is a window of h rows and w columns, both odd, that keeps the size: stride 1, padded by half of itself.
func same(h, w int) graph.Conv2D {
	return graph.Conv2D{Kernel: graph.Pair{H: h, W: w}, Pad: graph.Padding{Top: h / 2, Left: w / 2, Bottom: h / 2, Right: w / 2}}
}

// valid is a k×k window without padding.
func valid(k, stride int) graph.Conv2D {
	return graph.Conv2D{Kernel: graph.Square(k), Stride: graph.Square(stride)}
}

// conv is torchvision's BasicConv2d: a convolution without bias, batch normalisation and ReLU. The ReLU has the name of
// the whole.
func (x layer) conv(name string, out int, window graph.Conv2D) layer {
	out = max(out/x.divisor, 1)
	window.In, window.Out, window.Weight = x.c, out, name+".conv.weight"
	bn := name + ".bn"
	norm := graph.BatchNorm{Channels: out, Eps: 0.001,
		Scale: bn + ".weight", Shift: bn + ".bias", Mean: bn + ".running_mean", Var: bn + ".running_var"}
	v := x.g.Add(name+".conv", window, x.v)
	v = x.g.Add(bn, norm, v)
	x.v, x.c = x.g.Add(name, graph.ReLU{}, v), out
	return x
}

// pool gives the window of a convolution to a pool. Averages count the padding.
func (x layer) pool(name string, t graph.PoolKind, window graph.Conv2D, ceil bool) layer {
	x.v = x.g.Add(name, graph.Pool2D{Type: t, Kernel: window.Kernel, Stride: window.Stride, Pad: window.Pad,
		CountIncludePad: t == graph.Average, CeilMode: ceil}, x.v)
	return x
}

// concat joins the branches of a module, in torchvision's order.
func concat(name string, branches ...layer) layer {
	y := branches[0]
	in := []graph.Value{y.v}
	for _, b := range branches[1:] {
		in = append(in, b.v)
		y.c += b.c
	}
	y.v = y.g.Add(name, graph.Concat{}, in...)
	return y
}

// classify ends the network: the average over all pixels, "avgpool", which is the image's embedding; and the fully
// connected layer "fc", a 1×1 convolution of that one pixel. Its outputs are the classes' logits; dropout does nothing in inference.
func (x layer) classify(classes int) *graph.Graph {
	v := x.g.Add("avgpool", graph.GlobalPool{Type: graph.Average}, x.v)
	fc := graph.Conv2D{In: x.c, Out: classes, Kernel: graph.Square(1), Weight: "fc.weight", Bias: "fc.bias"}
	x.g.Outputs = []graph.Value{x.g.Add("fc", fc, v)}
	return x.g
}
