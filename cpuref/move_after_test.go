package cpuref

import (
	"math/rand/v2"
	"slices"
	"testing"

	"inceptiongl/inception/graph"
	"inceptiongl/inception/tensor"
)

// randomMove is a Move for an input of that shape: its axes split, chosen from, repeated and put anywhere.
func randomMove(r *rand.Rand, in tensor.Shape) graph.Move {
	m := graph.Move{Value: float32(r.IntN(2))}
	var extents []int
	for k, n := range [4]int{in.N, in.C, in.H, in.W} {
		for r.IntN(3) == 0 && n > 1 {
			d := 2
			for n%d != 0 {
				d++
			}
			n /= d
			m.From[k] = append(m.From[k], d)
		}
		m.From[k] = append(m.From[k], n)
		extents = append(extents, m.From[k]...)
	}
	order := r.Perm(len(extents))
	if r.IntN(3) == 0 {
		slices.Sort(order)
	}
	at := 0
	for _, i := range order {
		n := extents[i]
		a := graph.Axis{Of: i}
		switch r.IntN(8) {
		case 0:
			a.Start = r.IntN(n)
			a.Count = 1 + r.IntN(n-a.Start)
		case 1:
			a.Start, a.Step, a.Count = n-1, -1, n
		case 2:
			for range 1 + r.IntN(n) {
				a.Index = append(a.Index, r.IntN(n+1)-r.IntN(2))
			}
			for k, p := range a.Index {
				a.Index[k] = min(max(p, -1), n-1)
			}
		case 3:
			a.Step = min(2, n)
		}
		if at = min(at+r.IntN(3), 3); r.IntN(9) == 0 {
			m.To[at] = append(m.To[at], graph.Axis{Of: graph.Repeat, Count: 2})
		}
		m.To[at] = append(m.To[at], a)
	}
	return m
}

// TestMoveAfter: one Move that does what two do gives what they give; and what networks write one after the other becomes one.
func TestMoveAfter(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	tried, composed := 0, 0
	for tried < 4000 {
		in := tensor.Shape{N: 1 + r.IntN(3), C: 1 + r.IntN(12), H: 1 + r.IntN(6), W: 1 + r.IntN(6)}
		x := tensor.New(in)
		for i := range x.Data {
			x.Data[i] = float32(i + 2)
		}
		first := randomMove(r, in)
		mid, err := first.OutShape([]tensor.Shape{in})
		if err != nil || mid.Len() > 1e5 {
			continue
		}
		second := randomMove(r, mid)
		if _, err := second.OutShape([]tensor.Shape{mid}); err != nil {
			continue
		}
		tried++
		both, ok := second.After(first, in)
		if !ok {
			continue
		}
		composed++
		half, err := Move(x, first)
		if err != nil {
			t.Fatal(err)
		}
		want, err := Move(&tensor.Tensor{Shape: half.Shape, Data: narrow(half.Value)}, second)
		if err != nil {
			t.Fatal(err)
		}
		got, err := Move(x, both)
		if err != nil || got.Shape != want.Shape || !slices.Equal(got.Value, want.Value) {
			t.Fatalf("%v: %+v, then %+v, isn't %+v: %v\n%v, want\n%v", in, first, second, both, err, got, want)
		}
	}
	t.Logf("%d of %d became one", composed, tried)
	if composed < tried/5 {
		t.Errorf("only %d of %d became one", composed, tried)
	}
}

func narrow(v []float64) []float32 {
	out := make([]float32, len(v))
	for i := range v {
		out[i] = float32(v[i])
	}
	return out
}
