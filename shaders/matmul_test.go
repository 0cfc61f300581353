package shaders_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"inceptiongl/inception/graph"
	"inceptiongl/inception/tensor"
	"inceptiongl/shaders"
)

// matMulShapes are a case's inputs: of images, rows, terms and columns as the operator wants them. Pixels are in two dimensions where they can be.
func matMulShapes(op graph.MatMul, images [2]int, rows, terms, columns int) []tensor.Shape {
	matrix := func(n, c, pixels int) tensor.Shape {
		h := 1
		for _, d := range []int{7, 5, 3, 2} {
			if pixels%d == 0 {
				h = d
				break
			}
		}
		return shape(n, c, h, pixels/h)
	}
	a, b := matrix(images[0], terms, rows), matrix(images[1], columns, terms)
	if op.TransA {
		a = matrix(images[0], rows, terms)
	}
	if op.TransB {
		b = matrix(images[1], terms, columns)
	}
	return []tensor.Shape{a, b}
}

// TestMatMul runs both kernels, all four ways to hold the matrices, on sums shorter and longer than a texel, a turn and a block, on partial
// tiles, on batches that repeat. Tiles take turns.
func TestMatMul(t *testing.T) {
	sizes := []struct {
		images               [2]int
		rows, terms, columns int
	}{
		{[2]int{1, 1}, 1, 1, 1}, {[2]int{2, 2}, 7, 3, 13}, {[2]int{1, 3}, 16, 4, 16}, {[2]int{6, 2}, 9, 5, 3}, {[2]int{1, 1}, 33, 300, 15},
		{[2]int{2, 1}, 21, 18, 33}, {[2]int{3, 3}, 1, 131, 1}, {[2]int{4, 4}, 13, 16, 1}, {[2]int{1, 2}, 1, 7, 21},
	}
	tiles := map[bool][]shaders.Key{ // by whether a tile's rows are loaded 4 at once
		false: {{TileX: 3, TileG: 1, LocalX: 8}, {TileX: 8, TileG: 2, LocalX: 8}, {TileX: 4, TileG: 2, LocalX: 16, LocalY: 4, Totals: shaders.TotalsScratch}},
		true:  {{TileX: 4, TileG: 1, LocalX: 8}, {TileX: 8, TileG: 2, LocalX: 8}, {TileX: 4, TileG: 2, LocalX: 16, LocalY: 4, Totals: shaders.TotalsScratch}},
	}
	for turn, l := range newLabs(t) {
		g, ran := newGen(), 0
		for _, op := range []graph.MatMul{{}, {TransA: true}, {TransB: true}, {TransA: true, TransB: true}} {
			kernels := shaders.MatMuls(op.TransA, op.TransB)
			for i, s := range sizes {
				c := opCase{kernel: shaders.MatMul, op: op, in: matMulShapes(op, s.images, s.rows, s.terms, s.columns)}
				switch i % 4 {
				case 1:
					c.act = graph.ReLU{}
				case 2:
					c.dstC, c.channel = s.columns+9, 3
				case 3:
					c.dstC, c.channel, c.special = s.columns+4, 4, []float32{nan, inf, -inf}[rand.N(3)]
				}
				p, err := g.opProblem(c)
				if err != nil {
					t.Fatal(err)
				}
				tiled := tiles[op.TransA][(i+turn)%3]
				tiled.Kernel = kernels[0]
				ran += l.sweep(t, p, asStored(p, tiled, shaders.Key{Kernel: shaders.MatMul}))
			}
		}
		if ran < 4*2*len(sizes) {
			t.Errorf("%d cases ran", ran)
		}
	}
}

// asStored are the keys with every way to read, storing whole texels where the problem allows that.
func asStored(p *problem, keys ...shaders.Key) []shaders.Key {
	return slices.DeleteFunc(everyLoad(keys...), func(k shaders.Key) bool { return k.Aligned != p.params.Aligned() })
}

// TestMatMulServes: what doesn't fit is refused, and candidates exist for what does.
func TestMatMulServes(t *testing.T) {
	t.Parallel()
	l, g := newLab(t), newGen()
	for _, op := range []graph.MatMul{{}, {TransA: true}, {TransB: true}, {TransA: true, TransB: true}} {
		p, err := g.opProblem(opCase{kernel: shaders.MatMul, op: op, in: matMulShapes(op, [2]int{4, 2}, 9, 6, 11)})
		if err != nil {
			t.Fatal(err)
		}
		kernels := shaders.MatMuls(op.TransA, op.TransB)
		for _, target := range []shaders.Target{l.target(), {Software: true, Lanes: 8}, {Multiprocessors: 20}} {
			keys, err := shaders.Candidates(kernels, &p.params, target)
			if err != nil || !slices.ContainsFunc(keys, func(k shaders.Key) bool { return k.Kernel == kernels[0] }) {
				t.Errorf("%+v: candidates %v, %v", op, keys, err)
			}
		}
		for _, change := range []func(*shaders.Params){
			func(p *shaders.Params) { p.OutN = 3 }, func(p *shaders.Params) { p.OutC++; p.Seg[0].Channels++; p.Seg[0].DstC++ },
			func(p *shaders.Params) { p.Mode ^= 1 }, func(p *shaders.Params) { p.Src2N = 3 }, func(p *shaders.Params) { p.OutH++ }, func(p *shaders.Params) { p.Mode = 4 },
		} {
			params := p.params
			change(&params)
			for _, kernel := range kernels {
				key := shaders.Key{Kernel: kernel}
				if kernel != shaders.MatMul {
					key.TileX, key.TileG = 4, 1
				}
				if err := key.For(&params).Check(&params, l.target()); err == nil {
					t.Errorf("%+v: %v serves %+v", op, kernel, params)
				}
			}
		}
	}
}
