package inception

import (
	"strconv"

	"inceptiongl/inception/graph"
)

// InceptionV4 is the network of Szegedy et al. 2016, "Inception-v4, Inception-ResNet and the impact of residual connections on
// learning", figure 9, as timm's inception_v4 has it. N × 3 × H × W, 299 × 299 in the paper and at least 75 × 75, to
// N × classes × 1 × 1 logits. It has no weights yet: they have timm's names, such as "features.6.branch1.0.conv.weight".
// Nodes have the names of timm's modules: "features.6", "global_pool", "last_linear".
func InceptionV4(classes int) *graph.Graph { return NetworkOptions{}.InceptionV4(classes) }

// InceptionV4 is the network with these options.
func (o NetworkOptions) InceptionV4(classes int) *graph.Graph {
	x := o.start("inception_v4")
	modules := 0
	next := func() string { modules++; return "features." + strconv.Itoa(modules-1) } // timm numbers its modules
	x = x.conv(next(), 32, valid(3, 2))
	x = x.conv(next(), 32, valid(3, 1))
	x = x.conv(next(), 64, same(3, 3))
	x = x.v4Stem3a(next())
	x = x.v4Stem4a(next())
	x = x.v4Stem5a(next())
	for range 4 {
		x = x.v4A(next())
	}
	x = x.v4ReductionA(next())
	for range 7 {
		x = x.v4B(next())
	}
	x = x.v4ReductionB(next())
	for range 3 {
		x = x.v4C(next())
	}
	return x.classify("global_pool", "last_linear", classes)
}

// v4Stem3a, v4Stem4a and v4Stem5a are the branched modules of the stem, the paper's figure 3.
func (x layer) v4Stem3a(name string) layer {
	return concat(name,
		x.pool(name+".maxpool", graph.Max, valid(3, 2), false),
		x.conv(name+".conv", 96, valid(3, 2)))
}

func (x layer) v4Stem4a(name string) layer {
	n := name + ".branch"
	return concat(name,
		x.conv(n+"0.0", 64, same(1, 1)).conv(n+"0.1", 96, valid(3, 1)),
		x.conv(n+"1.0", 64, same(1, 1)).conv(n+"1.1", 64, same(1, 7)).conv(n+"1.2", 64, same(7, 1)).conv(n+"1.3", 96, valid(3, 1)))
}

func (x layer) v4Stem5a(name string) layer {
	return concat(name,
		x.conv(name+".conv", 192, valid(3, 2)),
		x.pool(name+".maxpool", graph.Max, valid(3, 2), false))
}

// v4A is Inception-A, the paper's figure 4.
func (x layer) v4A(name string) layer {
	n := name + ".branch"
	return concat(name,
		x.conv(n+"0", 96, same(1, 1)),
		x.conv(n+"1.0", 64, same(1, 1)).conv(n+"1.1", 96, same(3, 3)),
		x.conv(n+"2.0", 64, same(1, 1)).conv(n+"2.1", 96, same(3, 3)).conv(n+"2.2", 96, same(3, 3)),
		x.average(n+"3.0").conv(n+"3.1", 96, same(1, 1)))
}

// v4ReductionA halves the size from 35 × 35 to 17 × 17: the paper's figure 7.
func (x layer) v4ReductionA(name string) layer {
	n := name + ".branch"
	return concat(name,
		x.conv(n+"0", 384, valid(3, 2)),
		x.conv(n+"1.0", 192, same(1, 1)).conv(n+"1.1", 224, same(3, 3)).conv(n+"1.2", 256, valid(3, 2)),
		x.pool(n+"2", graph.Max, valid(3, 2), false))
}

// v4B is Inception-B, the paper's figure 5: a 7×7 is a 1×7 and a 7×1.
func (x layer) v4B(name string) layer {
	n := name + ".branch"
	return concat(name,
		x.conv(n+"0", 384, same(1, 1)),
		x.conv(n+"1.0", 192, same(1, 1)).conv(n+"1.1", 224, same(1, 7)).conv(n+"1.2", 256, same(7, 1)),
		x.conv(n+"2.0", 192, same(1, 1)).
			conv(n+"2.1", 192, same(7, 1)).conv(n+"2.2", 224, same(1, 7)).
			conv(n+"2.3", 224, same(7, 1)).conv(n+"2.4", 256, same(1, 7)),
		x.average(n+"3.0").conv(n+"3.1", 128, same(1, 1)))
}

// v4ReductionB halves the size from 17 × 17 to 8 × 8: the paper's figure 8.
func (x layer) v4ReductionB(name string) layer {
	n := name + ".branch"
	return concat(name,
		x.conv(n+"0.0", 192, same(1, 1)).conv(n+"0.1", 192, valid(3, 2)),
		x.conv(n+"1.0", 256, same(1, 1)).conv(n+"1.1", 256, same(1, 7)).conv(n+"1.2", 320, same(7, 1)).conv(n+"1.3", 320, valid(3, 2)),
		x.pool(n+"2", graph.Max, valid(3, 2), false))
}

// v4C is Inception-C, the paper's figure 6: the 1×3 and the 3×1 stand side by side.
func (x layer) v4C(name string) layer {
	n := name + ".branch"
	a := x.conv(n+"1_0", 384, same(1, 1))
	b := x.conv(n+"2_0", 384, same(1, 1)).conv(n+"2_1", 448, same(3, 1)).conv(n+"2_2", 512, same(1, 3))
	return concat(name,
		x.conv(n+"0", 256, same(1, 1)),
		a.conv(n+"1_1a", 256, same(1, 3)), a.conv(n+"1_1b", 256, same(3, 1)),
		b.conv(n+"2_3a", 256, same(1, 3)), b.conv(n+"2_3b", 256, same(3, 1)),
		x.average(n+"3.0").conv(n+"3.1", 256, same(1, 1)))
}
