package inception

import (
	"inceptiongl/inception/graph"
	"inceptiongl/inception/tensor"
)

// NetworkOptions vary the whole networks. The zero value is the published network.
type NetworkOptions struct {
	// TransformInput starts with the change of normalisation that torchvision's pretrained weights of GoogLeNet and InceptionV3
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
	divisor int // of the channel counts that the methods are given
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

// conv is torchvision's BasicConv2d and timm's ConvNormAct: a convolution without bias, batch normalisation and ReLU. The ReLU
// has the name of the whole.
func (x layer) conv(name string, out int, window graph.Conv2D) layer {
	return x.linear(name+".conv", x.width(out), window, false).norm(name+".bn", 0.001).relu(name)
}

// width is a channel count of the published network in this one.
func (x layer) width(channels int) int { return max(channels/x.divisor, 1) }

// linear is a convolution alone, to exactly out channels.
func (x layer) linear(name string, out int, window graph.Conv2D, bias bool) layer {
	window.In, window.Out, window.Weight = x.c, out, name+".weight"
	if bias {
		window.Bias = name + ".bias"
	}
	x.v, x.c = x.g.Add(name, window, x.v), out
	return x
}

// norm is batch normalisation.
func (x layer) norm(name string, eps float64) layer {
	x.v = x.g.Add(name, graph.BatchNorm{Channels: x.c, Eps: eps,
		Scale: name + ".weight", Shift: name + ".bias", Mean: name + ".running_mean", Var: name + ".running_var"}, x.v)
	return x
}

func (x layer) relu(name string) layer {
	x.v = x.g.Add(name, graph.ReLU{}, x.v)
	return x
}

// add is the sum of two values of the same shape.
func (x layer) add(name string, y layer) layer {
	x.v = x.g.Add(name, graph.Binary{}, x.v, y.v)
	return x
}

// average is the 3×3 average of timm's branches: without the padding, where torchvision's count it.
func (x layer) average(name string) layer {
	window := same(3, 3)
	x.v = x.g.Add(name, graph.Pool2D{Type: graph.Average, Kernel: window.Kernel, Pad: window.Pad}, x.v)
	return x
}

// pool gives the window of a convolution to a pool. Averages count the padding.
func (x layer) pool(name string, t graph.PoolKind, window graph.Conv2D, ceil bool) layer {
	x.v = x.g.Add(name, graph.Pool2D{Type: t, Kernel: window.Kernel, Stride: window.Stride, Pad: window.Pad,
		CountIncludePad: t == graph.Average, CeilMode: ceil}, x.v)
	return x
}

// concat joins the branches of a module, in the reference's order.
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

// classify ends the network: the average over all pixels, which is the image's embedding; and the fully connected layer fc, a 1×1
// convolution of that one pixel. Its outputs are the classes' logits; dropout does nothing in inference.
func (x layer) classify(pool, fc string, classes int) *graph.Graph {
	x.v = x.g.Add(pool, graph.GlobalPool{Type: graph.Average}, x.v)
	x.g.Outputs = []graph.Value{x.linear(fc, classes, same(1, 1), true).v}
	return x.g
}
