//go:build cgo && (linux || windows)

package glfault

// #include <stdlib.h>
// #include "shim.h"
import "C"

import (
	"fmt"
	"sync/atomic"
	"testing"
	"unsafe"

	"inceptiongl/gpu/internal/seam"
)

func init() {
	seam.Wrap = func(name string, function unsafe.Pointer) unsafe.Pointer {
		c := C.CString(name)
		defer C.free(unsafe.Pointer(c))
		return C.glfault_wrap(c, function)
	}
}

// at is one of the shim's variables.
func at(v *C.int64_t) *int64 { return (*int64)(unsafe.Pointer(v)) }

func set(v *C.int64_t, n int64) { atomic.StoreInt64(at(v), n) }

func get(v *C.int64_t) int64 { return atomic.LoadInt64(at(v)) }

// Reset makes GL work again, for contexts that are not lost, and lifts all limits. Every test's end does it.
func Reset() {
	for _, v := range []*C.int64_t{&C.glfault_allocations, &C.glfault_works, &C.glfault_violations, &C.glfault_fail_from, &C.glfault_fail_to,
		&C.glfault_lose_at, &C.glfault_lose_mode, &C.glfault_hang} {
		set(v, 0)
	}
	C.glfault_no_limits()
}

// Clean resets now and at the end of t.
func Clean(t testing.TB) {
	Reset()
	t.Cleanup(Reset)
}

// FailAllocations makes the k-th to the last allocation from now on fail with GL_OUT_OF_MEMORY; k is at least 1.
func FailAllocations(k, last int) {
	set(&C.glfault_allocations, 0)
	set(&C.glfault_fail_to, int64(last))
	set(&C.glfault_fail_from, int64(k))
}

// Allocations is how many calls there have been, since Reset or FailAllocations, that may run out of memory.
func Allocations() int { return int(get(&C.glfault_allocations)) }

// Loss is how a driver behaves once it has lost a context.
type Loss int

// The ways.
const (
	Loud  Loss = C.LOUD  // as OpenGL 4.5: every call is GL_CONTEXT_LOST, and waiting fails
	Quiet Loss = C.QUIET // as ARB_robustness: calls do nothing, waiting ends at once, and only the reset status tells
)

// LoseContext has the context lost at the k-th dispatch, transfer or wait from now on; k is at least 1.
func LoseContext(k int, how Loss) {
	set(&C.glfault_works, 0)
	set(&C.glfault_lose_mode, int64(how))
	set(&C.glfault_lose_at, int64(k))
}

// Works is how many dispatches, transfers and waits there have been since Reset or LoseContext.
func Works() int { return int(get(&C.glfault_works)) }

// Hang has the GPU pass no fence, until Reset.
func Hang() { set(&C.glfault_hang, 1) }

// Objects counts GL objects.
type Objects struct{ Buffers, Textures, Queries, Shaders, Programs, Syncs int64 }

// Live are the objects that were made and not deleted one by one. Those of contexts that are gone count, too.
func Live() Objects {
	var o Objects
	for i, to := range []*int64{&o.Buffers, &o.Textures, &o.Queries, &o.Shaders, &o.Programs, &o.Syncs} {
		*to = get(&C.glfault_live[i])
	}
	return o
}

// Since is what has come since earlier.
func (o Objects) Since(earlier Objects) Objects {
	return Objects{o.Buffers - earlier.Buffers, o.Textures - earlier.Textures, o.Queries - earlier.Queries,
		o.Shaders - earlier.Shaders, o.Programs - earlier.Programs, o.Syncs - earlier.Syncs}
}

// Most has the larger count of each.
func (o Objects) Most(p Objects) Objects {
	return Objects{max(o.Buffers, p.Buffers), max(o.Textures, p.Textures), max(o.Queries, p.Queries),
		max(o.Shaders, p.Shaders), max(o.Programs, p.Programs), max(o.Syncs, p.Syncs)}
}

// Limit is one of GL's limits, and has the number that GL gives it.
type Limit uint32

// The limits that Least lowers.
const (
	maxStorageBlock     Limit = 0x90DE
	maxTexelBuffer      Limit = 0x8C2B
	maxGroups           Limit = 0x91BE
	maxGroupSize        Limit = 0x91BF
	maxGroupInvocations Limit = 0x90EB
	maxShared           Limit = 0x8262
	maxUniformBlock     Limit = 0x8A30
	maxComputeImages    Limit = 0x91BD
	maxComputeBlocks    Limit = 0x90DB
	maxComputeTextures  Limit = 0x91BC
	maxImageUnits       Limit = 0x8F38
	storageAlign        Limit = 0x90DF
	texelAlign          Limit = 0x919F
	uniformAlign        Limit = 0x8A34
)

// Least has devices that are opened from now on offer what OpenGL 4.3 demands of every device (section 23, "State Tables") and not
// more, and refuse what goes beyond, until Reset. The third dimension of a workgroup, which nothing here uses, stays as it is said of
// the others.
func Least() error {
	for l, n := range map[Limit]int64{
		maxStorageBlock: 1 << 24, maxTexelBuffer: 65536, maxGroups: 65535, maxGroupSize: 1024, maxGroupInvocations: 1024,
		maxShared: 32768, maxUniformBlock: 16384, maxComputeImages: 8, maxComputeBlocks: 8, maxComputeTextures: 16, maxImageUnits: 8,
		storageAlign: 256, texelAlign: 256, uniformAlign: 256,
	} {
		if err := Lower(l, n); err != nil {
			return err
		}
	}
	return nil
}

// Lower sets one limit.
func Lower(l Limit, n int64) error {
	if C.glfault_limit(C.uint(l), C.int64_t(n)) == 0 {
		return fmt.Errorf("glfault: too many limits")
	}
	return nil
}

// Violations is how many calls went beyond a limit since Reset.
func Violations() int { return int(get(&C.glfault_violations)) }
