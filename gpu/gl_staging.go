//go:build cgo && (linux || windows)

package gpu

import (
	"context"
	"unsafe"

	"github.com/go-gl/gl/v4.3-core/gl"
)

// A staging buffer has slots, so that the GPU copies one while the host copies
// another. 4 × 1 MiB hold the results of most networks, and cost little.
const (
	stagingSlots = 4
	stagingSlot  = 1 << 20
)

// staging is memory that the host sees for good, and the GPU copies from or to
// (section 6.2.1 of OpenGL 4.4, ARB_buffer_storage).
type staging struct {
	buffer uint32
	memory []byte
	fences [stagingSlots]uintptr // of each slot's last copy, 0 for none
	held   [stagingSlots]bool    // for a pass that will collect it; never all of them
	next   int
}

// newStaging returns nil where the driver can't.
func newStaging(access uint32) *staging {
	s := &staging{}
	flags := access | gl.MAP_PERSISTENT_BIT | gl.MAP_COHERENT_BIT
	gl.GenBuffers(1, &s.buffer)
	gl.BindBuffer(gl.COPY_WRITE_BUFFER, s.buffer)
	gl.BufferStorage(gl.COPY_WRITE_BUFFER, stagingSlots*stagingSlot, nil, flags|gl.CLIENT_STORAGE_BIT)
	at := gl.MapBufferRange(gl.COPY_WRITE_BUFFER, 0, stagingSlots*stagingSlot, flags)
	if at == nil {
		gl.DeleteBuffers(1, &s.buffer)
		return nil
	}
	s.memory = unsafe.Slice((*byte)(at), stagingSlots*stagingSlot)
	return s
}

// take returns the next slot that is free.
func (s *staging) take() int {
	for s.held[s.next] {
		s.next = (s.next + 1) % stagingSlots
	}
	i := s.next
	s.next = (i + 1) % stagingSlots
	return i
}

// free is how many slots take can return.
func (s *staging) free() int {
	n := 0
	for _, held := range s.held {
		if !held {
			n++
		}
	}
	return n
}

func (s *staging) slot(i int) []byte { return s.memory[i*stagingSlot:][:stagingSlot] }

// mark follows the copy just queued.
func (s *staging) mark(i int) {
	gl.DeleteSync(s.fences[i]) // 0 is ignored
	s.fences[i] = newFence()
}

// wait returns once the slot's last copy is done.
func (s *staging) wait(ctx context.Context, g *glDriver, i int) error {
	if s.fences[i] == 0 {
		return nil
	}
	if err := g.await(ctx, s.fences[i]); err != nil {
		return err
	}
	gl.DeleteSync(s.fences[i])
	s.fences[i] = 0
	return nil
}

// stage makes the staging buffers at the first transfer. Without them transfers
// go the direct way from then on.
func (g *glDriver) stage() bool {
	if g.staged && g.reads == nil {
		g.writes, g.reads = newStaging(gl.MAP_WRITE_BIT), newStaging(gl.MAP_READ_BIT)
		g.staged = g.writes != nil && g.reads != nil
		drainErrors()
	}
	return g.staged
}

// put copies data to the buffer. It was given a checked range; an empty one is
// skipped because it has no address to pass.
func (g *glDriver) put(ctx context.Context, b *Buffer, offset int, data []byte) error {
	if len(data) == 0 {
		return nil
	}
	if !g.stage() {
		gl.BindBuffer(gl.COPY_WRITE_BUFFER, b.ids.buffer)
		gl.BufferSubData(gl.COPY_WRITE_BUFFER, offset, len(data), unsafe.Pointer(&data[0]))
		return nil
	}
	s := g.writes
	for len(data) > 0 {
		i := s.take()
		if err := s.wait(ctx, g, i); err != nil {
			return err
		}
		n := copy(s.slot(i), data)
		copyBuffer(s.buffer, b.ids.buffer, i*stagingSlot, offset, n)
		s.mark(i)
		offset, data = offset+n, data[n:]
	}
	return nil
}

// piece is a part of a download that fits a slot.
type piece struct {
	slot int
	data []byte
}

// getter copies from buffers by way of staging: it queues pieces and collects the
// oldest when there is no slot left.
type getter struct {
	ctx    context.Context
	g      *glDriver
	queued []piece
}

// get fills data from the buffer, at once or when the getter is done.
func (q *getter) get(b *Buffer, offset int, data []byte) error {
	if len(data) == 0 {
		return nil
	}
	if !q.g.stage() {
		gl.BindBuffer(gl.COPY_READ_BUFFER, b.ids.buffer)
		gl.GetBufferSubData(gl.COPY_READ_BUFFER, offset, len(data), unsafe.Pointer(&data[0]))
		return nil
	}
	s := q.g.reads
	for len(data) > 0 {
		if len(q.queued) == s.free() {
			if err := q.collect(); err != nil {
				return err
			}
		}
		// An earlier copy to the slot may be on its way, of a call that was cancelled: the GPU makes them in order.
		i, n := s.take(), min(len(data), stagingSlot)
		copyBuffer(b.ids.buffer, s.buffer, offset, i*stagingSlot, n)
		s.mark(i)
		q.queued = append(q.queued, piece{i, data[:n]})
		offset, data = offset+n, data[n:]
	}
	return nil
}

// collect waits for the oldest piece and copies it out.
func (q *getter) collect() error {
	s, p := q.g.reads, q.queued[0]
	if err := s.wait(q.ctx, q.g, p.slot); err != nil {
		return err
	}
	copy(p.data, s.slot(p.slot))
	q.queued = q.queued[1:]
	return nil
}

// done collects what is left.
func (q *getter) done() error {
	for len(q.queued) > 0 {
		if err := q.collect(); err != nil {
			return err
		}
	}
	return nil
}

func copyBuffer(from, to uint32, fromOffset, toOffset, n int) {
	gl.BindBuffer(gl.COPY_READ_BUFFER, from)
	gl.BindBuffer(gl.COPY_WRITE_BUFFER, to)
	gl.CopyBufferSubData(gl.COPY_READ_BUFFER, gl.COPY_WRITE_BUFFER, fromOffset, toOffset, n)
}
