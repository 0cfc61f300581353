package shaders_test
import ("testing"; "inceptiongl/shaders"; "os"; "slices")
func BenchmarkScratch(b *testing.B) {
	for _, c := range benchCases {
		if f := os.Getenv("CASE"); f != "" && f != c.name { continue }
		b.Run(c.name, func(b *testing.B) {
			l := newLab(b)
			p, err := newGen().convProblem(c.c, false)
			if err != nil { b.Fatal(err) }
			v := c.c.conv.Norm()
			var keys []shaders.Key
			for _, t := range [][3]int{{14,1,8},{14,2,8},{14,3,8},{10,2,8},{9,2,8},{9,1,8},{8,1,8},{8,2,8},{8,3,8},{7,1,8},{7,2,8},{7,3,8},{6,2,8},{6,3,8},{5,2,8},{4,1,8},{4,2,8},{4,3,8},{4,4,8},{2,2,8},{7,2,64},{8,2,64}} {
				for _, ld := range []shaders.Load{1,2} {
					if ld == 2 && t[1] != 2 { continue }
					k := shaders.Key{Kernel: shaders.ConvTiled, Load: ld, Aligned: true, TileX: t[0], TileG: t[1], LocalX: t[2], KernelW: v.Kernel.W, StrideW: v.Stride.W, DilationW: v.Dilation.W}
					if v.Pointwise() { k.Kernel = shaders.PointwiseTiled; k.KernelW, k.StrideW, k.DilationW = 0,0,0 }
					keys = append(keys, k)
				}
			}
			rates := l.gflops(b, p, keys)
			idx := make([]int, len(keys))
			for i := range idx { idx[i] = i }
			slices.SortFunc(idx, func(a, b int) int { if rates[a] > rates[b] { return -1 }; return 1 })
			for _, i := range idx { b.Logf("%-40v %7.2f", keys[i], rates[i]) }
		})
	}
}
