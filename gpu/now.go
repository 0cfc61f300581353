//go:build !cgo || !(linux || windows)

package gpu

import "time"

var began = time.Now()

// now is a monotonic wall clock.
func now() time.Duration { return time.Since(began) }
