package main

import (
	"bytes"
	"context"
	"path/filepath"
	"testing"

	"inceptiongl/gpu/gputest"
	"inceptiongl/inception/tensor"
	"inceptiongl/inception/weights"
)

// TestLetGo: with the network on a device nobody keeps the model's weights; the reference has them.
func TestLetGo(t *testing.T) {
	x := tensor.New(tensor.Shape{N: 3, C: 1, H: 28, W: 28})
	in := filepath.Join(t.TempDir(), "x.npy")
	if err := weights.WriteNpy(in, []int{3, 1, 28, 28}, x.Data); err != nil {
		t.Fatal(err)
	}
	for backend, kept := range map[string]bool{"gpu": false, "cpu": true} {
		if backend == "gpu" {
			gputest.Open(t)
		}
		for name, args := range map[string][]string{
			"photos": {samples(t)}, "tensor": {"--in", in, "--out", filepath.Join(t.TempDir(), "y.npy"), "--batch", "2"},
		} {
			f, err := parse(append(args, "--backend", backend))
			if err != nil {
				t.Fatal(err)
			}
			m, err := f.Load(f.Model, "--model")
			if err != nil {
				t.Fatal(err)
			}
			before := len(m.Graph.Weights)
			var out, log bytes.Buffer
			if name == "photos" {
				err = runPhotos(context.Background(), f, m, &out, &log)
			} else {
				err = runTensor(context.Background(), f, m, &log)
			}
			if err != nil {
				t.Fatalf("%s, %s: %v", backend, name, err)
			}
			want := 0
			if kept {
				want = before
			}
			if n := len(m.Graph.Weights); n != want || before == 0 {
				t.Errorf("%s, %s: of %d weights %d are kept, want %d", backend, name, before, n, want)
			}
		}
	}
}
