//go:build cgo && (linux || windows)

package gpu

import (
	"context"
	"errors"
	"fmt"
	"unsafe"

	"github.com/go-gl/gl/v4.3-core/gl"
)

// newBuffer allocates and clears. The binding point GL_COPY_WRITE_BUFFER is used
// for all work on buffers, since no shader sees it.
func (g *glDriver) newBuffer(ctx context.Context, name string, size int) (bufferIDs, error) {
	drainErrors()
	var ids bufferIDs
	gl.GenBuffers(1, &ids.buffer)
	gl.BindBuffer(gl.COPY_WRITE_BUFFER, ids.buffer)
	if g.immutable {
		// Without a map or client flag the driver has no reason to ever move the
		// buffer to host memory, which some do once a mutable one is read back.
		gl.BufferStorage(gl.COPY_WRITE_BUFFER, size, nil, gl.DYNAMIC_STORAGE_BIT)
	} else {
		gl.BufferData(gl.COPY_WRITE_BUFFER, size, nil, gl.DYNAMIC_COPY)
	}
	// Drivers may allocate lazily; clearing makes them do it here, where the
	// error can be told. Work that was queued before may take long: the caller need not wait for it.
	gl.ClearBufferData(gl.COPY_WRITE_BUFFER, gl.R8UI, gl.RED_INTEGER, gl.UNSIGNED_BYTE, nil)
	waiting := fences{g: g, ctx: ctx}
	stopped := waiting.all()
	waiting.drop()
	if err := g.allocated(func() { g.deleteBuffer(ids) }); err != nil {
		return bufferIDs{}, err
	}
	if stopped != nil {
		g.deleteBuffer(ids)
		return bufferIDs{}, stopped
	}
	g.label(gl.BUFFER, ids.buffer, name)
	return ids, nil
}

// allocated is check for calls that made something, which undo deletes where they failed: if memory ran out, the context may prove
// that it lives on.
func (g *glDriver) allocated(undo func()) error {
	errs, err := g.errors()
	if err == nil {
		return nil
	}
	undo()
	if errs.oom && !errs.lost {
		err = joinLine([]error{err, g.prove()})
	}
	return err
}

// prove returns nil if the context still works after GL_OUT_OF_MEMORY, which may
// have left anything undefined: no error left over, no reset, and a small buffer
// that keeps what it is given. Otherwise the context is lost.
func (g *glDriver) prove() error {
	const size = 256
	var in, out [size]byte
	for i := range in {
		in[i] = byte(i ^ 0x5a)
	}
	drainErrors()
	var id uint32
	gl.GenBuffers(1, &id)
	gl.BindBuffer(gl.COPY_WRITE_BUFFER, id)
	gl.BufferData(gl.COPY_WRITE_BUFFER, size, nil, gl.DYNAMIC_COPY)
	gl.BufferSubData(gl.COPY_WRITE_BUFFER, 0, size, unsafe.Pointer(&in[0]))
	gl.GetBufferSubData(gl.COPY_WRITE_BUFFER, 0, size, unsafe.Pointer(&out[0]))
	gl.DeleteBuffers(1, &id)
	_, err := g.errors()
	if err == nil && in != out {
		err = errors.New("a small buffer did not keep its data")
	}
	if err != nil {
		return fmt.Errorf("%w: after running out of memory: %w", ErrContextLost, err)
	}
	return nil
}

func (g *glDriver) deleteBuffer(ids bufferIDs) {
	if g.quirks.StaleViews {
		g.letGo()
	}
	for _, view := range ids.views {
		gl.DeleteTextures(1, &view)
	}
	if ids.buffer != 0 {
		gl.DeleteBuffers(1, &ids.buffer)
	}
}

// letGo takes the views off all units. The driver does so at the next dispatch,
// here one of nothing.
func (g *glDriver) letGo() {
	if g.idle == 0 {
		g.idle = idleProgram()
	}
	for unit := range uint32(min(g.lim.ImageUnits, g.lim.TextureUnits, 8)) {
		gl.BindImageTexture(unit, 0, 0, false, 0, gl.READ_ONLY, gl.RGBA32F)
		gl.ActiveTexture(gl.TEXTURE0 + unit)
		gl.BindTexture(gl.TEXTURE_BUFFER, 0)
	}
	gl.UseProgram(g.idle)
	gl.DispatchCompute(1, 1, 1)
}

// idleProgram does nothing.
func idleProgram() uint32 {
	shader := gl.CreateShader(gl.COMPUTE_SHADER)
	text, free := gl.Strs("#version 430 core\nlayout(local_size_x = 1) in;\nvoid main() {}\n\x00")
	gl.ShaderSource(shader, 1, text, nil)
	free()
	gl.CompileShader(shader)
	id := gl.CreateProgram()
	gl.AttachShader(id, shader)
	gl.LinkProgram(id)
	gl.DeleteShader(shader)
	return id
}

func (g *glDriver) upload(ctx context.Context, b *Buffer, offset int, data []byte) error {
	drainErrors()
	return joinLine([]error{g.put(ctx, b, offset, data), g.check()})
}

func (g *glDriver) download(ctx context.Context, b *Buffer, offset int, data []byte) error {
	drainErrors()
	q := getter{ctx: ctx, g: g}
	err := q.get(b, offset, data)
	if err == nil {
		err = q.done()
	}
	return joinLine([]error{err, g.check()})
}

// view makes the view that t wants at its first use and keeps it with the buffer.
// Making one binds it to whatever unit is active.
func (g *glDriver) view(t *Texel) (uint32, error) {
	b := t.Buffer
	r := texelRange{t.Offset, rangeSize(b, t.Offset, t.Size)}
	if view := b.ids.views[r]; view != 0 {
		return view, nil
	}
	drainErrors()
	var view uint32
	gl.GenTextures(1, &view)
	gl.BindTexture(gl.TEXTURE_BUFFER, view)
	gl.TexBufferRange(gl.TEXTURE_BUFFER, gl.RGBA32F, b.ids.buffer, r.offset, r.size)
	if err := g.allocated(func() { gl.DeleteTextures(1, &view) }); err != nil {
		return 0, err
	}
	if b.ids.views == nil {
		b.ids.views = map[texelRange]uint32{}
	}
	b.ids.views[r] = view
	return view, nil
}
