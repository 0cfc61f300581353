//go:build cgo && (linux || windows)

package gpu

/*
static int amd(void) {
#if defined(__x86_64__) || defined(__i386__)
	__builtin_cpu_init();
	return __builtin_cpu_is("amd") != 0;
#else
	return 0;
#endif
}
*/
import "C"

// amdCPU reports that this machine's CPU is AMD's.
func amdCPU() bool { return C.amd() != 0 }
