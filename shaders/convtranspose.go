package shaders

import "fmt"

// The kernels of transposed convolutions.
var (
	// ConvTranspose is convtranspose.comp.
	ConvTranspose = &Kernel{
		Name: "convtranspose", Plain: true, local: [2]int{64}, layout: TransposedTexels, workgroups: perTexel,
		convolves: true,
		serves: func(_ Key, p *Params) error {
			if p.Groups != 1 {
				return fmt.Errorf("%d groups: it serves 1", p.Groups)
			}
			return nil
		},
		iterations: transposedIterations,
	}
	// ConvTransposeDepthwise is convtranspose_depthwise.comp.
	ConvTransposeDepthwise = &Kernel{
		Name: "convtranspose_depthwise", Plain: true, convolves: true, local: [2]int{64}, layout: DepthwiseTexels,
		serves: servesDepthwise, workgroups: perTexel, iterations: func(_ Key, p *Params) int { return int(p.KernelH) * (1 + int(p.KernelW)) },
	}
	// ConvTransposeGrouped is convtranspose_grouped.comp.
	ConvTransposeGrouped = &Kernel{
		Name: "convtranspose_grouped", Plain: true, scalar: true, convolves: true, local: [2]int{64}, layout: TransposedTexels,
		workgroups: Conv.workgroups, iterations: transposedIterations,
	}
)

// ConvTransposeTiled is convtranspose_tiled.comp. Its window is that of a phase.
var ConvTransposeTiled = &Kernel{
	Name: "convtranspose_tiled", convolves: true, tunes: tuneTile | tuneLocalY | tuneWindow | tuneTotals, local: [2]int{32, 1}, layout: TransposedTexels,
	turn: func(k Key) int { return 4 * k.KernelW },
	taps: func(p *Params) int {
		return groups(int(p.C)) * ceil(int(p.KernelH), int(p.StrideH)) * ceil(int(p.KernelW), int(p.StrideW))
	},
	window: func(p *Params) [3]int { return [3]int{ceil(int(p.KernelW), int(p.StrideW)), 1, 1} },
	uneven: func(p *Params) bool { return p.KernelW%p.StrideW != 0 },
	serves: func(k Key, p *Params) error {
		if p.DilationH != 1 || p.DilationW != 1 || p.StrideH > maxPhases || p.StrideW > maxPhases {
			return fmt.Errorf("stride %d×%d, dilation %d×%d: it serves strides up to %d, dilation 1", p.StrideH, p.StrideW, p.DilationH, p.DilationW, maxPhases)
		}
		return oneGroup(k, p)
	},
	workgroups: func(k Key, p *Params) [2]int {
		rows, columns := ceil(int(p.OutH), int(p.StrideH)), ceil(int(p.OutW), int(p.StrideW))
		phases := int(p.StrideH) * int(p.StrideW)
		return [2]int{phases * ceil(int(p.N)*rows*ceil(columns, k.TileX), k.localX()), ceil(int(p.OutG), k.localY()*k.TileG)}
	},
	iterations: func(k Key, p *Params) int {
		return k.withBlocks(groups(int(p.C)) * ceil(int(p.KernelH), int(p.StrideH)))
	},
	onGPU: func(p *Params) []Key {
		x := tileWidth(ceil(int(p.OutW), int(p.StrideW)), 3, 5)
		return []Key{spreadTile(p, x, 2, 16, 8), spreadTile(p, x, 2, 32, 2), spreadTile(p, x, 1, 16, 4)}
	},
	estimate: Key.tiledEstimate,
	candidates: func(p *Params) []Key {
		columns := ceil(int(p.OutW), int(p.StrideW))
		narrow, wide := tileWidth(columns, 5, 9), spreadTile(p, tileWidth(columns, 10, 17), 1, 8, 0)
		if p.OutG == 1 {
			return []Key{wide, spreadTile(p, min(4, narrow), 1, 64, 0)}
		}
		return []Key{spreadTile(p, narrow, 2, 8, 0), wide, spreadTile(p, min(4, narrow), 1, 64, 0)}
	},
}

const maxPhases = 64 // along an axis

func spreadTile(p *Params, x, g, localX, localY int) Key {
	return Key{TileX: x, TileG: g, LocalX: localX, LocalY: localY, KernelW: ceil(int(p.KernelW), int(p.StrideW)), StrideW: 1, DilationW: 1}
}

func transposedIterations(_ Key, p *Params) int {
	return int(p.KernelH) * (1 + int(p.KernelW)*(1+int(p.C)/max(int(p.Groups), 1)))
}

// TransposedTexels are ConvTexels of a transposed convolution's weights, which PyTorch keeps as In × Out/Groups × KernelH × KernelW for all
// the inputs.
var TransposedTexels = &Layout{
	Name: "transposed texels",
	Len:  ConvTexels.Len,
	Pack: func(dst, w []float32, d Dims) {
		clear(dst)
		area, inGroups, outs := d.KernelH*d.KernelW, groups(d.In), d.Out/max(d.Groups, 1)
		for o := range d.Out {
			for i := range d.In {
				src := w[((o/outs*d.In+i)*outs+o%outs)*area:][:area]
				at := (o/4*inGroups+i/4)*area*16 + i%4*4 + o%4
				for k, v := range src {
					dst[at+k*16] = v
				}
			}
		}
	},
}
