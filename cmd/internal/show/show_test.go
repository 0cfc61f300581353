package show

import (
	"encoding/json"
	"math"
	"testing"
)

// TestNumber: JSON has no NaN and no infinities; all others come back as they were.
func TestNumber(t *testing.T) {
	for v, want := range map[float64]string{0: "0", 1.5: "1.5", 1e-30: "1e-30", -2e22: "-2e+22", math.Inf(1): "null", math.NaN(): "null"} {
		data, err := json.Marshal([]Number{Number(v)})
		if err != nil || string(data) != "["+want+"]" {
			t.Errorf("%v: %s, %v; want %s", v, data, err, want)
			continue
		}
		var back []Number
		if err := json.Unmarshal(data, &back); err != nil {
			t.Errorf("%s: %v", data, err)
		} else if got := float64(back[0]); want == "null" && got == got || want != "null" && got != v {
			t.Errorf("%s comes back as %v", data, got)
		}
	}
	var n Number
	if err := json.Unmarshal([]byte(`"1"`), &n); err == nil {
		t.Error("a string is accepted")
	}
}

func TestSeconds(t *testing.T) {
	for v, want := range map[float64]string{0: "0.0 µs", 9.9e-6: "9.9 µs", 1e-5: "10 µs", 0.00123: "1.23 ms", 1.5: "1.50 s"} {
		if got := Seconds(v); got != want {
			t.Errorf("%v: %s, want %s", v, got, want)
		}
	}
}

func TestComma(t *testing.T) {
	for n, want := range map[int64]string{0: "0", 7: "7", 999: "999", 1000: "1,000", 25138176: "25,138,176", -1234: "-1,234", -123: "-123"} {
		if got := Comma(n); got != want {
			t.Errorf("%d: %s, want %s", n, got, want)
		}
	}
}
