// Package article recomputes the figures of the article that this project began with, from graphs built for them, and judges
// each claim.
package article

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"inceptiongl/cmd/internal/show"
	"inceptiongl/inception"
	"inceptiongl/inception/graph"
	"inceptiongl/inception/tensor"
)

// Input is the shape of the article's input.
var Input = tensor.Shape{N: 1, C: 192, H: 28, W: 28}

// The verdicts.
const (
	Right    = "right"
	RightBut = "right, but"
	Wrong    = "wrong"
)

// Claim is what the article says, recomputed.
type Claim struct {
	Number  int
	Says    string
	Verdict string // follows from the figures: all agree, some do, none does
	But     string `json:",omitempty"` // what is to add
	Figures []Figure
	Proof   []string `json:",omitempty"` // the derivation, where a number is not enough
}

// Recompute does all claims, in the article's order. It needs no GPU.
func Recompute(ctx context.Context) ([]Claim, error) {
	var all []Claim
	for i, f := range []func(context.Context) (Claim, error){pointwiseShape, bottleneckParameters, ratioFormula, bottleneckMACs, sizesAgree, exclusiveOr} {
		c, err := f(ctx)
		if err != nil {
			return nil, fmt.Errorf("claim %d: %w", i+1, err)
		}
		c.Number = i + 1
		switch stated, agree := agreeing(c.Figures); {
		case agree == stated && c.But == "":
			c.Verdict = Right
		case agree == 0:
			c.Verdict = Wrong
		case c.Verdict == "":
			c.Verdict = RightBut
		}
		all = append(all, c)
	}
	return all, nil
}

// layerCost is the cost of the node of that name.
func layerCost(c *graph.NetworkCost, name string) graph.NodeCost {
	for _, n := range c.Nodes {
		if n.Name == name {
			return n
		}
	}
	return graph.NodeCost{}
}

// hwc writes a shape as the article does.
func hwc(s tensor.Shape) string { return fmt.Sprintf("%d×%d×%d", s.H, s.W, s.C) }

func pointwiseShape(context.Context) (Claim, error) {
	c, err := graph.Cost(inception.PointwiseStack(192, 16), Input)
	if err != nil {
		return Claim{}, err
	}
	conv := layerCost(c, "conv1")
	return Claim{
		Says: "28×28×192 through sixteen 1×1 filters gives 28×28×16.",
		Figures: []Figure{
			words("output", "28×28×16", hwc(conv.Out), "H × W × filters"),
			words("weights", "", show.Comma(conv.Params.Weights), "192·16"),
			words("multiplications", "", show.Comma(conv.MACs), "28·28·16·192"),
		},
	}, nil
}

// twoPaths are the 5×5 from 192 to 32 channels, alone and after a 1×1 to 16.
func twoPaths() (direct, path *graph.NetworkCost, err error) {
	if direct, err = graph.Cost(Bottleneck(192, 0, 32, 5), Input); err == nil {
		path, err = graph.Cost(Bottleneck(192, 16, 32, 5), Input)
	}
	return direct, path, err
}

func down(from, to int64) float64 { return 1 - float64(to)/float64(from) }

func bottleneckParameters(context.Context) (Claim, error) {
	direct, path, err := twoPaths()
	if err != nil {
		return Claim{}, err
	}
	before, whole := direct.Total.Params.Weights, path.Total.Params.Weights
	reduce, after := layerCost(path, "conv1x1").Params.Weights, layerCost(path, "conv5x5").Params.Weights
	c := Claim{
		Says: "A 5×5 convolution from 192 to 32 channels has 192·5·5·32 = 153,600 parameters; through a 1×1 to 16 channels first it has 12,800, down 91.7 %.",
		Figures: []Figure{
			number("5×5, 192 → 32", "153,600", float64(before), "192·5·5·32"),
			number("5×5, 16 → 32", "12,800", float64(after), "16·5·5·32"),
			number("… less than before", "91.7 %", down(before, after), fmt.Sprintf("1 − %d/%d", after, before)),
			number("with the 1×1 itself", "12,800", float64(whole), fmt.Sprintf("192·16 + 16·5·5·32 = %d + %d", reduce, after)),
			number("… less than before", "91.7 %", down(before, whole), fmt.Sprintf("1 − %d/%d", whole, before)),
			words("… biases apart", "", fmt.Sprintf("%d → %d", direct.Total.Params.Biases, path.Total.Params.Biases), "32 → 16 + 32"),
		},
	}
	if whole != after {
		c.But = fmt.Sprintf("it leaves out the 1×1's own %s parameters. The path has %s, down %.1f %%.", show.Comma(reduce), show.Comma(whole), 100*down(before, whole))
	}
	return c, nil
}

func bottleneckMACs(context.Context) (Claim, error) {
	direct, path, err := twoPaths()
	if err != nil {
		return Claim{}, err
	}
	reduce, after := layerCost(path, "conv1x1").MACs, layerCost(path, "conv5x5").MACs
	less := number("… less than before", "89 %", down(direct.Total.MACs, path.Total.MACs), fmt.Sprintf("1 − %d/%d", path.Total.MACs, direct.Total.MACs))
	c := Claim{
		Says: "That 5×5 takes 28·28·32·(5·5·192) = 120.4 M multiplications; with the bottleneck 2.4 M + 10.0 M = 12.4 M, down 89 %.",
		Figures: []Figure{
			number("5×5, 192 → 32", "120.4 M", float64(direct.Total.MACs), "28·28·32·(5·5·192)"),
			number("1×1, 192 → 16", "2.4 M", float64(reduce), "28·28·16·192"),
			number("5×5, 16 → 32", "10.0 M", float64(after), "28·28·32·(5·5·16)"),
			number("both", "12.4 M", float64(path.Total.MACs), "their sum"),
			less,
		},
	}
	if less.Agrees == Cut {
		c.But = fmt.Sprintf("%s rounds to %.0f %%: the article cut the decimals off.", less.Recomputed, 100*down(direct.Total.MACs, path.Total.MACs))
	}
	return c, nil
}

// sizesTried bounds the heights and widths on which "same" padding is tried.
const sizesTried = 64

func sizesAgree(context.Context) (Claim, error) {
	g := inception.InceptionA(Input.C)
	cost, err := graph.Cost(g, Input)
	if err != nil {
		return Claim{}, err
	}
	pair := func(s tensor.Shape) string { return fmt.Sprintf("%d×%d", s.H, s.W) }
	conv := graph.Conv2D{In: 1, Out: 1, Kernel: graph.Square(5), Pad: graph.Pad(2)}
	pool := graph.Pool2D{Type: graph.Average, Kernel: graph.Square(3), Pad: graph.Pad(1), CountIncludePad: true}
	convKeeps, poolKeeps := 0, 0
	for n := 1; n <= sizesTried; n++ {
		in := tensor.Shape{N: 1, C: 1, H: n, W: sizesTried + 1 - n}
		if out, err := conv.OutShape([]tensor.Shape{in}); err == nil && out == in {
			convKeeps++
		}
		if out, err := pool.OutShape([]tensor.Shape{in}); err == nil && out == in {
			poolKeeps++
		}
	}
	bare := conv
	bare.Pad = graph.Padding{}
	cropped, err := bare.OutShape([]tensor.Shape{{N: 1, C: 1, H: Input.H, W: Input.W}})
	if err != nil {
		return Claim{}, err
	}

	// Every branch: where its size stands, and which of its convolutions set the channel counts.
	concat := g.Nodes[g.Outputs[0]]
	same, through, ends := 0, 0, 0
	var set, not, sum []string
	for _, v := range concat.In {
		out := cost.Nodes[v].Out
		if out.H == Input.H && out.W == Input.W {
			same++
		}
		sum = append(sum, strconv.Itoa(out.C))
		convs := branchConvs(g, v)
		if len(convs) == 0 {
			continue
		}
		last, first := convs[0], convs[len(convs)-1]
		if g.Nodes[first].Op.(graph.Conv2D).Pointwise() {
			through++
		}
		if g.Nodes[last].Op.(graph.Conv2D).Pointwise() {
			ends++
			set = append(set, g.Nodes[last].Name)
		} else {
			k := g.Nodes[last].Op.(graph.Conv2D).Kernel
			not = append(not, fmt.Sprintf("%d by the %d×%d in %s", out.C, k.H, k.W, g.Nodes[last].Name))
		}
	}
	of := func(n, all int) string { return fmt.Sprintf("%d of %d", n, all) }
	branches := len(concat.In)
	c := Claim{
		Says: "padding=2 keeps a 5×5's size, so the branches can be concatenated; the pool branch keeps its size too; 1×1 convolutions set every branch's channel count.",
		Figures: []Figure{
			words("5×5, padding 2", pair(Input), pair(layerCost(cost, "branch5x5_2").Out), "(H + 2·2 − 5)/1 + 1 = H"),
			words("… sizes kept", of(sizesTried, sizesTried), of(convKeeps, sizesTried), fmt.Sprintf("H = 1 … %d, W = %d … 1", sizesTried, sizesTried)),
			words("… without padding", "", pair(cropped), "(H − 5)/1 + 1 = H − 4"),
			words("3×3 pool, padding 1", pair(Input), pair(layerCost(cost, "pool").Out), "(H + 2·1 − 3)/1 + 1 = H"),
			words("… sizes kept", of(sizesTried, sizesTried), of(poolKeeps, sizesTried), "as above"),
			words("branches of that size", of(branches, branches), of(same, branches), "H × W of what is concatenated"),
			words("concatenation", "", hwc(cost.Nodes[g.Outputs[0]].Out), strings.Join(sum, " + ")),
			words("branches whose first convolution is a 1×1", of(branches, branches), of(through, branches), "it sets what the next layer reads"),
			words("branches whose last convolution is a 1×1", of(branches, branches), of(ends, branches), "it sets what is concatenated"),
		},
	}
	if len(not) > 0 && ends > 0 {
		c.But = fmt.Sprintf("a 1×1 sets what is concatenated in %s only. The other branches begin with a 1×1, which sets what the next convolution reads, and their output's channels are set later: %s.",
			strings.Join(set, " and "), strings.Join(not, ", "))
	}
	return c, nil
}

// branchConvs are the convolutions on the way from v back to the input, the last first.
func branchConvs(g *graph.Graph, v graph.Value) []graph.Value {
	var all []graph.Value
	for ; v != 0; v = g.Nodes[v].In[0] {
		if _, ok := g.Nodes[v].Op.(graph.Conv2D); ok {
			all = append(all, v)
		}
	}
	return all
}
