//go:build cgo && (linux || windows)

package gpu

import (
	"fmt"
	"strings"

	"github.com/go-gl/gl/v4.3-core/gl"
)

// compile compiles, links and reflects a compute shader (sections 7.1 to 7.3).
func (g *glDriver) compile(s Source) (*Program, error) {
	fail := func(log string) (*Program, error) {
		if log == "" {
			log = "the driver gave no log"
		}
		return nil, &CompileError{Name: s.Name, Defines: s.Prelude, Log: log}
	}
	if strings.TrimSpace(s.Text) == "" {
		return fail("the shader is empty")
	}
	drainErrors()
	shader := gl.CreateShader(gl.COMPUTE_SHADER)
	defer gl.DeleteShader(shader)
	parts := s.strings()
	lengths := make([]int32, len(parts))
	for i, p := range parts {
		lengths[i] = int32(len(p))
	}
	text, free := gl.Strs(parts...)
	gl.ShaderSource(shader, int32(len(parts)), text, &lengths[0])
	free()
	gl.CompileShader(shader)
	var ok int32
	if gl.GetShaderiv(shader, gl.COMPILE_STATUS, &ok); ok == gl.FALSE {
		log := infoLog(shader, gl.GetShaderiv, gl.GetShaderInfoLog)
		if err := g.check(); losesContext(err) {
			return nil, err
		}
		return fail(log)
	}
	id := gl.CreateProgram()
	gl.AttachShader(id, shader)
	gl.LinkProgram(id)
	gl.DetachShader(id, shader)
	if gl.GetProgramiv(id, gl.LINK_STATUS, &ok); ok == gl.FALSE {
		log := infoLog(id, gl.GetProgramiv, gl.GetProgramInfoLog)
		gl.DeleteProgram(id)
		if err := g.check(); losesContext(err) {
			return nil, err
		}
		return fail(log)
	}
	g.label(gl.PROGRAM, id, s.Name)
	p := &Program{id: id}
	var local [3]int32
	gl.GetProgramiv(id, gl.COMPUTE_WORK_GROUP_SIZE, &local[0])
	for i, n := range local {
		p.local[i] = int(n)
	}
	var bad string
	p.needs, bad = needs(id)
	err := g.check()
	if err == nil && bad != "" {
		err = &CompileError{Name: s.Name, Defines: s.Prelude, Log: bad}
	}
	if err != nil {
		gl.DeleteProgram(id)
		return nil, err
	}
	return p, nil
}

// infoLog reads a shader's or a program's log.
func infoLog(id uint32, getiv func(uint32, uint32, *int32), getLog func(uint32, int32, *int32, *uint8)) string {
	var n int32
	getiv(id, gl.INFO_LOG_LENGTH, &n)
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
