// Package tensor holds host data: four-dimensional float32 tensors in NCHW order, row-major, and
// n-dimensional arrays for weights and files.
package tensor

import (
	"fmt"
	"math"
)

// MaxElements bounds a tensor's length: 2³¹−1 elements, the range of the shaders' int indices.
const MaxElements = math.MaxInt32

// Shape is batch, channels, height, width. Every extent is at least 1.
type Shape struct{ N, C, H, W int }

// Len is the number of elements, N·C·H·W. It is meaningful only for a shape that Check accepts.
func (s Shape) Len() int { return s.N * s.C * s.H * s.W }

func (s Shape) String() string { return fmt.Sprintf("%d×%d×%d×%d", s.N, s.C, s.H, s.W) }

// Check reports an extent below 1 or a product above MaxElements.
func (s Shape) Check() error {
	n := 1
	for i, d := range [4]int{s.N, s.C, s.H, s.W} {
		if d < 1 {
			return fmt.Errorf("shape %v: %c is %d, must be at least 1", s, "NCHW"[i], d)
		}
		if n > MaxElements/d {
			return fmt.Errorf("shape %v has more than %d elements", s, MaxElements)
		}
		n *= d
	}
	return nil
}

// Tensor is a Shape with its elements, NCHW, row-major: element (n, c, y, x) is Data[((n·C+c)·H+y)·W+x].
type Tensor struct {
	Shape
	Data []float32 // N·C·H·W
}

// New makes a tensor of zeros. The shape must pass Check.
func New(s Shape) *Tensor { return &Tensor{Shape: s, Data: make([]float32, s.Len())} }

// FromData wraps data, which must hold exactly s.Len() elements.
func FromData(s Shape, data []float32) (*Tensor, error) {
	t := &Tensor{Shape: s, Data: data}
	return t, t.Check()
}

// Check reports a bad shape, or data whose length is not the shape's.
func (t *Tensor) Check() error {
	if t == nil {
		return fmt.Errorf("tensor is nil")
	}
	if err := t.Shape.Check(); err != nil {
		return err
	}
	if len(t.Data) != t.Len() {
		return fmt.Errorf("tensor of shape %v needs %d elements, has %d", t.Shape, t.Len(), len(t.Data))
	}
	return nil
}

// At is element (n, c, y, x).
func (t *Tensor) At(n, c, y, x int) float32 { return t.Data[((n*t.C+c)*t.H+y)*t.W+x] }

// Set stores element (n, c, y, x).
func (t *Tensor) Set(n, c, y, x int, v float32) { t.Data[((n*t.C+c)*t.H+y)*t.W+x] = v }

// Array is an n-dimensional row-major array: a weight, a bias, or what a file holds.
type Array struct {
	Dims []int
	Data []float32 // product of Dims
}

// FirstNonFinite is the index of the first NaN or infinity in data, or −1.
func FirstNonFinite(data []float32) int {
	const exponent = 0x7f800000
	for i, v := range data {
		if math.Float32bits(v)&exponent == exponent {
			return i
		}
	}
	return -1
}
