package shaders_test

import (
	"math"
	"testing"

	"inceptiongl/shaders"
)

// TestWinograd runs tiles that no rule picks, on whatever the kernel serves of the table of convolutions: maps of one pixel and
// of parts of a tile, segments, infinities and NaN among them.
func TestWinograd(t *testing.T) {
	cases := 0
	tableOn(t, newLabs(t), convCases, func(c convCase, p *problem) []shaders.Key {
		if !winograd(c.conv.Norm()) {
			return nil
		}
		cases++
		keys := everyLoad(shaders.Key{Kernel: shaders.Winograd, TileX: 3, TileG: 1, LocalX: 16})
		for i, k := range everyLoad(shaders.Key{Kernel: shaders.Winograd, TileX: 4, TileG: 2}) {
			if i%3 == cases%3 {
				keys = append(keys, k)
			}
		}
		return keys
	})
	if cases < 2*10 {
		t.Errorf("it served %d cases in two contexts", cases)
	}
}

// TestWinogradParts: more tiles than scratch has room for at once, in three parts, of which one has tiles of both images.
func TestWinogradParts(t *testing.T) {
	t.Parallel()
	l, g := newLab(t), newGen()
	p, err := g.convProblem(convCase{in: shape(2, 14, 61, 157), conv: k3, segs: []seg{{out: 24}, {out: 9}}, special: inf}, true)
	if err != nil {
		t.Fatal(err)
	}
	k := shaders.Key{Kernel: shaders.Winograd, TileX: 14, TileG: 2}
	launches, err := k.Launches(&p.params)
	if err != nil {
		t.Fatal(err)
	}
	if len(launches) != 9 {
		t.Errorf("%d dispatches, want three for each of three parts", len(launches))
	}
	for _, load := range shaders.Loads() {
		k.Load = load
		if err := l.check(k, p); err != nil {
			t.Error(err)
		}
	}
}

// TestWinogradOverflow: inputs and weights so large that the transforms overflow where the sum doesn't, and a weight of infinity.
func TestWinogradOverflow(t *testing.T) {
	t.Parallel()
	l, g := newLab(t), newGen()
	for _, large := range []struct{ x, w float32 }{{1e38, 1}, {1, 1e38}, {1, inf}, {1e38, inf}} {
		p, err := g.convProblem(convCase{in: shape(1, 5, 6, 11), conv: k3, segs: []seg{{out: 9}}, special: large.x, weight: large.w}, true)
		if err != nil {
			t.Fatal(err)
		}
		for _, load := range shaders.Loads() {
			if err := l.check(shaders.Key{Kernel: shaders.Winograd, Load: load, TileX: 4, TileG: 2}, p); err != nil {
				t.Errorf("%v, an input of %v, a weight of %v: %v", load, large.x, large.w, err)
			}
		}
	}
}

// TestTransforms: F(m, r) is the convolution, for either axis.
func TestTransforms(t *testing.T) {
	g := newGen()
	rows, columns := shaders.Winograd.Transforms()
	for _, f := range []*shaders.Transform{rows, columns} {
		n, r := len(f.BT), len(f.G[0])
		dot := func(a []float64, b []float64) (sum float64) {
			for i, v := range a {
				sum += v * b[i]
			}
			return sum
		}
		d, w, product := make([]float64, n), make([]float64, r), make([]float64, n)
		for i := range d {
			d[i] = g.NormFloat64()
		}
		for i := range w {
			w[i] = g.NormFloat64()
		}
		for i := range product {
			product[i] = dot(f.G[i], w) * dot(f.BT[i], d)
			for _, v := range append(f.BT[i], 0) {
				if float64(float32(v)) != v {
					t.Errorf("%v is no float32", v)
				}
			}
		}
		if len(f.AT) != n-r+1 {
			t.Fatalf("%d outputs of %d inputs and %d taps", len(f.AT), n, r)
		}
		for y, a := range f.AT {
			if got, want := dot(a, product), dot(w, d[y:]); !(math.Abs(got-want) < 1e-13*float64(n)) {
				t.Errorf("F(%d, %d): output %d is %v, want %v", len(f.AT), r, y, got, want)
			}
		}
	}
	if a, b := shaders.ConvTiled.Transforms(); a != nil || b != nil {
		t.Error("conv_tiled sums directly")
	}
}

// TestWinogradTexels: transformed weights, and behind a group's the weights themselves.
func TestWinogradTexels(t *testing.T) {
	g := newGen()
	dims := shaders.Dims{Out: 6, In: 5, KernelH: 3, KernelW: 3, Groups: 1}
	w := g.random(6*5*9, 1)
	packed := make([]float32, shaders.WinogradTexels.Len(dims))
	for i := range packed {
		packed[i] = poison
	}
	shaders.WinogradTexels.Pack(packed, w, dims)
	rows, columns := shaders.Winograd.Transforms()
	direct := make([]float32, shaders.ConvTexels.Len(dims))
	shaders.ConvTexels.Pack(direct, w, dims)
	for og := range 2 {
		group := packed[og*2*33*16:][:2*33*16]
		for i, v := range group[24*2*16:] {
			if v != direct[og*2*9*16+i] {
				t.Fatalf("group %d: float %d of the weights is %v, want %v", og, i, v, direct[og*2*9*16+i])
			}
		}
		for at, v := range group[:24*2*16] {
			position, i, o := at/32, at%32/16*4+at%16/4, og*4+at%4
			want, terms := 0.0, 0.0
			if i < 5 && o < 6 {
				for ky, a := range rows.G[position/6] {
					for kx, b := range columns.G[position%6] {
						term := a * b * float64(w[(o*5+i)*9+ky*3+kx])
						want, terms = want+term, terms+math.Abs(term)
					}
				}
			}
			if !(math.Abs(float64(v)-want) <= 0x1p-24*math.Abs(want)+16*0x1p-53*terms) { // sums of nine in another order
				t.Fatalf("position %d, output %d, input %d: %v, want %v", position, o, i, v, want)
			}
		}
	}
}
