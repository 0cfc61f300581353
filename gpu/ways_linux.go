//go:build cgo

package gpu

// candidates lists the ways to a context, best first: EGL needs no display, so
// it comes before a hidden window.
func candidates(w ways) (list []candidate, failed []attempt) {
	if w.backend != "glfw" {
		list, failed = eglCandidates(w.eglLibrary)
	}
	if w.backend != "egl" {
		more, f := glfwCandidates()
		list, failed = append(list, more...), append(failed, f...)
	}
	return list, failed
}

func installHint() string {
	return "to install OpenGL on Debian or Ubuntu: apt-get install libegl1 libgl1-mesa-dri (or the GPU vendor's driver)"
}
