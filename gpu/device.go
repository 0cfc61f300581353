package gpu

import (
	"context"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
)

// Options chooses and configures a device. The zero value opens the best one.
type Options struct {
	// Device is an Index ("0") or Name from Devices, or part of a Name or
	// Renderer in any case. Empty means the environment variable
	// INCEPTIONGL_DEVICE, and if that is empty too, the best device.
	Device string
	// Backend is "egl", "glfw" or empty for the environment variable
	// INCEPTIONGL_BACKEND, and if that is empty too, whatever works.
	Backend string
	// Debug asks for a KHR_debug context: every GL error and every message of
	// high severity fails the call that caused it. Slower.
	Debug bool
	// Staged has transfers go by way of memory shared with the GPU on software drivers,
	// too, as they go on hardware: slower there, but the same code. See Traits.Staging.
	Staged bool
	// Programs, if given, keeps linked programs for the next time.
	Programs ProgramStore
}

// DeviceInfo describes a device.
type DeviceInfo struct {
	Index    int    // position in Devices; 0 is the best
	Name     string // how it was reached, such as "egl:device0"
	Vendor   string // GL_VENDOR
	Renderer string // GL_RENDERER
	Version  string // GL_VERSION
	Backend  string // "egl" or "glfw"
	Software bool   // runs on the CPU
	Err      string // why it cannot be opened; empty if it can
}

// Limits are the device's limits (section 23, "State Tables"), sizes in bytes.
type Limits struct {
	MaxStorageBlock         int    // one storage buffer range; a Buffer may be larger
	MaxTexelBuffer          int    // texels (16 bytes each) of a texel view
	MaxGroups               [3]int // workgroups of a dispatch
	MaxGroupSize            [3]int // invocations of a workgroup, by dimension
	MaxGroupInvocations     int    // invocations of a workgroup
	MaxShared               int    // shared memory of a workgroup
	StorageAlign            int    // Storage.Offset is a multiple of this
	TexelAlign              int    // Texel.Offset is a multiple of this
	UniformAlign            int    // Uniforms.Offset is a multiple of this
	MaxUniformBlock         int    // one uniform range
	MaxComputeStorageBlocks int    // storage blocks of a program
	MaxComputeImages        int    // images of a program
	MaxComputeTextures      int    // samplers of a program
	StorageBindings         int    // Storage.Binding is below this
	UniformBindings         int    // Uniforms.Binding is below this
	TextureUnits            int    // Texel.Unit of a sampler is below this
	ImageUnits              int    // Texel.Unit of an image is below this
	Timestamps              bool   // false: Pass.Time uses the wall clock and waits after every dispatch
	ClockFault              string // why Timestamps is false; empty where it is true
	ResetStatus             bool   // the driver reports GPU resets
	RobustAccess            bool   // reads outside a buffer give 0 or a value of the buffer, writes are dropped or stay inside
}

// Device is one GL context on one thread. All methods may be called from any
// goroutine; calls are served one at a time, in no promised order.
type Device struct {
	drv    driver // used on the thread only
	inf    DeviceInfo
	lim    Limits
	traits Traits
	store  ProgramStore // may be nil
	jobs   chan job
	quit   chan struct{} // closed by Close
	gone   chan struct{} // closed when the thread has ended
	once   sync.Once
	lost   atomic.Pointer[error] // set by the thread, never reset

	closedBuffers atomic.Uint64 // how many so far

	mu       sync.Mutex
	programs map[Source]*Program
	attach   map[any]*attached
	order    []*attached // of attaching
	detached bool        // Close has begun
}

// Open opens a device, by default the best hardware one. The error wraps
// ErrNoDevice if there is none, and lists what was tried and what to install.
// The context limits the wait, not the life of the device.
func Open(ctx context.Context, o Options) (*Device, error) {
	return open(ctx, o, ways{eglLibrary: eglLibrary, root: os.DirFS("/")})
}

// Devices opens every candidate briefly and lists them: hardware first, then
// software, then those that could not be opened (see DeviceInfo.Err). The error
// wraps ErrNoDevice if none could; the list is valid then, too.
func Devices(ctx context.Context) ([]DeviceInfo, error) {
	list, err := devices(ctx, ways{eglLibrary: eglLibrary, root: os.DirFS("/")})
	infos := make([]DeviceInfo, len(list))
	for i, f := range list {
		infos[i] = f.info
	}
	return infos, err
}

// newDevice wraps an opened driver; the caller then runs serve on its thread.
func newDevice(drv driver, name string, index int, o Options) *Device {
	drv.calibrate()
	if o.Staged {
		drv.share()
	}
	inf := drv.info()
	inf.Name, inf.Index = name, index
	return &Device{
		drv: drv, inf: inf, lim: drv.limits(), traits: drv.traits(),
		jobs: make(chan job), quit: make(chan struct{}), gone: make(chan struct{}),
		store: o.Programs, programs: map[Source]*Program{}, attach: map[any]*attached{},
	}
}

// Close closes what was attached, waits for the call in progress, deletes the
// context with everything in it, and ends the thread. Later calls return
// ErrClosed; closing again is fine. The error is that of an attached value.
func (d *Device) Close() error {
	var err error
	d.once.Do(func() {
		err = d.detach()
		close(d.quit)
	})
	<-d.gone
	return err
}

// Err is nil while the device is of use; otherwise it wraps ErrClosed or
// ErrContextLost.
func (d *Device) Err() error {
	if d.closed() {
		return fmt.Errorf("gpu: device: %w", ErrClosed)
	}
	if lost := d.lost.Load(); lost != nil {
		return fmt.Errorf("gpu: device: %w", *lost)
	}
	return nil
}

// Info describes the device. Its Index is that of Devices if the device was
// chosen by index or name, and 0 for the default device.
func (d *Device) Info() DeviceInfo { return d.inf }

// Limits returns what the device allows.
func (d *Device) Limits() Limits { return d.lim }
