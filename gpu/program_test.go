package gpu_test

import (
	"errors"
	"regexp"
	"strings"
	"testing"

	"inceptiongl/gpu"
	"inceptiongl/gpu/gputest"
)

func TestCompileError(t *testing.T) {
	d := gputest.Open(t)
	_, err := d.Program(bg, gpu.Source{
		Name:    "broken.comp",
		Prelude: "#define TILE 8\n#define RELU 1",
		Text:    "layout(local_size_x = TILE) in;\n\nvoid main() {\n\tfloat x = no_such_name;\n}\n",
	})
	var ce *gpu.CompileError
	if !errors.As(err, &ce) {
		t.Fatalf("got %v, want a CompileError", err)
	}
	for _, want := range []string{"broken.comp", "#define TILE 8", "#define RELU 1", "no_such_name"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("message lacks %q: %v", want, err)
		}
	}
	// Mesa writes 0:4(12), NVIDIA 0(4), others 0:4:.
	if !regexp.MustCompile(`\b0[:(]4\b`).MatchString(ce.Log) {
		t.Errorf("the log does not blame line 4: %s", ce.Log)
	}
}

func TestProgramRefuses(t *testing.T) {
	d := gputest.Open(t)
	head := "layout(local_size_x = 1) in;\nlayout(std430, binding = 0) buffer Out { float dst[]; };\n"
	for _, tc := range []struct{ name, text, says string }{
		{"empty", " \n", "empty"},
		{"no main", head, ""},
		{"no local size", "void main() {}\n", ""},
		{"plain uniform", head + "uniform float scale;\nvoid main() { dst[0] = scale; }\n", "scale"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := d.Program(bg, gpu.Source{Name: "x.comp", Text: tc.text})
			var ce *gpu.CompileError
			if !errors.As(err, &ce) || !strings.Contains(err.Error(), tc.says) {
				t.Errorf("got %v, want a CompileError that mentions %q", err, tc.says)
			}
		})
	}
	program(t, d, double) // and the device still works
}

func TestProgramCache(t *testing.T) {
	d := own(t)
	p := program(t, d, double)
	if program(t, d, double) != p || d.ProgramCount() != 1 {
		t.Errorf("an equal Source was compiled again: %d programs", d.ProgramCount())
	}
	other := double
	other.Prelude = "#define X 1\n"
	if program(t, d, other) == p || d.ProgramCount() != 2 {
		t.Errorf("a different Source shares the program: %d programs", d.ProgramCount())
	}
	if p.Name() != double.Name || p.LocalSize() != [3]int{64, 1, 1} {
		t.Errorf("program is %q with local size %v", p.Name(), p.LocalSize())
	}
}
