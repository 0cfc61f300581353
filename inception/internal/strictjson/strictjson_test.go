package strictjson

import (
	"strings"
	"testing"
)

func TestCheck(t *testing.T) {
	for text, want := range map[string]string{
		`{"a": [1, {"b": null}], "c": {"b": "é"}}`: "", `[]`: "", `null`: "", `"text"`: "", ` 1 `: "", `{"a": {"a": {"a": 1}}}`: "",
		`{"a": 1, "a": 2}`: `"a" is given twice`, `{"x": [{"é": 1, "\u00e9": 2}]}`: "given twice", `{"a": 1, "b": 2, "": 3, "": 4}`: `"" is given twice`,
		"{\"\xff\": 1}": "UTF-8", `{} {}`: "more than one", `{}x`: "more than one", `[1,`: "unexpected", ``: "unexpected", `{"a"`: "unexpected", `{1: 2}`: "invalid",
		strings.Repeat("[", 101) + strings.Repeat("]", 101): "nested deeper", `{"` + strings.Repeat("x", 1e6) + `": 1, "` + strings.Repeat("x", 1e6) + `": 1}`: "given twice",
	} {
		err := Check([]byte(text))
		if (err == nil) != (want == "") || err != nil && (!strings.Contains(err.Error(), want) || len(err.Error()) > 300) {
			t.Errorf("%.60q: %v, want %q", text, err, want)
		}
	}
}
