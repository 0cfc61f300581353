package main

import (
	"testing"
)

// TestPeerNodes: the scripts know the operators of every network.
func TestPeerNodes(t *testing.T) {
	for _, n := range networks() {
		g, err := n.build(n.channels)
		if err != nil {
			t.Fatal(err)
		}
		nodes, err := peerNodes(g)
		if err != nil {
			t.Errorf("%s: %v", n.name, err)
		}
		if len(nodes) != len(g.Nodes) || nodes[0].Op != "input" {
			t.Errorf("%s: %d nodes", n.name, len(nodes))
		}
	}
}

// fakePython stands for a Python: ONNX Runtime is missing, PyTorch gives the answer in a file.
