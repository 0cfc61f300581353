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
	ActAbs
	ActCeil
	ActCelu // α is Low, 1/α High
	ActElu  // Low·(exp(v) − 1) below 0, High·v above
	ActErf
	ActExp
	ActFloor
	ActGelu
	ActGeluTanh
	ActHardSigmoid // of Low·v + High
	ActHardSwish   // of Low·v + High
	ActLeakyReLU   // Low·v below 0
	ActLog
	ActMish
	ActReciprocal
	ActRound
	ActShrink // v − High above Low, v + High below −Low, 0 elsewhere
	ActSign
	ActSoftplus
	ActSoftsign
	ActSqrt
	ActSwish // of Low·v
	ActTanh
	ActThresholdedReLU // above Low
	activations
)

var actNames = [activations]string{
	"none", "relu", "clip", "sigmoid", "abs", "ceil", "celu", "elu", "erf", "exp", "floor", "gelu", "gelu_tanh", "hard_sigmoid", "hard_swish",
	"leaky_relu", "log", "mish", "reciprocal", "round", "shrink", "sign", "softplus", "softsign", "sqrt", "swish", "tanh", "thresholded_relu",
}

// basic activations are in every program: they cost nothing, and programs would otherwise double.
const basic = 1<<ActNone | 1<<ActReLU | 1<<ActClip

// EveryAct is all activations but the basic ones.
const EveryAct Acts = (1<<activations - 1) &^ basic

func (a Act) String() string {
	if a < 0 || a >= activations {
		return fmt.Sprintf("Act(%d)", int32(a))
	}
	return actNames[a]
}

// macro is the name under which activations.glsl knows it.
func (a Act) macro() string { return "ACT_" + strings.ToUpper(a.String()) }

// Acts is what a program knows of activations: those beyond the basic ones, which it tells apart as it runs, or the only one of
// a step with one destination.
type Acts uint64

// Alone is the Acts of a step with one destination.
func Alone(a Act) Acts { return alone | 1<<a }

const alone Acts = 1 << 63

// alone reports the activation of a step with one destination.
func (s Acts) alone() (act Act, ok bool) {
	return Act(bits.TrailingZeros64(uint64(s))), s&alone != 0
}

// List is the set's activations, in order.
func (s Acts) List() []Act {
	var all []Act
	for a := range activations {
		if s&(1<<a) != 0 {
			all = append(all, a)
		}
	}
	return all
}

func (s Acts) String() string {
	if s == EveryAct {
		return "every activation"
	}
	var names []string
	for _, a := range s.List() {
		names = append(names, a.String())
	}
	return strings.Join(names, " ")
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
