//go:build cgo

package gpu

// The few parts of EGL that are needed, declared here and looked up at run time,
// so that neither building nor starting the program needs libEGL.

/*
#cgo LDFLAGS: -ldl
#include <dlfcn.h>
#include <stdlib.h>

typedef void *(*proc_fn)(const char *);
typedef void (*any_fn)(void);

struct egl {
	proc_fn getProcAddress;
	int (*getError)(void);
	const char *(*queryString)(void *, int);
	void *(*getDisplay)(void *);
	unsigned (*initialize)(void *, int *, int *);
	unsigned (*bindAPI)(unsigned);
	unsigned (*chooseConfig)(void *, const int *, void **, int, int *);
	void *(*createContext)(void *, void *, void *, const int *);
	unsigned (*destroyContext)(void *, void *);
	unsigned (*makeCurrent)(void *, void *, void *, void *);
	unsigned (*releaseThread)(void);
	// Extensions, NULL where missing.
	void *(*getPlatformDisplay)(unsigned, void *, const int *);
	unsigned (*queryDevices)(int, void **, int *);
	const char *(*queryDeviceString)(void *, int);
};

// load_egl returns NULL and fills e, or says what is missing. The library is
// never unloaded: drivers do not survive that.
static const char *load_egl(struct egl *e, const char *soname) {
	void *lib = dlopen(soname, RTLD_NOW | RTLD_LOCAL);
	if (!lib) return dlerror();
	*(void **)&e->getProcAddress = dlsym(lib, "eglGetProcAddress");
	*(void **)&e->getError = dlsym(lib, "eglGetError");
	*(void **)&e->queryString = dlsym(lib, "eglQueryString");
	*(void **)&e->getDisplay = dlsym(lib, "eglGetDisplay");
	*(void **)&e->initialize = dlsym(lib, "eglInitialize");
	*(void **)&e->bindAPI = dlsym(lib, "eglBindAPI");
	*(void **)&e->chooseConfig = dlsym(lib, "eglChooseConfig");
	*(void **)&e->createContext = dlsym(lib, "eglCreateContext");
	*(void **)&e->destroyContext = dlsym(lib, "eglDestroyContext");
	*(void **)&e->makeCurrent = dlsym(lib, "eglMakeCurrent");
	*(void **)&e->releaseThread = dlsym(lib, "eglReleaseThread");
	if (!e->getProcAddress || !e->getError || !e->queryString || !e->getDisplay || !e->initialize || !e->bindAPI ||
	    !e->chooseConfig || !e->createContext || !e->destroyContext || !e->makeCurrent || !e->releaseThread)
		return "the library lacks functions of EGL 1.4";
	*(void **)&e->getPlatformDisplay = e->getProcAddress("eglGetPlatformDisplayEXT");
	*(void **)&e->queryDevices = e->getProcAddress("eglQueryDevicesEXT");
	*(void **)&e->queryDeviceString = e->getProcAddress("eglQueryDeviceStringEXT");
	return 0;
}

static void *egl_proc(struct egl *e, const char *name) { return e->getProcAddress(name); }
static int egl_error(struct egl *e) { return e->getError(); }
static const char *egl_query(struct egl *e, void *dpy, int what) { return e->queryString(dpy, what); }
static void *egl_default_display(struct egl *e) { return e->getDisplay(0); }
static void *egl_platform_display(struct egl *e, unsigned platform, void *native) {
	return e->getPlatformDisplay ? e->getPlatformDisplay(platform, native, 0) : 0;
}
static int egl_devices(struct egl *e, void **list, int most) {
	int n = 0;
	if (!e->queryDevices || !e->queryDevices(most, list, &n)) return 0;
	return n;
}
static const char *egl_device_string(struct egl *e, void *dev, int what) {
	return e->queryDeviceString ? e->queryDeviceString(dev, what) : 0;
}
static unsigned egl_init(struct egl *e, void *dpy, int *major, int *minor) { return e->initialize(dpy, major, minor); }
static unsigned egl_bind(struct egl *e, unsigned api) { return e->bindAPI(api); }
static unsigned egl_config(struct egl *e, void *dpy, const int *attr, void **config) {
	int n = 0;
	return e->chooseConfig(dpy, attr, config, 1, &n) && n > 0;
}
static void *egl_context(struct egl *e, void *dpy, void *config, const int *attr) {
	return e->createContext(dpy, config, 0, attr);
}
static unsigned egl_current(struct egl *e, void *dpy, void *ctx) { return e->makeCurrent(dpy, 0, 0, ctx); }
static void egl_destroy(struct egl *e, void *dpy, void *ctx) {
	e->makeCurrent(dpy, 0, 0, 0);
	if (ctx) e->destroyContext(dpy, ctx);
	e->releaseThread();
}
*/
import "C"

import (
	"errors"
	"fmt"
	"path"
	"strings"
	"sync"
	"unsafe"

	"inceptiongl/gpu/internal/seam"
)

// Constants of the EGL registry.
const (
	eglNone                = 0x3038
	eglExtensions          = 0x3055
	eglRenderableType      = 0x3040
	eglSurfaceType         = 0x3033
	eglOpenGLBit           = 0x0008
	eglOpenGLAPI           = 0x30A2
	eglMajorVersion        = 0x3098
	eglMinorVersion        = 0x30FB
	eglContextFlags        = 0x30FC // EGL_KHR_create_context
	eglProfileMask         = 0x30FD
	eglCoreProfile         = 1
	eglDebug               = 0x31B0 // EGL 1.5
	eglRobustAccess        = 0x31B2 // EGL 1.5
	eglResetStrategy       = 0x31BD
	eglLoseContext         = 0x31BF
	eglPlatformDevice      = 0x313F
	eglPlatformSurfaceless = 0x31DD
	eglDRMDeviceFile       = 0x3233
)

// eglMutex serialises EGL's process-wide part: finding displays, initialising
// them, and making and destroying contexts. Displays are shared by all devices of
// the process and are never terminated, since that would end them all.
var eglMutex sync.Mutex

// eglLib is a loaded libEGL.
type eglLib struct{ fn C.struct_egl }

func loadEGL(soname string) (*eglLib, error) {
	name := C.CString(soname)
	defer C.free(unsafe.Pointer(name))
	l := &eglLib{}
	if msg := C.load_egl(&l.fn, name); msg != nil {
		return nil, errors.New(C.GoString(msg))
	}
	return l, nil
}

func (l *eglLib) procAddress(name string) unsafe.Pointer {
	s := C.CString(name)
	defer C.free(unsafe.Pointer(s))
	return C.egl_proc(&l.fn, s)
}

var eglErrorNames = []string{"EGL_SUCCESS", "EGL_NOT_INITIALIZED", "EGL_BAD_ACCESS", "EGL_BAD_ALLOC", "EGL_BAD_ATTRIBUTE",
	"EGL_BAD_CONFIG", "EGL_BAD_CONTEXT", "EGL_BAD_CURRENT_SURFACE", "EGL_BAD_DISPLAY", "EGL_BAD_MATCH",
	"EGL_BAD_NATIVE_PIXMAP", "EGL_BAD_NATIVE_WINDOW", "EGL_BAD_PARAMETER", "EGL_BAD_SURFACE", "EGL_CONTEXT_LOST"}

// failed names the failed call and the thread's EGL error.
func (l *eglLib) failed(call string) error {
	code := int(C.egl_error(&l.fn))
	if i := code - 0x3000; i >= 0 && i < len(eglErrorNames) {
		return fmt.Errorf("%s: %s", call, eglErrorNames[i])
	}
	return fmt.Errorf("%s: EGL error 0x%04x", call, code)
}

// has reports whether a space-separated extension list contains name.
func has(list *C.char, name string) bool {
	if list == nil {
		return false
	}
	for _, e := range strings.Fields(C.GoString(list)) {
		if e == name {
			return true
		}
	}
	return false
}

// eglCandidates lists ways to a display, best first.
func eglCandidates(soname string) ([]candidate, []attempt) {
	eglMutex.Lock()
	defer eglMutex.Unlock()
	l, err := loadEGL(soname)
	if err != nil {
		return nil, []attempt{{"egl", fmt.Errorf("loading %s: %w", soname, err)}}
	}
	var hard, soft []candidate
	var devs [32]unsafe.Pointer
	n := int(C.egl_devices(&l.fn, &devs[0], C.int(len(devs))))
	for i := range n {
		dev := devs[i]
		ext := C.egl_device_string(&l.fn, dev, eglExtensions)
		c := candidate{name: fmt.Sprintf("egl:device%d", i), backend: "egl", enumerated: true, software: has(ext, "EGL_MESA_device_software")}
		if has(ext, "EGL_EXT_device_drm") {
			if file := C.egl_device_string(&l.fn, dev, eglDRMDeviceFile); file != nil {
				c.name += ":" + path.Base(C.GoString(file))
			}
		}
		c.open = l.opener(c.software, "eglGetPlatformDisplayEXT(DEVICE)", func() unsafe.Pointer {
			return C.egl_platform_display(&l.fn, eglPlatformDevice, dev)
		})
		if c.software {
			soft = append(soft, c)
		} else {
			hard = append(hard, c)
		}
	}
	list := append(hard, soft...)
	if has(C.egl_query(&l.fn, nil, eglExtensions), "EGL_MESA_platform_surfaceless") {
		list = append(list, candidate{name: "egl:surfaceless", backend: "egl",
			open: l.opener(false, "eglGetPlatformDisplayEXT(SURFACELESS)", func() unsafe.Pointer {
				return C.egl_platform_display(&l.fn, eglPlatformSurfaceless, nil)
			})})
	}
	list = append(list, candidate{name: "egl:default", backend: "egl",
		open: l.opener(false, "eglGetDisplay", func() unsafe.Pointer { return C.egl_default_display(&l.fn) })})
	return list, nil
}

// opener makes a context on a display and wraps it.
func (l *eglLib) opener(software bool, call string, display func() unsafe.Pointer) func(bool) (driver, error) {
	return func(debug bool) (driver, error) {
		ctx, err := l.context(debug, call, display)
		if err != nil {
			return nil, err
		}
		ctx.software = software
		return newGLDriver(ctx, debug)
	}
}

func (l *eglLib) context(debug bool, call string, display func() unsafe.Pointer) (glContext, error) {
	eglMutex.Lock()
	defer eglMutex.Unlock()
	dpy := display()
	if dpy == nil {
		return glContext{}, l.failed(call)
	}
	var major, minor C.int
	if C.egl_init(&l.fn, dpy, &major, &minor) == 0 {
		return glContext{}, l.failed("eglInitialize")
	}
	if C.egl_bind(&l.fn, eglOpenGLAPI) == 0 {
		return glContext{}, l.failed("eglBindAPI(OPENGL)")
	}
	ext := C.egl_query(&l.fn, dpy, eglExtensions)
	var config unsafe.Pointer
	if !has(ext, "EGL_KHR_no_config_context") && !has(ext, "EGL_MESA_configless_context") {
		attr := []C.int{eglRenderableType, eglOpenGLBit, eglSurfaceType, 0, eglNone}
		if C.egl_config(&l.fn, dpy, &attr[0], &config) == 0 {
			return glContext{}, l.failed("eglChooseConfig: no config for OpenGL")
		}
	}
	var ctx unsafe.Pointer
	for _, attr := range contextAttributes(10*int(major)+int(minor) >= 15, debug) {
		if ctx = C.egl_context(&l.fn, dpy, config, &attr[0]); ctx != nil {
			break
		}
	}
	if ctx == nil {
		return glContext{}, l.failed("eglCreateContext for OpenGL 4.3 core")
	}
	if C.egl_current(&l.fn, dpy, ctx) == 0 {
		err := l.failed("eglMakeCurrent without a surface")
		C.egl_destroy(&l.fn, dpy, ctx)
		return glContext{}, err
	}
	return glContext{backend: "egl", procAddress: l.procAddress, close: func() {
		eglMutex.Lock()
		defer eglMutex.Unlock()
		C.egl_destroy(&l.fn, dpy, ctx)
	}}, nil
}

// contextAttributes lists what to ask for, best first. A context reports GPU
// resets, and stays inside its buffers, only if asked to. Users run models of
// strangers, so they get both wherever the driver has them: a wrong index must
// not read another program's memory or take the process down, and that is worth
// the bounds check that some GPUs pay for.
func contextAttributes(egl15, debug bool) [][]C.int {
	base := []C.int{eglMajorVersion, 4, eglMinorVersion, 3, eglProfileMask, eglCoreProfile}
	build := func(reset, robust bool) []C.int {
		a := append([]C.int{}, base...)
		if reset {
			a = append(a, eglResetStrategy, eglLoseContext)
		}
		switch {
		case egl15:
			if debug {
				a = append(a, eglDebug, 1)
			}
			if robust {
				a = append(a, eglRobustAccess, 1)
			}
		case debug || robust:
			var flags C.int
			if debug {
				flags |= 1
			}
			if robust {
				flags |= 4
			}
			a = append(a, eglContextFlags, flags)
		}
		return append(a, eglNone)
	}
	if seam.Plain {
		return [][]C.int{build(false, false)}
	}
	return [][]C.int{build(true, true), build(false, true), build(true, false), build(false, false)}
}
