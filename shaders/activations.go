package shaders

import (
	"fmt"
	"strings"
)

// Act is what a segment does to its values on the way out: activations.glsl says how.
type Act int32

// The activations.
const (
	ActNone Act = iota
	ActReLU
	ActClip // to Low … High
	ActSigmoid
	activations
)

// basic activations are in every program: they cost nothing, and programs would otherwise double.
const basic = 1<<ActNone | 1<<ActReLU | 1<<ActClip

func (a Act) String() string {
	switch a {
	case ActNone:
		return "none"
	case ActReLU:
		return "relu"
	case ActClip:
		return "clip"
	case ActSigmoid:
		return "sigmoid"
	}
	return fmt.Sprintf("Act(%d)", int32(a))
}

// macro is the name under which activations.glsl knows it.
func (a Act) macro() string { return "ACT_" + strings.ToUpper(a.String()) }

// Acts is a set of activations, without the basic ones.
type Acts uint32

func (s Acts) list() []Act {
	var all []Act
	for a := range activations {
		if s&(1<<a) != 0 {
			all = append(all, a)
		}
	}
	return all
}

// acts are the activations of p's segments.
func (p *Params) acts() Acts {
	var s Acts
	for i := range p.Seg[:min(max(p.Segments, 0), MaxSegments)] {
		if a := p.Seg[i].Act; a >= 0 && a < activations {
			s |= 1 << a
		}
	}
	return s &^ basic
}
