package shaders

// Layout is an order of weights in memory. Kernels of one Layout share one copy of a step's weights: the parts' one after the
// other, then their biases, one texel for each output group.
type Layout struct {
	Name string
	// Len is the number of floats of one part's weights, a multiple of 4.
	Len func(d Dims) int
	// Pack writes w, Out × In × KernelH × KernelW in PyTorch's order, to dst, which has Len floats, all of them.
	Pack func(dst, w []float32, d Dims)
	// Sliced: every 4 outputs stand by themselves, in order, so that some of them, from a multiple of 4 on, can be packed alone.
	Sliced bool
}

// Dims are the dimensions of a part's weights. In counts a group's inputs; no groups are one.
type Dims struct{ Out, In, KernelH, KernelW, Groups int }

// ConvTexels holds, for every output group, input group and tap, a texel of 4 outputs for each of 4 inputs:
// [out/4][in/4][kh][kw][4 inputs][4 outputs], zero-padded.
var ConvTexels = &Layout{
	Name:   "conv texels",
	Sliced: true,
	Len:    func(d Dims) int { return groups(d.Out) * groups(d.In) * d.KernelH * d.KernelW * 16 },
	Pack: func(dst, w []float32, d Dims) {
		clear(dst)
		area, inGroups := d.KernelH*d.KernelW, groups(d.In)
		for o := range d.Out {
			for i := range d.In {
				src := w[(o*d.In+i)*area:][:area]
				at := (o/4*inGroups+i/4)*area*16 + i%4*4 + o%4
				for k, v := range src {
					dst[at+k*16] = v
				}
			}
		}
	},
}

// DepthwiseTexels holds a texel of 4 channels for each tap: [channel/4][kh][kw][4 channels], zero-padded.
var DepthwiseTexels = &Layout{
	Name:   "depthwise texels",
	Sliced: true,
	Len:    func(d Dims) int { return groups(d.Out) * d.KernelH * d.KernelW * 4 },
	Pack: func(dst, w []float32, d Dims) {
		clear(dst)
		area := d.KernelH * d.KernelW
		for o := range d.Out {
			for k, v := range w[o*area:][:area] {
				dst[(o/4*area+k)*4+o%4] = v
			}
		}
	},
}

// ChannelTexels holds one number for each channel, 4 a texel.
var ChannelTexels = &Layout{
	Name: "channel texels",
	Len:  func(d Dims) int { return PackedBiasLen(d.Out) },
	Pack: func(dst, w []float32, d Dims) { PackBias(dst, w) },
}

// PackedBiasLen is the number of floats that PackBias writes for n outputs.
func PackedBiasLen(n int) int { return groups(n) * 4 }

// PackBias copies b and fills its last texel with zeros.
func PackBias(dst, b []float32) {
	dst = dst[:PackedBiasLen(len(b))]
	clear(dst[copy(dst, b):])
}
