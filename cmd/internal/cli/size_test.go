package cli

import "testing"

func TestParseSize(t *testing.T) {
	for _, c := range []struct {
		in   string
		h, w int
	}{{"28", 28, 28}, {"7x9", 7, 9}, {"7X9", 7, 9}, {"", 0, 0}, {"28x", 0, 0}, {"x3", 0, 0}, {"0", 0, 0}, {"-1x4", 0, 0}, {"3x4x5", 0, 0}, {"a", 0, 0}} {
		h, w, err := ParseSize(c.in)
		if h != c.h || w != c.w || (err == nil) != (c.h > 0) {
			t.Errorf("ParseSize(%q) = %d, %d, %v", c.in, h, w, err)
		}
	}
}
