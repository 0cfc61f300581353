package show

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"testing/iotest"
)

func TestSafe(t *testing.T) {
	for in, want := range map[string]string{
		"plain, × and …\t\n": "plain, × and …\t\n", "Bad\x1b[2J": `Bad\u001b[2J`, "\x9b2J": `\u009b2J`, "\u009b2J": `\u009b2J`, "a\rb\x7f": `a\u000db\u007f`,
		"evil\u202etxt": `evil\u202etxt`, "\U000e0041": `\udb40\udc41`, "日本": "日本", "": "",
	} {
		for cut := range len(in) + 1 { // however it comes
			var b strings.Builder
			s := NewSafe(&b)
			for _, part := range []string{in[:cut], in[cut:]} {
				if n, err := s.Write([]byte(part)); n != len(part) || err != nil {
					t.Fatalf("%q: %d, %v", part, n, err)
				}
			}
			if b.String() != want {
				t.Errorf("%q, cut at %d, becomes %q, want %q", in, cut, b.String(), want)
			}
		}
	}
	var b strings.Builder
	const name = "a\x1b\u009b\U000e0041\u202e\"é"
	if err := json.NewEncoder(NewSafe(&b)).Encode(name); err != nil {
		t.Fatal(err)
	}
	var back string
	if err := json.Unmarshal([]byte(b.String()), &back); err != nil || back != name || strings.ContainsAny(b.String(), "\x1b\u009b\u202e") {
		t.Errorf("%q from %q, %v", back, b.String(), err)
	}
}

func TestChecked(t *testing.T) {
	cause := errors.New("full")
	c := NewChecked(iotest.TruncateWriter(&strings.Builder{}, 5))
	if _, err := c.Write([]byte("fine")); err != nil || c.Err() != nil {
		t.Error(err, c.Err())
	}
	c = NewChecked(broken{cause})
	for range 2 {
		if _, err := c.Write([]byte("lost")); !errors.Is(err, cause) || !errors.Is(c.Err(), cause) {
			t.Error(err, c.Err())
		}
	}
}

type broken struct{ err error }

func (b broken) Write([]byte) (int, error) { return 0, b.err }
