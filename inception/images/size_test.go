package images

import "testing"

func TestParseSize(t *testing.T) {
	for in, want := range map[string]Size{
		"28": {28, 28}, "7x9": {7, 9}, "7X9": {7, 9}, "299×300": {299, 300}, "1x1": {1, 1},
		"": {}, "28x": {}, "x3": {}, "0": {}, "0x4": {}, "-1x4": {}, "3x4x5": {}, "3x4×5": {}, "a": {}, "7 x 9": {}, "99999999999999999999": {}, "1.5": {},
	} {
		got, err := ParseSize(in)
		if got != want || (err == nil) != (want.H > 0) {
			t.Errorf("ParseSize(%q) = %v, %v; want %v", in, got, err, want)
		}
	}
	s := Size{12, 34}
	if got, err := ParseSize(s.String()); got != s || err != nil {
		t.Errorf("ParseSize(%q) = %v, %v", s.String(), got, err)
	}
}
