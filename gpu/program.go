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
	if p := d.cached(s); p != nil && !d.closed() {
		return p, nil
	}
	var p *Program
	err := d.do(ctx, func() error {
		if p = d.cached(s); p != nil { // another goroutine was faster
			return nil
		}
		made, err := d.drv.compile(s)
		if err != nil {
			return err
		}
		made.dev, made.name = d, s.Name
		d.mu.Lock()
		d.programs[s] = made
		d.mu.Unlock()
		p = made
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("gpu: program %s: %w", s.Name, err)
	}
	return p, nil
}

// Programs is the number of programs compiled so far.
func (d *Device) Programs() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.programs)
}

func (d *Device) cached(s Source) *Program {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.programs[s]
}
