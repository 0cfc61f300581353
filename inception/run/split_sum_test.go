package run_test

import (
	"context"
	"math"
	"slices"
	"testing"

	"inceptiongl/cpuref/verify"
	"inceptiongl/gpu/gputest"
	"inceptiongl/inception"
	"inceptiongl/inception/internal/nettest"
	"inceptiongl/inception/plan"
	"inceptiongl/inception/run"
	"inceptiongl/inception/tensor"
	"inceptiongl/shaders"
)

// inParts picks, where a step has one, a kernel that sums in n parts and reads in that way.
func inParts(n int, load shaders.Load) func(*plan.Step, []shaders.Key) shaders.Key {
	return func(step *plan.Step, fit []shaders.Key) shaders.Key {
		params := step.Params()
		for _, k := range fit {
			k.Splits, k.Load = n, load
			if k.Check(&params, shaders.Target{MaxIterations: 65535}) == nil {
				return k
			}
		}
		return fit[0]
	}
}

func sameBits(a, b *tensor.Tensor) bool {
	return a.Shape == b.Shape && slices.EqualFunc(a.Data, b.Data, func(x, y float32) bool { return math.Float32bits(x) == math.Float32bits(y) })
}

// TestSplitSums: networks whose convolutions all sum in parts, with a barrier and scratch between two dispatches, are right
// in every element, and the same bit by bit from run to run and beside other runs' kernels.
func TestSplitSums(t *testing.T) {
	d := gputest.Open(t)
	ctx := context.Background()
	seed := nettest.Seed(t)
	split := 0
	for i, n := range nettest.Networks(seed) {
		x := inception.RandomInput(n.Input, seed)
		for k, parts := range []int{2, 3, 5} {
			if k != i%3 && n.Name != "article" && n.Name != "residual" {
				continue // each program takes a while to compile on some drivers
			}
			load := shaders.Loads()[k]
			s, err := run.Compile(ctx, d, n.Graph, n.Input, run.Options{Choose: inParts(parts, load)})
			if err != nil {
				t.Fatalf("%s in %d parts: %v", n.Name, parts, err)
			}
			for _, step := range s.Plan().Steps() {
				params := step.Params()
				launches, err := step.Key.Launches(&params)
				if err != nil || (step.Scratch != nil) != (len(launches) > 1) {
					t.Errorf("%s: step %s with %v has scratch %v for %d dispatches, %v", n.Name, step.Name, step.Key, step.Scratch, len(launches), err)
				}
				if step.Key.Splits > 1 {
					split++
				}
			}
			wantStages(t, s)
			first, err := s.RunAll(ctx, x)
			if err != nil {
				t.Fatalf("%s in %d parts: %v", n.Name, parts, err)
			}
			if err := nettest.CheckAnswer(n.Graph, first, nettest.Reference(t, n, x)); err != nil {
				t.Errorf("%s in %d parts: %v", n.Name, parts, err)
			}
			for range 3 {
				again, err := s.RunAll(ctx, x)
				if err != nil || !slices.EqualFunc(first, again, sameBits) {
					t.Errorf("%s in %d parts: two runs differ, %v", n.Name, parts, err)
				}
			}
			if len(s.Plan().Steps()) > 0 {
				y, reports, err := verify.Session(ctx, s, x)
				if err == nil {
					err = verify.Failed(reports)
				}
				if err != nil || !sameBits(y, first[0]) {
					t.Errorf("%s in %d parts, traced: %v, or it differs", n.Name, parts, err)
				}
			}
			timed(t, s, x)
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		}
	}
	if split < 40 {
		t.Errorf("%d steps summed in parts", split)
	}
}

// wantStages checks the barriers: before the first one every step of a wave has a dispatch, before the second those that sum in
// parts. Drivers that run dispatches one after the other would hide a mistake.
func wantStages(t *testing.T, s *run.Session) {
	t.Helper()
	waves, pass := s.Stages()
	if len(waves) != len(s.Plan().Waves) {
		t.Fatalf("%d waves, want %d", len(waves), len(s.Plan().Waves))
	}
	for w, stages := range waves {
		var want [2][]int
		for i, step := range s.Plan().Waves[w].Steps {
			want[0] = append(want[0], i)
			if step.Scratch != nil {
				want[1] = append(want[1], i)
			}
		}
		n := 1
		if want[1] != nil {
			n = 2
		}
		if len(stages) != n || !slices.EqualFunc(stages, want[:n], slices.Equal) {
			t.Errorf("wave %d has dispatches of steps %v between barriers, want %v", w+1, stages, want[:n])
			continue
		}
		for k, steps := range stages {
			for i, step := range steps {
				if got, want := pass[k][i].Name, s.Plan().Waves[w].Steps[step].Name; got != want {
					t.Errorf("wave %d, stage %d runs %s, want %s", w+1, k+1, got, want)
				}
			}
		}
		pass = pass[n:]
	}
	if len(pass) != 0 {
		t.Errorf("%d stages too many in the pass", len(pass))
	}
}

// timed checks that a run's times are those of its steps, whatever number of dispatches they have.
func timed(t *testing.T, s *run.Session, x *tensor.Tensor) {
	t.Helper()
	_, timing, err := s.RunTimed(context.Background(), x, true)
	if err != nil {
		t.Error(err)
		return
	}
	waves := s.Plan().Waves
	if len(timing.Waves) != len(waves) || len(timing.Steps) != len(waves) {
		t.Errorf("%d waves timed, %d of them by step, want %d", len(timing.Waves), len(timing.Steps), len(waves))
		return
	}
	for w := range waves {
		if len(timing.Steps[w]) != len(waves[w].Steps) {
			t.Errorf("wave %d: %d steps timed, want %d", w+1, len(timing.Steps[w]), len(waves[w].Steps))
		}
		for i, step := range waves[w].Steps {
			if timing.Steps[w][i] > timing.Waves[w] {
				t.Errorf("step %s takes %v of its wave's %v", step.Name, timing.Steps[w][i], timing.Waves[w])
			}
			if _, err := s.TimeStep(context.Background(), step); err != nil {
				t.Errorf("step %s: %v", step.Name, err)
			}
		}
	}
}

// TestManyMultiprocessors: the kernels that a GPU of many multiprocessors is offered beside the default ones, split sums among
// them, give the right answer.
func TestManyMultiprocessors(t *testing.T) {
	d := gputest.Open(t)
	ctx := context.Background()
	n := nettest.Find(t, "article")
	target := shaders.Target{Multiprocessors: 1000, MaxIterations: d.Traits().MaxIterations}
	split := 0
	s, err := run.Compile(ctx, d, n.Graph, n.Input, run.Options{Choose: func(step *plan.Step, fit []shaders.Key) shaders.Key {
		keys, err := step.Candidates(target)
		if err != nil {
			t.Error(err)
		}
		if i := slices.IndexFunc(keys, func(k shaders.Key) bool { return k.Splits > 1 }); i >= 0 {
			split++
			return keys[i]
		}
		return fit[0]
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if split == 0 {
		t.Fatal("no split sums among the candidates")
	}
	_, reports, err := verify.Session(ctx, s, inception.RandomInput(n.Input, nettest.Seed(t)))
	if err == nil {
		err = verify.Failed(reports)
	}
	if err != nil {
		t.Error(err)
	}
}

// TestChooseErrors: a kernel that can't run the step is an error with both names.
func TestChooseErrors(t *testing.T) {
	d := gputest.Open(t)
	n := small(1)
	for name, k := range map[string]shaders.Key{"none": {}, "another operator's": {Kernel: shaders.Pad}} {
		_, err := run.Compile(context.Background(), d, n.Graph, n.Input, run.Options{Choose: func(*plan.Step, []shaders.Key) shaders.Key { return k }})
		if err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
