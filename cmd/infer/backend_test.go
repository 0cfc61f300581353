package main

import (
	"bytes"
	"context"
	"path/filepath"
	"testing"

	"inceptiongl/gpu/gputest"
	"inceptiongl/inception/classify"
	"inceptiongl/inception/graph"
	"inceptiongl/inception/tensor"
	"inceptiongl/inception/weights"
)

// noted is a runner whose driver refused a kernel.
type noted struct{ classify.Runner }

func (noted) Notes() []string { return []string{"kernel a:\n0:1: error\n; b takes its place"} }

// TestNotes: what a session has to say of the driver is logged, on one line; a failure is the caller's to tell.
func TestNotes(t *testing.T) {
	m, err := classify.Digits()
	if err != nil {
		t.Fatal(err)
	}
	for _, fails := range []error{nil, errSome} {
		var log bytes.Buffer
		b := lettingGo(&flags{Backend: "gpu"}, m, func(context.Context, *graph.Graph, tensor.Shape) (classify.Runner, error) {
			return noted{}, fails
		}, &log)
		want := "Note     kernel a: 0:1: error ; b takes its place\n"
		if fails != nil {
			want = ""
		}
		if _, err := b(context.Background(), m.Graph, m.Input(1)); err != fails || log.String() != want {
			t.Errorf("error %v, log %q; want %v, %q", err, log.String(), fails, want)
		}
	}
}

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
			m, err := f.Load(context.Background(), f.Model, "--model")
			if err != nil {
				t.Fatal(err)
			}
			before := len(m.Graph.Weights)
			var out, log bytes.Buffer
			b := openBackend(context.Background(), f)
			if name == "photos" {
				err = runPhotos(context.Background(), f, m, b, &out, &log)
			} else {
				err = runTensor(context.Background(), f, m, b, &log)
			}
			b.close()
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
