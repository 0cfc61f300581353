package tail

import (
	"fmt"
	"math"
)

// Type is what a Cast makes of numbers.
type Type int

// The types.
const (
	Float Type = iota
	Integer
	Truth
	Bits8 // with a sign; what doesn't fit wraps around
	UBits8
	Bits16
	UBits16
	Bits32
)

// Cast makes numbers of another type; floats are cut towards 0.
type Cast struct{ To Type }

// Kind is "Cast".
func (Cast) Kind() string { return "Cast" }

// Run converts.
func (c Cast) Run(in []Array) ([]Array, error) {
	if err := needs(in, 1, 1); err != nil {
		return nil, err
	}
	x := in[0]
	switch {
	case c.To == Float && !x.Ints, c.To == Integer && x.Ints:
		return in, nil
	case c.To == Float:
		out := Floats(x.Dims, make([]float32, len(x.I)))
		for i, v := range x.I {
			out.F[i] = float32(v)
		}
		return []Array{out}, nil
	}
	out := Integers(x.Dims, make([]int64, x.Len()))
	for i := range out.I {
		v := x.Number(i)
		switch {
		case c.To == Truth:
			out.I[i] = number(v != 0)
			continue
		case x.Ints:
			out.I[i] = x.I[i]
		case !(math.Abs(v) < 1<<63):
			return nil, fmt.Errorf("of %v to an integer", v)
		default:
			out.I[i] = int64(v)
		}
		out.I[i] = c.To.wrap(out.I[i])
	}
	return []Array{out}, nil
}

func (t Type) wrap(v int64) int64 {
	switch t {
	case Bits8:
		return int64(int8(v))
	case UBits8:
		return int64(uint8(v))
	case Bits16:
		return int64(int16(v))
	case UBits16:
		return int64(uint16(v))
	case Bits32:
		return int64(int32(v))
	}
	return v
}
