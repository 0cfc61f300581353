//go:build cgo && !glfw

package gpu

import "errors"

func glfwCandidates() ([]candidate, []attempt) {
	return nil, []attempt{{"glfw", errors.New("left out of this program; build with -tags glfw to try a hidden window")}}
}
