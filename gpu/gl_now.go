//go:build cgo && (linux || windows)

package gpu

/*
#include <stdint.h>
#ifdef _WIN32
#define WIN32_LEAN_AND_MEAN
#include <windows.h>
static int64_t now_ns(void) {
	LARGE_INTEGER n, f;
	QueryPerformanceCounter(&n);
	QueryPerformanceFrequency(&f);
	return n.QuadPart / f.QuadPart * 1000000000 + n.QuadPart % f.QuadPart * 1000000000 / f.QuadPart;
}
#else
#include <time.h>
static int64_t now_ns(void) {
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}
#endif
*/
import "C"

import "time"

// now is a monotonic wall clock. Go's own moves in steps of half a millisecond or more on Windows, longer than most dispatches.
func now() time.Duration { return time.Duration(C.now_ns()) }
