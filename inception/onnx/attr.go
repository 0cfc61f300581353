package onnx

import (
	"fmt"
	"math"

	pb "inceptiongl/inception/onnx/internal/onnxpb"
)

// attributes are a node's. What an operator doesn't ask for is unknown, which left reports. The first error stays in err.
type attributes struct {
	all  map[string]*pb.AttributeProto
	read map[string]bool
	err  error

	builder *builder // what tensors take is counted there
}

func newAttributes(b *builder, list []*pb.AttributeProto) (*attributes, error) {
	a := &attributes{all: map[string]*pb.AttributeProto{}, read: map[string]bool{}, builder: b}
	for _, p := range list {
		name := p.GetName()
		switch {
		case name == "" || a.all[name] != nil:
			return nil, fmt.Errorf("attribute %s is unnamed or given twice", quote(name))
		case p.GetRefAttrName() != "":
			return nil, fmt.Errorf("attribute %s refers to a function's attribute", quote(name))
		}
		a.all[name] = p
	}
	return a, nil
}

// left is the error so far, or one that names an attribute that nothing asked for.
func (a *attributes) left() error {
	if a.err != nil {
		return a.err
	}
	for name := range a.all {
		if !a.read[name] {
			return fmt.Errorf("unknown attribute %s", quote(name))
		}
	}
	return nil
}

// has marks an attribute as known and tells whether it is there.
func (a *attributes) has(name string) bool {
	a.read[name] = true
	return a.all[name] != nil
}

// get is the attribute, if it is there and of the type.
func (a *attributes) get(name string, t pb.AttributeProto_AttributeType) (*pb.AttributeProto, bool) {
	if !a.has(name) {
		return nil, false
	}
	p := a.all[name]
	if p.GetType() != t {
		a.fail("attribute %s is of type %v, must be %v", quote(name), p.GetType(), t)
		return nil, false
	}
	return p, true
}

func (a *attributes) fail(format string, args ...any) {
	if a.err == nil {
		a.err = fmt.Errorf(format, args...)
	}
}

// int is an integer, or def.
func (a *attributes) int(name string, def int) int {
	if p, ok := a.get(name, pb.AttributeProto_INT); ok {
		return int(p.GetI())
	}
	return def
}

// flag is a 0 or a 1.
func (a *attributes) flag(name string, def bool) bool {
	p, ok := a.get(name, pb.AttributeProto_INT)
	if !ok {
		return def
	}
	if v := p.GetI(); v != 0 && v != 1 {
		a.fail("attribute %s is %d, must be 0 or 1", quote(name), v)
	}
	return p.GetI() == 1
}

// float is a finite number, or def.
func (a *attributes) float(name string, def float32) float32 {
	p, ok := a.get(name, pb.AttributeProto_FLOAT)
	if !ok {
		return def
	}
	if v := float64(p.GetF()); math.IsNaN(v) || math.IsInf(v, 0) {
		a.fail("attribute %s is %v, must be finite", quote(name), v)
	}
	return p.GetF()
}

// string is a string, or def.
func (a *attributes) string(name, def string) string {
	if p, ok := a.get(name, pb.AttributeProto_STRING); ok {
		return string(p.GetS())
	}
	return def
}

// ints is a list of integers, or nil.
func (a *attributes) ints(name string) []int {
	p, ok := a.get(name, pb.AttributeProto_INTS)
	if !ok {
		return nil
	}
	out := make([]int, len(p.GetInts()))
	for k, v := range p.GetInts() {
		out[k] = int(v)
	}
	return out
}

// floats is a list of finite numbers, which must be there.
func (a *attributes) floats(name string) ([]float32, error) {
	p, ok := a.get(name, pb.AttributeProto_FLOATS)
	if !ok {
		return nil, fmt.Errorf("attribute %s is missing", quote(name))
	}
	for _, v := range p.GetFloats() {
		if v-v != 0 {
			return nil, fmt.Errorf("attribute %s holds %v: numbers must be finite", quote(name), v)
		}
	}
	return p.GetFloats(), nil
}

// extents is a list of n integers in low…maxExtent, or n times def.
func (a *attributes) extents(name string, n, low, def int) []int {
	v := a.ints(name)
	if v == nil {
		v = make([]int, n)
		for k := range v {
			v[k] = def
		}
	}
	if len(v) != n {
		a.fail("attribute %s has %d elements, must have %d", quote(name), len(v), n)
		return make([]int, n)
	}
	for _, x := range v {
		if x < low || x > maxExtent {
			a.fail("attribute %s is %v: each must be in %d…%d", quote(name), v, low, maxExtent)
			break
		}
	}
	return v
}

// maxExtent bounds kernels, strides, pads and dilations.
const maxExtent = 1 << 20

// tensor is a tensor, or nil.
func (a *attributes) tensor(name string) *constant {
	p, ok := a.get(name, pb.AttributeProto_TENSOR)
	if !ok {
		return nil
	}
	c, err := decode(p.GetT(), func(*pb.TensorProto, int64) ([]byte, error) {
		return nil, fmt.Errorf("external data in an attribute")
	}, a.builder)
	if err != nil {
		a.fail("attribute %s: %w", quote(name), err)
	}
	return c
}
