package onnx_test

import "testing"

// TestMoves runs ONNX's tests of what moves elements, and models of several such nodes, where NaN and infinity must stay in their places.
func TestMoves(t *testing.T) {
	nodeCases(t, "moves", 64)
}
