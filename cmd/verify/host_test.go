package main

import (
	"archive/zip"
	"encoding/json"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"inceptiongl/gpu/gputest"
	"inceptiongl/inception/tail"
)

// TestHost: a model that ends on the host. What it makes of the network's outputs is compared, too.
func TestHost(t *testing.T) {
	gputest.Need(t)
	if _, code, err := command(t, nil, from(t, "tail/tail.zip", "node/test_argmax_no_keepdims_example/model.onnx")); code != 2 || !strings.Contains(err.Error(), "has no steps") {
		t.Errorf("a model of the host alone: status %d, %v", code, err)
	}
	model := from(t, "ends/ends.zip", "classifier.onnx")
	out, code, err := command(t, nil, model)
	if code != 0 || !strings.Contains(out, "Host     2 operators at the model's end, on the CPU after the download: TopK, Gather\n") ||
		!strings.Contains(out, "\nWhat the host makes of that") {
		t.Errorf("status %d, %v\n%s", code, err, out)
	}
	gputest.Case()
	out, code, err = command(t, nil, model, "--json")
	var r Report
	if e := json.Unmarshal([]byte(out), &r); e != nil || code != 0 || len(r.Answers) != 3 || r.Answers[0].Differ != 0 || r.Answers[1].Name != "places" ||
		r.Outputs[0].Name == "places" {
		t.Errorf("status %d, %v, %v\n%s", code, err, e, out)
	}
}

// from is a file of a zip among the importer's test data.
func from(t *testing.T, archive, name string) string {
	t.Helper()
	z, err := zip.OpenReader("../../inception/onnx/testdata/" + archive)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	data, err := fs.ReadFile(z, name)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "m.onnx")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestDiffering(t *testing.T) {
	nan := float32(math.NaN())
	row := func(v ...float32) tail.Array { return tail.Floats([]int{len(v)}, v) }
	whole := func(v ...int64) tail.Array { return tail.Integers([]int{len(v)}, v) }
	for _, c := range []struct {
		a, b tail.Array
		want int
	}{
		{row(1, 2), row(1, 2), 0},
		{row(1, 2), row(1, 2.00001), 0},
		{row(1, 2), row(1, 2.1), 1},
		{row(1, 2), row(1), -1},
		{row(3, 5), whole(3, 4), 1}, // another runtime's integers are written as floats
		{row(0, nan), row(0, nan), 1},
	} {
		if got := differing(c.a, c.b); got != c.want {
			t.Errorf("%v and %v: %d, want %d", c.a, c.b, got, c.want)
		}
	}
}
