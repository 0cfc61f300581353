package inception

import (
	"strconv"

	"inceptiongl/inception/graph"
)

// InceptionResNetV2 is the network of Szegedy et al. 2016, "Inception-v4, Inception-ResNet and the impact of residual
// connections on learning", figure 15, as timm's inception_resnet_v2 has it: with the stem of Inception v3, and ten, twenty and
// ten residual blocks. N × 3 × H × W, 299 × 299 in the paper and at least 75 × 75, to N × classes × 1 × 1 logits. It has no
// weights yet: they have timm's names, such as "repeat.0.branch1.0.conv.weight". Nodes have the names of timm's modules:
// "mixed_5b", "repeat.0", "global_pool", "classif"; within a block, "concat", "scale" and "sum" are its operators.
func InceptionResNetV2(classes int) *graph.Graph { return NetworkOptions{}.InceptionResNetV2(classes) }

// InceptionResNetV2 is the network with these options.
func (o NetworkOptions) InceptionResNetV2(classes int) *graph.Graph {
	x := o.start("inception_resnet_v2")
	x = x.conv("conv2d_1a", 32, valid(3, 2))
	x = x.conv("conv2d_2a", 32, valid(3, 1))
	x = x.conv("conv2d_2b", 64, same(3, 3))
	x = x.pool("maxpool_3a", graph.Max, valid(3, 2), false)
	x = x.conv("conv2d_3b", 80, same(1, 1))
	x = x.conv("conv2d_4a", 192, valid(3, 1))
	x = x.pool("maxpool_5a", graph.Max, valid(3, 2), false)
	x = x.resNet5b("mixed_5b")
	for i := range 10 {
		x = x.block35("repeat." + strconv.Itoa(i))
	}
	x = x.resNet6a("mixed_6a")
	for i := range 20 {
		x = x.block17("repeat_1." + strconv.Itoa(i))
	}
	x = x.resNet7a("mixed_7a")
	for i := range 9 {
		name := "repeat_2." + strconv.Itoa(i)
		x = x.block8(name, 0.20, name+".sum").relu(name)
	}
	x = x.block8("block8", 1, "block8") // the last neither scales nor ends in a ReLU
	x = x.conv("conv2d_7b", 1536, same(1, 1))
	return x.classify("global_pool", "classif", classes)
}

// resNet5b is an Inception-A of Inception v3, but for its pool.
func (x layer) resNet5b(name string) layer {
	n := name + ".branch"
	return concat(name,
		x.conv(n+"0", 96, same(1, 1)),
		x.conv(n+"1.0", 48, same(1, 1)).conv(n+"1.1", 64, same(5, 5)),
		x.conv(n+"2.0", 64, same(1, 1)).conv(n+"2.1", 96, same(3, 3)).conv(n+"2.2", 96, same(3, 3)),
		x.average(n+"3.0").conv(n+"3.1", 64, same(1, 1)))
}

// block35 is Inception-ResNet-A, the paper's figure 16.
func (x layer) block35(name string) layer {
	n := name + ".branch"
	return x.residual(name, 0.17, name+".sum",
		x.conv(n+"0", 32, same(1, 1)),
		x.conv(n+"1.0", 32, same(1, 1)).conv(n+"1.1", 32, same(3, 3)),
		x.conv(n+"2.0", 32, same(1, 1)).conv(n+"2.1", 48, same(3, 3)).conv(n+"2.2", 64, same(3, 3))).relu(name)
}

// resNet6a halves the size from 35 × 35 to 17 × 17: the paper's figure 7.
func (x layer) resNet6a(name string) layer {
	n := name + ".branch"
	return concat(name,
		x.conv(n+"0", 384, valid(3, 2)),
		x.conv(n+"1.0", 256, same(1, 1)).conv(n+"1.1", 256, same(3, 3)).conv(n+"1.2", 384, valid(3, 2)),
		x.pool(n+"2", graph.Max, valid(3, 2), false))
}

// block17 is Inception-ResNet-B, the paper's figure 17.
func (x layer) block17(name string) layer {
	n := name + ".branch"
	return x.residual(name, 0.10, name+".sum",
		x.conv(n+"0", 192, same(1, 1)),
		x.conv(n+"1.0", 128, same(1, 1)).conv(n+"1.1", 160, same(1, 7)).conv(n+"1.2", 192, same(7, 1))).relu(name)
}

// resNet7a halves the size from 17 × 17 to 8 × 8: the paper's figure 18.
func (x layer) resNet7a(name string) layer {
	n := name + ".branch"
	return concat(name,
		x.conv(n+"0.0", 256, same(1, 1)).conv(n+"0.1", 384, valid(3, 2)),
		x.conv(n+"1.0", 256, same(1, 1)).conv(n+"1.1", 288, valid(3, 2)),
		x.conv(n+"2.0", 256, same(1, 1)).conv(n+"2.1", 288, same(3, 3)).conv(n+"2.2", 320, valid(3, 2)),
		x.pool(n+"3", graph.Max, valid(3, 2), false))
}

// block8 is Inception-ResNet-C, the paper's figure 19, without the last ReLU.
func (x layer) block8(name string, scale float64, sum string) layer {
	n := name + ".branch"
	return x.residual(name, scale, sum,
		x.conv(n+"0", 192, same(1, 1)),
		x.conv(n+"1.0", 192, same(1, 1)).conv(n+"1.1", 224, same(1, 3)).conv(n+"1.2", 256, same(3, 1)))
}

// residual is x + scale · conv2d(branches), with a 1×1 convolution that has a bias, and no activation.
func (x layer) residual(name string, scale float64, sum string, branches ...layer) layer {
	y := concat(name+".concat", branches...).linear(name+".conv2d", x.c, same(1, 1), true)
	if scale != 1 {
		y.v = y.g.Add(name+".scale", graph.Scale{Channels: y.c, Factor: scale}, y.v)
	}
	return y.add(sum, x)
}
