package v2

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
)

// TestMemory: lists that a stranger makes long take no more memory than the bytes that they come in.
func TestMemory(t *testing.T) {
	const n = 1 << 20
	long := func(element string) string {
		return "[" + strings.TrimSuffix(strings.Repeat(element+",", n/(len(element)+1)), ",") + "]"
	}
	for name, body := range map[string]string{
		"inputs that are none": `{"inputs":` + long("0") + `}`,
		"empty inputs":         `{"inputs":` + long("{}") + `}`,
		"null":                 `{"outputs":` + long("null") + `}`,
		"a long shape":         `{"inputs":[{"name":"x","datatype":"FP32","shape":` + long("1") + `,"data":[1]}]}`,
		"empty strings":        `{"inputs":[{"name":"x","datatype":"BYTES","shape":[1000000],"data":` + long(`""`) + `}]}`,
		"and fewer claimed":    `{"inputs":[{"name":"x","datatype":"BYTES","shape":[2],"data":` + long(`""`) + `}]}`,
		"lists in lists":       `{"inputs":[{"name":"x","datatype":"FP32","shape":[1],"data":` + strings.Repeat("[", 9000) + strings.Repeat("]", 9000) + `}]}`,
	} {
		data := []byte(body)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := ParseRequest(data, -1, nil)
		runtime.ReadMemStats(&after)
		refused := err != nil && AsError(err).Code == Invalid || name == "null" // which is the same as none
		if took := after.TotalAlloc - before.TotalAlloc; !refused || took > 2*n {
			t.Errorf("%s: %d bytes for %d: %.200s", name, took, len(data), fmt.Sprint(err))
		}
	}
	one := `{"inputs":[{"name":"x","datatype":"FP32","shape":[1000000],"data":` + long("0") + `}]}`
	refuse := func(n int64) error { return Errorf(Full, "%d bytes are too many", n) }
	if _, err := ParseRequest([]byte(one), -1, refuse); err == nil || AsError(err).Code != Full {
		t.Errorf("numbers for which there is no memory: %v", err)
	}
}
