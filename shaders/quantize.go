package shaders

// Quantize is quantize.comp. Its weights are the scales, its biases the zero points.
var Quantize = &Kernel{
	Name: "quantize", Plain: true, local: [2]int{64}, serves: keepsShape, workgroups: perTexel, layout: ChannelTexels,
	iterations: func(Key, *Params) int { return 4 },
}
