package graph

import (
	"fmt"

	"inceptiongl/inception/tensor"
)

// BinaryKind is what a Binary does with its two inputs.
type BinaryKind int

// The kinds of Binary, of a number a of the first input and b of the second. Truth is a number: 1 where something holds, 0 where it
// doesn't, and any number but 0 counts as true. Comparisons with NaN don't hold, NotEqual does. Pow follows C's pow.
const (
	Add          BinaryKind = iota // a + b
	Mul                            // a · b
	Sub                            // a − b
	Div                            // a / b
	Pow                            // a^b
	Minimum                        // the smaller; NaN where either is
	Maximum                        // the larger; NaN where either is
	PReLU                          // a where a ≥ 0, b · a elsewhere: torch.nn.PReLU with slopes b
	Equal                          // a = b
	NotEqual                       // a ≠ b
	Greater                        // a > b
	GreaterEqual                   // a ≥ b
	And                            // both are true
	Or                             // one is true
	Xor                            // exactly one is true
	Keep                           // a where b is true, 0 elsewhere
	Drop                           // 0 where b is true, a elsewhere
	binaryKinds
)

var binaryNames = [binaryKinds]string{
	"add", "mul", "sub", "div", "pow", "minimum", "maximum", "prelu", "equal", "not_equal", "greater", "greater_equal",
	"and", "or", "xor", "keep", "drop",
}

// BinaryKinds lists them.
func BinaryKinds() []BinaryKind {
	var all []BinaryKind
	for k := range binaryKinds {
		all = append(all, k)
	}
	return all
}

func (k BinaryKind) String() string {
	if k < 0 || k >= binaryKinds {
		return fmt.Sprintf("BinaryKind(%d)", int(k))
	}
	return binaryNames[k]
}

// Binary joins two tensors, element by element, as NumPy broadcasts: an input whose batch, channels, rows or columns are 1 holds for
// all of the other's.
type Binary struct{ Type BinaryKind }

// Kind is the type's name: "add", "mul" …
func (b Binary) Kind() string { return b.Type.String() }

// Params is empty.
func (Binary) Params() []Param { return nil }

// MACs is 0, as for ReLU.
func (Binary) MACs([]tensor.Shape, tensor.Shape) int64 { return 0 }

// OutShape is, for each extent, the larger of the inputs'. Where they differ, one must be 1.
func (b Binary) OutShape(in []tensor.Shape) (tensor.Shape, error) {
	if len(in) != 2 {
		return tensor.Shape{}, fmt.Errorf("takes 2 inputs, has %d", len(in))
	}
	out := in[0]
	if b.Type < 0 || b.Type >= binaryKinds {
		return out, fmt.Errorf("unknown type %d", b.Type)
	}
	second := in[1]
	for _, d := range [][2]*int{{&out.N, &second.N}, {&out.C, &second.C}, {&out.H, &second.H}, {&out.W, &second.W}} {
		if *d[0] == 1 {
			*d[0] = *d[1]
		}
		if *d[1] != *d[0] && *d[1] != 1 {
			return in[0], fmt.Errorf("inputs %v and %v: extents must agree, or one be 1", in[0], in[1])
		}
	}
	return out, nil
}
