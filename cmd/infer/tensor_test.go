package main

import (
	"archive/zip"
	"context"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"inceptiongl/cmd/internal/cli"
	"inceptiongl/cpuref"
	"inceptiongl/gpu/gputest"
	"inceptiongl/inception"
	"inceptiongl/inception/onnx"
	"inceptiongl/inception/tensor"
	"inceptiongl/inception/weights"
)

func TestTensor(t *testing.T) {
	const golden = "../../inception/testdata/golden/inception_a_2x5x13x7"
	wantDims, want, err := weights.ReadNpy64(golden + "_out64.npy")
	if err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"--backend=cpu"}, {"--backend=cpu", "--batch=1"}, {"--backend=gpu"}, {"--backend=gpu", "--batch=1"}, {"--backend=gpu", "--batch=3"}} {
		t.Run(strings.Join(args, " "), func(t *testing.T) {
			if slices.Contains(args, "--backend=gpu") {
				gputest.Need(t)
				gputest.Case()
			}
			file := filepath.Join(t.TempDir(), "y.npy")
			out, log := must(t, append(args, "--model", golden+".safetensors", "--arch=inception_a", "--in", golden+"_in.npy", "--out", file)...)
			if out != "" || !strings.Contains(log, "2×88×13×7") {
				t.Errorf("output %q, log\n%s", out, log)
			}
			y, err := weights.ReadNpy(file)
			if err != nil || !slices.Equal(y.Dims, wantDims) {
				t.Fatalf("dimensions are %v, %v; want %v", y.Dims, err, wantDims)
			}
			for i, v := range y.Data {
				if !(math.Abs(float64(v)-want[i]) < 1e-4) {
					t.Fatalf("element %d is %v, want %v", i, v, want[i])
				}
			}
		})
	}
}

// TestONNX: the same module from a .onnx file, whose batch of 2 is freed.
func TestONNX(t *testing.T) {
	const model = "../../inception/onnx/testdata/golden/inception_a_2x5x13x7.onnx"
	const golden = "../../inception/testdata/golden/inception_a_2x5x13x7"
	dir := t.TempDir()
	a, b := filepath.Join(dir, "a.npy"), filepath.Join(dir, "b.npy")
	must(t, "--backend=cpu", "--model", golden+".safetensors", "--arch=inception_a", "--in", golden+"_in.npy", "--out", a)
	must(t, "--backend=cpu", "--model", model, "--batch=1", "--in", golden+"_in.npy", "--out", b)
	want, err := weights.ReadNpy(a)
	if err != nil {
		t.Fatal(err)
	}
	got, err := weights.ReadNpy(b)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(got.Dims, want.Dims) || !slices.Equal(got.Data, want.Data) {
		t.Errorf("answers of dimensions %v and %v differ", got.Dims, want.Dims)
	}
	if _, _, err := infer(t, "--backend=cpu", "--model=missing.onnx", "--in", golden+"_in.npy", "--out", b); status(err) != 2 || !strings.Contains(err.Error(), "missing.onnx") {
		t.Errorf("a missing model: %v", err)
	}
	if _, _, err := infer(t, "--backend=cpu", "--model", model, "p.png"); err == nil || !strings.Contains(err.Error(), "takes 5 channels") {
		t.Errorf("photos for 5 channels: %v", err)
	}
}

// TestChannelsLast: a tensor for a model whose pictures are N × H × W × C is N × H × W × C, and so is the answer.
func TestChannelsLast(t *testing.T) {
	z, err := zip.OpenReader("../../inception/onnx/testdata/moves/moves.zip")
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	data, err := fs.ReadFile(z, "made/test_nhwc_block/model.onnx")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	model, in, out := filepath.Join(dir, "m.onnx"), filepath.Join(dir, "x.npy"), filepath.Join(dir, "y.npy")
	if err := os.WriteFile(model, data, 0o644); err != nil {
		t.Fatal(err)
	}
	a := tensor.Array{Dims: []int{2, 7, 6, 3}, Data: make([]float32, 252)}
	for i := range a.Data {
		a.Data[i] = float32(i%11) / 8
	}
	if err := weights.WriteNpy(in, a.Dims, a.Data); err != nil {
		t.Fatal(err)
	}
	must(t, "--backend=cpu", "--model", model, "--in", in, "--out", out)
	got, err := weights.ReadNpy(out)
	if err != nil {
		t.Fatal(err)
	}
	m, err := onnx.Parse(context.Background(), data, onnx.Options{})
	if err != nil {
		t.Fatal(err)
	}
	x, err := m.Tensor(a)
	if err != nil {
		t.Fatal(err)
	}
	want, err := cpuref.Run(t.Context(), m.Graph, x)
	if err != nil || !slices.Equal(got.Dims, []int{2, 4, 3, 8}) || !slices.Equal(got.Data, want.Data) {
		t.Errorf("%v, %v: an answer of dimensions %v", err, want, got.Dims)
	}
}

// TestHost: where the largest of each row stands, for an input of three axes, is for the host to say, and is whole numbers.
func TestHost(t *testing.T) {
	z, err := zip.OpenReader("../../inception/onnx/testdata/tail/tail.zip")
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	data, err := fs.ReadFile(z, "node/test_argmax_negative_axis_keepdims_random/model.onnx")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	model, in, out := filepath.Join(dir, "m.onnx"), filepath.Join(dir, "x.npy"), filepath.Join(dir, "y.npy")
	write(t, model, data)
	x := []int64{3, 1, 2, -1, 0, 7, 7, 6}
	if err := weights.WriteNpyInts(in, []int{1, 2, 4}, x); err != nil {
		t.Fatal(err)
	}
	_, _, err = infer(t, "--backend=cpu", "--model", model, "--in", in, "--out", out)
	if err == nil || !strings.Contains(err.Error(), "x.npy: extents 1×2×4: the model takes 2×3×4") {
		t.Errorf("another shape: %v", err)
	}
	_, log := must(t, "--backend=cpu", "--model", model, "--shape=1x2x4", "--in", in, "--out", out, "--out-all", dir)
	if !strings.Contains(log, "Host     1 operator at the model's end, on the CPU after the download: ArgMax\n") {
		t.Errorf("log\n%s", log)
	}
	for _, path := range []string{out, filepath.Join(dir, "x.result.npy")} {
		dims, y, err := weights.ReadNpy64(path)
		if err != nil || !slices.Equal(dims, []int{1, 2, 1}) || !slices.Equal(y, []float64{0, 1}) {
			t.Errorf("%s: %v of dimensions %v, %v", path, y, dims, err)
		}
		if raw, err := os.ReadFile(path); err != nil || !strings.Contains(string(raw), "'<i8'") {
			t.Errorf("%s: %v, or not integers", path, err)
		}
	}
}

// TestTensorBatches: an odd number of items, a batch that doesn't divide it.
func TestTensorBatches(t *testing.T) {
	dir := t.TempDir()
	in := inception.RandomInput(tensor.Shape{N: 5, C: 1, H: 28, W: 28}, 3)
	x := filepath.Join(dir, "x.npy")
	if err := weights.WriteNpy(x, []int{5, 1, 28, 28}, in.Data); err != nil {
		t.Fatal(err)
	}
	var all []tensor.Array
	for _, args := range [][]string{{}, {"--batch=2"}, {"--batch=4"}} {
		y := filepath.Join(dir, "y.npy")
		must(t, append(args, "--backend=cpu", "--in", x, "--out", y)...)
		a, err := weights.ReadNpy(y)
		if err != nil || !slices.Equal(a.Dims, []int{5, 10, 1, 1}) {
			t.Fatalf("dimensions are %v, %v", a.Dims, err)
		}
		all = append(all, a)
	}
	if !slices.Equal(all[0].Data, all[1].Data) || !slices.Equal(all[0].Data, all[2].Data) {
		t.Error("the batch changes the answer")
	}
}

func TestTensorErrors(t *testing.T) {
	dir, outDir := t.TempDir(), t.TempDir()
	x := func(name string, dims ...int) string {
		n := 1
		for _, d := range dims {
			n *= d
		}
		path := filepath.Join(dir, name)
		if err := weights.WriteNpy(path, dims, make([]float32, n)); err != nil {
			t.Fatal(err)
		}
		return path
	}
	write(t, filepath.Join(dir, "text.npy"), []byte("no tensor"))
	y := filepath.Join(outDir, "y.npy")
	for _, c := range []struct{ in, out, want string }{
		{x("flat.npy", 28, 28), y, "flat.npy: extents 28×28: the model takes ?×1×?×?"},
		{x("rgb.npy", 1, 3, 28, 28), y, "the model takes"},
		{x("tiny.npy", 1, 1, 2, 2), y, "pool2"},
		{x("none.npy", 0, 1, 28, 28), y, "the model takes"},
		{filepath.Join(dir, "text.npy"), y, "text.npy"},
		{filepath.Join(dir, "missing.npy"), y, "missing.npy"},
		{x("good.npy", 1, 1, 28, 28), filepath.Join(outDir, "no", "y.npy"), "can't be written"},
		{x("good.npy", 1, 1, 28, 28), outDir, "folder"},
	} {
		if _, _, err := infer(t, "--backend=cpu", "--in", c.in, "--out", c.out); err == nil || !strings.Contains(err.Error(), c.want) || status(err) != 2 {
			t.Errorf("--in %s --out %s: error is %v, want %q", c.in, c.out, err, c.want)
		}
	}
	nothingIn(t, outDir)
}

func TestNames(t *testing.T) {
	for in, want := range map[string]string{"a b/c.d": "a_b_c.d", "../x": "_x", "ä": "_"} {
		if got := safe(in); got != want {
			t.Errorf("safe(%q) is %q, want %q", in, got, want)
		}
	}
	if got := shorten("/long/path/to.png", 8, false); got != "…/to.png" {
		t.Errorf("the end is %q", got)
	}
	if got := shorten("tench, Tinca tinca", 8, true); got != "tench, …" {
		t.Errorf("the beginning is %q", got)
	}
	if got := cli.Printable("a\x1b[2Jb"); got != `"a\x1b[2Jb"` {
		t.Errorf("an escape sequence is %s", got)
	}
	for _, c := range []struct {
		a, b string
		want int
	}{{"", "abc", 3}, {"kitten", "sitting", 3}, {"same", "same", 0}} {
		if got := editDistance(c.a, c.b); got != c.want {
			t.Errorf("from %q to %q: %d, want %d", c.a, c.b, got, c.want)
		}
	}
}
