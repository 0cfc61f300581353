// Package gpu runs OpenGL 4.3 compute shaders without a window.
//
// A [Device] owns one GL context and one operating-system thread; every other
// goroutine talks to it by handing over whole units of work (a [Pass]), so any
// number of goroutines may share one. The package knows buffers, programs and
// dispatches, and nothing about neural networks.
//
// The usual order is [Open], [Device.NewBuffer], [Device.Program],
// [Device.Run] and [Device.Close]. Sizes and offsets are in bytes unless a
// comment says otherwise. Section numbers in comments refer to the OpenGL 4.3
// core profile specification.
package gpu
