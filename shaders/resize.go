package shaders

import "fmt"

// Resize is resize.comp.
var Resize = &Kernel{
	Name: "resize", Plain: true, local: [2]int{64}, workgroups: perTexel, layout: TapTexels,
	serves: func(k Key, p *Params) error {
		if p.H > 1<<24 || p.W > 1<<24 {
			return fmt.Errorf("%d×%d pixels: it tells 2^24 of an axis apart", p.H, p.W)
		}
		return keepsChannels(k, p)
	},
	iterations: func(_ Key, p *Params) int { return int(p.KernelH) * (1 + ceil(int(p.KernelW), 2)) },
}

// TapTexels are PackTaps' tables of rows, then of columns, as they come: 4 floats for each of Out.
var TapTexels = &Layout{
	Name: "tap texels",
	Len:  func(d Dims) int { return 4 * d.Out },
	Pack: func(dst, w []float32, _ Dims) { copy(dst, w) },
}

// TapTexelsLen is how many texels PackTaps fills for outputs of up to each taps.
func TapTexelsLen(outputs, each int) int { return outputs * ceil(each, 2) }

// PackTaps writes the taps of an axis's outputs, each of them for every output: two a texel, (index, weight, index, weight), with weight
// 0 where there are no two.
func PackTaps(index []int, weight []float64, each int) []float32 {
	outputs := len(index) / each
	row := 4 * ceil(each, 2)
	packed := make([]float32, outputs*row)
	for i := range index {
		at := i/each*row + i%each*2
		packed[at], packed[at+1] = float32(index[i]), float32(weight[i])
	}
	return packed
}
