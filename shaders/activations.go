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
	ActShrink // by High, where |v| is above Low
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

// Acts is a set of activations, without the basic ones.
type Acts uint64

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
