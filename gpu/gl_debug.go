//go:build cgo && (linux || windows)

package gpu

import (
	"strings"

	"github.com/go-gl/gl/v4.3-core/gl"
)

// startDebug has the context log its errors (section 20). It registers no
// callback: go-gl keeps one for the whole process, whereas the message log
// belongs to the context and is read when we like.
func startDebug() {
	gl.Enable(gl.DEBUG_OUTPUT)
	gl.Enable(gl.DEBUG_OUTPUT_SYNCHRONOUS)
	// The log may hold as little as one message, so only failures go in.
	gl.DebugMessageControl(gl.DONT_CARE, gl.DONT_CARE, gl.DONT_CARE, 0, nil, false)
	gl.DebugMessageControl(gl.DONT_CARE, gl.DEBUG_TYPE_ERROR, gl.DONT_CARE, 0, nil, true)
	gl.DebugMessageControl(gl.DONT_CARE, gl.DEBUG_TYPE_UNDEFINED_BEHAVIOR, gl.DONT_CARE, 0, nil, true)
	gl.DebugMessageControl(gl.DONT_CARE, gl.DONT_CARE, gl.DEBUG_SEVERITY_HIGH, 0, nil, true)
	debugMessages()
}

// debugMessages empties the log.
func debugMessages() string {
	size := getInt(gl.MAX_DEBUG_MESSAGE_LENGTH)
	if size <= 0 {
		return ""
	}
	text := make([]byte, size+1)
	var all []string
	for range maxErrors {
		var n int32
		if gl.GetDebugMessageLog(1, int32(len(text)), nil, nil, nil, nil, &n, &text[0]) == 0 {
			break
		}
		all = append(all, strings.TrimRight(string(text[:max(0, int(n))]), "\x00\n "))
	}
	return strings.Join(all, "; ")
}

// label names an object in the driver's messages and in frame debuggers.
func (g *glDriver) label(kind, id uint32, name string) {
	if !g.debug || name == "" {
		return
	}
	raw := []byte(name)
	if most := getInt(gl.MAX_LABEL_LENGTH) - 1; len(raw) > most {
		raw = raw[:max(1, most)]
	}
	gl.ObjectLabel(kind, id, int32(len(raw)), &raw[0])
}
