package main

import (
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"inceptiongl/gpu/gputest"
	"inceptiongl/inception/images"
	"inceptiongl/inception/tensor"
	"inceptiongl/inception/weights"
)

// pictures is a network that gives its input back, its mean over the channels, and five channels in three dimensions.
const pictures = "../../inception/classify/testdata/pictures.onnx"

func readPNG(t *testing.T, path string) image.Image {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	m, err := png.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// listing lists a folder.
func listing(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return strings.Join(names, " ")
}

// TestOutputs: every output of every photo as numbers, and those that can be as pictures: whatever the preset, what the network
// hands through is the photo again.
func TestOutputs(t *testing.T) {
	dir := t.TempDir()
	photos := filepath.Join(dir, "photos")
	for _, name := range []string{"a.png", "b.png"} {
		write(t, filepath.Join(photos, name), colour(t, 21, 13))
	}
	for _, c := range []struct {
		backend, preset string
		more            []string
	}{{"cpu", "imagenet", nil}, {"cpu", "caffe", nil}, {"gpu", "minus1to1", []string{"--batch=2"}}, {"cpu", "levels", nil}, {"cpu", "unit", []string{"--png-range=0.2,0.7"}}} {
		if c.backend == "gpu" {
			gputest.Need(t)
			gputest.Case()
		}
		out := filepath.Join(dir, c.preset)
		text, log := must(t, append(c.more, "--backend", c.backend, "--model", pictures, "--preset", c.preset, "--shape=1x3x13x21", "--size=13x21", "--crop=0",
			"--json", "--out-all", out, "--out-png", out, photos)...)
		if got, want := listing(t, out), "a.grey.npy a.grey.png a.rows.npy a.same.npy a.same.png b.grey.npy b.grey.png b.rows.npy b.same.npy b.same.png"; got != want {
			t.Fatalf("%s: files %s, want %s\n%s", c.preset, got, want, log)
		}
		r := report(t, text)
		if len(r.Images) != 2 || len(r.Images[1].Outputs) != 5 || r.Images[1].Outputs[0] != filepath.Join(out, "b.same.npy") || !strings.Contains(log, "10 files in "+out+"\n") {
			t.Errorf("%s: %+v\n%s", c.preset, r.Images, log)
		}
		for name, want := range map[string][]int{"same": {1, 3, 13, 21}, "grey": {1, 1, 13, 21}, "rows": {1, 5, 273}} {
			a, err := weights.ReadNpy(filepath.Join(out, "b."+name+".npy"))
			if err != nil || !slices.Equal(a.Dims, want) {
				t.Errorf("%s: %s is %v, %v; want %v", c.preset, name, a.Dims, err, want)
			}
		}
		photo, got := readPNG(t, filepath.Join(photos, "b.png")), readPNG(t, filepath.Join(out, "b.same.png"))
		if got.Bounds() != image.Rect(0, 0, 21, 13) {
			t.Fatalf("%s: %v", c.preset, got.Bounds())
		}
		clipped := c.preset == "caffe" || c.preset == "levels" // the network's, at ±10: their levels go beyond
		for y := range 13 {
			for x := range 21 {
				want := color.RGBAModel.Convert(photo.At(x, y)).(color.RGBA)
				level := func(v uint8, mean float64) uint8 {
					switch {
					case c.preset == "caffe":
						v = uint8(math.Round(max(mean-10, min(float64(v), mean+10))))
					case c.preset == "levels":
						v = min(v, 10)
					case len(c.more) > 0 && c.preset == "unit":
						v = uint8(math.Round(max(0, min((float64(v)/255-0.2)/0.5*255, 255))))
					}
					return v
				}
				want = color.RGBA{level(want.R, 123), level(want.G, 117), level(want.B, 104), 255}
				have := color.RGBAModel.Convert(got.At(x, y)).(color.RGBA)
				for _, d := range []int{int(want.R) - int(have.R), int(want.G) - int(have.G), int(want.B) - int(have.B)} {
					if d < -1 || d > 1 || !clipped && c.more == nil && d != 0 {
						t.Fatalf("%s: pixel %d, %d is %v, want %v", c.preset, x, y, have, want)
					}
				}
			}
		}
	}
}

// TestTensorOutputs: the same of a tensor, which may hold several pictures.
func TestTensorOutputs(t *testing.T) {
	dir := t.TempDir()
	x, out := filepath.Join(dir, "x.npy"), filepath.Join(dir, "out")
	data := make([]float32, 2*3*2*2)
	for i := range data {
		data[i] = float32(i) / 10
	}
	if err := weights.WriteNpy(x, []int{2, 3, 2, 2}, data); err != nil {
		t.Fatal(err)
	}
	y := filepath.Join(dir, "y.npy")
	for _, batch := range []string{"--batch=1", "--batch=2"} {
		_, log := must(t, "--backend=cpu", "--model", pictures, "--shape=2x3x2x2", batch, "--in", x, "--out", y, "--out-all", out, "--out-png", out, "--png-range=-1,3")
		if got, want := listing(t, out), "x.grey.0.png x.grey.1.png x.grey.npy x.rows.npy x.same.0.png x.same.1.png x.same.npy"; got != want {
			t.Fatalf("files %s, want %s\n%s", got, want, log)
		}
		for path, want := range map[string][]int{y: {2, 3, 2, 2}, filepath.Join(out, "x.rows.npy"): {2, 5, 4}} {
			if a, err := weights.ReadNpy(path); err != nil || !slices.Equal(a.Dims, want) {
				t.Errorf("%s is %v, %v; want %v", path, a.Dims, err, want)
			}
		}
		m := readPNG(t, filepath.Join(out, "x.same.1.png")) // begins with 1.2, 1.6, 2: (v + 1)/4·255
		if got := color.RGBAModel.Convert(m.At(0, 0)); got != (color.RGBA{140, 166, 191, 255}) {
			t.Errorf("the second picture begins with %v", got)
		}
		grey := readPNG(t, filepath.Join(out, "x.grey.0.png")) // 0, 0.4, 0.8: 0.4
		if got := color.GrayModel.Convert(grey.At(0, 0)); got != (color.Gray{Y: 89}) {
			t.Errorf("the first grey picture begins with %v", got)
		}
	}
}

// TestLevels: what is beyond black and white, and what is no number.
func TestLevels(t *testing.T) {
	y := tensor.New(tensor.Shape{N: 1, C: 1, H: 1, W: 6})
	copy(y.Data, []float32{-3, 0.5, 7, float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1))})
	l, _ := levelsFor(nil, 1, nil)
	m := l.picture(y, 0, images.RGB)
	for x, want := range []uint8{0, 128, 255, 0, 255, 0} {
		if got := m.At(x, 0); got != (color.Gray{Y: want}) {
			t.Errorf("%v is drawn %v, want %d", y.Data[x], got, want)
		}
	}
}

// TestTensorNotFinite: what isn't finite is said, wherever it would be hidden: by a clip, or in a picture.
func TestTensorNotFinite(t *testing.T) {
	gputest.Need(t)
	dir := t.TempDir()
	x, y := filepath.Join(dir, "x.npy"), filepath.Join(dir, "y.npy")
	for _, backend := range []string{"cpu", "gpu"} {
		gputest.Case()
		for v, want := range map[float64][]string{math.Inf(1): {"", "node input (input) is not finite: +Inf at element 5, and 1 of 12", "no picture shows"}, math.NaN(): {"Note     element 5 of it is NaN", "node input", "no picture shows"}} {
			data := make([]float32, 12)
			data[5] = float32(v)
			if err := weights.WriteNpy(x, []int{1, 3, 2, 2}, data); err != nil {
				t.Fatal(err)
			}
			for i, more := range [][]string{nil, {"--check-finite"}, {"--out-png", filepath.Join(dir, "o")}} {
				_, log, err := infer(t, append(more, "--backend", backend, "--model", pictures, "--shape=1x3x2x2", "--in", x, "--out", y)...)
				if fails := i > 0 && want[i] != ""; fails != (err != nil) || fails && !strings.Contains(err.Error(), want[i]) || !fails && !strings.Contains(log, want[i]) {
					t.Errorf("%s, %v, %v: error is %v, want %q; log\n%s", backend, v, more, err, want[i], log)
				}
			}
		}
	}
}

func TestBadOutputs(t *testing.T) {
	dir := t.TempDir()
	photo := filepath.Join(dir, "p.png")
	write(t, photo, colour(t, 8, 8))
	for _, c := range []struct{ args, want string }{
		{"--model " + pictures + " " + photo, "(--shape)"},
		{"--model " + pictures + " --shape 1x3x8x8 " + photo, "--out-all and --out-png"},
		{"--model " + pictures + " --shape 1x3 " + photo, "--shape"},
		{"--png-range 0,1", "--out-png"},
		{"--out-png " + dir + "/o --png-range 1,1", "smaller one first"},
		{"--out-png " + dir + "/o --png-range 0,1,2", "two numbers"},
		{"--out-png " + dir + "/o " + photo, "no output has (output is 1×10×1×1)"},
		{"--out-all " + photo + "/o " + photo, "--out-all"},
		{"--in x.npy", "--out-all"},
		{"--out y.npy " + photo, "--in"},
	} {
		if _, _, err := infer(t, append(strings.Fields(c.args), "--backend=cpu")...); status(err) != 2 || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.args, err, c.want)
		}
	}
}

// TestAssumptions: what isn't known of a model is said, and is not where a flag says it.
func TestAssumptions(t *testing.T) {
	const model = "../../inception/classify/testdata/levels_1000.onnx"
	dir := t.TempDir()
	photo, labels := filepath.Join(dir, "p.png"), filepath.Join(dir, "labels.txt")
	write(t, photo, colour(t, 40, 40))
	write(t, labels, []byte(strings.Repeat("own\n", 1000)))
	for _, c := range []struct {
		more   []string
		says   []string
		not    []string
		labels string
	}{
		{nil, []string{"Preset   levels, fitted", "Assumed  the network itself scales levels in [0, 255]", "Assumed  its classes are ImageNet's"}, []string{"any size"}, ""},
		{[]string{"--preset=unit"}, []string{"Preset   unit, fitted", "ImageNet"}, []string{"itself scales"}, ""},
		{[]string{"--labels", labels}, []string{"itself scales"}, []string{"ImageNet"}, "own"},
	} {
		out, log := must(t, append(c.more, "--backend=cpu", "--model", model, "--top=1", photo)...)
		for _, s := range c.says {
			if !strings.Contains(log, s) {
				t.Errorf("%v: the log lacks %q:\n%s", c.more, s, log)
			}
		}
		for _, s := range c.not {
			if strings.Contains(log, s) {
				t.Errorf("%v: the log has %q:\n%s", c.more, s, log)
			}
		}
		if strings.Contains(out, "class ") || !strings.Contains(out, c.labels) {
			t.Errorf("%v: output\n%s", c.more, fmt.Sprint(out))
		}
	}
}
