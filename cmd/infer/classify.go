package main

import (
	"fmt"
	"math"
	"slices"
)

// classifier names the likeliest classes.
type classifier struct {
	labels  []string // nil: classes have numbers only
	count   int      // of classes to name
	softmax string   // auto, on, off
	at      int      // which of the engine's values it reads
}

func newClassifier(f *flags, m *model, classes, top int) (*classifier, error) {
	c := &classifier{labels: m.labels, count: min(top, classes), softmax: f.Softmax}
	if f.Labels != "" {
		var err error
		if c.labels, err = readLabels(f.Labels, classes); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// Class is one of a photo's likeliest classes.
type Class struct {
	Rank  int     `json:"rank"` // 1 is the likeliest
	Index int     `json:"class"`
	Label string  `json:"label,omitempty"`
	Score float64 `json:"score"` // a probability, where the report says so
}

// name is the label, or the number where there is none.
func (c *classifier) name(index int) string {
	if c.labels == nil {
		return fmt.Sprintf("class %d", index)
	}
	return c.labels[index]
}

// top lists the classes with the largest scores, equal ones by number, and notes in r what the scores are.
func (c *classifier) top(scores []float32, r *Report) []Class {
	p := make([]float64, len(scores))
	for i, v := range scores {
		p[i] = float64(v)
	}
	probable := probabilities(p)
	if c.softmax == "on" || c.softmax == "auto" && !probable {
		softmax(p)
		probable = true
		r.Softmax = true
	}
	r.Scores = "score"
	if probable {
		r.Scores = "probability"
	}
	order := make([]int, len(p))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		switch {
		case p[a] > p[b]:
			return -1
		case p[a] < p[b]:
			return 1
		}
		return 0
	})
	var all []Class
	for rank, i := range order[:c.count] {
		class := Class{Rank: rank + 1, Index: i, Score: p[i]}
		if c.labels != nil {
			class.Label = c.labels[i]
		}
		all = append(all, class)
	}
	return all
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
