//go:build !cgo || !(linux || windows)

package gpu

import (
	"errors"
	"runtime"
)

// candidates says why there are none, so that everything but the GPU works.
func candidates(ways) ([]candidate, []attempt) {
	why := errors.New("built without cgo; build with CGO_ENABLED=1 and a C compiler")
	switch runtime.GOOS {
	case "linux", "windows":
	case "darwin", "ios":
		why = errors.New("OpenGL stops at 4.1 on Apple systems, without compute shaders; use Linux or Windows")
	default:
		why = errors.New("not supported on " + runtime.GOOS + "; use Linux or Windows")
	}
	return nil, []attempt{{"opengl", why}}
}

func installHint() string { return "" }
