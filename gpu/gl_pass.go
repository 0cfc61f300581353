//go:build cgo && (linux || windows)

package gpu

import (
	"context"
	"fmt"

	"github.com/go-gl/gl/v4.3-core/gl"
)

// passBarrier covers every way in which a pass reads what a shader wrote
// (section 7.12.2). One constant cannot be forgotten, and costs nothing more.
const passBarrier = gl.SHADER_STORAGE_BARRIER_BIT | gl.TEXTURE_FETCH_BARRIER_BIT |
	gl.SHADER_IMAGE_ACCESS_BARRIER_BIT | gl.UNIFORM_BARRIER_BIT | gl.BUFFER_UPDATE_BARRIER_BIT

func (g *glDriver) run(ctx context.Context, p *Pass) (Timing, error) {
	drainErrors()
	for _, t := range p.Uploads {
		put(t.Buffer, t.Offset, floatBytes(t.Data))
	}
	if err := g.checkStep("uploads"); err != nil {
		return Timing{}, err
	}
	clock := g.newClock(p)
	clock.stamp()
	queue := fences{g: g, ctx: ctx}
	defer queue.drop()
	for w, wave := range p.Waves {
		if err := queue.room(); err != nil {
			return Timing{}, joinLine([]error{fmt.Errorf("stopped before wave %d of %d: %w", w, len(p.Waves), err), g.check()})
		}
		for i := range wave {
			dispatch(&wave[i])
			if err := g.checkStep(wave[i].Name); err != nil {
				return Timing{}, err
			}
			clock.stamp()
		}
		gl.MemoryBarrier(passBarrier)
		clock.stamp()
		queue.mark()
	}
	if err := queue.all(); err != nil {
		return Timing{}, joinLine([]error{fmt.Errorf("stopped while the last waves ran: %w", err), g.check()})
	}
	for _, t := range p.Downloads {
		get(t.Buffer, t.Offset, floatBytes(t.Data))
	}
	if err := g.check(); err != nil {
		return Timing{}, err
	}
	return clock.timing(p), nil
}

// checkStep looks for errors after one step in debug mode only; otherwise the
// check at the end of the pass has to do, and cannot name the step.
func (g *glDriver) checkStep(name string) error {
	if !g.debug {
		return nil
	}
	if err := g.check(); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// dispatch binds everything anew: GL's binding state is never relied upon.
func dispatch(x *Dispatch) {
	gl.UseProgram(x.Program.id)
	for _, s := range x.Storage {
		gl.BindBufferRange(gl.SHADER_STORAGE_BUFFER, uint32(s.Binding), s.Buffer.ids.buffer,
			s.Offset, rangeSize(s.Buffer, s.Offset, s.Size))
	}
	for _, u := range x.Uniforms {
		gl.BindBufferRange(gl.UNIFORM_BUFFER, uint32(u.Binding), u.Buffer.ids.buffer,
			u.Offset, rangeSize(u.Buffer, u.Offset, u.Size))
	}
	for i := range x.Texels {
		texture(&x.Texels[i]) // all before binding any: a new view would take the place of one just bound
	}
	for i := range x.Texels {
		t := &x.Texels[i]
		view := texture(t)
		if t.Kind == TexelImage {
			gl.BindImageTexture(uint32(t.Unit), view, 0, false, 0, gl.READ_ONLY, gl.RGBA32F)
		} else {
			gl.ActiveTexture(gl.TEXTURE0 + uint32(t.Unit))
			gl.BindTexture(gl.TEXTURE_BUFFER, view)
		}
	}
	gl.DispatchCompute(uint32(x.Groups[0]), uint32(x.Groups[1]), uint32(x.Groups[2]))
}
