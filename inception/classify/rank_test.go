package classify

import (
	"math"
	"reflect"
	"testing"
)

func TestProbabilities(t *testing.T) {
	for _, c := range []struct {
		in   []float64
		want bool
	}{
		{[]float64{0.25, 0.75}, true}, {[]float64{0.3, 0.6999}, true}, {[]float64{1, 0}, true},
		{[]float64{-0.5, 1.5}, false}, {[]float64{3, 4}, false}, {[]float64{0.1, 0.1}, false},
	} {
		if got := probabilities(c.in); got != c.want {
			t.Errorf("%v: %v, want %v", c.in, got, c.want)
		}
	}
	p := []float64{1000, 1000, -1000}
	softmax(p)
	if p[0] != 0.5 || p[1] != 0.5 || p[2] != 0 {
		t.Errorf("softmax is %v", p)
	}
}

func TestRank(t *testing.T) {
	third := 1 / (2 + math.Exp(0.25)) // softmax of 0.25, 0.25, 0.5, but for a factor
	for _, c := range []struct {
		name   string
		scores []float32
		top    int
		always bool
		want   []Class
		made   bool
	}{
		{"probabilities", []float32{0.25, 0.25, 0.5}, 3, false, []Class{{2, "c", 0.5, 0.5}, {0, "a", 0.25, 0.25}, {1, "b", 0.25, 0.25}}, false},
		{"always", []float32{0.25, 0.25, 0.5}, 2, true, []Class{{2, "c", third * math.Exp(0.25), 0.5}, {0, "a", third, 0.25}}, true},
		{"scores that softmax can't tell apart", []float32{-2000, 0, -1000}, 3, false, []Class{{1, "b", 1, 0}, {2, "c", 0, -1000}, {0, "a", 0, -2000}}, true},
	} {
		got, made := Rank(c.scores, []string{"a", "b", "c"}, c.top, c.always)
		for i := range got {
			if i < len(c.want) && math.Abs(got[i].Probability-c.want[i].Probability) < 1e-12 {
				got[i].Probability = c.want[i].Probability
			}
		}
		if !reflect.DeepEqual(got, c.want) || made != c.made {
			t.Errorf("%s: %v, %v; want %v, %v", c.name, got, made, c.want, c.made)
		}
	}
	if got, _ := Rank([]float32{1, 2}, nil, 1, false); got[0].Label != "" || got[0].Index != 1 {
		t.Errorf("without labels: %v", got)
	}
}
