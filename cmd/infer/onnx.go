package main

import (
	"fmt"
	"slices"

	"inceptiongl/inception/images"
	"inceptiongl/inception/onnx"
)

// loadONNX imports a model. Exporters often fix the batch at 1: it is freed where the model's operators allow that.
func loadONNX(path string) (*model, error) {
	imported, err := onnx.Load(path, onnx.Options{})
	if err != nil {
		return nil, err
	}
	m := &model{about: fmt.Sprintf("%s, opset %d", path, imported.Opset)}
	if d := imported.InputDims; len(d) == 4 && d[0] > 0 {
		free := slices.Clone(d)
		free[0] = -1
		if again, err := onnx.Load(path, onnx.Options{Dims: free}); err == nil {
			imported = again
		} else {
			m.batch, m.why = d[0], err
		}
	}
	if d := imported.InputDims; len(d) == 4 && d[2] > 0 && d[3] > 0 {
		m.size = images.Size{H: d[2], W: d[3]}
		if m.size == images.Square(299) {
			m.preset = "inception"
		}
	}
	m.graph, m.out = imported.Graph, imported.Outputs[0].Dims
	return m, nil
}
