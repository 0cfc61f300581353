package inception

import "inceptiongl/inception/graph"

// InceptionV3 is the network of Szegedy et al. 2015, "Rethinking the Inception architecture for computer vision", table 1, as
// torchvision has it, without the auxiliary classifier. N × 3 × H × W, 299 × 299 in the paper and at least 75 × 75, to
// N × classes × 1 × 1 logits. It has no weights yet: they have torchvision's names, such as "Mixed_5b.branch1x1.conv.weight".
// Nodes have the names of torchvision's modules: "Mixed_5b", "avgpool", "fc".
func InceptionV3(classes int) *graph.Graph { return NetworkOptions{}.InceptionV3(classes) }

// InceptionV3 is the network with these options.
func (o NetworkOptions) InceptionV3(classes int) *graph.Graph {
	x := o.start("inception_v3")
	x = x.conv("Conv2d_1a_3x3", 32, valid(3, 2))
	x = x.conv("Conv2d_2a_3x3", 32, valid(3, 1))
	x = x.conv("Conv2d_2b_3x3", 64, same(3, 3))
	x = x.pool("maxpool1", graph.Max, valid(3, 2), false)
	x = x.conv("Conv2d_3b_1x1", 80, same(1, 1))
	x = x.conv("Conv2d_4a_3x3", 192, valid(3, 1))
	x = x.pool("maxpool2", graph.Max, valid(3, 2), false)
	x = x.v3A("Mixed_5b", 32)
	x = x.v3A("Mixed_5c", 64)
	x = x.v3A("Mixed_5d", 64)
	x = x.v3B("Mixed_6a")
	x = x.v3C("Mixed_6b", 128)
	x = x.v3C("Mixed_6c", 160)
	x = x.v3C("Mixed_6d", 160)
	x = x.v3C("Mixed_6e", 192)
	x = x.v3D("Mixed_7a")
	x = x.v3E("Mixed_7b")
	x = x.v3E("Mixed_7c")
	return x.classify("avgpool", "fc", classes)
}

// v3A is the paper's figure 5: two 3×3 for a 5×5. Torchvision keeps a 5×5 in the other branch.
func (x layer) v3A(name string, proj int) layer {
	n := name + "."
	return concat(name,
		x.conv(n+"branch1x1", 64, same(1, 1)),
		x.conv(n+"branch5x5_1", 48, same(1, 1)).conv(n+"branch5x5_2", 64, same(5, 5)),
		x.conv(n+"branch3x3dbl_1", 64, same(1, 1)).conv(n+"branch3x3dbl_2", 96, same(3, 3)).conv(n+"branch3x3dbl_3", 96, same(3, 3)),
		x.pool(n+"avg_pool2d", graph.Average, same(3, 3), false).conv(n+"branch_pool", proj, same(1, 1)))
}

// v3B halves the size from 35 × 35 to 17 × 17: the paper's figure 10.
func (x layer) v3B(name string) layer {
	n := name + "."
	return concat(name,
		x.conv(n+"branch3x3", 384, valid(3, 2)),
		x.conv(n+"branch3x3dbl_1", 64, same(1, 1)).conv(n+"branch3x3dbl_2", 96, same(3, 3)).conv(n+"branch3x3dbl_3", 96, valid(3, 2)),
		x.pool(n+"max_pool2d", graph.Max, valid(3, 2), false))
}

// v3C is the paper's figure 6: a 7×7 is a 1×7 and a 7×1, with c7 channels between.
func (x layer) v3C(name string, c7 int) layer {
	n := name + "."
	return concat(name,
		x.conv(n+"branch1x1", 192, same(1, 1)),
		x.conv(n+"branch7x7_1", c7, same(1, 1)).conv(n+"branch7x7_2", c7, same(1, 7)).conv(n+"branch7x7_3", 192, same(7, 1)),
		x.conv(n+"branch7x7dbl_1", c7, same(1, 1)).
			conv(n+"branch7x7dbl_2", c7, same(7, 1)).conv(n+"branch7x7dbl_3", c7, same(1, 7)).
			conv(n+"branch7x7dbl_4", c7, same(7, 1)).conv(n+"branch7x7dbl_5", 192, same(1, 7)),
		x.pool(n+"avg_pool2d", graph.Average, same(3, 3), false).conv(n+"branch_pool", 192, same(1, 1)))
}

// v3D halves the size from 17 × 17 to 8 × 8.
func (x layer) v3D(name string) layer {
	n := name + "."
	return concat(name,
		x.conv(n+"branch3x3_1", 192, same(1, 1)).conv(n+"branch3x3_2", 320, valid(3, 2)),
		x.conv(n+"branch7x7x3_1", 192, same(1, 1)).conv(n+"branch7x7x3_2", 192, same(1, 7)).
			conv(n+"branch7x7x3_3", 192, same(7, 1)).conv(n+"branch7x7x3_4", 192, valid(3, 2)),
		x.pool(n+"max_pool2d", graph.Max, valid(3, 2), false))
}

// v3E is the paper's figure 7: the 1×3 and the 3×1 stand side by side.
func (x layer) v3E(name string) layer {
	n := name + "."
	a := x.conv(n+"branch3x3_1", 384, same(1, 1))
	b := x.conv(n+"branch3x3dbl_1", 448, same(1, 1)).conv(n+"branch3x3dbl_2", 384, same(3, 3))
	return concat(name,
		x.conv(n+"branch1x1", 320, same(1, 1)),
		a.conv(n+"branch3x3_2a", 384, same(1, 3)), a.conv(n+"branch3x3_2b", 384, same(3, 1)),
		b.conv(n+"branch3x3dbl_3a", 384, same(1, 3)), b.conv(n+"branch3x3dbl_3b", 384, same(3, 1)),
		x.pool(n+"avg_pool2d", graph.Average, same(3, 3), false).conv(n+"branch_pool", 192, same(1, 1)))
}
