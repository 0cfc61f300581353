package graph

import (
	"fmt"
	"math"

	"inceptiongl/inception/tensor"
)

// NormalizeKind is what a Normalize divides by, of K numbers x.
type NormalizeKind int

// The kinds. Where they would divide by 0, the answer is 0.
const (
	Standard       NormalizeKind = iota // (x − m) / √(Σ(x − m)²/K + Eps), m = Σx/K: mean 0 and variance 1
	RootMeanSquare                      // x / √(Σx²/K + Eps)
	L1                                  // x / Σ|x|
	L2                                  // x / √Σx²
	normalizeKinds
)

var normalizeNames = [normalizeKinds]string{"normalize", "rmsnorm", "l1norm", "l2norm"}

// Normalize brings numbers to one scale: all the channels of each pixel, or all pixels of a group of channels. Then come a factor and an
// addend for each channel:
//
//	out(n, c, y, x) = normalized(n, c, y, x) · Scale(c) + Shift(c)
//
// With one group for each channel it is torch.nn.InstanceNorm2d, with fewer GroupNorm; by pixels it is LayerNorm over the channels.
type Normalize struct {
	Type     NormalizeKind
	Channels int
	Groups   int // of channels, each with all pixels; 0: the channels of each pixel by itself
	Eps      float64
	Scale    string // parameter names; dimension Channels. Empty: 1 and 0
	Shift    string
}

// Kind is the type's name.
func (n Normalize) Kind() string {
	if n.Type < 0 || n.Type >= normalizeKinds {
		return fmt.Sprintf("NormalizeKind(%d)", int(n.Type))
	}
	return normalizeNames[n.Type]
}

// Params are Scale and Shift, where they have names.
func (n Normalize) Params() []Param { return named(n.Channels, n.Scale, n.Shift) }

// MACs is 0, as for pools.
func (Normalize) MACs([]tensor.Shape, tensor.Shape) int64 { return 0 }

// Count is how many numbers are brought to one scale, for an input.
func (n Normalize) Count(in tensor.Shape) int {
	if n.Groups == 0 {
		return in.C
	}
	return in.C / n.Groups * in.H * in.W
}

// OutShape is the input's shape; its channel count must be Channels, which Groups must divide.
func (n Normalize) OutShape(in []tensor.Shape) (tensor.Shape, error) {
	s, err := perChannel(in, n.Channels)
	switch {
	case err != nil:
	case n.Type < 0 || n.Type >= normalizeKinds:
		err = fmt.Errorf("unknown type %d", n.Type)
	case n.Groups < 0 || n.Groups > s.C || n.Groups > 0 && s.C%n.Groups != 0:
		err = fmt.Errorf("%d groups don't divide %d channels", n.Groups, s.C)
	case !(n.Eps >= 0 && n.Eps <= math.MaxFloat32):
		err = fmt.Errorf("epsilon %v must be a finite float32 number, not negative", n.Eps)
	}
	return s, err
}
