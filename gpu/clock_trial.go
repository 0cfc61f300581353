package gpu

import (
	"fmt"
	"time"
)

// trialSource is work of a length that we choose: loops that depend on each other.
var trialSource = Source{
	Name: "clock trial",
	Text: `layout(local_size_x = 32) in;
layout(std430, binding = 0) buffer Work { uint loops; float never; };
void main() {
	float s = float(gl_LocalInvocationID.x);
	for (uint k = 0u; k < loops; k++) s = sqrt(s * s + 1.0);
	if (s < 0.0) never = s;
}
`}

// The long work is the first that takes trialLength longer than the short one, by the wall clock.
const (
	trialShort  = 1
	trialFirst  = 512
	trialMost   = 32768 // below every Traits.MaxIterations
	trialLength = 300 * time.Microsecond
	trialRounds = 3
	trialDoubts = 12 // rounds before a clock is called wrong: on a busy machine the wall clock may be the one that errs
)

// lap is one dispatch of the trial, by both clocks.
type lap struct{ device, wall time.Duration }

// best keeps the shortest time of each clock, since other programs only ever add.
func (l lap) best(m lap) lap { return lap{min(l.device, m.device), min(l.wall, m.wall)} }

// tryClock compares the device's clock with the wall clock on short and long work.
// Their difference is what counts: starting and waiting cost the same for both.
// fault is empty if the clocks agree.
func tryClock(run func(loops uint32) lap) (fault string) {
	run(trialShort) // some drivers compile now
	short := run(trialShort).best(run(trialShort))
	loops := uint32(trialFirst)
	long := run(loops)
	for long.wall-short.wall < trialLength && loops < trialMost {
		loops *= 4
		long = run(loops)
	}
	for i := 1; ; i++ {
		short, long = short.best(run(trialShort)), long.best(run(loops))
		if i < trialRounds {
			continue
		}
		device, wall := long.device-short.device, long.wall-short.wall
		if device >= wall/2 && device <= 2*wall {
			return ""
		}
		if i == trialDoubts {
			return fmt.Sprintf("work of %v takes %v by the device's clock", wall, device)
		}
	}
}
