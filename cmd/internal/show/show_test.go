package show

import "testing"

func TestComma(t *testing.T) {
	for n, want := range map[int64]string{0: "0", 7: "7", 999: "999", 1000: "1,000", 25138176: "25,138,176", -1234: "-1,234", -123: "-123"} {
		if got := Comma(n); got != want {
			t.Errorf("%d: %s, want %s", n, got, want)
		}
	}
}
