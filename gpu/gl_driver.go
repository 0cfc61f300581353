//go:build cgo && (linux || windows)

package gpu

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"
	"unsafe"

	"github.com/go-gl/gl/v4.3-core/gl"

	"inceptiongl/gpu/internal/seam"
)

// glContext is a current context of the thread, made by EGL or GLFW.
type glContext struct {
	backend     string
	software    bool // EGL says so
	procAddress func(name string) unsafe.Pointer
	close       func() // makes it not current and destroys it
}

// glDriver is the driver for both ways in.
type glDriver struct {
	ctx       glContext
	inf       DeviceInfo
	lim       Limits
	quirks    Traits
	debug     bool
	idle      uint32        // a program that does nothing; 0 until it is needed
	immutable bool          // glBufferStorage is there
	reset     func() uint32 // glGetGraphicsResetStatus, nil if there is none
	status    uint32        // of a reset that was seen
	hung      bool          // the GPU was given up
	patience  time.Duration // before that
	replayer  replayer
	binaries  bool                      // the driver gives and takes program binaries
	staged    bool                      // transfers go by way of mapped memory
	writes    *staging                  // of uploads; nil until the first transfer
	reads     *staging                  // of downloads
	queries   []uint32                  // timestamp queries, reused
	read      func(query uint32) uint64 // a timestamp; tests put a clock of their own here
	waitCost  time.Duration             // by the wall clock, for the GPU with next to nothing to do
}

// newGLDriver reads what the current context can do. On error it closes it.
func newGLDriver(ctx glContext, debug bool) (driver, error) {
	ctx.procAddress = seam.Around(ctx.procAddress)
	g := &glDriver{ctx: ctx, debug: debug, read: readQuery}
	if err := g.init(); err != nil {
		ctx.close()
		return nil, err
	}
	return g, nil
}

func (g *glDriver) init() error {
	if err := loadGL(g.ctx.procAddress); err != nil {
		return err
	}
	if err := g.replayer.load(g.ctx.procAddress); err != nil {
		return err
	}
	g.inf = DeviceInfo{
		Backend:  g.ctx.backend,
		Vendor:   gl.GoStr(gl.GetString(gl.VENDOR)),
		Renderer: gl.GoStr(gl.GetString(gl.RENDERER)),
		Version:  gl.GoStr(gl.GetString(gl.VERSION)),
	}
	g.inf.Software = isSoftware(g.inf.Renderer, g.ctx.software)
	if g.patience = patience; g.inf.Software {
		g.patience = softwarePatience
	}
	var major, minor int32
	gl.GetIntegerv(gl.MAJOR_VERSION, &major)
	gl.GetIntegerv(gl.MINOR_VERSION, &minor)
	version := int(10*major + minor)
	if version < 43 {
		return fmt.Errorf("renderer %q has OpenGL %q, 4.3 is needed: update or install the GPU vendor's driver", g.inf.Renderer, g.inf.Version)
	}
	ext := extensions()
	g.immutable = version >= 44 || ext["GL_ARB_buffer_storage"]
	switch {
	case version >= 45 || ext["GL_KHR_robustness"]:
		g.reset = gl.GetGraphicsResetStatus
	case ext["GL_ARB_robustness"]:
		g.reset = gl.GetGraphicsResetStatusARB
	}
	g.quirks = traitsOf(g.inf.Renderer, amdCPU())
	if ext["GL_NV_shader_thread_group"] {
		g.quirks.Multiprocessors = getInt(smCountNV)
	}
	g.binaries = getInt(gl.NUM_PROGRAM_BINARY_FORMATS) > 0
	switch {
	case ext["GL_KHR_parallel_shader_compile"]:
		gl.MaxShaderCompilerThreadsKHR(anyThreads)
	case ext["GL_ARB_parallel_shader_compile"]:
		gl.MaxShaderCompilerThreadsARB(anyThreads)
	}
	g.quirks.Staging = g.immutable && !g.inf.Software
	g.staged = g.quirks.Staging
	g.lim = readLimits()
	g.lim.ResetStatus = g.reset != nil && getInt(gl.RESET_NOTIFICATION_STRATEGY_ARB) == gl.LOSE_CONTEXT_ON_RESET_ARB
	g.lim.RobustAccess = g.reset != nil && getInt(gl.CONTEXT_FLAGS)&robustAccessBit != 0
	if g.debug {
		startDebug()
	}
	drainErrors()
	return nil
}

// share is Options.Staged.
func (g *glDriver) share() {
	g.staged = g.immutable
	g.quirks.Staging = g.staged
}

func (g *glDriver) info() DeviceInfo { return g.inf }
func (g *glDriver) limits() Limits   { return g.lim }
func (g *glDriver) traits() Traits   { return g.quirks }

// close needs no glDelete: nothing is shared, so the context takes all with it.
func (g *glDriver) close() { g.ctx.close() }

var (
	glLoad   sync.Mutex
	glLoaded bool
)

// loadGL fills go-gl's function pointers. They are global to the process, so
// they are filled once, under a lock: a second time would race with the threads
// of other devices. One set serves contexts of different drivers (NVIDIA beside
// Mesa) and both ways in, since libglvnd's functions, and Mesa's, are stubs that
// go to the driver of the context that is current on the calling thread.
func loadGL(procAddress func(string) unsafe.Pointer) error {
	glLoad.Lock()
	defer glLoad.Unlock()
	if glLoaded {
		return nil
	}
	if err := gl.InitWithProcAddrFunc(procAddress); err != nil {
		return fmt.Errorf("the driver lacks the OpenGL 4.3 function %w: update or install the GPU vendor's driver", err)
	}
	glLoaded = true
	return nil
}

func extensions() map[string]bool {
	m := map[string]bool{}
	for i, n := 0, getInt(gl.NUM_EXTENSIONS); i < n; i++ {
		m[gl.GoStr(gl.GetStringi(gl.EXTENSIONS, uint32(i)))] = true
	}
	return m
}

// getInt reads 64 bits, since some limits do not fit 32.
func getInt(name uint32) int {
	var v int64
	gl.GetInteger64v(name, &v)
	return int(v)
}

func readLimits() Limits {
	l := Limits{
		MaxStorageBlock:         getInt(gl.MAX_SHADER_STORAGE_BLOCK_SIZE),
		MaxTexelBuffer:          getInt(gl.MAX_TEXTURE_BUFFER_SIZE),
		MaxGroupInvocations:     getInt(gl.MAX_COMPUTE_WORK_GROUP_INVOCATIONS),
		MaxShared:               getInt(gl.MAX_COMPUTE_SHARED_MEMORY_SIZE),
		StorageAlign:            max(1, getInt(gl.SHADER_STORAGE_BUFFER_OFFSET_ALIGNMENT)),
		TexelAlign:              max(1, getInt(gl.TEXTURE_BUFFER_OFFSET_ALIGNMENT)),
		UniformAlign:            max(1, getInt(gl.UNIFORM_BUFFER_OFFSET_ALIGNMENT)),
		MaxUniformBlock:         getInt(gl.MAX_UNIFORM_BLOCK_SIZE),
		MaxComputeStorageBlocks: getInt(gl.MAX_COMPUTE_SHADER_STORAGE_BLOCKS),
		MaxComputeImages:        getInt(gl.MAX_COMPUTE_IMAGE_UNIFORMS),
		MaxComputeTextures:      getInt(gl.MAX_COMPUTE_TEXTURE_IMAGE_UNITS),
		StorageBindings:         getInt(gl.MAX_SHADER_STORAGE_BUFFER_BINDINGS),
		UniformBindings:         getInt(gl.MAX_UNIFORM_BUFFER_BINDINGS),
		TextureUnits:            getInt(gl.MAX_COMBINED_TEXTURE_IMAGE_UNITS),
		ImageUnits:              getInt(gl.MAX_IMAGE_UNITS),
	}
	for i := range 3 {
		var n int32
		gl.GetIntegeri_v(gl.MAX_COMPUTE_WORK_GROUP_COUNT, uint32(i), &n)
		l.MaxGroups[i] = int(n)
		gl.GetIntegeri_v(gl.MAX_COMPUTE_WORK_GROUP_SIZE, uint32(i), &n)
		l.MaxGroupSize[i] = int(n)
	}
	return l
}

// anyThreads lets the driver choose how many threads compile.
const anyThreads = 0xFFFFFFFF

// robustAccessBit is GL_CONTEXT_FLAG_ROBUST_ACCESS_BIT of OpenGL 4.5 and
// ARB_robustness.
const robustAccessBit = 4

// smCountNV is GL_SM_COUNT_NV of NV_shader_thread_group, which go-gl lacks.
const smCountNV = 0x933B

// maxErrors bounds loops over glGetError: a lost context may report for ever.
const maxErrors = 32

// drainErrors forgets errors of earlier calls, so that the next check blames
// the right one.
func drainErrors() {
	for i := 0; i < maxErrors && gl.GetError() != gl.NO_ERROR; i++ {
	}
}

var errorNames = map[uint32]string{
	gl.INVALID_ENUM: "GL_INVALID_ENUM", gl.INVALID_VALUE: "GL_INVALID_VALUE",
	gl.INVALID_OPERATION: "GL_INVALID_OPERATION", gl.OUT_OF_MEMORY: "GL_OUT_OF_MEMORY",
	gl.INVALID_FRAMEBUFFER_OPERATION: "GL_INVALID_FRAMEBUFFER_OPERATION",
	gl.CONTEXT_LOST_KHR:              "GL_CONTEXT_LOST",
}

// check is errors where running out of memory loses the context, that is,
// everywhere but in newBuffer.
func (g *glDriver) check() error {
	kind, err := g.errors()
	if kind.oom && !kind.lost {
		err = joinLine([]error{err, ErrContextLost})
	}
	return err
}

// trouble says which errors there were that concern the whole context.
type trouble struct{ oom, lost bool }

// errors collects what went wrong since the last check: a reset (section 2.3.2),
// GL errors (section 2.3.1), and in debug mode the driver's messages.
func (g *glDriver) errors() (trouble, error) {
	var errs []error
	var names []string
	var oom, lost bool
	for range maxErrors {
		e := gl.GetError()
		if e == gl.NO_ERROR {
			break
		}
		oom = oom || e == gl.OUT_OF_MEMORY
		lost = lost || e == gl.CONTEXT_LOST_KHR
		if name, ok := errorNames[e]; ok {
			names = append(names, name)
		} else {
			names = append(names, fmt.Sprintf("GL error 0x%04x", e))
		}
		if lost {
			break
		}
	}
	if why := g.resetStatus(); why != gl.NO_ERROR {
		lost = true
		names = append(names, resetReason(why))
	}
	if oom {
		errs = append(errs, ErrOutOfMemory)
	}
	if lost {
		errs = append(errs, ErrContextLost)
	}
	if len(names) > 0 {
		errs = append(errs, errors.New(strings.Join(names, ", ")))
	}
	if g.debug && !lost {
		if msg := debugMessages(); msg != "" {
			errs = append(errs, errors.New(msg))
		}
	}
	return trouble{oom, lost}, joinLine(errs)
}

// resetStatus is that of the first reset: GL tells of it once only.
func (g *glDriver) resetStatus() uint32 {
	if g.status == gl.NO_ERROR && g.reset != nil {
		g.status = g.reset()
	}
	return g.status
}

func resetReason(status uint32) string {
	switch status {
	case gl.GUILTY_CONTEXT_RESET_ARB:
		return "the GPU was reset because of this context; split the work into smaller dispatches"
	case gl.INNOCENT_CONTEXT_RESET_ARB:
		return "the GPU was reset because of another program"
	}
	return "the GPU was reset"
}

// joinLine is errors.Join on one line; it skips nils.
func joinLine(errs []error) error {
	var err error
	for _, e := range errs {
		switch {
		case e == nil:
		case err == nil:
			err = e
		default:
			err = fmt.Errorf("%w: %w", err, e)
		}
	}
	return err
}
