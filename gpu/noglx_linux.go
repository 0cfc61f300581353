//go:build cgo

package gpu

// go-gl refers to glXGetProcAddress, which would make libGL.so.1 (and with it X11)
// a condition for the program to start, although its functions are looked up
// through EGL or GLFW. Defining the symbol here, hidden from other libraries, and
// linking as needed, lets the program start without libGL and say what is missing.

/*
#cgo LDFLAGS: -Wl,--as-needed
#include <stddef.h>
__attribute__((visibility("hidden"))) void *glXGetProcAddress(const unsigned char *name) { (void)name; return NULL; }
*/
import "C"
