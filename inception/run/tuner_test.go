package run_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"inceptiongl/gpu"
	"inceptiongl/gpu/gputest"
	"inceptiongl/inception"
	"inceptiongl/inception/plan"
	"inceptiongl/inception/run"
	"inceptiongl/inception/tensor"
	"inceptiongl/shaders"
)

// clock is a measure that knows each kernel's time and counts what it was asked.
type clock struct {
	time  func(shaders.Key) time.Duration
	calls int
}

func (c *clock) measure(_ context.Context, _ *plan.Step, keys []shaders.Key) ([]time.Duration, error) {
	c.calls++
	var all []time.Duration
	for _, k := range keys {
		all = append(all, c.time(k))
	}
	return all, nil
}

// choicesOf are the kernels for a plan on a roomy device.
func choicesOf(t *testing.T, p *plan.Plan) map[*plan.Step][]shaders.Key {
	t.Helper()
	all, err := run.Candidates(p, roomy, false)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func tune(t *testing.T, tuner *run.Tuner, p *plan.Plan, c *clock) {
	t.Helper()
	if err := tuner.Tune(context.Background(), p.Steps(), choicesOf(t, p), c.measure); err != nil {
		t.Fatal(err)
	}
}

// TestTunerChoosesTheFastest: with one kernel that is far ahead, every step that has it gets it.
func TestTunerChoosesTheFastest(t *testing.T) {
	for name, fast := range map[string]func(shaders.Key) bool{
		"sampler": func(k shaders.Key) bool { return k.Load == shaders.LoadSampler },
		"ssbo":    func(k shaders.Key) bool { return k.Load == shaders.LoadSSBO },
		"image":   func(k shaders.Key) bool { return k.Load == shaders.LoadImage },
	} {
		p := article(t)
		c := &clock{time: func(k shaders.Key) time.Duration {
			if fast(k) {
				return time.Microsecond
			}
			return 3 * time.Microsecond
		}}
		tune(t, run.NewTuner(), p, c)
		if c.calls == 0 {
			t.Fatalf("%s: nothing was measured", name)
		}
		for _, s := range p.Steps() {
			if !fast(s.Key) {
				t.Errorf("%s: step %s got %v", name, s.Name, s.Key)
			}
		}
	}
}

// TestTunerRemembers: the same shapes are not measured again, others are.
func TestTunerRemembers(t *testing.T) {
	tuner := run.NewTuner()
	c := &clock{time: func(k shaders.Key) time.Duration { return time.Duration(1+k.TileX) * time.Microsecond }}
	tuned := func(p *plan.Plan) map[string]shaders.Key {
		t.Helper()
		tune(t, tuner, p, c)
		got := map[string]shaders.Key{}
		for _, s := range p.Steps() {
			got[s.Name] = s.Key
		}
		return got
	}
	first, calls := tuned(article(t)), c.calls
	if calls == 0 {
		t.Fatal("nothing was measured")
	}
	second := tuned(article(t))
	if c.calls != calls {
		t.Errorf("%d measurements for a plan that is known", c.calls-calls)
	}
	for name, k := range first {
		if second[name] != k {
			t.Errorf("step %s: %v first, %v from memory", name, k, second[name])
		}
	}
	tuned(planFor(t, inception.InceptionA(192), tensor.Shape{N: 1, C: 192, H: 35, W: 35}))
	if c.calls == calls {
		t.Error("another shape was not measured")
	}
}

func TestTunerError(t *testing.T) {
	broken := errors.New("broken")
	p, tuner := article(t), run.NewTuner()
	err := tuner.Tune(context.Background(), p.Steps(), choicesOf(t, p),
		func(context.Context, *plan.Step, []shaders.Key) ([]time.Duration, error) { return nil, broken })
	if !errors.Is(err, broken) {
		t.Errorf("error is %v, want the measurement's", err)
	}
	c := &clock{time: func(shaders.Key) time.Duration { return time.Microsecond }}
	tune(t, tuner, p, c) // the turn is free again
	if c.calls == 0 {
		t.Error("after an error nothing was measured")
	}
}

// TestTunerClockStandsStill: a time of 0 says that the clock saw nothing. It must not win, now or from memory.
func TestTunerClockStandsStill(t *testing.T) {
	for name, broken := range map[string]func(shaders.Key) time.Duration{
		"always":     func(shaders.Key) time.Duration { return 0 },
		"for images": func(k shaders.Key) time.Duration { return time.Duration(k.Load-shaders.LoadImage) * time.Microsecond },
		"for tiles":  func(k shaders.Key) time.Duration { return time.Duration(1-min(k.TileX, 1)) * time.Microsecond },
	} {
		p, tuner := article(t), run.NewTuner()
		choices := choicesOf(t, p)
		c := &clock{time: broken}
		tune(t, tuner, p, c)
		for _, s := range p.Steps() {
			if broken(s.Key) == 0 && s.Key != choices[s][0] {
				t.Errorf("%s: step %s got %v, whose time was 0, and not its default %v", name, s.Name, s.Key, choices[s][0])
			}
		}
		if name != "always" {
			continue
		}
		if tuner.Found() != 0 {
			t.Errorf("%d shapes are remembered", tuner.Found())
		}
		c.time = func(k shaders.Key) time.Duration {
			return time.Duration(1+10*(k.Load^shaders.LoadSSBO)) * time.Microsecond
		}
		tune(t, tuner, p, c)
		for _, s := range p.Steps() {
			if s.Key.Load != shaders.LoadSSBO {
				t.Errorf("with a clock that goes, step %s got %v", s.Name, s.Key)
			}
		}
	}
}

// TestTunerDeadline: who waits for another session's measurements can leave, with the reason that its context gives.
func TestTunerDeadline(t *testing.T) {
	tuner := run.NewTuner()
	inside, hold := make(chan struct{}), make(chan struct{})
	first := make(chan error, 1)
	slow := article(t)
	choices := choicesOf(t, slow)
	go func() {
		entered := false
		first <- tuner.Tune(context.Background(), slow.Steps(), choices, func(_ context.Context, _ *plan.Step, keys []shaders.Key) ([]time.Duration, error) {
			if !entered {
				entered = true
				close(inside)
				<-hold
			}
			all := make([]time.Duration, len(keys))
			for i := range all {
				all[i] = time.Duration(1 + i)
			}
			return all, nil
		})
	}()
	<-inside
	p := article(t)
	mine := errors.New("no time for that")
	ctx, cancel := context.WithCancelCause(context.Background())
	time.AfterFunc(5*time.Millisecond, func() { cancel(mine) })
	c := &clock{time: func(shaders.Key) time.Duration { return time.Microsecond }}
	if err := tuner.Tune(ctx, p.Steps(), choicesOf(t, p), c.measure); !errors.Is(err, mine) {
		t.Errorf("error is %v, want the context's cause", err)
	}
	if c.calls != 0 {
		t.Error("two measured at once")
	}
	close(hold)
	if err := <-first; err != nil {
		t.Fatal(err)
	}
	tune(t, tuner, p, c) // what the first found serves all
	if c.calls != 0 {
		t.Errorf("%d measurements of what the first session measured", c.calls)
	}
}

// TestTunerOfDevice: every device has a tuner of its own, which its sessions share: what is fast on one says nothing of another.
func TestTunerOfDevice(t *testing.T) {
	n := small(1)
	a, b := gputest.New(t, gpu.Options{}, true), gputest.New(t, gpu.Options{}, true)
	if one, again := run.TunerOf(a), run.TunerOf(a); one == run.TunerOf(b) || one != again {
		t.Fatal("a device has not one tuner of its own")
	}
	ctx := context.Background()
	compileMeasured := func(d *gpu.Device, o run.Options) {
		t.Helper()
		s, err := run.Compile(ctx, d, n.Graph, n.Input, o)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	compileMeasured(a, run.Options{Kernels: run.KernelsMeasured, NoCache: true})
	if run.TunerOf(a).Found() == 0 || run.TunerOf(a).Spent() == 0 || run.TunerOf(b).Found() != 0 {
		t.Errorf("%d shapes known to the device that measured, %d to the other", run.TunerOf(a).Found(), run.TunerOf(b).Found())
	}
	spent := run.TunerOf(a).Spent()
	compileMeasured(a, run.Options{Kernels: run.KernelsMeasured, NoCache: true})
	if run.TunerOf(a).Spent() != spent {
		t.Error("a second session of the device measured again")
	}
	own := run.NewTuner()
	compileMeasured(b, run.Options{Kernels: run.KernelsMeasured, Tuner: own})
	if own.Found() == 0 || run.TunerOf(b).Found() != 0 {
		t.Errorf("%d shapes known to the tuner given, %d to the device's", own.Found(), run.TunerOf(b).Found())
	}
}

// TestTunerClasses: on a made-up device of 100 multiprocessors, where a tile takes time for its outputs and each round of
// workgroups one more. Small tiles lose the large steps and win the small ones, and each step gets its best.
func TestTunerClasses(t *testing.T) {
	to := shaders.Target{Multiprocessors: 100}
	g := inception.PointwiseStack(64, 256, 256)
	inception.InitHe(g, 1)
	tuner := run.NewTuner()
	chosen := map[int]shaders.Key{}
	for _, size := range []int{224, 14, 7} { // the large one first: nothing that it decides may spoil the small ones
		p, err := plan.New(context.Background(), g, tensor.Shape{N: 1, C: 64, H: size, W: size}, plan.Options{Target: to})
		if err != nil {
			t.Fatal(err)
		}
		choices := map[*plan.Step][]shaders.Key{}
		cost := func(s *plan.Step, k shaders.Key) time.Duration {
			params := s.ParamsFor(k)
			w := k.Workgroups(&params)
			rounds := (w[0]*w[1]*w[2] + to.Multiprocessors - 1) / to.Multiprocessors
			outputs := k.LocalSize()[0] * k.LocalSize()[1] * max(k.TileX, 1) * max(k.TileG, 1)
			return time.Duration(rounds) * time.Duration(outputs+64/max(k.TileG, 1)*max(k.Splits, 1)) * time.Nanosecond
		}
		for _, s := range p.Steps() {
			if choices[s], err = s.Candidates(to); err != nil {
				t.Fatal(err)
			}
		}
		err = tuner.TuneFor(context.Background(), p.Steps(), choices, to, 0, func(_ context.Context, s *plan.Step, keys []shaders.Key) ([]time.Duration, error) {
			var all []time.Duration
			for _, k := range keys {
				all = append(all, cost(s, k))
			}
			return all, nil
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range p.Steps() {
			best := choices[s][0]
			for _, k := range choices[s] {
				if cost(s, k) < cost(s, best) {
					best = k
				}
			}
			if cost(s, s.Key) > cost(s, best)*21/20 { // a tile may have lost to one that is as good
				t.Errorf("%d pixels wide, step %s: got %v (%v), the best is %v (%v)", size, s.Name, s.Key, cost(s, s.Key), best, cost(s, best))
			}
			chosen[size] = s.Key
		}
	}
	if chosen[224] == chosen[7] {
		t.Errorf("one kernel, %v, won large and small: this device tells nothing", chosen[7])
	}
}

// TestTunerBudget: no step is begun after the time is used up, and those not come to keep their default.
func TestTunerBudget(t *testing.T) {
	p := article(t)
	choices := choicesOf(t, p)
	for s, keys := range choices {
		s.Key = keys[0]
	}
	measured := map[string]bool{}
	err := run.NewTuner().TuneFor(context.Background(), p.Steps(), choices, shaders.Target{}, time.Nanosecond,
		func(_ context.Context, s *plan.Step, keys []shaders.Key) ([]time.Duration, error) {
			measured[s.Name] = true
			time.Sleep(time.Microsecond)
			all := make([]time.Duration, len(keys))
			for i := range all {
				all[i] = time.Duration(len(keys) - i) // the last wins
			}
			return all, nil
		})
	if err != nil {
		t.Fatal(err)
	}
	if len(measured) > 1 {
		t.Errorf("%d steps were measured without time for one", len(measured))
	}
	for _, s := range p.Steps() {
		if !measured[s.Name] && s.Key != choices[s][0] {
			t.Errorf("step %s was not measured and has %v", s.Name, s.Key)
		}
	}
}

// TestTunerMemory: what was measured serves later processes on the same device, and no other device.
func TestTunerMemory(t *testing.T) {
	dir, device := t.TempDir(), gpu.DeviceInfo{Vendor: "v", Renderer: "r", Version: "1"}
	last := &clock{time: func(k shaders.Key) time.Duration { return time.Duration(100-k.TileX-10*int(k.Load)) * time.Microsecond }}
	p := article(t)
	tune(t, run.RememberingTuner(dir, device, true), p, last)
	if last.calls == 0 {
		t.Fatal("nothing was measured")
	}
	again := article(t)
	c := &clock{time: last.time}
	tune(t, run.RememberingTuner(dir, device, true), again, c)
	if c.calls != 0 {
		t.Errorf("%d measurements of what is remembered", c.calls)
	}
	for i, s := range again.Steps() {
		if s.Key != p.Steps()[i].Key {
			t.Errorf("step %s: remembered %v, was %v", s.Name, s.Key, p.Steps()[i].Key)
		}
	}
	device.Version = "2"
	tune(t, run.RememberingTuner(dir, device, true), article(t), c)
	if c.calls == 0 {
		t.Error("another driver's measurements are used")
	}
	before := c.calls
	tune(t, run.RememberingTuner(dir, device, false), article(t), c)
	if c.calls == before {
		t.Error("what the GPU's clock measured is used without it")
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 3 {
		t.Fatalf("%d files, %v", len(entries), err)
	}
	for _, e := range entries { // a damaged file is measured again
		if err := os.WriteFile(filepath.Join(dir, e.Name()), []byte("{}"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	before = c.calls
	tune(t, run.RememberingTuner(dir, device, true), article(t), c)
	if c.calls == before {
		t.Error("a damaged file is used")
	}
}
