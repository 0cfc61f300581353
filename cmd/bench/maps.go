package main

import (
	"bytes"
	"context"
	_ "embed"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"slices"
	"strings"

	"inceptiongl/gpu"
	"inceptiongl/inception/digits"
	"inceptiongl/inception/graph"
	"inceptiongl/inception/images"
	"inceptiongl/inception/run"
	"inceptiongl/inception/tensor"
)

// cat is a photo by Stéfan van der Walt: see assets/LICENCE.md.
//
//go:embed assets/cat.jpg
var cat []byte

// MapsReport is what the first Inception module of the trained digits network makes of a picture, channel by channel.
type MapsReport struct {
	Picture  string // what it shows
	Type     string // of Image
	Image    []byte // a file, as it was before it was scaled
	Input    string // the network's input
	Weights  string
	Branches []BranchMaps
}

// BranchMaps are the channels of one branch.
type BranchMaps struct {
	Name, How string
	Flat      int // channels with one value everywhere
	Channels  []MapReport
}

// MapReport is one channel. PNG shows it from Min, the first colour, to Max, the last; it is empty where both are equal.
type MapReport struct {
	Min, Max float32
	PNG      []byte `json:",omitempty"`
}

// firstModule is the network up to its first Inception module.
func firstModule() (*graph.Graph, error) {
	g, err := digits.Network()
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(g.Nodes, func(n graph.Node) bool { return n.Op == graph.Concat{} })
	if i < 0 {
		return nil, fmt.Errorf("the digits network has no module")
	}
	return g.UpTo(graph.Value(i))
}

// featureMaps runs a photo and a digit through the first module, and checks every step.
func featureMaps(ctx context.Context, d *gpu.Device, f *flags, r *Report) ([]MapsReport, error) {
	samples, err := digits.Samples()
	if err != nil {
		return nil, err
	}
	digit := samples[len(samples)-4] // an eight: strokes in all directions
	var all []MapsReport
	for _, p := range []struct {
		what, kind, file string
		data             []byte
		size             int
	}{
		{"A photo of a cat", "image/jpeg", "cat.jpg", cat, 96},
		{fmt.Sprintf("A handwritten %d", digit.Label), "image/png", digit.Name, digit.PNG, digits.InputSize},
	} {
		m, err := mapsOf(ctx, d, f, r, p.data, p.size, p.file)
		if err != nil {
			return nil, fmt.Errorf("feature maps of %s: %w", p.file, err)
		}
		m.Picture, m.Type, m.Image = p.what, p.kind, p.data
		all = append(all, *m)
	}
	return all, nil
}

func mapsOf(ctx context.Context, d *gpu.Device, f *flags, r *Report, data []byte, size int, file string) (*MapsReport, error) {
	g, err := firstModule()
	if err != nil {
		return nil, err
	}
	m, err := images.Decode(bytes.NewReader(data), images.DefaultLimits)
	if err != nil {
		return nil, err
	}
	preset, err := images.FindPreset("digits")
	if err != nil {
		return nil, err
	}
	preset.Exact = images.Square(size)
	x, err := preset.Tensor(m)
	if err != nil {
		return nil, err
	}
	s, err := run.Compile(ctx, d, g, x.Shape, f.options())
	if err != nil {
		return nil, err
	}
	defer s.Close()
	y, err := s.Run(ctx, x)
	if err != nil {
		return nil, err
	}
	if err := verifyInto(ctx, r, "maps of "+file, s, x); err != nil {
		return nil, err
	}
	maps := &MapsReport{Input: x.Shape.String(), Weights: "trained on handwritten digits (" + g.Name + ", its 3×3 stem and first module)"}
	channel := 0
	for _, v := range g.Nodes[g.Outputs[0]].In {
		b, n, err := branchMaps(g, v, y, channel)
		if err != nil {
			return nil, err
		}
		channel += n
		maps.Branches = append(maps.Branches, *b)
	}
	return maps, nil
}

// branchMaps draws the channels that v wrote, from the given one of y on. The branch began where others did: at a value with
// several readers.
func branchMaps(g *graph.Graph, v graph.Value, y *tensor.Tensor, from int) (*BranchMaps, int, error) {
	b := &BranchMaps{}
	var how []string
	n := 0
	for at := v; len(g.Nodes[at].In) > 0 && readers(g, at) == 1; at = g.Nodes[at].In[0] {
		switch op := g.Nodes[at].Op.(type) {
		case graph.Conv2D:
			if n == 0 {
				n, b.Name = op.Out, g.Nodes[at].Name[strings.LastIndex(g.Nodes[at].Name, ".")+1:]
			}
			how = append(how, fmt.Sprintf("%d×%d", op.Kernel.H, op.Kernel.W))
		case graph.Pool2D:
			how = append(how, fmt.Sprintf("%s %d×%d", op.Kind(), op.Kernel.H, op.Kernel.W))
		}
	}
	slices.Reverse(how)
	b.How = strings.Join(how, " → ")
	for c := range n {
		m, err := drawMap(y.Data[(from+c)*y.H*y.W:][:y.H*y.W], y.W)
		if err != nil {
			return nil, 0, err
		}
		if m.PNG == nil {
			b.Flat++
		}
		b.Channels = append(b.Channels, *m)
	}
	return b, n, nil
}

// readers counts the nodes that read v.
func readers(g *graph.Graph, v graph.Value) int {
	count := 0
	for _, n := range g.Nodes {
		if slices.Contains(n.In, v) {
			count++
		}
	}
	return count
}

// shades are the colours of a map: few, so that the page stays small.
var shades = func() color.Palette {
	const n = 32
	p := make(color.Palette, n)
	// From dark blue over green to yellow, of steadily growing lightness.
	stops := [][3]float64{{20, 16, 60}, {42, 62, 124}, {36, 118, 134}, {66, 168, 112}, {170, 208, 70}, {250, 236, 120}}
	for i := range p {
		at := float64(i) / (n - 1) * float64(len(stops)-1)
		k := min(int(at), len(stops)-2)
		var c [3]uint8
		for j := range c {
			c[j] = uint8(stops[k][j] + (at-float64(k))*(stops[k+1][j]-stops[k][j]) + 0.5)
		}
		p[i] = color.RGBA{c[0], c[1], c[2], 255}
	}
	return p
}()

func drawMap(values []float32, width int) (*MapReport, error) {
	r := &MapReport{Min: slices.Min(values), Max: slices.Max(values)}
	if !(r.Max > r.Min) {
		return r, nil
	}
	m := image.NewPaletted(image.Rect(0, 0, width, len(values)/width), shades)
	for i, v := range values {
		m.Pix[i] = uint8((v - r.Min) / (r.Max - r.Min) * float32(len(shades)-1) * 0.99999)
	}
	var b bytes.Buffer
	err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&b, m)
	r.PNG = b.Bytes()
	return r, err
}
