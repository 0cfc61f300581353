//go:build cgo && (linux || windows)

package gpu

import (
	"errors"
	"fmt"
	"strings"

	"github.com/go-gl/gl/v4.3-core/gl"
)

// startProgram hands a shader, or the binary that the driver made of it before, to the
// driver (sections 7.1 to 7.5). It asks for nothing that the driver would have to
// finish first.
func (g *glDriver) startProgram(s Source, known programBinary, keep bool) *build {
	b := &build{source: s, keep: keep && g.binaries}
	if strings.TrimSpace(s.Text) == "" {
		b.err = compileError(s, "the shader is empty")
		return b
	}
	drainErrors()
	if b.program = gl.CreateProgram(); b.program == 0 {
		if b.err = g.check(); b.err == nil {
			b.err = errors.New("glCreateProgram gave none")
		}
		return b
	}
	if len(known.data) > 0 && g.binaries {
		gl.ProgramBinary(b.program, known.format, gl.Ptr(known.data), int32(len(known.data)))
		g.forget() // the link status tells whether the binary is of use
		return b
	}
	g.compile(b)
	return b
}

// compile starts to compile and link.
func (g *glDriver) compile(b *build) {
	b.shader = gl.CreateShader(gl.COMPUTE_SHADER)
	parts := b.source.strings()
	lengths := make([]int32, len(parts))
	for i, p := range parts {
		lengths[i] = int32(len(p))
	}
	text, free := gl.Strs(parts...)
	gl.ShaderSource(b.shader, int32(len(parts)), text, &lengths[0])
	free()
	gl.CompileShader(b.shader)
	gl.AttachShader(b.program, b.shader)
	if b.keep {
		gl.ProgramParameteri(b.program, gl.PROGRAM_BINARY_RETRIEVABLE_HINT, gl.TRUE)
	}
	gl.LinkProgram(b.program) // fails where compiling fails
	b.err = g.check()
}

// forget drops errors that do not matter.
func (g *glDriver) forget() {
	drainErrors()
	if g.debug {
		debugMessages()
	}
}

// endProgram waits for the driver and reflects on the program.
func (g *glDriver) endProgram(b *build) (*Program, error) {
	p, err := g.linked(b)
	gl.DeleteShader(b.shader) // 0 is ignored
	if err != nil {
		gl.DeleteProgram(b.program)
		return nil, err
	}
	return p, nil
}

// dropProgram deletes what was begun.
func (g *glDriver) dropProgram(b *build) {
	gl.DeleteShader(b.shader)
	gl.DeleteProgram(b.program)
}

func (g *glDriver) linked(b *build) (*Program, error) {
	drainErrors()
	id := b.program
	if id != 0 && b.shader == 0 && status(id, gl.GetProgramiv, gl.LINK_STATUS) == gl.FALSE {
		g.compile(b) // the binary was of no use
	}
	if id == 0 || losesContext(b.err) { // id 0: b.err says why
		return nil, b.err
	}
	if status(id, gl.GetProgramiv, gl.LINK_STATUS) == gl.FALSE {
		log := infoLog(id, gl.GetProgramiv, gl.GetProgramInfoLog)
		if status(b.shader, gl.GetShaderiv, gl.COMPILE_STATUS) == gl.FALSE {
			log = infoLog(b.shader, gl.GetShaderiv, gl.GetShaderInfoLog)
		}
		if err := g.check(); losesContext(err) {
			return nil, err
		}
		return nil, compileError(b.source, log)
	}
	if b.err != nil {
		return nil, b.err
	}
	if b.shader != 0 {
		gl.DetachShader(id, b.shader)
	}
	g.label(gl.PROGRAM, id, b.source.Name)
	p := &Program{id: id}
	var local [3]int32
	gl.GetProgramiv(id, gl.COMPUTE_WORK_GROUP_SIZE, &local[0])
	for i, n := range local {
		p.local[i] = int(n)
	}
	var bad string
	p.needs, bad = needs(id)
	if err := g.check(); err != nil {
		return nil, err
	}
	if bad != "" {
		return nil, compileError(b.source, bad)
	}
	if b.keep && b.shader != 0 {
		b.binary = programBinaryOf(id)
		g.forget() // a program without a binary is as good
	}
	return p, nil
}

func compileError(s Source, log string) error {
	if log == "" {
		log = "the driver gave no log"
	}
	return &CompileError{Name: s.Name, Defines: s.Prelude, Log: log}
}

// programBinaryOf is empty where the driver has none to give.
func programBinaryOf(id uint32) programBinary {
	n := status(id, gl.GetProgramiv, gl.PROGRAM_BINARY_LENGTH)
	if n <= 0 {
		return programBinary{}
	}
	b := programBinary{data: make([]byte, n)}
	gl.GetProgramBinary(id, n, &n, &b.format, gl.Ptr(b.data))
	b.data = b.data[:max(0, min(int(n), len(b.data)))]
	return b
}

// status reads one number of a shader or a program.
func status(id uint32, getiv func(uint32, uint32, *int32), name uint32) int32 {
	var v int32
	getiv(id, name, &v)
	return v
}

// infoLog reads a shader's or a program's log.
func infoLog(id uint32, getiv func(uint32, uint32, *int32), getLog func(uint32, int32, *int32, *uint8)) string {
	n := status(id, getiv, gl.INFO_LOG_LENGTH)
	if n <= 0 {
		return ""
	}
	buf := make([]byte, n)
	getLog(id, n, &n, &buf[0])
	return strings.TrimRight(string(buf[:n]), "\x00\n ")
}

// needs lists the bindings of a linked program (section 7.3.1). bad names a
// uniform that a Dispatch cannot set.
func needs(id uint32) (list []need, bad string) {
	for _, b := range []struct {
		iface uint32
		kind  needKind
	}{{gl.SHADER_STORAGE_BLOCK, needStorage}, {gl.UNIFORM_BLOCK, needUniforms}} {
		for i := range active(id, b.iface) {
			v := properties(id, b.iface, i, gl.BUFFER_BINDING, gl.BUFFER_DATA_SIZE)
			size := int(v[1])
			if b.kind == needStorage {
				size = max(1, size-15) // Mesa rounds up to 16, std430 does not
			}
			list = append(list, need{b.kind, resourceName(id, b.iface, i), int(v[0]), size})
		}
	}
	for i := range active(id, gl.UNIFORM) {
		v := properties(id, gl.UNIFORM, i, gl.TYPE, gl.LOCATION, gl.ARRAY_SIZE, gl.BLOCK_INDEX)
		if v[3] >= 0 {
			continue // member of a uniform block
		}
		name := resourceName(id, gl.UNIFORM, i)
		kind := needSampler
		switch v[0] {
		case gl.SAMPLER_BUFFER:
		case gl.IMAGE_BUFFER:
			kind = needImage
		default:
			return nil, fmt.Sprintf("uniform %s: only blocks, samplerBuffer and imageBuffer are supported; put it in a uniform block", name)
		}
		for k := range max(1, v[2]) {
			var unit int32
			gl.GetUniformiv(id, v[1]+k, &unit)
			list = append(list, need{kind, name, int(unit), 16})
		}
	}
	return list, ""
}

func active(id, iface uint32) uint32 {
	var n int32
	gl.GetProgramInterfaceiv(id, iface, gl.ACTIVE_RESOURCES, &n)
	return uint32(max(0, n))
}

func properties(id, iface, index uint32, props ...uint32) []int32 {
	out := make([]int32, len(props))
	gl.GetProgramResourceiv(id, iface, index, int32(len(props)), &props[0], int32(len(out)), nil, &out[0])
	return out
}

func resourceName(id, iface, index uint32) string {
	n := properties(id, iface, index, gl.NAME_LENGTH)[0]
	if n <= 0 {
		return ""
	}
	buf := make([]byte, n)
	gl.GetProgramResourceName(id, iface, index, n, &n, &buf[0])
	return string(buf[:max(0, int(n))])
}
