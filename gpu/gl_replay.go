//go:build cgo && (linux || windows)

package gpu

// The calls of a Recording, replayed by one C function: a call from Go to C costs as much as a cheap GL call, and a pass has
// hundreds. The functions come from the same place as go-gl's.

/*
#include <stddef.h>
#include <stdint.h>
#ifdef _WIN32
#define GL_CALL __stdcall
#else
#define GL_CALL
#endif

// As call in record.go.
struct call {
	uint32_t op, a, b, c;
	int64_t offset, size;
};

struct replay_gl {
	void (GL_CALL *useProgram)(unsigned program);
	void (GL_CALL *bindBufferRange)(unsigned target, unsigned index, unsigned buffer, ptrdiff_t offset, ptrdiff_t size);
	void (GL_CALL *activeTexture)(unsigned unit);
	void (GL_CALL *bindTexture)(unsigned target, unsigned texture);
	void (GL_CALL *bindImageTexture)(unsigned unit, unsigned texture, int level, unsigned char layered, int layer, unsigned access, unsigned format);
	void (GL_CALL *dispatchCompute)(unsigned x, unsigned y, unsigned z);
	void (GL_CALL *memoryBarrier)(unsigned bits);
	void (GL_CALL *queryCounter)(unsigned query, unsigned target);
};

// replay makes n calls. Where there are queries, the next one is stamped after every dispatch and barrier.
static void replay(const struct replay_gl *gl, const struct call *c, size_t n, unsigned barrier, const unsigned *query) {
	for (const struct call *end = c + n; c < end; c++) {
		switch (c->op) {
		case 0:
			gl->useProgram(c->b);
			continue;
		case 1:
			gl->bindBufferRange(0x90D2, c->a, c->b, c->offset, c->size); // GL_SHADER_STORAGE_BUFFER
			continue;
		case 2:
			gl->bindBufferRange(0x8A11, c->a, c->b, c->offset, c->size); // GL_UNIFORM_BUFFER
			continue;
		case 3:
			gl->activeTexture(0x84C0 + c->a);    // GL_TEXTURE0
			gl->bindTexture(0x8C2A, c->b);       // GL_TEXTURE_BUFFER
			continue;
		case 4:
			gl->bindImageTexture(c->a, c->b, 0, 0, 0, 0x88B8, 0x8814); // GL_READ_ONLY, GL_RGBA32F
			continue;
		case 5:
			gl->dispatchCompute(c->a, c->b, c->c);
			break;
		default:
			gl->memoryBarrier(barrier);
		}
		if (query) gl->queryCounter(*query++, 0x8E28); // GL_TIMESTAMP
	}
}
*/
import "C"

import (
	"fmt"
	"unsafe"
)

// replayer replays calls of a Recording.
type replayer struct{ fn C.struct_replay_gl }

// The two declarations of a call must agree: a negative constant does not compile.
const (
	_ = unsafe.Sizeof(call{}) - C.sizeof_struct_call
	_ = C.sizeof_struct_call - unsafe.Sizeof(call{})
)

// load finds the functions.
func (r *replayer) load(procAddress func(string) unsafe.Pointer) error {
	for name, fn := range map[string]**[0]byte{
		"glUseProgram": &r.fn.useProgram, "glBindBufferRange": &r.fn.bindBufferRange, "glActiveTexture": &r.fn.activeTexture,
		"glBindTexture": &r.fn.bindTexture, "glBindImageTexture": &r.fn.bindImageTexture, "glDispatchCompute": &r.fn.dispatchCompute,
		"glMemoryBarrier": &r.fn.memoryBarrier, "glQueryCounter": &r.fn.queryCounter,
	} {
		if *fn = (*[0]byte)(procAddress(name)); *fn == nil {
			return fmt.Errorf("the driver lacks the OpenGL 4.3 function %s: update or install the GPU vendor's driver", name)
		}
	}
	return nil
}

// replay makes the calls; queries has one for each dispatch and barrier among them, or none.
func (r *replayer) replay(calls []call, queries []uint32) {
	if len(calls) == 0 {
		return
	}
	var q *C.uint
	if len(queries) > 0 {
		q = (*C.uint)(unsafe.Pointer(&queries[0]))
	}
	C.replay(&r.fn, (*C.struct_call)(unsafe.Pointer(&calls[0])), C.size_t(len(calls)), passBarrier, q)
}
