package gpu

import (
	"errors"
	"fmt"
	"strings"
)

// Errors that callers may want to tell apart with errors.Is.
var (
	// ErrNoDevice means that no OpenGL 4.3 context could be made; the message
	// lists every attempt and what to install.
	ErrNoDevice = errors.New("no OpenGL 4.3 device")
	// ErrLimit means that a request exceeds one of the device's Limits.
	ErrLimit = errors.New("beyond a limit of the device")
	// ErrOutOfMemory means that the driver ran out of memory. GL leaves the
	// context's state undefined after it (section 2.3.1), so the device is lost and
	// the error wraps ErrContextLost, too; but not where a buffer
	// or a view of one was being made and the context then proved that it still works.
	ErrOutOfMemory = errors.New("out of GPU memory")
	// ErrContextLost means that the GPU was reset or that an earlier error left
	// the context undefined. Close the device and open it again.
	ErrContextLost = errors.New("GL context lost")
	// ErrClosed means that the device or the buffer was closed before the call.
	ErrClosed = errors.New("already closed")
)

// CompileError says why a shader did not compile or link. Use errors.As.
type CompileError struct {
	Name    string // Source.Name
	Defines string // Source.Prelude
	Log     string // the driver's log; its line numbers are those of Source.Text
}

func (e *CompileError) Error() string {
	defines := strings.Join(strings.Split(strings.TrimSpace(e.Defines), "\n"), "; ")
	if defines == "" {
		defines = "no defines"
	}
	return fmt.Sprintf("gpu: compiling %s (%s): %s", e.Name, defines, strings.TrimSpace(e.Log))
}

// losesContext reports whether the device is of no further use after err.
func losesContext(err error) bool {
	return errors.Is(err, ErrContextLost)
}
