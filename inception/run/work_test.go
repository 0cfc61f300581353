package run_test

import (
	"context"
	"math"
	"slices"
	"testing"

	"inceptiongl/gpu"
	"inceptiongl/gpu/gputest"
	"inceptiongl/inception"
	"inceptiongl/inception/internal/nettest"
	"inceptiongl/inception/run"
	"inceptiongl/shaders"
)

// TestLongDispatches: where steps would multiply too much at once they run in several dispatches, none of which does, with the same bits;
// whole runs, traced ones and timed ones.
func TestLongDispatches(t *testing.T) {
	d := gputest.Open(t)
	ctx := context.Background()
	seed := nettest.Seed(t)
	networks := deterministic(seed)
	google := networks[len(networks)-1]
	google.Input.N = 2
	chosen := []nettest.Network{google}
	for i, n := range networks[:len(networks)-1] {
		if (uint64(i)+seed)%6 == 0 || every {
			chosen = append(chosen, n)
		}
	}
	split := 0
	for _, n := range chosen {
		x := inception.RandomInput(n.Input, seed)
		o := run.Options{Kernels: run.KernelsDefault}
		want := answers(t, d, n, x, o)
		whole := compile(t, d, n)
		longest := 0.0
		for _, step := range whole.Plan().Steps() {
			longest = max(longest, run.Estimate(step))
		}
		most := max(int64(longest/9), 1)
		s, err := run.Compile(ctx, d, n.Graph, n.Input, o.WithWork(most))
		if err != nil {
			t.Fatalf("%s: %v", n.Name, err)
		}
		for range 2 {
			if got, err := s.RunAll(ctx, x); err != nil || !slices.EqualFunc(want, got, sameBits) {
				t.Errorf("%s in parts: another answer, %v", n.Name, err)
			}
		}
		split += wantShort(t, n.Name, s, most) - len(whole.Plan().Steps())
		if len(whole.Plan().Steps()) > 0 {
			traced, err := s.Trace(ctx, x, func(run.StepTrace) error { return nil })
			if err != nil || !slices.EqualFunc(want, traced, sameBits) {
				t.Errorf("%s in parts, traced: another answer, %v", n.Name, err)
			}
			timed(t, s, x)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		gputest.Case()
	}
	gputest.Tell(t, "%d networks, %d more dispatches", len(chosen), split)
	if split < 9 {
		t.Errorf("%d more dispatches", split)
	}
}

// wantShort is how many dispatches s has. None must have more than most to do, but for single workgroups.
func wantShort(t *testing.T, name string, s *run.Session, most int64) int {
	t.Helper()
	waves, pass := s.Stages()
	count, at := 0, 0
	for w, stages := range waves {
		type launch struct {
			step    int
			program *gpu.Program
		}
		all := map[launch]int{} // workgroups
		var parts []launch
		var groups []int
		for _, steps := range stages {
			for i, step := range steps {
				x := pass[at][i]
				l, n := launch{step, x.Program}, x.Groups[0]*x.Groups[1]*x.Groups[2]
				all[l] += n
				parts, groups = append(parts, l), append(groups, n)
			}
			at++
		}
		for i, l := range parts {
			step := s.Plan().Waves[w].Steps[l.step]
			if share := run.Estimate(step) * float64(groups[i]) / float64(all[l]); share > float64(most) && groups[i] > 1 {
				t.Errorf("%s: a dispatch of step %s with %v: %.0f, want %d at most", name, step.Name, step.Key, share, most)
			}
		}
		count += len(parts)
	}
	return count
}

// TestMeasuredInParts: kernels that are measured run in parts, too, and so does what is chosen.
func TestMeasuredInParts(t *testing.T) {
	d := gputest.Open(t)
	seed := nettest.Seed(t)
	n := small(seed)
	x := inception.RandomInput(n.Input, seed)
	o := run.Options{Kernels: run.KernelsMeasured, Tuner: run.NewTuner()}
	got := answers(t, d, n, x, o.WithWork(1000))
	if want := answers(t, d, n, x, o); !slices.EqualFunc(want, got, sameBits) { // of the same kernels: they were measured before
		t.Error("another answer")
	}
	if o.Tuner.Found() == 0 {
		t.Error("nothing was measured")
	}
}

// TestMostWork: at least what a small GPU does in half a second, more on a large one, anything on a software driver.
func TestMostWork(t *testing.T) {
	for _, c := range []struct {
		target shaders.Target
		want   int64
	}{
		{shaders.Target{}, 20e9}, {shaders.Target{Multiprocessors: 3}, 20e9}, {shaders.Target{Multiprocessors: 132}, 660e9},
		{shaders.Target{Software: true}, math.MaxInt64},
	} {
		if got := run.MostWork(c.target); got != c.want {
			t.Errorf("%+v: %d, want %d", c.target, got, c.want)
		}
	}
}
