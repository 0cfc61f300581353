package main

// ofGPU are mutants of the device and of the driver.
func ofGPU() []mutant {
	const pkg, alloc = "./gpu", "^TestAllocationFailure$"
	return []mutant{
		{file: "gpu/record.go", old: "rec.r.calls = append(rec.r.calls, call{op: callBarrier})", new: "", pkg: pkg, run: "^TestRecorder$"},
		{file: "gpu/record.go", old: "if r.closed == now {", new: "if r.closed <= now {", pkg: pkg, run: "Record"},
		{file: "gpu/record.go", old: "if have != c {", new: "if have.op != c.op {", pkg: pkg, run: "^TestRecorder$"},
		{file: "gpu/record.go", old: "if rec.err != nil {\n\t\treturn nil, rec.err\n\t}\n", new: "", pkg: "./inception/run", run: alloc},
		{file: "gpu/gl_pass.go", old: "gl.SHADER_STORAGE_BARRIER_BIT | gl.TEXTURE_FETCH", new: "gl.TEXTURE_FETCH", pkg: pkg, run: "Barrier"},
		{file: "gpu/gl_pass.go", old: "if err := g.check(); err != nil {\n\t\treturn Timing{}, nil, err\n\t}\n\treturn clock.timing(r), nil, nil", new: "return clock.timing(r), nil, nil", pkg: "./inception/run", run: "^TestContextLoss$"},
		{file: "gpu/gl_pass.go", old: "return true, g.check()\n\t}, nil", new: "return true, nil\n\t}, nil", pkg: "./inception/run", run: "^TestContextLoss$"},
		{file: "gpu/gl_driver.go", old: "if kind.oom && !kind.lost {", new: "if kind.oom && kind.lost {", pkg: pkg, run: "^TestOutOfMemory"},
		{file: "gpu/gl_driver.go", old: "if lost {\n\t\terrs = append(errs, ErrContextLost)\n\t}\n", new: "", pkg: "./inception/run", run: "^TestContextLoss$"},
		{file: "gpu/gl_clock.go", old: "f := fences{g: c.g, ctx: c.ctx}", new: "f := fences{g: c.g, ctx: context.Background()}", pkg: pkg, run: "^TestHang$", hangs: true},
		{file: "gpu/gl_buffer.go", old: "\tundo()\n", new: "\t_ = undo\n", pkg: "./inception/run", run: alloc},
		{file: "gpu/gl_buffer.go", old: "r := texelRange{t.Offset, rangeSize", new: "r := texelRange{0, rangeSize", pkg: pkg, run: "^TestTexel"},
		{file: "gpu/gl_buffer.go", old: "for _, view := range ids.views {\n\t\tgl.DeleteTextures(1, &view)\n\t}\n", new: "", pkg: "./inception/run", run: alloc},
		{file: "gpu/gl_program.go", old: "g.compile(b) // the binary was of no use", new: "", pkg: pkg, run: "^TestBinaryOfNoUse$"},
		{file: "gpu/gl_program.go", old: "if b.err = g.check(); b.err == nil {", new: "if b.err != nil {", pkg: "./inception/run", run: alloc},
		{file: "gpu/gl_program.go", old: "gl.DeleteShader(b.shader) // 0 is ignored", new: "", pkg: "./inception/run", run: alloc},
		{file: "gpu/gl_wait.go", old: "return false, ended(ctx)", new: "return false, nil", pkg: pkg, run: "^TestHang$", hangs: true},
		{file: "gpu/gl_wait.go", old: "\tfor _, fence := range f.pending {\n\t\tgl.DeleteSync(fence)\n\t}\n", new: "", pkg: "./inception/run", run: alloc},
		{file: "gpu/gl_wait.go", old: "if now()-since < g.patience {", new: "if now()-since < g.patience || true {", pkg: pkg, run: "^TestHang$", hangs: true},
		{file: "gpu/gl_staging.go", old: "for s.held[s.next] {", new: "for s.held[s.next] && s.next < 0 {", pkg: pkg, run: "^TestHeldSlots$"},
		{file: "gpu/thread.go", old: "if losesContext(err) && d.lost.Load() == nil {", new: "if losesContext(err) && d.lost.Load() != nil {", pkg: pkg, run: "^TestLostForGood$"},
		{file: "gpu/thread.go", old: "if err := ended(ctx); err != nil {\n\t\treturn fmt.Errorf(\"gpu: before the call: %w\", err)\n\t}\n", new: "", pkg: pkg, run: "^TestCancelled$"},
		{file: "gpu/thread.go", old: "\tdefer d.drv.close()\n", new: "", pkg: pkg, run: "^TestLostForGood$"},
		{file: "gpu/device.go", old: "\t<-d.gone\n", new: "", pkg: pkg, run: "^TestCloseWhileBusy$", hangs: true},
		{file: "gpu/buffer.go", old: "n > b.size-offset:", new: "n > b.size:", pkg: pkg, run: "Refuses|Buffer"},
		{file: "gpu/validate.go", old: "case size > most:", new: "case size > 2*most:", pkg: pkg, run: "Refuses|Beyond|Limit"},
		{file: "gpu/validate.go", old: "case offset%align != 0:", new: "case offset%align < 0:", pkg: pkg, run: "^TestMisaligned$"},
		{file: "gpu/validate.go", old: "n > d.lim.MaxGroups[i] {", new: "n > d.lim.MaxGroups[i]+1 {", pkg: pkg, run: "Refuses|Dispatch|Limit"},
		{file: "gpu/validate.go", old: "if size < n.size {", new: "if size < 0 {", pkg: pkg, run: "."},
		{file: "gpu/attach.go", old: "for i := len(order) - 1; i >= 0; i-- {", new: "for i := range order {", pkg: pkg, run: "^TestAttach"},
	}
}
