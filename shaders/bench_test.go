package shaders_test

import (
	"context"
	"slices"
	"time"

	"inceptiongl/gpu"
	"inceptiongl/shaders"
)

// gflops runs the keys on p, alternating, and returns the median rate of each in GFLOP/s.
func (l *lab) gflops(p *problem, keys []shaders.Key, rounds int) []float64 {
	rates := make([][]float64, len(keys))
	for round := range rounds + 1 {
		for i, k := range keys {
			if err := k.Check(&p.params); err != nil {
				l.tb.Fatal(err)
			}
			d, err := l.dispatch(k, p)
			if err != nil {
				l.tb.Fatal(err)
			}
			pass := &gpu.Pass{Waves: [][]gpu.Dispatch{{d}}}
			if round == 0 { // compiles
				pass.Uploads = []gpu.Transfer{{Buffer: l.arena, Data: p.arena}, {Buffer: l.weights, Data: p.weights}}
			}
			start := time.Now()
			t, err := l.dev.Run(context.Background(), pass)
			if err != nil {
				l.tb.Fatal(err)
			}
			if round == 0 {
				if s := time.Since(start); s > time.Second {
					l.tb.Logf("%v: first run %v", k, s)
				}
				continue
			}
			rates[i] = append(rates[i], p.flops/float64(t.Wall.Nanoseconds()))
		}
	}
	median := make([]float64, len(keys))
	for i := range keys {
		slices.Sort(rates[i])
		median[i] = rates[i][len(rates[i])/2]
	}
	return median
}
