package shaders

import (
	"fmt"
	"math/bits"
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

// Acts is what a program knows of activations: those beyond the basic ones, which it tells apart as it runs, or the only one of
// a step with one destination.
type Acts uint32

// Alone is the Acts of a step with one destination.
func Alone(a Act) Acts { return alone | 1<<a }

const alone Acts = 1 << 31

// alone reports the activation of a step with one destination.
func (s Acts) alone() (act Act, ok bool) {
	return Act(bits.TrailingZeros32(uint32(s))), s&alone != 0
}

func (s Acts) list() []Act {
	var all []Act
	for a := range activations {
		if s&(1<<a) != 0 {
			all = append(all, a)
		}
	}
	return all
}

// acts are those of p's segments.
func (p *Params) acts() Acts {
	if p.Segments == 1 && p.Seg[0].Act >= 0 && p.Seg[0].Act < activations {
		return Alone(p.Seg[0].Act)
	}
	return p.severalActs()
}

// severalActs are those that a program must know which tells segments apart.
func (p *Params) severalActs() Acts {
	var s Acts
	for i := range p.Seg[:min(max(p.Segments, 0), MaxSegments)] {
		if a := p.Seg[i].Act; a >= 0 && a < activations {
			s |= 1 << a
		}
	}
	return s &^ basic
}
