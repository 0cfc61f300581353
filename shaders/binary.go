package shaders

import (
	"fmt"
	"strings"
)

// Add and Mul are add.comp and mul.comp: for two tensors of one shape, or a second one that is N×C×1×1.
var (
	Add = &Kernel{Name: "add", Plain: true, local: [2]int{64}, serves: servesAlike, workgroups: perTexel, second: true}
	Mul = &Kernel{Name: "mul", Plain: true, local: [2]int{64}, serves: servesAlike, workgroups: perTexel, second: true}
)

// The kernels of binary.comp, one for each operation, and those for what Add and Mul don't serve.
var (
	AddBroadcast = binary("add_broadcast", "add")
	MulBroadcast = binary("mul_broadcast", "mul")
	Sub          = binary("sub", "sub")
	Div          = binary("div", "div")
	Pow          = binary("pow", "pow")
	Minimum      = binary("minimum", "minimum")
	Maximum      = binary("maximum", "maximum")
	PReLU        = binary("prelu", "prelu")
	Equal        = binary("equal", "equal")
	NotEqual     = binary("not_equal", "not_equal")
	Greater      = binary("greater", "greater")
	GreaterEqual = binary("greater_equal", "greater_equal")
	And          = binary("and", "and")
	Or           = binary("or", "or")
	Xor          = binary("xor", "xor")
	Keep         = binary("keep", "keep")
	Drop         = binary("drop", "drop")
)

func binary(name, op string) *Kernel {
	return &Kernel{
		Name: name, text: "binary.comp", Plain: true, local: [2]int{64}, second: true, math: op == "pow",
		macros: func(Key) []macro { return []macro{{"OP_" + strings.ToUpper(op), 1}} },
		serves: func(k Key, p *Params) error {
			if name != op && servesAlike(k, p) == nil {
				return fmt.Errorf("both inputs have one shape: %s serves them", op)
			}
			return servesBroadcast(p)
		},
		workgroups: func(k Key, p *Params) [2]int {
			return [2]int{ceil(int(p.OutN)*int(p.OutG)*int(p.OutH)*int(p.OutW), k.localX()), 1}
		},
	}
}

// servesAlike: the second input has the first one's shape, or is N×C×1×1.
func servesAlike(k Key, p *Params) error {
	alike := p.Src2H == p.H && p.Src2W == p.W || p.Src2H == 1 && p.Src2W == 1
	if p.Src2N != p.N || p.Src2C != p.C || !alike {
		return fmt.Errorf("inputs %d×%d×%d×%d and %d×%d×%d×%d: it serves one shape, or a second that is N×C×1×1",
			p.N, p.C, p.H, p.W, p.Src2N, p.Src2C, p.Src2H, p.Src2W)
	}
	return keepsShape(k, p)
}

// servesBroadcast: along each axis an input has the output's extent, or 1.
func servesBroadcast(p *Params) error {
	for _, axis := range [][3]int32{{p.N, p.Src2N, p.OutN}, {p.C, p.Src2C, p.OutC}, {p.H, p.Src2H, p.OutH}, {p.W, p.Src2W, p.OutW}} {
		if a, b, out := axis[0], axis[1], axis[2]; a != out && a != 1 || b != out && b != 1 {
			return fmt.Errorf("extents %d and %d can't make %d", a, b, out)
		}
	}
	return nil
}
