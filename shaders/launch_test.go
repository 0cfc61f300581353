package shaders_test

import (
	"testing"

	"inceptiongl/shaders"
)

// TestSplit: parts have every workgroup once, and no more of them than asked for.
func TestSplit(t *testing.T) {
	for _, c := range []struct {
		groups [3]int
		each   int
		parts  int
	}{
		{[3]int{7, 3, 1}, 21, 1}, {[3]int{7, 3, 1}, 20, 2}, {[3]int{7, 3, 1}, 14, 2}, {[3]int{7, 3, 1}, 13, 3}, {[3]int{7, 3, 1}, 6, 6},
		{[3]int{7, 3, 1}, 1, 21}, {[3]int{7, 3, 1}, 0, 21}, {[3]int{1, 1, 1}, 0, 1}, {[3]int{50000, 2, 3}, 300000, 1}, {[3]int{50000, 2, 3}, 299999, 3}, {[3]int{50000, 2, 3}, 70000, 6},
	} {
		l := shaders.Launch{Workgroups: c.groups, Second: true}
		parts := l.Split(c.each)
		if len(parts) != c.parts {
			t.Errorf("%v in parts of %d: %d parts, want %d", c.groups, c.each, len(parts), c.parts)
		}
		if len(parts) == 1 {
			if parts[0] != l {
				t.Errorf("%v in parts of %d: it became %v", c.groups, c.each, parts[0])
			}
			continue
		}
		x := c.groups[0] * c.groups[2]
		had := make([]int, x*c.groups[1])
		for _, p := range parts {
			n := p.Workgroups
			if n[0]*n[1] > max(c.each, 1) || n[0] > 65535 || n[2] != 1 || !p.Second {
				t.Errorf("%v in parts of %d: a part %v", c.groups, c.each, p)
			}
			for y := range n[1] {
				for k := range n[0] {
					had[(p.First[1]+y)*x+p.First[0]+k]++
				}
			}
		}
		for i, n := range had {
			if n != 1 {
				t.Fatalf("%v in parts of %d: workgroup %d stands in %d parts", c.groups, c.each, i, n)
			}
		}
	}
}
