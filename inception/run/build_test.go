package run_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"inceptiongl/cpuref/verify"
	"inceptiongl/gpu"
	"inceptiongl/gpu/gputest"
	"inceptiongl/inception"
	"inceptiongl/inception/plan"
	"inceptiongl/inception/run"
	"inceptiongl/shaders"
)

// TestRefusedKernels: a kernel that the driver doesn't compile is replaced, whether it was the rule's choice or loses a measurement;
// only where it refuses all is that an error.
func TestRefusedKernels(t *testing.T) {
	d := gputest.Open(t)
	ctx := context.Background()
	n := small(1)
	tiled := func(k shaders.Key) bool { return strings.HasSuffix(k.Kernel.Name, "_tiled") }
	for name, c := range map[string]struct {
		kernels run.Kernels
		refuse  func(shaders.Key) bool
	}{
		"tiled, by the rule": {run.KernelsDefault, tiled},
		"tiled, measured":    {run.KernelsMeasured, tiled},
		"images":             {run.KernelsMeasured, func(k shaders.Key) bool { return k.Load == shaders.LoadImage }},
		"all but plain ones": {run.KernelsDefault, func(k shaders.Key) bool { return !k.Kernel.Plain }},
	} {
		o := run.Options{Kernels: c.kernels, Tuner: run.NewTuner()}.WithRefused(c.refuse)
		s, err := run.Compile(ctx, d, n.Graph, n.Input, o)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for _, step := range s.Plan().Steps() {
			if c.refuse(step.Key) {
				t.Errorf("%s: step %s has %v, which the driver refuses", name, step.Name, step.Key)
			}
		}
		if c.kernels == run.KernelsDefault && len(s.Notes()) == 0 {
			t.Errorf("%s: no note of it", name)
		}
		_, reports, err := verify.Session(ctx, s, inception.RandomInput(n.Input, 1))
		if err == nil {
			err = verify.Failed(reports)
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		s.Close()
	}
	all := func(shaders.Key) bool { return true }
	var refusal *gpu.CompileError
	if _, err := run.Compile(ctx, d, n.Graph, n.Input, run.Options{Kernels: run.KernelsDefault}.WithRefused(all)); !errors.As(err, &refusal) {
		t.Errorf("all refused: error is %v", err)
	}
	chosen := run.Options{Choose: func(_ *plan.Step, fit []shaders.Key) shaders.Key { return fit[0] }}.WithRefused(tiled)
	if _, err := run.Compile(ctx, d, n.Graph, n.Input, chosen); !errors.As(err, &refusal) {
		t.Errorf("a kernel that was asked for is refused: error is %v", err)
	}
}
