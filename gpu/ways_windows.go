//go:build cgo

package gpu

import "errors"

// candidates lists the ways to a context: a hidden window, since Windows has no
// EGL of its own.
func candidates(w ways) ([]candidate, []attempt) {
	if w.backend == "egl" {
		return nil, []attempt{{"egl", errors.New("not available on Windows; use the backend glfw")}}
	}
	return glfwCandidates()
}

func installHint() string {
	return "on Windows, install the GPU vendor's driver (NVIDIA, AMD or Intel)"
}
