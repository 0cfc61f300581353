// Package gpu is for computing on any GPU with OpenGL 4.3, of any vendor, without
// a window: it runs compute shaders (GLSL) on buffers of GPU memory. Where there
// is no GPU it runs them on Mesa's software drivers.
//
// A [Device] owns one GL context and one operating-system thread; every other
// goroutine talks to it by handing over whole units of work (a [Pass]), so any
// number of goroutines may share one. The package knows buffers, programs and
// dispatches, and nothing about neural networks.
//
// The usual order is [Open], [Device.NewBuffer], [Device.Program],
// [Device.Run] and [Device.Close]; the example does them all. [Device.Record] makes
// waves that run many times cheap to run, [Device.Programs] makes many programs at
// once, and a [ProgramStore] keeps them for the next start. [Limits] are what
// GL allows, [Traits] what a driver does differently. Sizes and offsets are in
// bytes unless a comment says otherwise. Section numbers in comments refer to the
// OpenGL 4.3 core profile specification.
package gpu
