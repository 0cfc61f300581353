package inception

import "inceptiongl/inception/graph"

// GoogLeNet is the network of Szegedy et al. 2014, "Going deeper with convolutions", table 1, as torchvision has it: with
// batch normalisation, with 3×3 kernels in the branch of the 5×5, without the auxiliary classifiers. N × 3 × H × W, 224 × 224 in
// the paper, to N × classes × 1 × 1 logits. It has no weights yet: they have torchvision's names, such as
// "inception3a.branch2.0.conv.weight". Nodes have the names of torchvision's modules: "inception3a", "avgpool", "fc".
func GoogLeNet(classes int) *graph.Graph { return NetworkOptions{}.GoogLeNet(classes) }

// GoogLeNet is the network with these options.
func (o NetworkOptions) GoogLeNet(classes int) *graph.Graph {
	x := o.start("googlenet")
	x = x.conv("conv1", 64, graph.Conv2D{Kernel: graph.Square(7), Stride: graph.Square(2), Pad: graph.Pad(3)})
	x = x.pool("maxpool1", graph.Max, valid(3, 2), true)
	x = x.conv("conv2", 64, same(1, 1))
	x = x.conv("conv3", 192, same(3, 3))
	x = x.pool("maxpool2", graph.Max, valid(3, 2), true)
	// 1×1; 3×3 reduce, 3×3; 5×5 reduce, 5×5; pool proj:
	x = x.googLeNetModule("inception3a", 64, 96, 128, 16, 32, 32)
	x = x.googLeNetModule("inception3b", 128, 128, 192, 32, 96, 64)
	x = x.pool("maxpool3", graph.Max, valid(3, 2), true)
	x = x.googLeNetModule("inception4a", 192, 96, 208, 16, 48, 64)
	x = x.googLeNetModule("inception4b", 160, 112, 224, 24, 64, 64)
	x = x.googLeNetModule("inception4c", 128, 128, 256, 24, 64, 64)
	x = x.googLeNetModule("inception4d", 112, 144, 288, 32, 64, 64)
	x = x.googLeNetModule("inception4e", 256, 160, 320, 32, 128, 128)
	x = x.pool("maxpool4", graph.Max, valid(2, 2), true)
	x = x.googLeNetModule("inception5a", 256, 160, 320, 32, 128, 128)
	x = x.googLeNetModule("inception5b", 384, 192, 384, 48, 128, 128)
	return x.classify("avgpool", "fc", classes)
}

// googLeNetModule is the paper's figure 2b, its counts in the order of table 1.
func (x layer) googLeNetModule(name string, c1, c3r, c3, c5r, c5, proj int) layer {
	return concat(name,
		x.conv(name+".branch1", c1, same(1, 1)),
		x.conv(name+".branch2.0", c3r, same(1, 1)).conv(name+".branch2.1", c3, same(3, 3)),
		x.conv(name+".branch3.0", c5r, same(1, 1)).conv(name+".branch3.1", c5, same(3, 3)),
		x.pool(name+".branch4.0", graph.Max, same(3, 3), true).conv(name+".branch4.1", proj, same(1, 1)))
}
