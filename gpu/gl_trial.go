//go:build cgo && (linux || windows)

package gpu

import (
	"encoding/binary"
	"time"

	"github.com/go-gl/gl/v4.3-core/gl"
)

// calibrate finds out whether timestamps tell the time. Through GLX llvmpipe's say 25 µs for work of any length: no extension
// or version gives that away.
func (g *glDriver) calibrate() {
	g.lim.Timestamps, g.lim.ClockFault = false, ""
	var bits int32
	if gl.GetQueryiv(gl.TIMESTAMP, gl.QUERY_COUNTER_BITS, &bits); bits == 0 {
		g.lim.ClockFault = "the driver has no timestamps"
	}
	p, err := g.endProgram(g.startProgram(trialSource, programBinary{}, false))
	if err != nil {
		g.lim.ClockFault = "the clock could not be tried: " + err.Error()
		return
	}
	defer gl.DeleteProgram(p.id)
	var work uint32
	gl.GenBuffers(1, &work)
	defer gl.DeleteBuffers(1, &work)
	gl.BindBuffer(gl.COPY_WRITE_BUFFER, work)
	gl.BufferData(gl.COPY_WRITE_BUFFER, 16, nil, gl.DYNAMIC_COPY)
	gl.BindBufferBase(gl.SHADER_STORAGE_BUFFER, 0, work)
	gl.UseProgram(p.id)
	g.waitCost = time.Hour
	fault := tryClock(func(loops uint32) lap { return g.trial(work, loops) })
	gl.UseProgram(0)
	if g.lim.ClockFault == "" {
		g.lim.ClockFault = fault
	}
	g.lim.Timestamps = g.lim.ClockFault == ""
}

// trial is one dispatch of that many loops. Telling it how many is the shortest
// work there is: what that takes is the cost of waiting.
func (g *glDriver) trial(work, loops uint32) lap {
	data := binary.NativeEndian.AppendUint32(nil, loops)
	begin := now()
	gl.BindBuffer(gl.COPY_WRITE_BUFFER, work)
	gl.BufferSubData(gl.COPY_WRITE_BUFFER, 0, len(data), gl.Ptr(data))
	g.finish()
	g.waitCost = min(g.waitCost, now()-begin)
	q := g.timestamps(2)
	begin = now()
	gl.QueryCounter(q[0], gl.TIMESTAMP)
	gl.DispatchCompute(1, 1, 1)
	gl.QueryCounter(q[1], gl.TIMESTAMP)
	g.finish()
	wall := now() - begin
	return lap{time.Duration(g.read(q[1]) - g.read(q[0])), wall}
}
