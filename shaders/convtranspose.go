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
	// ConvTransposeGrouped is convtranspose_grouped.comp.
	ConvTransposeGrouped = &Kernel{
		Name: "convtranspose_grouped", Plain: true, scalar: true, convolves: true, local: [2]int{64}, layout: TransposedTexels,
		workgroups: Conv.workgroups, iterations: transposedIterations,
	}
)

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
