package inception

import (
	"context"
	"errors"
	"testing"
	"time"

	"inceptiongl/inception/tensor"
	"inceptiongl/shaders"
)

// clock is a measure that knows each kernel's time and counts what it was asked.
type clock struct {
	time  func(shaders.Key) time.Duration
	calls int
	asked map[shaders.Key]bool
}

func (c *clock) measure(_ context.Context, _ *Step, keys []shaders.Key) ([]time.Duration, error) {
	if c.asked == nil {
		c.asked = map[shaders.Key]bool{}
	}
	c.calls++
	var all []time.Duration
	for _, k := range keys {
		c.asked[k] = true
		all = append(all, c.time(k))
	}
	return all, nil
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
		if err := new(Tuner).tune(context.Background(), p.Steps(), c.measure); err != nil {
			t.Fatal(err)
		}
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
	var tuner Tuner
	c := &clock{time: func(k shaders.Key) time.Duration { return time.Duration(1+k.TileX) * time.Microsecond }}
	tune := func(p *Plan) map[string]shaders.Key {
		t.Helper()
		if err := tuner.tune(context.Background(), p.Steps(), c.measure); err != nil {
			t.Fatal(err)
		}
		got := map[string]shaders.Key{}
		for _, s := range p.Steps() {
			got[s.Name] = s.Key
		}
		return got
	}
	first, calls := tune(article(t)), c.calls
	if calls == 0 {
		t.Fatal("nothing was measured")
	}
	second := tune(article(t))
	if c.calls != calls {
		t.Errorf("%d measurements for a plan that is known", c.calls-calls)
	}
	for name, k := range first {
		if second[name] != k {
			t.Errorf("step %s: %v first, %v from memory", name, k, second[name])
		}
	}
	tune(planFor(t, InceptionA(192), tensor.Shape{N: 1, C: 192, H: 35, W: 35}))
	if c.calls == calls {
		t.Error("another shape was not measured")
	}
}

func TestTunerError(t *testing.T) {
	broken := errors.New("broken")
	err := new(Tuner).tune(context.Background(), article(t).Steps(),
		func(context.Context, *Step, []shaders.Key) ([]time.Duration, error) { return nil, broken })
	if !errors.Is(err, broken) {
		t.Errorf("error is %v, want the measurement's", err)
	}
}
