package digits_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"image"
	"image/png"
	"os"
	"slices"
	"strings"
	"testing"

	"inceptiongl/cpuref"
	"inceptiongl/gpu/gputest"
	"inceptiongl/inception"
	"inceptiongl/inception/digits"
	"inceptiongl/inception/graph"
	"inceptiongl/inception/tensor"
)

func TestMain(m *testing.M) { gputest.Main(m) }

const (
	pixels = digits.InputSize * digits.InputSize
	batch  = 50
)

// heldOut is the images that training never saw, the digits that they show, and those that PyTorch took them for.
type heldOut struct {
	images              [][]uint8 // pixels of each
	labels, predictions []int
}

// readHeldOut reads what train.py wrote: a sheet of tiles, row by row, and one character for each tile.
func readHeldOut(t *testing.T) heldOut {
	t.Helper()
	f, err := os.ReadFile("testdata/heldout.png")
	if err != nil {
		t.Fatal(err)
	}
	sheet := decode(t, "heldout.png", f)
	var h heldOut
	const size = digits.InputSize
	for y := 0; y < sheet.Rect.Dy(); y += size {
		for x := 0; x < sheet.Rect.Dx(); x += size {
			var tile []uint8
			for row := range size {
				tile = append(tile, sheet.Pix[(y+row)*sheet.Stride+x:][:size]...)
			}
			h.images = append(h.images, tile)
		}
	}
	f, err = os.ReadFile("testdata/heldout.json")
	if err != nil {
		t.Fatal(err)
	}
	var text struct{ Labels, Predictions string }
	if err := json.Unmarshal(f, &text); err != nil {
		t.Fatal(err)
	}
	for _, c := range text.Labels {
		h.labels = append(h.labels, int(c-'0'))
	}
	for _, c := range text.Predictions {
		h.predictions = append(h.predictions, int(c-'0'))
	}
	n := len(h.images)
	if n < 1000 || n%batch != 0 || len(h.labels) != n || len(h.predictions) != n {
		t.Fatalf("%d images, %d labels, %d predictions; want the same number of each, at least 1000, in batches of %d", n, len(h.labels), len(h.predictions), batch)
	}
	return h
}

func decode(t *testing.T, name string, file []byte) *image.Gray {
	t.Helper()
	img, err := png.Decode(bytes.NewReader(file))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	gray, ok := img.(*image.Gray)
	if !ok || gray.Rect.Dx()%digits.InputSize != 0 || gray.Rect.Dy()%digits.InputSize != 0 {
		t.Fatalf("%s is %T of %v, want 8-bit greyscale tiles of %d", name, img, img.Bounds(), digits.InputSize)
	}
	return gray
}

// input is the network's input for some images.
func input(images [][]uint8) *tensor.Tensor {
	x := tensor.New(tensor.Shape{N: len(images), C: digits.Channels, H: digits.InputSize, W: digits.InputSize})
	for i, img := range images {
		for k, level := range img {
			x.Data[i*pixels+k] = float32(level) / digits.MaxLevel
		}
	}
	return x
}

// predict is the class of the largest logit, for every image of the batch.
func predict(t *testing.T, y *tensor.Tensor) []int {
	t.Helper()
	classes := len(digits.Labels())
	if want := (tensor.Shape{N: y.N, C: classes, H: 1, W: 1}); y.Shape != want {
		t.Fatalf("output %v, want %v", y.Shape, want)
	}
	var all []int
	for logits := range slices.Chunk(y.Data, classes) {
		all = append(all, slices.Index(logits, slices.Max(logits)))
	}
	return all
}

func network(t *testing.T) *graph.Graph {
	t.Helper()
	g, err := digits.Network()
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// agree compares the predictions for the first images with PyTorch's, image for image.
func (h heldOut) agree(t *testing.T, got []int) {
	t.Helper()
	right, want := 0, 0
	for i, p := range got {
		if p != h.predictions[i] {
			t.Errorf("image %d, a %d: predicted %d, PyTorch %d", i, h.labels[i], p, h.predictions[i])
		}
		if p == h.labels[i] {
			right++
		}
		if h.predictions[i] == h.labels[i] {
			want++
		}
	}
	t.Logf("%d of %d held-out images right, %.2f %%; PyTorch %d", right, len(got), 100*float64(right)/float64(len(got)), want)
}

// TestHeldOutGPU: on the GPU, the network takes every held-out image for what PyTorch took it for, and so has its accuracy.
func TestHeldOutGPU(t *testing.T) {
	h, g, d, ctx := readHeldOut(t), network(t), gputest.Open(t), context.Background()
	s, err := inception.Compile(ctx, d, g, input(h.images[:batch]).Shape, inception.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var got []int
	for images := range slices.Chunk(h.images, batch) {
		y, err := s.Run(ctx, input(images))
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, predict(t, y)...)
		gputest.Case()
	}
	if len(got) != len(h.images) {
		t.Fatalf("%d predictions for %d images", len(got), len(h.images))
	}
	h.agree(t, got)
}

// TestHeldOutReference: the same on the reference, for one batch.
func TestHeldOutReference(t *testing.T) {
	h := readHeldOut(t)
	y, err := cpuref.Run(context.Background(), network(t), input(h.images[:batch]))
	if err != nil {
		t.Fatal(err)
	}
	h.agree(t, predict(t, y))
}

// TestSamples: two pictures of every digit, all of them held-out images.
func TestSamples(t *testing.T) {
	h := readHeldOut(t)
	all, err := digits.Samples()
	if err != nil {
		t.Fatal(err)
	}
	if len(all) != 2*len(digits.Labels()) {
		t.Errorf("%d samples, want 2 of every digit", len(all))
	}
	for i, s := range all {
		if want := fmt.Sprintf("%d%c.png", i/2, 'a'+i%2); s.Name != want || s.Label != i/2 {
			t.Errorf("sample %d is %s, a %d; want %s", i, s.Name, s.Label, want)
		}
		img := decode(t, s.Name, s.PNG)
		k := slices.IndexFunc(h.images, func(tile []uint8) bool { return bytes.Equal(tile, img.Pix) })
		if k < 0 || h.labels[k] != s.Label {
			t.Errorf("%s is not a held-out image of its digit", s.Name)
		}
	}
}

// TestProvenance: PROVENANCE.md lists the files' hashes as they are.
func TestProvenance(t *testing.T) {
	text, err := os.ReadFile("PROVENANCE.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"digits.safetensors", "testdata/heldout.png", "testdata/heldout.json"} {
		f, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if line := fmt.Sprintf("%x  %s\n", sha256.Sum256(f), name); !strings.Contains(string(text), line) {
			t.Errorf("PROVENANCE.md lacks the line %q", line)
		}
	}
}
