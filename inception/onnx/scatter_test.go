package onnx_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"inceptiongl/inception/onnx"
	pb "inceptiongl/inception/onnx/internal/onnxpb"
	"inceptiongl/inception/tensor"
)

// assigned is x[places of the first axes] = the same of −x, as PyTorch's exporters write it; then a pool, which the host has not.
func assigned(batch int, lists [][]int) []part {
	dims := []int64{}
	var places []int64
	for _, l := range lists {
		dims = append(dims, int64(len(l)))
	}
	at := make([]int, len(lists))
	for {
		for a, k := range at {
			places = append(places, int64(lists[a][k]))
		}
		a := len(at) - 1
		for ; a >= 0; a-- {
			if at[a]++; at[a] < len(lists[a]) {
				break
			}
			at[a] = 0
		}
		if a < 0 {
			break
		}
	}
	for k := range places { // some count from the end
		if size := []int64{2, 4, 3, 5}[k%len(lists)]; places[k] == size-1 && k%2 == 0 {
			places[k] -= size
		}
	}
	by := list("by", places...)
	by.Dims = append(slices.Clone(dims), int64(len(lists)))
	parts := []part{inputDims(int64(batch), 4, 3, 5), weight(by), op("Neg", in("x"), "with0")}
	with := "with0"
	for a, l := range lists {
		place := make([]int64, len(l))
		for k, i := range l {
			place[k] = int64(i)
		}
		name, next := fmt.Sprint("l", a), fmt.Sprint("with", a+1)
		parts = append(parts, weight(list(name, place...)), op("Gather", in(with, name), next, aInt("axis", int64(a))))
		with = next
	}
	return append(parts, op("ScatterND", in("x", "by", with), "s"), op("MaxPool", in("s"), "y", aInts("kernel_shape", 1, 1)))
}

// TestAssigned: elements at a grid of places are replaced, in the network.
func TestAssigned(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	x := tensor.New(tensor.Shape{N: 2, C: 4, H: 3, W: 5})
	for i := range x.Data {
		x.Data[i] = float32(i + 1)
	}
	for range 30 {
		lists := make([][]int, 1+random.IntN(4))
		for a := range lists {
			size := []int{2, 4, 3, 5}[a]
			lists[a] = random.Perm(size)[:1+random.IntN(size)]
			if random.IntN(2) == 0 {
				slices.Sort(lists[a])
			}
		}
		m := parse(t, onnx.Options{}, assigned(2, lists)...)
		if m.Tail != nil {
			t.Fatalf("%v: the host has a part of it", lists)
		}
		eachBackend(t, func(t *testing.T, r run) {
			y := finished(t, r, m, x)[0]
			for i, got := range y.F {
				at, inside := []int{i / 60, i / 15 % 4, i / 5 % 3, i % 5}, true
				for a, l := range lists {
					inside = inside && slices.Contains(l, at[a])
				}
				if want := x.Data[i]; got != want && !inside || got != -want && inside {
					t.Fatalf("%v: element %v is %v", lists, at, got)
				}
			}
		})
	}
}

// TestAssignedNot: other places are the host's, and what follows is refused.
func TestAssignedNot(t *testing.T) {
	for name, change := range map[string]func(*pb.TensorProto){
		"no grid": func(by *pb.TensorProto) { by.Int64Data[len(by.Int64Data)-1] = 0 },
		"twice":   func(by *pb.TensorProto) { by.Int64Data[2], by.Int64Data[3] = 0, 1 },
		"beyond":  func(by *pb.TensorProto) { by.Int64Data[0] = 2 },
	} {
		parts := append(assigned(2, [][]int{{0, 1}, {1, 3}}), func(m *pb.ModelProto) {
			for _, w := range m.Graph.Initializer {
				if w.GetName() == "by" {
					change(w)
				}
			}
		})
		_, err := onnx.Parse(t.Context(), encode(t, model(parts...)), onnx.Options{})
		if err == nil || !strings.Contains(err.Error(), `"the MaxPool" (MaxPool): input 0 depends on node "the ScatterND" (ScatterND), which runs on the host`) {
			t.Errorf("%s: error is %v", name, err)
		}
	}
}

// TestCrossing: x[:, rows, columns] and the like pick in the network; places that depend on one another are the host's.
func TestCrossing(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	extents := []int{2, 4, 3, 5}
	x := tensor.New(tensor.Shape{N: 2, C: 4, H: 3, W: 5})
	for i := range x.Data {
		x.Data[i] = float32(i + 1)
	}
	for round := range 40 {
		long := 1 + random.IntN(3)
		lists, places := make([][]int, long), [][]int{nil}
		dims := []int64{}
		for a := range lists {
			n := 1
			for range random.IntN(3) {
				d := 1 + random.IntN(3)
				dims = append(dims, int64(d))
				n *= d
			}
			var next [][]int
			for range n {
				lists[a] = append(lists[a], random.IntN(extents[a]))
			}
			for _, p := range places {
				for _, i := range lists[a] {
					next = append(next, append(slices.Clone(p), i))
				}
			}
			places = next
		}
		if round == 0 { // a diagonal
			long, dims, places = 2, []int64{2}, [][]int{{0, 3}, {1, 1}}
		}
		var flat []int64
		rest, size := extents[long:], 1
		for _, d := range rest {
			size *= d
		}
		var want []float32
		for _, p := range places {
			at := 0
			for a, i := range p {
				at = at*extents[a] + i
				flat = append(flat, int64(i-extents[a]*random.IntN(2)))
			}
			want = append(want, x.Data[at*size:(at+1)*size]...)
		}
		by := list("by", flat...)
		by.Dims = append(dims, int64(long))
		m := parse(t, onnx.Options{}, inputDims(2, 4, 3, 5), weight(by), op("GatherND", in("x", "by"), "y"))
		if host := m.Tail != nil; host != (round == 0) {
			t.Fatalf("%v: the host has a part of it: %v", places, host)
		}
		eachBackend(t, func(t *testing.T, r run) {
			if y := finished(t, r, m, x)[0]; !slices.Equal(y.F, want) || len(y.Dims) != len(dims)+len(rest) {
				t.Errorf("%v: %v of %v, want %v", places, y.F, y.Dims, want)
			}
		})
	}
}

// TestScatterElements: elements are replaced at the places along one axis.
func TestScatterElements(t *testing.T) {
	differ := list("by", slices.Concat(slices.Repeat([]int64{2}, 30), slices.Repeat([]int64{-4}, 30))...)
	differ.Dims = []int64{2, 2, 3, 5}
	at := func(p ...int64) *pb.TensorProto { // two places, the same in every picture and pixel
		by := list("by", slices.Concat(slices.Repeat(p[:1], 15), slices.Repeat(p[1:2], 15), slices.Repeat(p[:1], 15), slices.Repeat(p[1:], 15))...)
		by.Dims = []int64{2, 2, 3, 5}
		return by
	}
	parts := func(by *pb.TensorProto) []part {
		return []part{inputDims(2, 4, 3, 5), weight(by), weight(list("i", 0, 1)), op("Gather", in("x", "i"), "g", aInt("axis", 1)), op("Neg", in("g"), "with"),
			op("ScatterElements", in("x", "by", "with"), "s", aInt("axis", 1)), op("MaxPool", in("s"), "y", aInts("kernel_shape", 1, 1))}
	}
	m := parse(t, onnx.Options{}, parts(at(2, -4))...)
	x := tensor.New(tensor.Shape{N: 2, C: 4, H: 3, W: 5})
	for i := range x.Data {
		x.Data[i] = float32(i + 1)
	}
	eachBackend(t, func(t *testing.T, r run) {
		for i, got := range finished(t, r, m, x)[0].F {
			want := x.Data[i]
			switch i / 15 % 4 {
			case 2:
				want = -x.Data[i-30]
			case 0:
				want = -x.Data[i+15]
			}
			if got != want {
				t.Fatalf("element %d is %v, want %v", i, got, want)
			}
		}
	})
	for _, wrong := range []*pb.TensorProto{differ, at(1, 1), at(4, 0)} {
		_, err := onnx.Parse(t.Context(), encode(t, model(parts(wrong)...)), onnx.Options{})
		if err == nil || !strings.Contains(err.Error(), `"the ScatterElements" (ScatterElements): the places must be constants`) {
			t.Errorf("error is %v", err)
		}
	}
}
