package inception_test

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "inceptiongl"

// dependencies lists a package and all that it depends on, tests left out.
func dependencies(t *testing.T, pkg string) []string {
	t.Helper()
	cmd := exec.Command("go", "list", "-deps", pkg)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list -deps %s: %v\n%s", pkg, err, stderr.String())
	}
	deps := strings.Fields(string(out))
	if !slices.Contains(deps, pkg) {
		t.Fatalf("go list -deps %s doesn't list the package itself, so it proves nothing:\n%s", pkg, out)
	}
	return deps
}

// under reports a package of that path or below it.
func under(pkg, path string) bool { return pkg == path || strings.HasPrefix(pkg, path+"/") }

// TestArchitecture: imports point down only, and the library can't fall back to the CPU as it doesn't hold cpuref.
func TestArchitecture(t *testing.T) {
	const (
		cpuref  = module + "/cpuref"
		gpu     = module + "/gpu"
		shaders = module + "/shaders"
		network = module + "/inception"
		graph   = network + "/graph"
		tensor  = network + "/tensor"
	)
	for pkg, forbidden := range map[string][]string{
		gpu:     {module},
		shaders: {module},
		network: {cpuref, module + "/cmd"},
		graph:   {cpuref, gpu, shaders, "github.com"},
		tensor:  {module, "github.com"},
		cpuref:  {gpu, shaders, "github.com/go-gl"},

		network + "/files":   {module, "github.com"},
		network + "/weights": {cpuref, gpu, shaders, "github.com/go-gl"},
		network + "/onnx":    {cpuref, gpu, shaders, "github.com/go-gl"},
		network + "/images":  {cpuref, gpu, shaders, "github.com/go-gl"},
		network + "/digits":  {cpuref, module + "/cmd"},

		network + "/classify": {cpuref, module + "/cmd"},
	} {
		for _, dep := range dependencies(t, pkg) {
			for _, f := range forbidden {
				if dep != pkg && under(dep, f) {
					t.Errorf("%s must not depend on %s", pkg, dep)
				}
			}
		}
	}
	// What must be there, so that a rule above doesn't hold for want of a package.
	for _, dep := range []string{gpu, shaders, graph, tensor} {
		if !slices.Contains(dependencies(t, network), dep) {
			t.Errorf("%s doesn't depend on %s: have the paths in this test gone stale?", network, dep)
		}
	}
	if !slices.Contains(dependencies(t, cpuref), graph) {
		t.Errorf("%s doesn't depend on %s: have the paths in this test gone stale?", cpuref, graph)
	}
}
