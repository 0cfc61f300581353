package inception

import "inceptiongl/inception/graph"

// BNInception is the network of Ioffe and Szegedy 2015, "Batch normalization", figure 5, also known as Inception v2, as
// pretrainedmodels' bninception has it. N × 3 × H × W, 224 × 224 in the paper and multiples of 32 elsewhere (the branches that
// halve an odd size don't agree), to N × classes × 1 × 1 logits. It has no weights yet: they have that package's names, such as
// "inception_3a_1x1.weight" and "inception_3a_1x1_bn.weight". Nodes have the names of its modules, such as "inception_3a_relu_1x1",
// "global_pool" and "last_linear"; "inception_3a" is a module's end.
func BNInception(classes int) *graph.Graph { return NetworkOptions{}.BNInception(classes) }

// BNInception is the network with these options.
func (o NetworkOptions) BNInception(classes int) *graph.Graph {
	x := o.start("bninception")
	x = x.bnConv("conv1", "7x7", "_s2", 64, graph.Conv2D{Kernel: graph.Square(7), Stride: graph.Square(2), Pad: graph.Pad(3)})
	x = x.pool("pool1_3x3_s2", graph.Max, valid(3, 2), true)
	x = x.bnConv("conv2", "3x3_reduce", "", 64, same(1, 1)).bnConv("conv2", "3x3", "", 192, same(3, 3))
	x = x.pool("pool2_3x3_s2", graph.Max, valid(3, 2), true)
	// 1×1; 3×3 reduce, 3×3; double 3×3 reduce, both 3×3; pool, pool proj:
	x = x.bnModule("inception_3a", 64, 64, 64, 64, 96, graph.Average, 32)
	x = x.bnModule("inception_3b", 64, 64, 96, 64, 96, graph.Average, 64)
	x = x.bnReduction("inception_3c", 128, 160, 64, 96)
	x = x.bnModule("inception_4a", 224, 64, 96, 96, 128, graph.Average, 128)
	x = x.bnModule("inception_4b", 192, 96, 128, 96, 128, graph.Average, 128)
	x = x.bnModule("inception_4c", 160, 128, 160, 128, 160, graph.Average, 128)
	x = x.bnModule("inception_4d", 96, 128, 192, 160, 192, graph.Average, 128)
	x = x.bnReduction("inception_4e", 128, 192, 192, 256)
	x = x.bnModule("inception_5a", 352, 192, 320, 160, 224, graph.Average, 128)
	x = x.bnModule("inception_5b", 352, 192, 320, 192, 224, graph.Max, 128)
	return x.classify("global_pool", "last_linear", classes)
}

// bnModule is a module that keeps the size, its counts in the order of the paper's table.
func (x layer) bnModule(name string, c1, c3r, c3, d3r, d3 int, pool graph.PoolKind, proj int) layer {
	return concat(name,
		x.bnConv(name, "1x1", "", c1, same(1, 1)),
		x.bnConv(name, "3x3_reduce", "", c3r, same(1, 1)).bnConv(name, "3x3", "", c3, same(3, 3)),
		x.bnConv(name, "double_3x3_reduce", "", d3r, same(1, 1)).
			bnConv(name, "double_3x3_1", "", d3, same(3, 3)).bnConv(name, "double_3x3_2", "", d3, same(3, 3)),
		x.pool(name+"_pool", pool, same(3, 3), false).bnConv(name, "pool_proj", "", proj, same(1, 1)))
}

// bnReduction is a module that halves the size, its counts in the order of the paper's table.
func (x layer) bnReduction(name string, c3r, c3, d3r, d3 int) layer {
	half := graph.Conv2D{Kernel: graph.Square(3), Stride: graph.Square(2), Pad: graph.Pad(1)}
	return concat(name,
		x.bnConv(name, "3x3_reduce", "", c3r, same(1, 1)).bnConv(name, "3x3", "", c3, half),
		x.bnConv(name, "double_3x3_reduce", "", d3r, same(1, 1)).
			bnConv(name, "double_3x3_1", "", d3, same(3, 3)).bnConv(name, "double_3x3_2", "", d3, half),
		x.pool(name+"_pool", graph.Max, valid(3, 2), true))
}

// bnConv is a convolution with a bias, batch normalisation and ReLU. The suffix is not a part of the ReLU's name.
func (x layer) bnConv(module, name, suffix string, out int, window graph.Conv2D) layer {
	conv := module + "_" + name + suffix
	return x.linear(conv, x.width(out), window, true).norm(conv+"_bn", 1e-5).relu(module + "_relu_" + name)
}
