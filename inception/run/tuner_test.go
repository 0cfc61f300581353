package run_test

import (
	"context"
	"errors"
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
	compileMeasured(a, run.Options{})
	if run.TunerOf(a).Found() == 0 || run.TunerOf(a).Spent() == 0 || run.TunerOf(b).Found() != 0 {
		t.Errorf("%d shapes known to the device that measured, %d to the other", run.TunerOf(a).Found(), run.TunerOf(b).Found())
	}
	spent := run.TunerOf(a).Spent()
	compileMeasured(a, run.Options{})
	if run.TunerOf(a).Spent() != spent {
		t.Error("a second session of the device measured again")
	}
	own := run.NewTuner()
	compileMeasured(b, run.Options{Tuner: own})
	if own.Found() == 0 || run.TunerOf(b).Found() != 0 {
		t.Errorf("%d shapes known to the tuner given, %d to the device's", own.Found(), run.TunerOf(b).Found())
	}
}
