package main

import "slices"

// all are the places. Another package's tests may be the ones that notice.
func all() []mutant { return slices.Concat(ofShaders(), ofGPU(), ofPlan(), ofRun(), ofReference()) }

// ofPlan are mutants of the compiler.
func ofPlan() []mutant {
	const pkg, every = "./inception/plan", "."
	return []mutant{
		{file: "inception/plan/lives.go", old: "l.starts[i].First <= t.Last;", new: "l.starts[i].First < t.Last;", pkg: pkg, run: every},
		{file: "inception/plan/memory.go", old: "size = max(size, at+padded(t))", new: "size = max(size, at)", pkg: pkg, run: every},
		{file: "inception/plan/hazard.go", old: "\t\t\t\ta = access[lane]\n", new: "\t\t\t\ta = write[lane]\n", pkg: pkg, run: every},
		{file: "inception/plan/hazard.go", old: "if access[lane].step == nil || b.end > access[lane].end {", new: "if access[lane].step == nil {", pkg: pkg, run: every},
		{file: "inception/plan/hazard.go", old: "for _, k := range []int{at - 1, at} {", new: "for _, k := range []int{at} {", pkg: pkg, run: every},
		{file: "inception/plan/hazard.go", old: ".last < lives[i].first {", new: ".last <= lives[i].last {", pkg: pkg, run: every},
		{file: "inception/plan/hazard.go", old: "if t := s.Scratch; t != nil {", new: "if t := s.Scratch; t == nil && s.Scratch != nil {", pkg: pkg, run: every},
		{file: "inception/plan/hazard.go", old: "v.Channel+v.Channels > v.Tensor.Shape.C", new: "v.Channel > v.Tensor.Shape.C", pkg: pkg, run: every},
		{file: "inception/plan/waves.go", old: "max(ready[u.out.value], w+1)", new: "max(ready[u.out.value], w)", pkg: pkg, run: every},
		{file: "inception/plan/waves.go", old: "len(all[i]) < shaders.MaxSegments", new: "len(all[i]) <= shaders.MaxSegments", pkg: pkg, run: every},
		{file: "inception/plan/waves.go", old: "size[i]+floats <= limit", new: "size[i] <= limit", pkg: pkg, run: every},
		{file: "inception/plan/split.go", old: "part.out.channel += first", new: "part.out.channel += 0", pkg: pkg, run: every},
		{file: "inception/plan/fold_pad.go", old: "op.Pad.Left += pad.Left", new: "op.Pad.Left += pad.Top", pkg: pkg, run: every},
		{file: "inception/plan/fold_pad.go", old: "op.Type != graph.Average || op.Pad", new: "op.Pad", pkg: pkg, run: every},
		{file: "inception/plan/fold_affine.go", old: "w.act == nil && d.uses(u.in) == 1", new: "w.act == nil", pkg: pkg, run: every},
		{file: "inception/plan/fold_affine.go", old: "(c.Pad != graph.Padding{} && u.weights.HasBias())", new: "false", pkg: pkg, run: every},
		{file: "inception/plan/residual.go", old: "w.in2 != none || w.shape", new: "w.shape", pkg: pkg, run: every},
	}
}

// ofRun are mutants of the runtime, and of what keeps sessions.
func ofRun() []mutant {
	const pkg = "./inception/run"
	return []mutant{
		{file: "inception/classify/stream.go", old: "a.queue, a.pictures = nil, nil\n\treturn queue, end", new: "return queue, end", pkg: "./inception/classify", run: "^TestPictures$", hangs: true},
		{file: "inception/run/session.go", old: "\tif s.closed {\n\t\treturn nil\n\t}\n", new: "", pkg: pkg, run: "^TestClose"},
		{file: "inception/run/session.go", old: "defer s.staging.Put(buf)", new: "s.staging.Put(buf)", pkg: pkg, run: "^TestSoak$"},
		{file: "inception/run/session.go", old: "\t<-s.busy\n\tdefer func() { s.busy <- struct{}{} }()\n", new: "", pkg: pkg, run: "^TestCloseDuringRuns$", race: true},
		{file: "inception/run/session.go", old: "all = append(all, min(n, images-each))", new: "all = append(all, n)", pkg: pkg, run: "Parts"},
		{file: "inception/run/session.go", old: "if !s.weights.unchanged() {", new: "if !s.weights.unchanged() && ys == nil {", pkg: pkg, run: "Weights"},
		{file: "inception/run/weights.go", old: "\tp.users++\n", new: "", pkg: pkg, run: "Weights", hangs: true},
		{file: "inception/run/weights.go", old: "if last || p.failed() {", new: "if last {", pkg: pkg, run: "Weights", hangs: true},
		{file: "inception/run/weights.go", old: "\ts.mu.Lock()\n\tdefer s.mu.Unlock()\n\tif s.graphs == nil", new: "\tif s.graphs == nil", pkg: pkg, run: "^TestManyGoroutinesShareWeights$", race: true},
		{file: "inception/run/weights.go", old: "return nil, errors.Join(err, b.Close())", new: "return nil, err", pkg: pkg, run: "^TestCancelledCompile$"},
		{file: "inception/run/compile.go", old: "return nil, errors.Join(err, s.release())", new: "return nil, err", pkg: pkg, run: "^TestAllocationFailure$"},
		{file: "inception/run/compile.go", old: "case images.N > 1 && g.Separable(input):", new: "case images.N > 1:", pkg: pkg, run: "^TestDependentImages"},
		{file: "inception/run/fit.go", old: "if bytes := 16 * r.texels; bytes > maxBlock(l) {", new: "if bytes := 8 * r.texels; bytes > maxBlock(l) {", pkg: pkg, run: "^TestFit"},
		{file: "inception/run/fit.go", old: "if r.texels > l.MaxTexelBuffer {", new: "if r.texels > 2*l.MaxTexelBuffer {", pkg: pkg, run: "^TestFit"},
		{file: "inception/run/fit.go", old: "if n > l.MaxGroups[i] {", new: "if n > 2*l.MaxGroups[i] {", pkg: pkg, run: "^TestFit"},
		{file: "inception/run/bind.go", old: "texels{b.Arena, b.ScratchAt + r.First, r.Texels}", new: "texels{b.Arena, b.ScratchAt, r.Texels}", pkg: pkg, run: "^TestWinogradSession$"},
		{file: "inception/run/work.go", old: "int(float64(n[0]*n[1]*n[2])/parts)", new: "int(float64(n[0]*n[1]*n[2])*parts)", pkg: pkg, run: "^TestLongDispatches$"},
		{file: "inception/session_cache.go", old: "len(c.sessions) <= maxSessions && bytes", new: "bytes", pkg: "./inception", run: "Cache|Evict"},
		{file: "inception/session_cache.go", old: "\tif e.users > 0 || !e.compiled {\n", new: "\tif !e.compiled {\n", pkg: "./inception", run: "Cache|Evict"},
		{file: "inception/session_cache.go", old: "c.forget(dev) // memory", new: "_ = dev // memory", pkg: "./inception", run: "Cache|^TestForwardGPUAfterFaults$"},
	}
}

// ofReference are mutants of the specification and of files' readers.
func ofReference() []mutant {
	const pkg = "./cpuref"
	return []mutant{
		{file: "cpuref/check.go", old: "if !(share <= 1) {", new: "if share > 1000 {", pkg: pkg, run: "Check"},
		{file: "cpuref/check.go", old: "case math.IsNaN(diff) || math.IsInf(diff, 0) ||", new: "case math.IsInf(diff, 0) ||", pkg: pkg, run: "Check"},
		{file: "cpuref/check.go", old: "if got.Shape != ref.Shape {", new: "if got.Len() != ref.Shape.Len() {", pkg: pkg, run: "Check"},
		{file: "cpuref/cpuref.go", old: "return nu / (1 - nu)", new: "return 2 * nu / (1 - nu)", pkg: pkg, run: "."},
		{file: "cpuref/cpuref.go", old: "if r.Ops == 0 {", new: "if r.Ops < 0 {", pkg: pkg, run: "."},
		{file: "inception/weights/safetensors.go", old: "if from != end || to < from", new: "if from < end || to < from", pkg: "./inception/weights", run: "Safetensors"},
		{file: "inception/onnx/node.go", old: "\tif err := b.ctx.Err(); err != nil {\n\t\treturn err\n\t}\n", new: "", pkg: "./inception/onnx", run: "^TestCancel$"},
		{file: "inception/tensor/half.go", old: "return math.Float32frombits(sign | (exp+127-15)<<23", new: "return math.Float32frombits(sign | (exp+127-14)<<23", pkg: "./inception/weights", run: "."},
	}
}
