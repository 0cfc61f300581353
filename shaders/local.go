package shaders

// LocalSize is the workgroup's size in invocations.
func (k Key) LocalSize() [3]int { return [3]int{k.localX(), k.localY(), 1} }
