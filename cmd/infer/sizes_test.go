package main

import (
	"image"
	"image/color"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"inceptiongl/gpu/gputest"
	"inceptiongl/inception/weights"
)

// models are small ones, for photos of many sizes: see classify/testdata/generate.py.
const models = "../../inception/classify/testdata/"

// TestOwnSize: photos of several sizes go through a network that gives them back pixel by pixel, or cut to the even size that it
// takes; batches, and files that are none, between them.
func TestOwnSize(t *testing.T) {
	dir := t.TempDir()
	photos := filepath.Join(dir, "photos")
	sizes := map[string]image.Point{"a": {21, 13}, "b": {16, 10}, "c": {21, 13}, "d": {20, 12}}
	for name, s := range sizes {
		write(t, filepath.Join(photos, name+".png"), colour(t, s.X, s.Y))
	}
	write(t, filepath.Join(photos, "bb.png"), []byte("none"))
	for _, c := range []struct {
		backend string
		more    []string // what asks for it
		words   string   // in the log
	}{
		{"gpu", []string{"--size=own", "--batch=2", "--preset=caffe"}, "Preset   caffe: each photo's own size; BGR"},
		{"cpu", nil, "Assumed  each photo's own size, as the network takes any and gives no classes"},
	} {
		if c.backend == "gpu" {
			gputest.Need(t)
			gputest.Case()
		}
		out := filepath.Join(dir, c.backend)
		text, log, err := infer(t, append(c.more, "--backend", c.backend, "--model", models+"even.onnx", "--json", "--out-all", out, "--out-png", out, photos)...)
		if status(err) != 1 || !strings.Contains(err.Error(), "1 of 5") || !strings.Contains(log, c.words) {
			t.Fatalf("%s: error is %v, log\n%s", c.backend, err, log)
		}
		for _, words := range []string{"Size     13×21, cut to 12×20, which the network takes: 2 photos", "Size     10×16: 1 photo\n", "Size     12×20: 1 photo\n", "bb.png: not a"} {
			if !strings.Contains(log, words) {
				t.Errorf("%s: no %q in\n%s", c.backend, words, log)
			}
		}
		r := report(t, text)
		var names []string
		for _, i := range r.Images {
			names = append(names, strings.TrimSuffix(filepath.Base(i.File), ".png"))
		}
		if !slices.Equal(names, []string{"a", "b", "bb", "c", "d"}) || !slices.Equal(r.Images[0].Input, []int{12, 20}) || !slices.Equal(r.Images[1].Input, []int{10, 16}) || r.Images[2].Error == "" {
			t.Errorf("%s: %s, %+v", c.backend, names, r.Images)
		}
		if !strings.Contains(text, `"resize": "own"`) {
			t.Errorf("%s: the report doesn't say so:\n%s", c.backend, text)
		}
		for name, s := range sizes {
			photo, got := readPNG(t, filepath.Join(photos, name+".png")), readPNG(t, filepath.Join(out, name+".same.png"))
			even := image.Pt(s.X&^1, s.Y&^1)
			if got.Bounds().Size() != even {
				t.Errorf("%s: %s is %v, want %v", c.backend, name, got.Bounds().Size(), even)
				continue
			}
			a, err := weights.ReadNpy(filepath.Join(out, name+".same.npy"))
			if err != nil || !slices.Equal(a.Dims, []int{1, 3, even.Y, even.X}) {
				t.Errorf("%s: %s is %v, %v", c.backend, name, a.Dims, err)
			}
			for y := range even.Y {
				for x := range even.X { // half of the one column and row too many, rounded to even, is cut off before it
					want, have := color.RGBAModel.Convert(photo.At(x, y)).(color.RGBA), color.RGBAModel.Convert(got.At(x, y)).(color.RGBA)
					if want != have {
						t.Fatalf("%s: %s, pixel %d, %d is %v, want %v", c.backend, name, x, y, have, want)
					}
				}
			}
		}
	}
}

// TestOwnSizeOf: what --size own does beside pictures: classes of any size, lines of text in their proportions, fewer pixels.
func TestOwnSizeOf(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "p", "a.png"), colour(t, 80, 32))
	write(t, filepath.Join(dir, "p", "b.png"), colour(t, 40, 40))
	out := filepath.Join(dir, "o")
	for _, c := range []struct {
		args  []string
		words []string
	}{
		{[]string{"--model", models + "levels_1000.onnx", "--shape=?x3x?x?", "--size=own", "--top=1"}, []string{"the network itself scales levels in [0, 255]", "Size     32×80: 1 photo", "Size     40×40: 1 photo"}},
		{[]string{"--model", models + "line.onnx", "--out-png", out}, []string{"Assumed  each photo in its proportions, as the model takes 16×? pixels", "Size     32×80, scaled to 16×40", "Size     40×40, scaled to 16×16"}},
		{[]string{"--model", models + "even.onnx", "--out-png", out, "--size=own", "--own-pixels=0.0008"}, []string{"Size     32×80, scaled to 17×44, cut to 16×44, which", "Size     40×40, scaled to 28×28: 1 photo"}},
	} {
		_, log := must(t, append(c.args, "--backend=cpu", filepath.Join(dir, "p"))...)
		for _, words := range c.words {
			if !strings.Contains(log, words) {
				t.Errorf("%s: no %q in\n%s", c.args, words, log)
			}
		}
	}
}

// TestOwnSizeNot: what goes wrong is said, with what would work.
func TestOwnSizeNot(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "a.png"), colour(t, 80, 32))
	write(t, filepath.Join(dir, "b.png"), colour(t, 40, 40))
	write(t, filepath.Join(dir, "none", "c.png"), []byte("none"))
	a := filepath.Join(dir, "a.png")
	for _, c := range []struct {
		status int
		args   []string
		words  []string
	}{
		{2, []string{a}, []string{"takes pictures of 28×28 pixels and of no other size", "--shape"}},
		{2, []string{"--model", models + "levels_1000.onnx", a}, []string{"32×32", "--shape ?x3x?x? leaves the size open"}},
		{2, []string{"--model", models + "fixed.onnx", a}, []string{`node "classes" (Gemm)`, "48 columns are needed", "--shape must give the input's extents"}},
		{2, []string{"--model", models + "fixed.onnx", "--shape=1x3x5x5", a}, []string{"48 columns are needed, not 75", "--shape must give the input the extents that the network was made for"}},
		{2, []string{"--model", models + "fixed.onnx", "--shape=1x3x4x4", a}, []string{"takes pictures of 4×4 pixels"}},
		{2, []string{"--model", models + "even.onnx", "--crop=8x8", a}, []string{"doesn't go with --crop"}},
		{2, []string{"--model", models + "even.onnx", "--preset=gray", a}, []string{"takes 3 channels, the preset gives 1", "--order"}},
		{2, []string{"--model", models + "even.onnx", "--own-pixels=0", a}, []string{"--own-pixels: 0 million"}},
		{2, []string{"--model", models + "even.onnx", "--mean=1,2", a}, []string{"--mean"}},
		{1, []string{"--model", models + "even.onnx", "--own-pixels=0.000001", "--out-png", dir, a}, []string{"takes no picture of 1×1 pixels", "(--size HxW)"}},
		{1, []string{"--model", models + "even.onnx", "--out-png", dir, filepath.Join(dir, "none")}, []string{"1 of 1"}},
		{2, []string{"--model", models + "even.onnx", "--embed", filepath.Join(dir, "e.npy"), "--embed-node=AveragePool_half", dir}, []string{"--embed: node AveragePool_half has 1920 numbers", "rows must have one length"}},
		{2, []string{"--model", models + "even.onnx", "--top=1", a}, []string{"no classes", "--out-png"}},
	} {
		_, log, err := infer(t, append([]string{"--backend=cpu", "--size=own"}, c.args...)...)
		for _, words := range c.words {
			if err == nil || status(err) != c.status || !strings.Contains(err.Error()+log, words) {
				t.Errorf("%s: error is %v, status %d; want %q, %d\n%s", c.args, err, status(err), words, c.status, log)
			}
		}
	}
}
