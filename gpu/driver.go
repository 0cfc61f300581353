package gpu

import (
	"context"
	"io/fs"
)

// driver is what a GL context can do for a Device. All of its methods are
// called on the device's thread. It exists so that the rest of the package
// builds where there is no GL, and so that tests can make a driver fail.
type driver interface {
	info() DeviceInfo // all but Index and Name
	limits() Limits
	traits() Traits
	newBuffer(name string, size int) (bufferIDs, error)
	deleteBuffer(bufferIDs)
	upload(b *Buffer, offset int, data []byte) error
	download(b *Buffer, offset int, data []byte) error
	compile(s Source) (*Program, error)
	run(ctx context.Context, p *Pass) (Timing, error)
	close() // deletes every object it made, then the context
}

// bufferIDs are the GL names behind a Buffer; zero means not made.
type bufferIDs struct {
	buffer uint32
	views  map[texelRange]uint32 // RGBA32F textures, made when first used
}

// texelRange is the part of a buffer that a view shows, in bytes.
type texelRange struct{ offset, size int }

// candidate is one way to a context that is worth trying.
type candidate struct {
	name       string // unique in this process, DeviceInfo.Name
	backend    string // "egl" or "glfw"
	enumerated bool   // one particular device, not whatever a platform picks
	software   bool   // known to be a CPU renderer before it is opened
	open       func(debug bool) (driver, error)
}

// attempt is one thing that was tried in vain.
type attempt struct {
	name string
	err  error
}

// ways says where to look for contexts. Tests point it elsewhere.
type ways struct {
	backend    string // "" = all, "egl", "glfw"
	eglLibrary string
	root       fs.FS // of the machine's files, for explaining failures; may be nil
}
