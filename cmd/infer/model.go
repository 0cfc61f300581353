package main

import (
	"errors"
	"fmt"
	"strings"

	"inceptiongl/inception/classify"
)

func archNames() string { return strings.Join(classify.Archs(), ", ") }

// loadModel makes the network that --model, --arch and --weights describe.
func loadModel(f *flags) (*classify.Model, error) {
	m, err := classify.LoadModel(classify.Source{
		Model: f.Model, Arch: f.Arch, Weights: f.Weights, RandomWeights: f.RandomWeights, PlainInput: !f.TransformInput,
	})
	if wrong := classify.SourceError(""); errors.As(err, &wrong) {
		return nil, fmt.Errorf("%w (--model, --arch, --weights FILE, --random-weights)", err)
	}
	return m, err
}

// batchOf is the batch to use: the one asked for, the one that the model fixes, or the given one.
func batchOf(f *flags, m *classify.Model, without int) (int, error) {
	batch, err := m.ChooseBatch(f.Batch, without)
	if err != nil {
		return 0, fmt.Errorf("--batch %d: %w", f.Batch, err)
	}
	return batch, nil
}
