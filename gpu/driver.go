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
	calibrate() // once, before limits: tries the clock
	newBuffer(ctx context.Context, name string, size int) (bufferIDs, error)
	deleteBuffer(bufferIDs)
	upload(ctx context.Context, b *Buffer, offset int, data []byte) error
	download(ctx context.Context, b *Buffer, offset int, data []byte) error
	startProgram(s Source, known programBinary, keep bool) *build // starts to make a program; waits for nothing
	endProgram(*build) (*Program, error)
	dropProgram(*build)
	view(t *Texel) (uint32, error) // the texture that shows the range
	// run makes a pass, whose waves are r. What is left of it, if anything, is to be
	// called until it is done; only where the pass has Queued.
	run(ctx context.Context, p *Pass, r *Recording) (Timing, rest, error)
	share() // transfers go by way of shared memory, where the driver can
	close() // deletes every object it made, then the context
}

// bufferIDs are the GL names behind a Buffer; zero means not made.
type bufferIDs struct {
	buffer uint32
	views  map[texelRange]uint32 // RGBA32F textures, made when first used
}

// texelRange is the part of a buffer that a view shows, in bytes.
type texelRange struct{ offset, size int }

// build is a program being made.
type build struct {
	source          Source
	shader, program uint32
	err             error         // of startProgram
	keep            bool          // binary is wanted
	binary          programBinary // what endProgram had to compile, if wanted
}

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
