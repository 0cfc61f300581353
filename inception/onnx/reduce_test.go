package onnx_test

import "testing"

// TestReductions runs ONNX's tests of reductions and normalizations.
func TestReductions(t *testing.T) {
	nodeCases(t, "reduce", 51)
}
