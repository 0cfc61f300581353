package shaders_test

import (
	"fmt"
	"math"
	"testing"

	"inceptiongl/inception/graph"
	"inceptiongl/inception/tensor"
	"inceptiongl/shaders"
)

// unaryAct is what the kernels know an operator as.
func unaryAct(u graph.Unary) (act shaders.Act, low, high float32) {
	name := u.Type.String()
	switch u.Type {
	case graph.Celu:
		low, high = u.Alpha, 1/u.Alpha
	case graph.Elu:
		low, high = u.Alpha, 1
	case graph.Selu:
		name, low, high = "elu", u.Alpha*u.Beta, u.Beta
	default:
		low, high = u.Alpha, u.Beta
	}
	for act.String() != name {
		if act++; act.String() == fmt.Sprintf("Act(%d)", act) {
			panic("no activation is called " + name)
		}
	}
	return act, low, high
}

// unaries are the kinds with their usual numbers and, where they have some, with others.
func unaries() []graph.Unary {
	numbers := map[graph.UnaryKind][][2]float32{
		graph.Celu:            {{1, 0}, {0.3, 0}, {-2, 0}},
		graph.Elu:             {{1, 0}, {-0.5, 0}},
		graph.HardSigmoid:     {{0.2, 0.5}, {-3, 1.25}},
		graph.HardSwish:       {{1. / 6, 0.5}, {-0.7, 0.1}},
		graph.LeakyReLU:       {{0.01, 0}, {-2.5, 0}},
		graph.Selu:            {{1.6732632, 1.0507009}, {2, 3}},
		graph.Shrink:          {{0.5, 0.5}, {1.5, 0}, {0.25, -2}, {-0.5, 0.25}},
		graph.Swish:           {{1, 0}, {1.702, 0}, {-0.3, 0}, {0, 0}},
		graph.ThresholdedReLU: {{1, 0}, {-0.5, 0}},
	}
	var all []graph.Unary
	for _, kind := range graph.UnaryKinds() {
		list := numbers[kind]
		if list == nil {
			list = [][2]float32{{}}
		}
		for _, n := range list {
			all = append(all, graph.Unary{Type: kind, Alpha: n[0], Beta: n[1]})
		}
	}
	return all
}

// anyNumbers fills v with numbers of all sizes, among them what functions are awkward at.
func anyNumbers(g *gen, v []float32) {
	for i := range v {
		switch i % 4 {
		case 0:
			v[i] = float32(g.Float64()*2 - 1)
		case 1:
			v[i] = float32(g.Float64()*24 - 12)
		case 2:
			v[i] = float32(g.Float64()*240 - 120)
		default:
			v[i] = float32(math.Copysign(math.Exp(g.Float64()*170-85), g.Float64()-0.5))
		}
	}
	g.Shuffle(len(v), func(i, j int) { v[i], v[j] = v[j], v[i] })
	copy(v, []float32{nan, inf, -inf, 0, float32(math.Copysign(0, -1)), 0.5, -0.5, 1.5, 2.5, -2.5, 1, -1, 0.25, -0.3466, 0.3466, -0.69, 88.7, 88.8, -88.8, -103,
		math.MaxFloat32, -math.MaxFloat32, 0x1p-126, 0x1p24, 1 + 0x1p-23, 1 - 0x1p-24, 0.70710677, 3e19, -3e19})
}

// TestUnary runs every function alone, behind a scaling where it may stand behind one, and in a program that knows them all.
func TestUnary(t *testing.T) {
	for _, l := range newLabs(t) {
		g, ran := newGen(), 0
		for i, u := range unaries() {
			s := shape(2, 13, 24, 31)
			cases := []opCase{{kernel: shaders.Copy, op: u, in: []tensor.Shape{s}, fill: anyNumbers}}
			if !math.IsInf(u.Steepest(), 0) {
				cases = append(cases, opCase{kernel: shaders.Affine, op: graph.Affine{Channels: s.C}, in: []tensor.Shape{s}, act: u, scale: 5, dstC: s.C + 9, channel: 3})
			}
			for k, c := range cases {
				p, err := g.opProblem(c)
				if err != nil {
					t.Fatal(err)
				}
				ran += l.sweep(t, p, []shaders.Key{{Kernel: c.kernel, Load: shaders.Loads()[(i+k)%3], Acts: shaders.EveryAct, Aligned: c.dstC == 0}})
			}
		}
		if ran < 50 {
			t.Errorf("%d cases ran", ran)
		}
	}
}
