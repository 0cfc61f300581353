package main

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"inceptiongl/inception/graph"
	"inceptiongl/inception/weights"
)

// peerNode is an operator as the scripts read it.
type peerNode struct {
	Op string        `json:"op"`
	In []graph.Value `json:"in"`

	Kernel   []int  `json:"kernel,omitempty"`
	Stride   []int  `json:"stride,omitempty"`
	Pad      []int  `json:"pad,omitempty"`
	Dilation []int  `json:"dilation,omitempty"`
	Groups   int    `json:"groups,omitempty"`
	Weight   string `json:"weight"`
	Bias     string `json:"bias"`

	Ceil     bool `json:"ceil"`
	CountPad bool `json:"count_pad"`

	Scale string  `json:"scale,omitempty"`
	Shift string  `json:"shift,omitempty"`
	Mean  string  `json:"mean,omitempty"`
	Var   string  `json:"var,omitempty"`
	Eps   float64 `json:"eps,omitempty"`

	Factor float64 `json:"factor,omitempty"`
}

// writePeerFiles writes the scripts, and what they read.
func writePeerFiles(dir string, c *benchCase) error {
	nodes, err := peerNodes(c.graph)
	if err != nil {
		return fmt.Errorf("--peers: %w", err)
	}
	data, err := json.Marshal(nodes)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "network.json"), data, 0o666); err != nil {
		return err
	}
	if err := weights.SaveSafetensors(filepath.Join(dir, "weights.safetensors"), c.graph.Weights); err != nil {
		return err
	}
	in := c.input
	if err := weights.WriteNpy(filepath.Join(dir, "input.npy"), []int{in.N, in.C, in.H, in.W}, in.Data); err != nil {
		return err
	}
	scripts, err := fs.Sub(peerScripts, "peers")
	if err != nil {
		return err
	}
	return os.CopyFS(dir, scripts)
}

// peerNodes are the graph's. The last is the output.
func peerNodes(g *graph.Graph) ([]peerNode, error) {
	pair := func(p graph.Pair) []int { return []int{p.H, p.W} }
	var all []peerNode
	for _, n := range g.Nodes {
		x := peerNode{In: n.In}
		var pad graph.Padding
		switch op := n.Op.(type) {
		case graph.Input:
			x.Op = "input"
		case graph.Conv2D:
			op, pad = op.Norm(), op.Pad
			x.Op, x.Kernel, x.Stride, x.Dilation = "conv", pair(op.Kernel), pair(op.Stride), pair(op.Dilation)
			x.Groups, x.Weight, x.Bias = op.Groups, op.Weight, op.Bias
		case graph.BatchNorm:
			x.Op, x.Scale, x.Shift, x.Mean, x.Var, x.Eps = "batchnorm", op.Scale, op.Shift, op.Mean, op.Var, float64(op.Eps)
		case graph.ReLU:
			x.Op = "relu"
		case graph.Scale:
			x.Op, x.Factor = "scale", op.Factor
		case graph.Binary:
			x.Op = op.Kind()
		case graph.Pool2D:
			op, pad = op.Norm(), op.Pad
			x.Op, x.Kernel, x.Stride, x.Ceil, x.CountPad = "maxpool", pair(op.Kernel), pair(op.Stride), op.CeilMode, op.CountIncludePad
			if op.Type == graph.Average {
				x.Op = "avgpool"
			}
			if op.Dilation != graph.Square(1) {
				return nil, fmt.Errorf("%s: the scripts know no dilated pools", n.Name)
			}
		case graph.GlobalPool:
			x.Op = "globalavgpool"
			if op.Type != graph.Average {
				return nil, fmt.Errorf("%s: the scripts know no global maximum", n.Name)
			}
		case graph.Concat:
			x.Op = "concat"
		default:
			return nil, fmt.Errorf("%s: the scripts know no %s", n.Name, n.Op.Kind())
		}
		if pad.Top != pad.Bottom || pad.Left != pad.Right {
			return nil, fmt.Errorf("%s: the scripts know the same padding on both sides only", n.Name)
		}
		x.Pad = []int{pad.Top, pad.Left}
		all = append(all, x)
	}
	if last := graph.Value(len(g.Nodes) - 1); len(g.Outputs) != 1 || g.Outputs[0] != last {
		return nil, fmt.Errorf("%s: its last node is not its output", g.Name)
	}
	return all, nil
}
