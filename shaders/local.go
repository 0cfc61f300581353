package shaders

// LocalSize is the workgroup's size in invocations.
func (k Key) LocalSize() [3]int { return [3]int{k.localX(), k.localY(), 1} }

// Shared reports a kernel that stages its input in shared memory.
func (k Key) Shared() bool { return k.Kernel.shared() }
