package weights

import (
	"encoding/binary"
	"fmt"
	"math"
)

// npyKinds are the element types that are read, and their bytes.
var npyKinds = map[string]int{"f2": 2, "f4": 4, "f8": 8, "i1": 1, "i2": 2, "i4": 4, "i8": 8, "u1": 1, "u2": 2, "u4": 4, "u8": 8, "b1": 1}

// describe takes in an element type such as <f4.
func (h *npyHeader) describe(descr string) error {
	if len(descr) == 3 {
		h.kind = descr[1:]
	}
	h.item, h.order = npyKinds[h.kind], binary.LittleEndian
	order := len(descr) == 3 && (descr[0] == '<' || descr[0] == '>' || descr[0] == '|' && h.item == 1)
	if h.item == 0 || !order {
		return fmt.Errorf(".npy of type %s: must be floats, integers or booleans, convert with numpy's astype", quote(descr))
	}
	if descr[0] == '>' {
		h.order = binary.BigEndian
	}
	return nil
}

// number is the element that b begins with.
func (h *npyHeader) number(b []byte) (float64, error) {
	switch h.kind {
	case "f2":
		return half(h.order.Uint16(b)), nil
	case "f4":
		return float64(math.Float32frombits(h.order.Uint32(b))), nil
	case "i1":
		return float64(int8(b[0])), nil
	case "u1", "b1":
		return float64(b[0]), nil
	case "i2":
		return float64(int16(h.order.Uint16(b))), nil
	case "u2":
		return float64(h.order.Uint16(b)), nil
	case "i4":
		return float64(int32(h.order.Uint32(b))), nil
	case "u4":
		return float64(h.order.Uint32(b)), nil
	}
	v := h.order.Uint64(b) // i8, u8
	if h.kind == "i8" && int64(v) < 0 {
		v = -v
	}
	if v > 1<<53 {
		return 0, fmt.Errorf("an integer beyond 2^53")
	}
	if h.kind == "i8" && int64(h.order.Uint64(b)) < 0 {
		return -float64(v), nil
	}
	return float64(v), nil
}

// half is an IEEE 754 binary16 number.
func half(h uint16) float64 {
	sign, exponent, fraction := 1-2*float64(h>>15), int(h>>10&31), float64(h&1023)
	switch exponent {
	case 0:
		return sign * math.Ldexp(fraction, -24)
	case 31:
		if fraction != 0 {
			return math.NaN()
		}
		return math.Inf(int(sign))
	}
	return sign * math.Ldexp(1024+fraction, exponent-25)
}
