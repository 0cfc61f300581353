// Package seam is where tests stand between package gpu and the GL library: see gpu/gputest and gpu/gputest/glfault.
package seam

import "unsafe"

// Wrap, if set, is given every GL function that gpu looks up, and returns what is called in its place. It is a variable of the process
// because go-gl's table of functions is one too: set it before the first device is opened, in an init function.
var Wrap func(name string, function unsafe.Pointer) unsafe.Pointer

// Plain asks for contexts that are not robust: drivers may compile shaders otherwise there.
var Plain bool

// Around is procAddress with Wrap around what it finds.
func Around(procAddress func(string) unsafe.Pointer) func(string) unsafe.Pointer {
	if Wrap == nil {
		return procAddress
	}
	return func(name string) unsafe.Pointer { return Wrap(name, procAddress(name)) }
}
