package gpu

import (
	"errors"
	"fmt"
	"io/fs"
)

// explain adds to an ErrNoDevice the one cause that no failed attempt shows: a
// container with an NVIDIA device and without the driver's graphics libraries.
// Its runtime mounts them only if told to, and then EGL sees no such device.
func explain(err error, root fs.FS) error {
	if root == nil || !errors.Is(err, ErrNoDevice) {
		return err
	}
	device := anyFile(root, "dev/nvidiactl", "proc/driver/nvidia")
	if device == "" || anyFile(root, eglVendorFiles()...) != "" {
		return err
	}
	return fmt.Errorf("%w\n  /%s exists, but no NVIDIA EGL library (libEGL_nvidia.so): this looks like a container without the graphics capability; "+
		"start it with NVIDIA_DRIVER_CAPABILITIES=graphics,compute,utility", err, device)
}

// eglVendorFiles are patterns of where NVIDIA's EGL library is installed, or
// mounted by a container's runtime.
func eglVendorFiles() []string {
	var list []string
	for _, dir := range []string{"usr/lib", "usr/lib64", "usr/lib32", "lib", "lib64", "usr/lib/*", "lib/*", "usr/local/lib", "usr/local/nvidia/lib",
		"usr/local/nvidia/lib64", "usr/local/lib/*", "run/opengl-driver/lib"} {
		list = append(list, dir+"/libEGL_nvidia.so*")
	}
	return list
}

// anyFile returns the first file that one of the patterns matches, or "".
func anyFile(root fs.FS, patterns ...string) string {
	for _, p := range patterns {
		if m, err := fs.Glob(root, p); err == nil && len(m) > 0 {
			return m[0]
		}
	}
	return ""
}
