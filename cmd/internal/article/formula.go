package article

import (
	"context"
	"fmt"
	"math/big"
	"strings"

	"inceptiongl/cpuref"
	"inceptiongl/inception"
	"inceptiongl/inception/graph"
	"inceptiongl/inception/tensor"
)

// ratioPairs are input and output channels on which claim 3 is tried: equal, growing, shrinking, extreme; and some on C_in² = 81·C_out.
var ratioPairs = [][2]int{{16, 16}, {64, 64}, {192, 192}, {512, 512}, {64, 192}, {192, 32}, {192, 128}, {192, 4}, {36, 16}, {72, 64}, {108, 144}}

// ratioFormula is claim 3: the weights of 1×1 and 3×3 over those of the 3×3 alone, as exact fractions.
func ratioFormula(context.Context) (Claim, error) {
	c := Claim{
		Says: "With C_mid = C_in/4 channels between, before a 3×3 convolution, the parameters fall to 1/4 + 9/(4·C_in) of the original.",
		Proof: []string{
			"Derivation, biases apart: the 1×1 has C_in·C_mid weights, the 3×3 after it 9·C_mid·C_out, the 3×3 alone 9·C_in·C_out. With C_mid = C_in/4 the ratio is " +
				"(C_in²/4 + 9·C_in·C_out/4) / (9·C_in·C_out) = 1/4 + C_in/(36·C_out).",
			"The article's 1/4 + 9/(4·C_in) equals it only where C_in/(36·C_out) = 9/(4·C_in), that is where C_in² = 81·C_out. For C_out = C_in the ratio is " +
				"1/4 + 1/36 = 27.8 % whatever C_in is; the two would meet at 81, which has no whole quarter. The parameters fall at all only where C_in < 27·C_out.",
		},
	}
	exact, curve := 0, true
	var equal []string
	for _, p := range ratioPairs {
		in, out := p[0], p[1]
		s := tensor.Shape{N: 1, C: in, H: 3, W: 3}
		direct, err := graph.Cost(Bottleneck(in, 0, out, 3), s)
		if err != nil {
			return c, err
		}
		path, err := graph.Cost(Bottleneck(in, in/4, out, 3), s)
		if err != nil {
			return c, err
		}
		ratio := big.NewRat(path.Total.Params.Weights, direct.Total.Params.Weights)
		quarter := big.NewRat(1, 4)
		derived := new(big.Rat).Add(quarter, big.NewRat(int64(in), int64(36*out)))
		said := new(big.Rat).Add(quarter, big.NewRat(9, int64(4*in)))
		f := Figure{
			What:    fmt.Sprintf("C_in %d, C_out %d", in, out),
			Article: percent(said), Recomputed: percent(ratio), Agrees: No,
			Formula: fmt.Sprintf("%d/%d = 1/4 + %d/(36·%d) = %s", path.Total.Params.Weights, direct.Total.Params.Weights, in, out, derived.RatString()),
		}
		if ratio.Cmp(derived) == 0 {
			exact++
		}
		if ratio.Cmp(said) == 0 {
			f.Agrees = Yes
			equal = append(equal, fmt.Sprintf("%d → %d", in, out))
		}
		curve = curve && (ratio.Cmp(said) == 0) == (in*in == 81*out)
		c.Figures = append(c.Figures, f)
	}
	if exact != len(ratioPairs) {
		return c, fmt.Errorf("the derived formula fits %d of %d pairs only", exact, len(ratioPairs))
	}
	if len(equal) == len(ratioPairs) {
		return c, nil
	}
	c.Verdict = Wrong // a formula for all C_in and C_out that fails for some
	c.But = fmt.Sprintf("the ratio is 1/4 + C_in/(36·C_out): it gives the count in all %d pairs below, the article's in %d", exact, len(equal))
	if curve {
		c.But += fmt.Sprintf(", those with C_in² = 81·C_out (%s)", strings.Join(equal, ", "))
	}
	c.But += "."
	return c, nil
}

func percent(r *big.Rat) string {
	v, _ := new(big.Rat).Mul(r, big.NewRat(100, 1)).Float64()
	return fmt.Sprintf("%.2f %%", v)
}

// ExclusiveOr is a stack of two 1×1 convolutions with ReLU that computes a xor b of its two channels.
func ExclusiveOr() *graph.Graph {
	stack := inception.PointwiseStack(2, 2, 1)
	stack.Weights = map[string]tensor.Array{
		"conv1.weight": {Dims: []int{2, 2, 1, 1}, Data: []float32{1, 1, 1, 1}}, // h₁ = a + b, h₂ = a + b − 1
		"conv1.bias":   {Dims: []int{2}, Data: []float32{0, -1}},
		"conv2.weight": {Dims: []int{1, 2, 1, 1}, Data: []float32{1, -2}}, // h₁ − 2·h₂
		"conv2.bias":   {Dims: []int{1}, Data: []float32{0}},
	}
	return stack
}

// TruthTable is the input (a, b) = (0,0), (0,1), (1,0), (1,1): two channels, the four pixels of one image.
func TruthTable() *tensor.Tensor {
	return &tensor.Tensor{Shape: tensor.Shape{N: 1, C: 2, H: 2, W: 2}, Data: []float32{0, 0, 1, 1, 0, 1, 0, 1}}
}

// exclusiveOr is claim 6: two channels a and b of four pixels, all their combinations, through two 1×1 layers.
func exclusiveOr(ctx context.Context) (Claim, error) {
	stack := ExclusiveOr()
	with, err := truthTable(ctx, stack)
	if err != nil {
		return Claim{}, err
	}
	without, err := truthTable(ctx, linear(stack))
	if err != nil {
		return Claim{}, err
	}
	// An affine function has f(0,0) − f(0,1) − f(1,0) + f(1,1) = 0.
	second := func(f []float32) string { return strings.Replace(fmt.Sprint(f[0]-f[1]-f[2]+f[3]), "-", "−", 1) }
	return Claim{
		Says: "Stacked 1×1 convolutions with ReLU mix channels non-linearly: they represent functions that no single 1×1 can.",
		Figures: []Figure{
			words("a xor b, of (a, b) = 00 01 10 11", "0 1 1 0", values(with), "relu(relu(a + b) − 2·relu(a + b − 1))"),
			words("… f(00) − f(01) − f(10) + f(11)", "", second(with), "0 for every single 1×1, without ReLU"),
			words("the same stack without ReLU", "", values(without), "(a + b) − 2·(a + b − 1) = 2 − a − b"),
			words("… f(00) − f(01) − f(10) + f(11)", "", second(without), "a product of matrices: one 1×1"),
		},
		Proof: []string{
			"No single 1×1 does it. At each pixel it is f(a, b) = w₁·a + w₂·b + c, so f(0,0) + f(1,1) = w₁ + w₂ + 2c = f(0,1) + f(1,0); xor has 0 + 0 and 1 + 1.",
			"Nor with a ReLU after it. relu(z) = 1 means z = 1, so w₂ + c = 1 and w₁ + c = 1; relu(c) = 0 means c ≤ 0. " +
				"Then w₁ + w₂ + c = 1 + 1 − c ≥ 2, so f(1,1) ≥ 2; xor has 0.",
		},
	}, nil
}

func values(f []float32) string { return strings.Trim(fmt.Sprint(f), "[]") }

// truthTable is g's output for TruthTable.
func truthTable(ctx context.Context, g *graph.Graph) ([]float32, error) {
	y, err := cpuref.Run(ctx, g, TruthTable())
	if err != nil {
		return nil, err
	}
	return y.Data, nil
}

// linear is a stack of convolutions without its ReLUs.
func linear(stack *graph.Graph) *graph.Graph {
	g, x := graph.New(stack.Name, stack.Nodes[0].Op.(graph.Input).Channels)
	g.Weights = stack.Weights
	for _, n := range stack.Nodes {
		if c, ok := n.Op.(graph.Conv2D); ok {
			x = g.Add(n.Name, c, x)
		}
	}
	g.Outputs = []graph.Value{x}
	return g
}
