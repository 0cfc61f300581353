package gpu

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"testing/fstest"
)

func TestExplain(t *testing.T) {
	const says = "NVIDIA_DRIVER_CAPABILITIES=graphics,compute,utility"
	none := fmt.Errorf("gpu: %w", ErrNoDevice)
	for _, tc := range []struct {
		name  string
		err   error
		files []string
		hint  string // the file that gives the device away; empty: no hint
	}{
		{"no error", nil, []string{"dev/nvidiactl"}, ""},
		{"another error", ErrClosed, []string{"dev/nvidiactl"}, ""},
		{"no device", none, []string{"dev/null", "usr/lib/x86_64-linux-gnu/libEGL.so.1"}, ""},
		{"device file", none, []string{"dev/nvidiactl", "usr/lib/x86_64-linux-gnu/libEGL.so.1"}, "/dev/nvidiactl"},
		{"kernel module", none, []string{"proc/driver/nvidia/version"}, "/proc/driver/nvidia"},
		{"compute libraries only", none, []string{"dev/nvidiactl", "usr/lib/x86_64-linux-gnu/libcuda.so.1"}, "/dev/nvidiactl"},
		{"Debian", none, []string{"dev/nvidiactl", "usr/lib/x86_64-linux-gnu/libEGL_nvidia.so.0"}, ""},
		{"Fedora", none, []string{"dev/nvidiactl", "usr/lib64/libEGL_nvidia.so.550.54"}, ""},
		{"old runtime", none, []string{"proc/driver/nvidia/version", "usr/local/nvidia/lib64/libEGL_nvidia.so.0"}, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			root := fstest.MapFS{}
			for _, name := range tc.files {
				root[name] = &fstest.MapFile{}
			}
			err := explain(tc.err, root)
			if !errors.Is(err, tc.err) {
				t.Fatalf("got %v, want %v still", err, tc.err)
			}
			if got := strings.Contains(fmt.Sprint(err), says); got != (tc.hint != "") {
				t.Errorf("got %v, want a hint: %v", err, tc.hint != "")
			}
			if !strings.Contains(fmt.Sprint(err), tc.hint) {
				t.Errorf("%v does not mention %s", err, tc.hint)
			}
		})
	}
}

// TestOpenExplains goes through all the ways to fail that a container has: no EGL at all, and no device of that name.
func TestOpenExplains(t *testing.T) {
	ctx := context.Background()
	w := ways{eglLibrary: "libNoSuchEGL.so.7", root: fstest.MapFS{"dev/nvidiactl": &fstest.MapFile{}}}
	_, bestErr := open(ctx, Options{Backend: "egl"}, w)
	_, namedErr := open(ctx, Options{Backend: "egl", Device: "nvidia"}, w)
	w.backend = "egl"
	_, listErr := devices(ctx, w)
	w.eglLibrary = eglLibrary
	_, wrongErr := open(ctx, Options{Device: "no such card"}, w)
	for i, err := range []error{bestErr, namedErr, listErr, wrongErr} {
		if n := strings.Count(fmt.Sprint(err), "NVIDIA_DRIVER_CAPABILITIES"); n != 1 || !errors.Is(err, ErrNoDevice) {
			t.Errorf("on %s call %d gave %v with %d hints, want ErrNoDevice with one", runtime.GOOS, i, err, n)
		}
	}
}
