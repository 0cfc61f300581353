package gpu

import (
	"strings"
	"testing"
	"time"
)

// TestTryClock has clocks of all kinds watch a machine that takes 20 ns for a loop and 50 µs for starting and waiting.
func TestTryClock(t *testing.T) {
	const loop, wait = 20 * time.Nanosecond, 50 * time.Microsecond
	calls := 0
	for _, tc := range []struct {
		name   string
		device func(work time.Duration) time.Duration
		wall   func(work time.Duration) time.Duration // nil: work + wait
		good   bool
	}{
		{"right", func(w time.Duration) time.Duration { return w }, nil, true},
		{"right, with the wait", func(w time.Duration) time.Duration { return w + wait }, nil, true},
		{"always 25 µs", func(time.Duration) time.Duration { return 25 * time.Microsecond }, nil, false},
		{"standing still", func(time.Duration) time.Duration { return 0 }, nil, false},
		{"back", func(w time.Duration) time.Duration { return -w }, nil, false},
		{"in other units", func(w time.Duration) time.Duration { return w / 27 }, nil, false},
		{"too fast", func(w time.Duration) time.Duration { return 10 * w }, nil, false},
		{"right on a busy machine", func(w time.Duration) time.Duration { return w }, func(w time.Duration) time.Duration {
			if calls%3 != 0 {
				return w + 3*time.Millisecond
			}
			return w + wait
		}, true},
		{"always 25 µs on a busy machine", func(time.Duration) time.Duration { return 25 * time.Microsecond }, func(w time.Duration) time.Duration {
			if calls%3 != 0 {
				return w + 3*time.Millisecond
			}
			return w + wait
		}, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			calls = 0
			fault := tryClock(func(loops uint32) lap {
				if loops > trialMost {
					t.Fatalf("%d loops", loops)
				}
				calls++
				work := time.Duration(loops) * loop
				if tc.wall == nil {
					return lap{tc.device(work), work + wait}
				}
				return lap{tc.device(work), tc.wall(work)}
			})
			if (fault == "") != tc.good {
				t.Errorf("fault %q; is the clock good? %v", fault, tc.good)
			}
			if !tc.good && !strings.Contains(fault, "device's clock") {
				t.Errorf("the fault does not say what is wrong: %q", fault)
			}
		})
	}
}
