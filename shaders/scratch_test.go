package shaders_test
import ("testing"; "inceptiongl/shaders"; "inceptiongl/inception/graph")
func TestScratch(t *testing.T) {
	l := newLab(t)
	g := newGen()
	img := shaders.LoadImage
	pw, err := g.convProblem(convCase{in: shape(1,192,28,28), conv: graph.Conv2D{Kernel: graph.Square(1)}, segs: []seg{{out:72}}}, true)
	if err != nil { t.Fatal(err) }
	c3, err := g.convProblem(convCase{in: shape(1,96,28,28), conv: graph.Conv2D{Kernel: graph.Square(3), Pad: graph.Pad(1)}, segs: []seg{{out:128}}}, true)
	if err != nil { t.Fatal(err) }
	var keys []shaders.Key
	keys = append(keys, shaders.Key{Kernel: shaders.Pointwise},shaders.Key{Kernel: shaders.Pointwise, Load: img})
	for _, tx := range [][3]int{{4,1,8},{8,1,8},{8,2,8},{8,2,16},{8,3,8},{4,2,8},{4,4,8},{14,1,8},{14,2,8}} {
		keys = append(keys, shaders.Key{Kernel: shaders.PointwiseTiled, Load: img, Aligned: true, TileX: tx[0], TileG: tx[1], LocalX: tx[2]})
	}
	keys = append(keys, shaders.Key{Kernel: shaders.PointwiseTiled, Aligned: true, TileX: 8, TileG: 2, LocalX: 8})
	keys = append(keys, shaders.Key{Kernel: shaders.PointwiseTiled, Load:2, Aligned: true, TileX: 8, TileG: 2, LocalX: 8})
	keys = append(keys, shaders.Key{Kernel: shaders.PointwiseShared, Aligned: true, TileX: 4, TileG: 1})
	for _, k := range keys { if err := l.check(k, pw); err != nil { t.Errorf("%v: %v", k, err) } }
	for i, r := range l.gflops(pw, keys, 7) { t.Logf("%-40v %.2f", keys[i], r) }
	keys = nil
	keys = append(keys, shaders.Key{Kernel: shaders.Conv},shaders.Key{Kernel: shaders.Conv, Load: img})
	for _, tx := range [][3]int{{14,1,8},{14,2,8},{7,1,8},{7,2,8},{7,4,8},{4,2,8}} {
		keys = append(keys, shaders.Key{Kernel: shaders.ConvTiled, Load: img, Aligned: true, TileX: tx[0], TileG: tx[1], LocalX: tx[2], KernelW:3, StrideW:1, DilationW:1})
	}
	keys = append(keys, shaders.Key{Kernel: shaders.ConvTiled, Aligned: true, TileX: 14, TileG: 1, LocalX: 8, KernelW:3, StrideW:1, DilationW:1})
	keys = append(keys, shaders.Key{Kernel: shaders.ConvTiled, Load:2,Aligned: true, TileX: 14, TileG: 1, LocalX: 8, KernelW:3, StrideW:1, DilationW:1})
	keys = append(keys, shaders.Key{Kernel: shaders.ConvShared, Aligned: true, TileX: 4, TileG: 1})
	for _, k := range keys { if err := l.check(k, c3); err != nil { t.Errorf("%v: %v", k, err) } }
	for i, r := range l.gflops(c3, keys, 5) { t.Logf("%-40v %.2f", keys[i], r) }
}
