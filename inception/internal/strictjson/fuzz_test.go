package strictjson

import (
	"encoding/json"
	"testing"
)

// FuzzCheck: what passes is JSON to the library, too.
func FuzzCheck(f *testing.F) {
	for _, text := range []string{`{"a": [1, {"b": null}], "c": "\u00e9"}`, `{"a": 1, "a": 2}`, `[[[]]]`, `1e400`, "\"\xff\""} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if err := Check(data); err == nil && !json.Valid(data) {
			t.Fatalf("%q passes", data)
		}
	})
}
