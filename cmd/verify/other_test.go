//go:build !windows

package main

import (
	"context"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"inceptiongl/cpuref"
	"inceptiongl/gpu/gputest"
	"inceptiongl/inception/onnx"
	"inceptiongl/inception/tensor"
	"inceptiongl/inception/weights"
)

// fakePython says what $SAYS is, and gives $ANSWER as its output.
const fakePython = `#!/bin/sh
test -s "$1" && test -s "$2" && cmp -s "$3" "$INPUT" && test -d "$4" || { echo files are missing >&2; exit 1; }
case $SAYS in
missing) echo '{"missing": "No module named onnxruntime"}'; exit ;;
ends) echo something happened >&2; exit 1 ;;
esac
echo '{"about": "Other 9.9"}'
case $SAYS in
error) echo '{"error": "Invalid model"}'; exit ;;
none) echo '{"outputs": 0}'; exit ;;
half) cp "$ANSWER" "$4/0.npy"; echo '{"outputs": 1, "half": true}'; exit ;;
two) cp "$ANSWER" "$4/1.npy"; cp "$ANSWER" "$4/0.npy"; echo '{"outputs": 2}'; exit ;;
esac
cp "$ANSWER" "$4/0.npy"
echo '{"outputs": 1}'
`

func TestAgainst(t *testing.T) {
	gputest.Need(t)
	gputest.Case()
	dir := t.TempDir()
	python, answer := filepath.Join(dir, "python"), filepath.Join(dir, "answer.npy")
	if err := os.WriteFile(python, []byte(fakePython), 0o700); err != nil {
		t.Fatal(err)
	}
	m, err := onnx.Load(context.Background(), module, onnx.Options{})
	if err != nil {
		t.Fatal(err)
	}
	a, err := weights.ReadNpy(moduleIn)
	if err != nil {
		t.Fatal(err)
	}
	x, err := tensor.FromData(tensor.Shape{N: 2, C: 5, H: 13, W: 7}, a.Data)
	if err != nil {
		t.Fatal(err)
	}
	y, err := cpuref.Run(context.Background(), m.Graph, x)
	if err != nil {
		t.Fatal(err)
	}
	input := filepath.Join(dir, "input.npy") // as verify writes it
	if err := weights.WriteNpy(input, a.Dims, a.Data); err != nil {
		t.Fatal(err)
	}
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	t.Setenv("INPUT", input)
	t.Setenv("ANSWER", answer)
	args := []string{module, "--in", moduleIn, "--against=onnxruntime", "--python", python}
	right, wrong, nan := append([]float32{}, y.Data...), append([]float32{}, y.Data...), append([]float32{}, y.Data...)
	wrong[7] += 1
	nan[7] = float32(math.NaN())
	for _, c := range []struct {
		says string
		data []float32
		code int
		want string // in the error
	}{
		{"", right, 0, ""},
		{"", wrong, 1, "Other 9.9 is"},
		{"", nan, 1, "of Other 9.9 can't be compared"},
		{"", right[1:], 1, "of Other 9.9 can't be compared"},
		{"half", wrong, 0, ""}, // it rounds as its file says, to half precision
		{"two", right, 2, "gives 2 outputs, the model has 1"},
		{"none", right, 2, "no outputs"},
		{"error", right, 2, "Other 9.9: Invalid model"},
		{"ends", right, 2, "something happened"},
		{"missing", right, 2, python + " -m pip install numpy onnxruntime"},
	} {
		t.Setenv("SAYS", c.says)
		if err := weights.WriteNpy(answer, []int{len(c.data)}, c.data); err != nil {
			t.Fatal(err)
		}
		out, code, err := command(t, nil, args...)
		if code != c.code || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: status %d, %v; want %d and %q", c.says, code, err, c.code, c.want)
		}
		if told := strings.Contains(out, "Other 9.9\n"); told != (c.code < 2) || strings.Contains(out, "WRONG") != (c.code == 1) {
			t.Errorf("%s: output\n%s", c.says, out)
		}
	}
	t.Setenv("SAYS", "")
	if err := weights.WriteNpy(answer, []int{len(right)}, right); err != nil {
		t.Fatal(err)
	}
	r, _ := report(t, 0, nil, args...)
	if len(r.Outputs) != 1 || r.Outputs[0].Against == nil || *r.Outputs[0].Against > 1e-7 || r.Against != "Other 9.9" {
		t.Errorf("%+v", r)
	}
	left, err := os.ReadDir(temp)
	if err != nil || len(left) > 0 {
		t.Errorf("folders are left: %v, %v", left, err)
	}
}
