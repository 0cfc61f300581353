//go:build cgo && (windows || (linux && glfw))

package gpu

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/go-gl/glfw/v3.3/glfw"

	"inceptiongl/gpu/internal/seam"
)

// glfwJobs feeds the one thread of the process that owns GLFW's windows: GLFW
// wants init, window creation and destruction on one thread, and Windows ties a
// window to its thread. Contexts may be current on any thread, so devices keep
// their own. The thread lives as long as the process, as GLFW does.
var (
	glfwOnce sync.Once
	glfwJobs = make(chan func())
)

func onGLFWThread(f func() error) error {
	glfwOnce.Do(func() { onThread(serveGLFW) })
	done := make(chan error, 1)
	glfwJobs <- func() { done <- safely(f) }
	return <-done
}

func serveGLFW() {
	// Windows blocks other programs' broadcasts on a window that never reads its
	// messages, hidden or not.
	tick := time.NewTicker(250 * time.Millisecond)
	defer tick.Stop()
	ready := false
	for {
		select {
		case f := <-glfwJobs:
			f()
			ready = true
		case <-tick.C:
			if ready && runtime.GOOS == "windows" {
				_ = safely(func() error { glfw.PollEvents(); return nil })
			}
		}
	}
}

// safely turns a panic of go-gl/glfw, its way of reporting most errors, into an
// error.
func safely(f func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("glfw: %v", r)
		}
	}()
	return f()
}

func glfwCandidates() ([]candidate, []attempt) {
	// Without a display GLFW 3.3 reports success and panics at the next call.
	if runtime.GOOS == "linux" && os.Getenv("DISPLAY") == "" && os.Getenv("WAYLAND_DISPLAY") == "" {
		return nil, []attempt{{"glfw", errors.New("no display (DISPLAY and WAYLAND_DISPLAY are not set); EGL needs none, or use xvfb-run")}}
	}
	return []candidate{{name: "glfw", backend: "glfw", open: openGLFW}}, nil
}

// openGLFW makes a hidden window and its context current on this thread.
func openGLFW(debug bool) (driver, error) {
	var win *glfw.Window
	err := onGLFWThread(func() error {
		if err := glfw.Init(); err != nil {
			return err
		}
		var err error
		// Robust as through EGL. GLFW leaves it out without a word where the display's
		// GLX has no robustness (Xvfb): Limits.RobustAccess tells.
		for _, robust := range []int{glfw.LoseContextOnReset, glfw.NoRobustness} {
			if seam.Plain && robust != glfw.NoRobustness {
				continue
			}
			glfw.DefaultWindowHints()
			glfw.WindowHint(glfw.Visible, glfw.False)
			glfw.WindowHint(glfw.ClientAPI, glfw.OpenGLAPI)
			glfw.WindowHint(glfw.ContextVersionMajor, 4)
			glfw.WindowHint(glfw.ContextVersionMinor, 3)
			glfw.WindowHint(glfw.OpenGLProfile, glfw.OpenGLCoreProfile)
			glfw.WindowHint(glfw.ContextRobustness, robust)
			if debug {
				glfw.WindowHint(glfw.OpenGLDebugContext, glfw.True)
			}
			if win, err = glfw.CreateWindow(1, 1, "inceptiongl", nil, nil); err == nil && win != nil {
				return nil
			}
		}
		if err == nil {
			err = errors.New("glfw: no window")
		}
		return explainGLFW(err)
	})
	if err != nil {
		return nil, err
	}
	destroy := func() {
		_ = onGLFWThread(func() error { win.Destroy(); return nil })
	}
	if err := safely(func() error { win.MakeContextCurrent(); return nil }); err != nil {
		destroy()
		return nil, err
	}
	return newGLDriver(glContext{
		backend:     "glfw",
		procAddress: glfw.GetProcAddress,
		close: func() {
			_ = safely(func() error { glfw.DetachCurrentContext(); return nil })
			destroy()
		},
	}, debug)
}

// explainGLFW adds the usual cause to an error that does not say it.
func explainGLFW(err error) error {
	var ge *glfw.Error
	if !errors.As(err, &ge) || (ge.Code != glfw.VersionUnavailable && ge.Code != glfw.APIUnavailable) {
		return err
	}
	cause := "the display's OpenGL is older than 4.3: update the GPU driver"
	if runtime.GOOS == "windows" {
		cause = "without the GPU vendor's driver Windows has only OpenGL 1.1 (\"GDI Generic\"; also over Remote Desktop on some systems): install that driver"
	}
	return fmt.Errorf("%s: %s", strings.TrimSpace(err.Error()), cause)
}
