package main

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"inceptiongl/gpu"
)

// MemoryReport is the most memory that the process had resident, in bytes. A graphics card's own memory is not in it.
type MemoryReport struct {
	FirstRun int64 // when the first answer was there: what a program that uses the network needs
	End      int64 // with verification, the framework-like plan and all else that bench does
}

// DispatchReport is what dispatches cost that do nothing, by the host's clock.
type DispatchReport struct {
	Pass    Timing // a pass of one
	Barrier Timing // each of many in one pass, with a barrier after each
	Wave    Timing // each of many in one wave, with one barrier for all
}

// peakMemory is the process's peak so far, where the system is Linux.
func peakMemory() (bytes int64, ok bool) {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0, false
	}
	return parsePeak(string(text))
}

// parsePeak finds the line "VmHWM:    1234 kB".
func parsePeak(status string) (bytes int64, ok bool) {
	for line := range strings.Lines(status) {
		rest, ok := strings.CutPrefix(line, "VmHWM:")
		if !ok {
			continue
		}
		number, ok := strings.CutSuffix(strings.TrimSpace(rest), " kB")
		if !ok {
			return 0, false
		}
		n, err := strconv.ParseInt(strings.TrimSpace(number), 10, 64)
		return n << 10, err == nil && n > 0
	}
	return 0, false
}

// timeDispatches times passes of empty dispatches. What a pass costs whatever is in it is taken off where each of many is timed.
func timeDispatches(ctx context.Context, d *gpu.Device, runs int) (*DispatchReport, error) {
	p, err := ceilingProgram(ctx, d, "empty.comp", "")
	if err != nil {
		return nil, err
	}
	const many = 512
	empty := gpu.Dispatch{Name: "empty", Program: p, Groups: [3]int{1, 1, 1}}
	one := [][]gpu.Dispatch{{empty}}
	var waves [][]gpu.Dispatch
	wave := make([]gpu.Dispatch, many)
	for i := range wave {
		wave[i] = empty
		waves = append(waves, one[0])
	}
	var passes []*gpu.Pass
	for _, w := range [][][]gpu.Dispatch{one, waves, {wave}} {
		r, err := d.Record(ctx, w)
		if err != nil {
			return nil, err
		}
		passes = append(passes, &gpu.Pass{Recording: r})
	}
	times := make([][]time.Duration, len(passes))
	for i := range 1 + runs {
		for k, p := range passes {
			t, err := d.Run(ctx, p)
			if err != nil {
				return nil, err
			}
			if i > 0 {
				times[k] = append(times[k], t.Wall)
			}
		}
	}
	r := &DispatchReport{Pass: summarise(times[0])}
	each := func(all []time.Duration) Timing {
		t := summarise(all)
		for _, v := range []*float64{&t.Median, &t.P10, &t.P90} {
			*v = max(0, *v-r.Pass.Median) / (many - 1)
		}
		return t
	}
	r.Barrier, r.Wave = each(times[1]), each(times[2])
	return r, nil
}

// costs prints what a run costs beside its steps, and what happens once.
func (p *textPrinter) costs(r *Report) {
	c := r.Compile
	fmt.Fprintf(p.out, "Cold start             %s from opening the device (%s) to the first answer; the driver may have remembered programs\n", seconds(c.ColdStart), seconds(c.Open))
	if m := r.Memory; m != nil {
		fmt.Fprintf(p.out, "Peak memory            %s resident after the first answer; %s at bench's end\n", size(m.FirstRun), size(m.End))
	}
	if d := r.Dispatches; d != nil {
		fmt.Fprintf(p.out, "Empty dispatch         %s with a barrier, %s without; a pass of one %s\n", seconds(d.Barrier.Median), seconds(d.Wave.Median), seconds(d.Pass.Median))
	}
}
