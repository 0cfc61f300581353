//go:build cgo && (linux || windows)

package gpu

import (
	"context"
	"testing"
	"time"
)

// longSource takes long for its buffer's first value, and changes nothing.
var longSource = Source{Name: "long.comp", Text: `layout(local_size_x = 64) in;
layout(std430, binding = 0) buffer Data { float v[]; };
void main() {
	float s = v[0];
	for (int k = 0; k < int(v[0]); k++) s = sqrt(s * s + 1.0);
	if (s < 0.0) v[1] = s;
}
`}

// longPass is a pass of one dispatch with so many loops.
func longPass(t *testing.T, d *Device, loops float32) *Pass {
	t.Helper()
	ctx := context.Background()
	p, err := d.Program(ctx, longSource)
	if err != nil {
		t.Fatal(err)
	}
	b, err := d.NewBuffer(ctx, "long", 64)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Upload(ctx, 0, []float32{loops}); err != nil {
		t.Fatal(err)
	}
	x := Dispatch{Name: "long", Program: p, Groups: [3]int{16, 1, 1}, Storage: []Storage{{Buffer: b}}}
	return &Pass{Time: true, Waves: [][]Dispatch{{x}}}
}

// TestClockOfDevice compares the times that users get with the wall clock, whatever clock they come from.
func TestClockOfDevice(t *testing.T) {
	d, g := openReal(t, Options{})
	lim := d.Limits()
	t.Logf("timestamps: %v; %s; waiting costs %v", lim.Timestamps, lim.ClockFault, g.waitCost)
	if lim.Timestamps != (lim.ClockFault == "") {
		t.Error("Timestamps and ClockFault contradict each other")
	}
	for _, clock := range []string{"as opened", "wall clock"} {
		if clock == "wall clock" {
			g.lim.Timestamps = false // seen by the next job
		}
		p := longPass(t, d, 60000)
		var got Timing
		var err error
		for range 10 {
			if got, err = d.Run(context.Background(), p); err != nil {
				t.Fatal(err)
			}
			if got.Total > got.Wall/2 && got.Total <= got.Wall*5/4 {
				break // otherwise another program may have had the machine
			}
		}
		t.Logf("%s: %v of %v", clock, got.Total, got.Wall)
		if got.Total <= got.Wall/2 || got.Total > got.Wall*5/4 {
			t.Errorf("%s: a pass that takes %v on the wall takes %v by this clock", clock, got.Wall, got.Total)
		}
	}
}

// TestShortByTheWall compares both clocks on a dispatch that does next to nothing.
func TestShortByTheWall(t *testing.T) {
	d, g := openReal(t, Options{})
	if !d.Limits().Timestamps {
		t.Log("only the wall clock is of use here")
	}
	p := longPass(t, d, 20)
	least := func() time.Duration {
		best := time.Hour
		for range 50 {
			got, err := d.Run(context.Background(), p)
			if err != nil {
				t.Fatal(err)
			}
			best = min(best, got.Total)
		}
		return best
	}
	device := least()
	g.lim.Timestamps = false
	wall := least()
	t.Logf("by the device %v, by the wall %v", device, wall)
	if wall > 10*device || device > 10*wall {
		t.Errorf("a short dispatch takes %v by the device's clock and %v by the wall clock", device, wall)
	}
}

// TestClockThatLies gives a real context the clock that llvmpipe has through GLX.
func TestClockThatLies(t *testing.T) {
	d, g := openReal(t, Options{})
	var ns uint64
	err := d.do(context.Background(), func() error {
		g.read = func(uint32) uint64 { ns += 25000; return ns }
		g.calibrate()
		return g.check()
	})
	if err != nil {
		t.Fatal(err)
	}
	if g.lim.Timestamps || g.lim.ClockFault == "" {
		t.Errorf("a clock that always says 25 µs was believed")
	}
	t.Log(g.lim.ClockFault)
}
