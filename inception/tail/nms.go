package tail

import (
	"cmp"
	"fmt"
	"slices"
)

// NonMaxSuppression chooses boxes: for each image and class those with the best scores that don't overlap a better one by more than IOU.
// Inputs are boxes, images × boxes × 4, and scores, images × classes × boxes. Boxes are two corners (y, x, y, x), or with Center the middle and
// the size (x, y, w, h). Equal scores are taken in order.
type NonMaxSuppression struct {
	Center   bool
	Most     int // boxes of a class
	IOU      float32
	Score    float32 // scores must be above it
	HasScore bool    // else any will do
}

// Kind is "NonMaxSuppression".
func (NonMaxSuppression) Kind() string { return "NonMaxSuppression" }

// Run gives rows of image, class and box.
func (s NonMaxSuppression) Run(in []Array) ([]Array, error) {
	if err := needs(in, 2, 2); err != nil {
		return nil, err
	}
	boxes, scores := in[0], in[1]
	if len(boxes.Dims) != 3 || len(scores.Dims) != 3 || boxes.Dims[2] != 4 || boxes.Dims[0] != scores.Dims[0] || boxes.Dims[1] != scores.Dims[2] || boxes.Ints || scores.Ints {
		return nil, fmt.Errorf("boxes %v and scores %v: images × boxes × 4 and images × classes × boxes of floats are needed", boxes.Dims, scores.Dims)
	}
	n, classes := boxes.Dims[1], scores.Dims[1]
	var found []int64
	for image := range boxes.Dims[0] {
		list := make([]box, n)
		for i := range list {
			list[i] = s.box([4]float32(boxes.F[(image*n+i)*4:]))
		}
		for class := range classes {
			for _, i := range s.choose(list, scores.F[(image*classes+class)*n:][:n]) {
				found = append(found, int64(image), int64(class), int64(i))
			}
		}
	}
	return []Array{Integers([]int{len(found) / 3, 3}, found)}, nil
}

// box is two corners, the lower one first.
type box struct{ y0, x0, y1, x1 float32 }

func (s NonMaxSuppression) box(v [4]float32) box {
	if s.Center {
		w, h := v[2]/2, v[3]/2
		return box{v[1] - h, v[0] - w, v[1] + h, v[0] + w}
	}
	return box{min(v[0], v[2]), min(v[1], v[3]), max(v[0], v[2]), max(v[1], v[3])}
}

// choose are the numbers of a class's boxes, the best first.
func (s NonMaxSuppression) choose(boxes []box, scores []float32) []int {
	var order []int
	for i, v := range scores {
		if v > s.Score || !s.HasScore {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(i, j int) int { return -cmp.Compare(scores[i], scores[j]) })
	var kept []int
	for _, i := range order {
		if len(kept) >= s.Most {
			break
		}
		if !slices.ContainsFunc(kept, func(j int) bool { return boxes[i].overlaps(boxes[j], s.IOU) }) {
			kept = append(kept, i)
		}
	}
	return kept
}

// overlaps reports an intersection of more than the share of the union. All is rounded to float32, as others do.
func (b box) overlaps(o box, share float32) bool {
	h, w := min(b.y1, o.y1)-max(b.y0, o.y0), min(b.x1, o.x1)-max(b.x0, o.x0)
	if !(h > 0 && w > 0) {
		return false
	}
	both := float32(h * w)
	area, other := float32((b.y1-b.y0)*(b.x1-b.x0)), float32((o.y1-o.y0)*(o.x1-o.x0))
	union := area + other - both
	return area > 0 && other > 0 && union > 0 && both/union > share
}
