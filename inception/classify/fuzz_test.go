package classify_test

import (
	"bytes"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"inceptiongl/inception/classify"
)

// FuzzLabels: an error, or labels that can be shown.
func FuzzLabels(f *testing.F) {
	for _, text := range []string{"cat\ndog\r\n", "\ufeffcat", `["cat", ["n01", "dog"]]`, `{"1": ["n01", "dog"], "0": "cat"}`, `{"0": "a", "0": "b"}`, `[null]`, "Bad\x1b[2J", "caf\xe9"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		labels, err := classify.ReadLabels(bytes.NewReader(data))
		if err != nil {
			return
		}
		if len(labels) == 0 || len(labels) > len(data) {
			t.Fatalf("%d labels of %d bytes", len(labels), len(data))
		}
		for _, l := range labels {
			if !utf8.ValidString(l) || strings.ContainsFunc(l, unicode.IsControl) {
				t.Fatalf("label %q", l)
			}
		}
	})
}
