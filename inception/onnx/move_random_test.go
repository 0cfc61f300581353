package onnx_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"inceptiongl/inception/graph"
	"inceptiongl/inception/onnx"
	pb "inceptiongl/inception/onnx/internal/onnxpb"
	"inceptiongl/inception/tensor"
)

// mover is a model under construction, beside its answer: what moves elements, in plain Go on arrays of any rank.
type mover struct {
	*rand.Rand
	free  bool // the batch is symbolic
	batch int  // the axis that it is now
	parts []part
	text  string
	a     tensor.Array
	last  string
	count int
}

// mapped is the array of these extents whose element at is a's element from(at), or fill where that is nil.
func mapped(a tensor.Array, dims []int, fill float32, from func(at []int) []int) tensor.Array {
	n := 1
	for _, d := range dims {
		n *= d
	}
	out := tensor.Array{Dims: dims, Data: make([]float32, n)}
	at := make([]int, len(dims))
	for i := range out.Data {
		rest := i
		for k := len(dims) - 1; k >= 0; k-- {
			at[k] = rest % dims[k]
			rest /= dims[k]
		}
		out.Data[i] = fill
		if src := from(at); src != nil {
			j := 0
			for k, d := range a.Dims {
				j = j*d + src[k]
			}
			out.Data[i] = a.Data[j]
		}
	}
	return out
}

// along is mapped for one axis: place[i] is where place i of the result is from, −1 for fill.
func along(a tensor.Array, axis int, place []int, fill float32) tensor.Array {
	dims := slices.Clone(a.Dims)
	dims[axis] = len(place)
	return mapped(a, dims, fill, func(at []int) []int {
		from := slices.Clone(at)
		if from[axis] = place[at[axis]]; from[axis] < 0 {
			return nil
		}
		return from
	})
}

func int64s(v []int) []int64 {
	out := make([]int64, len(v))
	for i, x := range v {
		out[i] = int64(x)
	}
	return out
}

// ints adds a constant list and names it.
func (m *mover) ints(v ...int) string {
	m.count++
	name := fmt.Sprint("c", m.count)
	m.parts = append(m.parts, weight(list(name, int64s(v)...)))
	return name
}

// node adds a node behind the last; a is its answer.
func (m *mover) node(kind string, a tensor.Array, more []string, attrs ...*pb.AttributeProto) {
	m.count++
	out := fmt.Sprint("v", m.count)
	m.parts = append(m.parts, op(kind, append([]string{m.last}, more...), out, attrs...))
	m.text += fmt.Sprintf(" %s→%v", kind, a.Dims)
	m.last, m.a = out, a
}

// axis is one that may be worked along.
func (m *mover) axis() int {
	for {
		if k := m.IntN(len(m.a.Dims)); !m.free || k != m.batch {
			return k
		}
	}
}

// step adds a random node.
func (m *mover) step() {
	a, rank := m.a, len(m.a.Dims)
	switch m.IntN(7) {
	case 0, 1:
		perm := m.Perm(rank)
		m.batch = slices.Index(perm, m.batch)
		inverse := make([]int, rank)
		dims := make([]int, rank)
		for k, axis := range perm {
			inverse[axis], dims[k] = k, a.Dims[axis]
		}
		m.node("Transpose", mapped(a, dims, 0, func(at []int) []int {
			from := make([]int, rank)
			for axis, k := range inverse {
				from[axis] = at[k]
			}
			return from
		}), nil, aInts("perm", int64s(perm)...))
	case 2: // the batch stays in front
		if m.free && m.batch != 0 {
			return
		}
		rest := m.factors(a.Dims[1:])
		dims := append([]int{a.Dims[0]}, rest...)
		target := slices.Clone(dims)
		if target[0] = 0; m.IntN(2) == 0 {
			target[0] = -1
		}
		m.node("Reshape", tensor.Array{Dims: dims, Data: a.Data}, in(m.ints(target...)))
	case 3:
		k := m.axis()
		var place []int
		start, step := m.IntN(a.Dims[k]), 1+m.IntN(2)
		end := start + 1 + m.IntN(a.Dims[k]-start)
		if m.IntN(2) == 0 {
			for i := start; i < end; i += step {
				place = append(place, i)
			}
		} else {
			start, end, step = end-1, start-1, -step
			for i := start; i > end; i += step {
				place = append(place, i)
			}
			if end < 0 {
				end = math.MinInt32
			}
		}
		m.node("Slice", along(a, k, place, 0), in(m.ints(start), m.ints(end), m.ints(k), m.ints(step)))
	case 4:
		k, mode := m.axis(), m.IntN(4)
		before, after := m.IntN(3), m.IntN(3)
		if mode == 0 && a.Dims[k] > 2 { // cut, too
			before--
			after--
		}
		var place []int
		for i := -before; i < a.Dims[k]+after; i++ {
			j, n := i, a.Dims[k]
			for j < 0 || j >= n {
				switch {
				case mode == 0:
					j, n = -1, 1<<30
					goto done
				case mode == 1:
					j = max(min(j, n-1), 0)
				case mode == 2 && n == 1:
					j = 0
				case mode == 2 && j < 0:
					j = -j
				case mode == 2:
					j = 2*(n-1) - j
				case j < 0:
					j += n
				default:
					j -= n
				}
			}
		done:
			place = append(place, j)
		}
		fill := float32(math.Inf(-1))
		m.count++
		value := fmt.Sprint("c", m.count)
		m.parts = append(m.parts, weight(scalar(value, fill)))
		m.node("Pad", along(a, k, place, fill), in(m.ints(before, after), value, m.ints(k)), aString("mode", []string{"constant", "edge", "reflect", "wrap"}[mode]))
	case 5:
		k := m.axis()
		place := make([]int, 1+m.IntN(4))
		for i := range place {
			place[i] = m.IntN(a.Dims[k])
		}
		m.node("Gather", along(a, k, place, 0), in(m.ints(place...)), aInt("axis", int64(k)))
	case 6:
		b := tensor.Array{Dims: a.Dims, Data: slices.Clone(a.Data)}
		for i, v := range b.Data {
			b.Data[i] = -v
		}
		if slices.Contains(b.Data, 0) { // -1·x + 0 has no negative zero, which == doesn't see anyway
			return
		}
		m.node("Neg", b, nil)
	}
}

// factors are other extents with the same product.
func (m *mover) factors(dims []int) []int {
	n := 1
	for _, d := range dims {
		n *= d
	}
	out := []int{}
	for len(out) < 5 && (n > 1 || len(out) == 0) {
		d := 1 + m.IntN(n)
		for n%d != 0 {
			d--
		}
		out = append(out, d)
		n /= d
	}
	if n > 1 {
		out = append(out, n)
	}
	return out
}

// TestMoveChains: chains of what moves elements give exactly what arrays give, NaN and infinity included.
func TestMoveChains(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 7))
	var all []*mover
	var inputs []tensor.Array
	for i := range 120 {
		m := &mover{Rand: rng, free: i%2 == 0, last: "x"}
		n := 1
		for range 2 + rng.IntN(5) {
			d := 1 + rng.IntN(4)
			m.a.Dims = append(m.a.Dims, d)
			n *= d
		}
		for k := range n {
			v := float32(k + 1)
			switch rng.IntN(8) {
			case 0:
				v = float32(math.NaN())
			case 1:
				v = float32(math.Inf(1))
			}
			m.a.Data = append(m.a.Data, v)
		}
		inputs = append(inputs, m.a)
		dims := int64s(m.a.Dims)
		if m.free {
			dims[0] = -1
		}
		m.parts = []part{opset(19), inputDims(dims...)}
		m.text = fmt.Sprint(dims)
		for range 2 + rng.IntN(5) {
			if m.step(); len(m.a.Data) > 20000 {
				break
			}
		}
		m.parts = append(m.parts, op("Identity", in(m.last), "y"))
		all = append(all, m)
	}
	eachBackend(t, func(t *testing.T, r run) {
		moved := 0
		for i, m := range all {
			model := parse(t, onnx.Options{}, m.parts...)
			x, err := model.Tensor(inputs[i])
			if err != nil {
				t.Fatalf("%s: %v", m.text, err)
			}
			y, err := r(context.Background(), model.Graph, x)
			if err != nil {
				t.Fatalf("%s: %v", m.text, err)
			}
			if len(y.Data) != len(m.a.Data) {
				t.Fatalf("%s: %d elements, want %d", m.text, len(y.Data), len(m.a.Data))
			}
			for k, v := range m.a.Data {
				if got := y.Data[k]; got != v && !(got != got && v != v) {
					t.Errorf("%s, nodes %q: element %d is %v, want %v", m.text, kinds(model.Graph), k, got, v)
					break
				}
			}
			if slices.ContainsFunc(model.Graph.Nodes, func(n graph.Node) bool { _, ok := n.Op.(graph.Move); return ok }) {
				moved++
			}
		}
		if moved < 60 {
			t.Errorf("only %d of %d models have a Move", moved, len(all))
		}
	})
}
