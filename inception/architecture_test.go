package inception_test

import (
	"bytes"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "inceptiongl"

// imports are, for every package of the module and all that they depend on, what it imports itself, tests left out.
func imports(t *testing.T) map[string][]string {
	t.Helper()
	cmd := exec.Command("go", "list", "-deps", "-f", `{{.ImportPath}} {{join .Imports " "}}`, module+"/...")
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %v\n%s", cmd, err, stderr.String())
	}
	all := map[string][]string{}
	for line := range strings.Lines(string(out)) {
		words := strings.Fields(line)
		all[words[0]] = words[1:]
	}
	return all
}

// under reports a package of that path or below it.
func under(pkg, path string) bool { return pkg == path || strings.HasPrefix(pkg, path+"/") }

// TestArchitecture: imports point down only. The table names what each package may import of ours; so the library can't fall
// back to the CPU, as nothing in it that runs on the GPU imports cpuref, and the compiler knows no device.
func TestArchitecture(t *testing.T) {
	may := map[string]string{
		"gpu":     "gpu/internal/seam",
		"shaders": "",

		"inception/tensor":  "",
		"inception/graph":   "inception/tensor",
		"inception/tail":    "inception/tensor inception/graph",
		"inception/files":   "",
		"inception/weights": "inception/tensor inception/graph inception/files inception/internal/strictjson",
		"inception/images":  "inception/tensor inception/files",

		"inception/internal/strictjson": "",

		"inception/onnx/internal/onnxpb": "",
		"inception/onnx":                 "inception/tensor inception/graph inception/tail inception/files inception/onnx/internal/onnxpb",

		"inception/plan": "inception/tensor inception/graph shaders",
		"inception/run":  "inception/tensor inception/graph inception/files inception/plan shaders gpu",
		"inception":      "inception/tensor inception/graph inception/run gpu",

		"inception/digits": "inception inception/graph inception/weights",

		"inception/classify": "inception inception/tensor inception/graph inception/tail inception/images inception/onnx inception/weights inception/files inception/internal/strictjson inception/digits gpu",

		"cpuref":        "inception/tensor inception/graph",
		"cpuref/verify": "inception/tensor inception/graph inception/plan inception/run cpuref",

		// For tests only.
		"gpu/internal/seam":          "",
		"gpu/gputest":                "gpu gpu/internal/seam",
		"gpu/gputest/glfault":        "gpu/internal/seam",
		"inception/internal/nettest": "inception inception/tensor inception/graph cpuref",
	}
	others := map[string]bool{"gpu": true, "inception/weights": true} // may import what is neither ours nor Go's
	all := imports(t)
	for pkg, list := range all {
		if !under(pkg, module) {
			continue
		}
		name := strings.TrimPrefix(pkg, module+"/")
		allowed, known := may[name]
		program := under(pkg, module+"/cmd")
		if !known && !program {
			t.Errorf("package %s has no place in this test's table", name)
		}
		for _, dep := range list {
			ours, isOurs := strings.CutPrefix(dep, module+"/")
			switch {
			case isOurs && program:
				if under(dep, module+"/gpu/gputest") || ours == "cmd/internal/browsertest" || under(dep, module+"/inception/internal") {
					t.Errorf("%s must not import %s, which is for tests", name, ours)
				}
			case isOurs && !slices.Contains(strings.Fields(allowed), ours):
				t.Errorf("%s must not import %s", name, ours)
			case under(dep, "github.com/go-gl") && name != "gpu", under(dep, "github.com") && !others[name] && !program:
				t.Errorf("%s must not import %s", name, dep)
			}
		}
		for _, dep := range strings.Fields(allowed) { // so that the table doesn't go stale
			if !slices.Contains(list, module+"/"+dep) {
				t.Errorf("%s doesn't import %s: the table is out of date", name, dep)
			}
		}
	}
	for name := range may {
		if all[module+"/"+name] == nil {
			t.Errorf("package %s is not there: the table is out of date", name)
		}
	}
}

// TestFileLength: no file of the library is over 400 lines.
func TestFileLength(t *testing.T) {
	files := 0
	for _, dir := range []string{"gpu", "shaders", "inception", "cpuref"} {
		err := filepath.WalkDir(filepath.Join("..", dir), func(path string, e fs.DirEntry, err error) error {
			if err != nil || e.IsDir() || filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") || strings.HasSuffix(path, ".pb.go") {
				return err
			}
			text, err := os.ReadFile(path)
			if n := bytes.Count(text, []byte("\n")); n > 400 {
				t.Errorf("%s has %d lines", path, n)
			}
			files++
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if files < 100 {
		t.Errorf("%d files found: are these all?", files)
	}
}
