package shaders

import "fmt"

// What the kernels of average and max pooling have in common: the rows are in avgpool.go and maxpool.go.

func poolWide(name string) *Kernel {
	return &Kernel{
		Name: name, local: [2]int{64}, serves: keepsChannels,
		workgroups: func(_ Key, p *Params) [2]int { return [2]int{p.texels(), 1} },
		iterations: func(k Key, p *Params) int { return ceil(int(p.KernelH)*int(p.KernelW), k.localX()) + k.localX() },
		shared:     func(k Key) int { return 16 * k.localX() },
		candidates: func(p *Params) []Key {
			if p.KernelH*p.KernelW < 32 {
				return nil // half of the invocations would have nothing to do
			}
			return []Key{{}}
		},
	}
}

func poolTiled(name string) *Kernel {
	return &Kernel{
		Name: name, tunes: tuneTile | tuneWindow, local: [2]int{32},
		serves: func(k Key, p *Params) error {
			if p.DilationH != 1 {
				return fmt.Errorf("dilation %d: it serves 1", p.DilationH)
			}
			return keepsChannels(k, p)
		},
		workgroups: func(k Key, p *Params) [2]int {
			return [2]int{ceil(int(p.N)*int(p.OutG)*int(p.OutH)*ceil(int(p.OutW), k.TileX), k.localX()), 1}
		},
		iterations: func(_ Key, p *Params) int { return int(p.KernelH) },
		candidates: func(p *Params) []Key {
			// Where neighbours share no texels there is nothing to gain, nor where Mesa doesn't unroll the loop over a row.
			most := min(9, 64/int(p.KernelW))
			if most < 2 || p.KernelW <= p.StrideW || p.OutW == 1 {
				return nil
			}
			narrow := Key{TileX: tileWidth(int(p.OutW), min(5, most), most), TileG: 1, LocalX: 8,
				KernelW: int(p.KernelW), StrideW: int(p.StrideW), DilationW: int(p.DilationW)}
			wide := narrow
			wide.TileX, wide.LocalX = min(4, narrow.TileX), 64
			return []Key{narrow, wide}
		},
	}
}

func poolPlain(name string) *Kernel {
	return &Kernel{
		Name: name, Plain: true, local: [2]int{64}, serves: keepsChannels, workgroups: perTexel,
		iterations: func(_ Key, p *Params) int { return int(p.KernelH) * (1 + int(p.KernelW)) },
	}
}
