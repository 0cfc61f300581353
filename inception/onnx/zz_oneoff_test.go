package onnx_test

import (
	"context"
	"path/filepath"
	"testing"
	"strings"
	"inceptiongl/cpuref"
	"inceptiongl/inception/onnx"
	"inceptiongl/inception/weights"
)

func TestOneOff(t *testing.T) {
	fs, _ := filepath.Glob("/tmp/ox/tv/*.onnx")
	for _, f := range fs {
		m, err := onnx.Load(f, onnx.Options{})
		if err != nil { t.Error(err); continue }
		b := strings.TrimSuffix(f, ".onnx")
		x := readTensor(t, b+"_in.npy")
		dims, want, err := weights.ReadNpy64(b+"_out.npy")
		if err != nil { t.Error(err); continue }
		y, err := cpuref.Run(context.Background(), m.Graph, x)
		if err != nil { t.Error(f, err); continue }
		e, err := cpuref.RelL2(y.Data, want)
		kinds := map[string]int{}
		for _, n := range m.Graph.Nodes { kinds[n.Op.Kind()]++ }
		t.Log(filepath.Base(f), m.InputDims, m.Outputs, dims, e, err, kinds)
	}
}
