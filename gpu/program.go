package gpu

import (
	"context"
	"fmt"
	"strings"
)

// Source is a compute shader. It is comparable: equal Sources share a Program.
type Source struct {
	Name    string // file name, for messages
	Prelude string // lines like "#define TILE 8\n"
	Text    string // the shader without #version
}

// strings returns the parts for glShaderSource. The #line directive makes the
// driver count lines from the start of Text.
func (s Source) strings() []string {
	prelude := s.Prelude
	if prelude != "" && !strings.HasSuffix(prelude, "\n") {
		prelude += "\n"
	}
	return []string{"#version 430 core\n", prelude, "#line 1\n", s.Text}
}

// Program is a linked compute program. It lives as long as its device.
type Program struct {
	dev   *Device
	name  string
	id    uint32
	local [3]int
	needs []need // the bindings that its code reads or writes
}

// need is one binding that the linked program uses.
type need struct {
	kind    needKind
	name    string // GLSL name
	binding int    // binding point or unit
	size    int    // smallest range in bytes, for blocks
}

type needKind int

const (
	needStorage needKind = iota
	needUniforms
	needSampler
	needImage
)

func (k needKind) String() string {
	return [...]string{"storage block", "uniform block", "samplerBuffer", "imageBuffer"}[k]
}

// Name is Source.Name.
func (p *Program) Name() string { return p.name }

// LocalSize is the workgroup size in invocations (local_size_x, _y, _z).
func (p *Program) LocalSize() [3]int { return p.local }

// Program compiles and links s, or returns the program made earlier from an
// equal Source. A faulty shader gives a *CompileError. Shaders take their
// parameters from blocks, samplerBuffer and imageBuffer only: a plain uniform is
// an error, since a Dispatch could not set it.
func (d *Device) Program(ctx context.Context, s Source) (*Program, error) {
	programs, errs := d.Programs(ctx, []Source{s})
	return programs[0], errs[0]
}

// Programs is Program for many sources, with a program or an error for each. The
// driver is given all of them before it is asked for any: some compile on several
// threads.
func (d *Device) Programs(ctx context.Context, list []Source) ([]*Program, []error) {
	programs, errs := make([]*Program, len(list)), make([]error, len(list))
	var todo []wanted
	if !d.closed() {
		todo = d.lookUp(list)
	}
	made := map[Source]programBinary{}
	failed := map[Source]error{}
	if len(todo) > 0 {
		if err := d.do(ctx, func() error { return d.build(ctx, todo, made, failed) }); err != nil {
			for _, w := range todo {
				if failed[w.source] == nil {
					failed[w.source] = err
				}
			}
		}
	}
	if d.store != nil {
		for s, b := range made {
			key := programKey(d.inf, d.lim.RobustAccess, s)
			d.store.Put(key, b.seal(key))
		}
	}
	for i, s := range list {
		err := failed[s]
		if programs[i] = d.cached(s); programs[i] == nil || d.closed() {
			programs[i] = nil
			if err == nil {
				err = fmt.Errorf("device: %w", ErrClosed)
			}
			errs[i] = fmt.Errorf("gpu: program %s: %w", s.Name, err)
		}
	}
	return programs, errs
}

// wanted is a program to make.
type wanted struct {
	source Source
	binary programBinary // what the store had, if anything
}

// lookUp lists the sources to make.
func (d *Device) lookUp(list []Source) []wanted {
	var todo []wanted
	seen := map[Source]bool{}
	for _, s := range list {
		if seen[s] || d.cached(s) != nil {
			continue
		}
		seen[s] = true
		w := wanted{source: s}
		if d.store != nil {
			key := programKey(d.inf, d.lim.RobustAccess, s)
			if raw, ok := d.store.Get(key); ok {
				w.binary, _ = unseal(key, raw)
			}
		}
		todo = append(todo, w)
	}
	return todo
}

// build makes programs, on the thread. Binaries of those that were compiled go to
// made, if there is a store, and what went wrong to failed. The error is that of the
// context or of the device.
func (d *Device) build(ctx context.Context, todo []wanted, made map[Source]programBinary, failed map[Source]error) error {
	var builds []*build
	for _, w := range todo {
		if d.cached(w.source) == nil { // another goroutine may have been faster
			builds = append(builds, d.drv.startProgram(w.source, w.binary, d.store != nil))
		}
	}
	var stop error
	for _, b := range builds {
		if stop == nil {
			stop = ended(ctx)
		}
		if stop != nil {
			d.drv.dropProgram(b)
			continue
		}
		p, err := d.drv.endProgram(b)
		if err != nil {
			failed[b.source] = err
			if losesContext(err) {
				stop = err
			}
			continue
		}
		if len(b.binary.data) > 0 {
			made[b.source] = b.binary
		}
		p.dev, p.name = d, b.source.Name
		d.mu.Lock()
		d.programs[b.source] = p
		d.mu.Unlock()
	}
	return stop
}

// ProgramCount is the number of programs made so far.
func (d *Device) ProgramCount() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.programs)
}

func (d *Device) cached(s Source) *Program {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.programs[s]
}
