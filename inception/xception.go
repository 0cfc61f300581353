package inception

import (
	"strconv"

	"inceptiongl/inception/graph"
)

// Xception is the network of Chollet 2016, "Xception: deep learning with depthwise separable convolutions", figure 5, as timm's
// legacy_xception (formerly xception) has it, which is Keras's but for its symmetric padding. N × 3 × H × W, 299 × 299 in the
// paper, to N × classes × 1 × 1 logits. It has no weights yet: they have timm's names, such as "block1.rep.0.pointwise.weight".
// Nodes have the names of timm's modules: "block1", "block1.rep.0.conv1", "global_pool", "fc".
func Xception(classes int) *graph.Graph { return NetworkOptions{}.Xception(classes) }

// xceptionEps is PyTorch's default.
const xceptionEps = 1e-5

// Xception is the network with these options.
func (o NetworkOptions) Xception(classes int) *graph.Graph {
	x := o.start("xception")
	// Entry flow:
	x = x.linear("conv1", x.width(32), valid(3, 2), false).norm("bn1", xceptionEps).relu("act1")
	x = x.linear("conv2", x.width(64), valid(3, 1), false).norm("bn2", xceptionEps).relu("act2")
	x = x.xceptionBlock("block1", 2, false, 128, 128)
	x = x.xceptionBlock("block2", 2, true, 256, 256)
	x = x.xceptionBlock("block3", 2, true, 728, 728)
	// Middle flow:
	for i := 4; i <= 11; i++ {
		x = x.xceptionBlock("block"+strconv.Itoa(i), 1, true, 728, 728, 728)
	}
	// Exit flow:
	x = x.xceptionBlock("block12", 2, true, 728, 1024)
	x = x.separable("conv3", 1536).norm("bn3", xceptionEps).relu("act3")
	x = x.separable("conv4", 2048).norm("bn4", xceptionEps).relu("act4")
	return x.classify("global_pool", "fc", classes)
}

// xceptionBlock is ReLU, separable convolution and batch normalisation for each count of outs; a 3×3 maximum where the stride is not
// 1; and the sum with the input, which a strided 1×1 convolution brings to that size. The first of the network has no ReLU
// before it.
func (x layer) xceptionBlock(name string, stride int, startReLU bool, outs ...int) layer {
	modules := 0
	next := func() string { modules++; return name + ".rep." + strconv.Itoa(modules-1) } // timm numbers its modules
	y := x
	for i, out := range outs {
		if i > 0 || startReLU {
			y = y.relu(next())
		}
		y = y.separable(next(), out).norm(next(), xceptionEps)
	}
	if stride == 1 {
		return y.add(name, x)
	}
	y = y.pool(next(), graph.Max, graph.Conv2D{Kernel: graph.Square(3), Stride: graph.Square(stride), Pad: graph.Pad(1)}, false)
	return y.add(name, x.linear(name+".skip", y.c, valid(1, stride), false).norm(name+".skipbn", xceptionEps))
}

// separable is a 3×3 convolution of every channel by itself, then a 1×1 across them.
func (x layer) separable(name string, out int) layer {
	each := same(3, 3)
	each.Groups = x.c
	return x.linear(name+".conv1", x.c, each, false).linear(name+".pointwise", x.width(out), same(1, 1), false)
}
