package classify

import (
	"cmp"
	"math"
	"slices"
)

// Class is one of a picture's likeliest classes.
type Class struct {
	Index       int
	Label       string // "" where the model has none
	Probability float64
	Score       float32 // the network's own output
}

// Rank lists the top classes by score, equal ones by index. Where the scores aren't probabilities already, or always is set,
// softmax makes them: made says so.
func Rank(scores []float32, labels []string, top int, always bool) (all []Class, made bool) {
	p := make([]float64, len(scores))
	order := make([]int, len(scores))
	for i, v := range scores {
		p[i], order[i] = float64(v), i
	}
	if made = always || !probabilities(p); made {
		softmax(p)
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(scores[b], scores[a]) })
	for _, i := range order[:min(top, len(order))] {
		c := Class{Index: i, Probability: p[i], Score: scores[i]}
		if labels != nil {
			c.Label = labels[i]
		}
		all = append(all, c)
	}
	return all, made
}

// probabilities reports numbers in [0, 1] whose sum is about 1.
func probabilities(p []float64) bool {
	sum := 0.0
	for _, v := range p {
		if v < 0 || v > 1 {
			return false
		}
		sum += v
	}
	return math.Abs(sum-1) < 1e-3
}

func softmax(p []float64) {
	largest, sum := slices.Max(p), 0.0
	for i, v := range p {
		p[i] = math.Exp(v - largest)
		sum += p[i]
	}
	for i := range p {
		p[i] /= sum
	}
}
