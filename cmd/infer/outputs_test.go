package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"image/png"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"inceptiongl/cmd/internal/modules"
	"inceptiongl/cmd/internal/show"
	"inceptiongl/cpuref"
	"inceptiongl/gpu/gputest"
	"inceptiongl/inception"
	"inceptiongl/inception/digits"
	"inceptiongl/inception/graph"
	"inceptiongl/inception/tensor"
	"inceptiongl/inception/weights"
)

func TestEmbed(t *testing.T) {
	dir := samples(t)
	write(t, filepath.Join(dir, "1c.png"), []byte("bad"))
	file := filepath.Join(t.TempDir(), "e.npy")
	read := func(args ...string) tensor.Array {
		t.Helper()
		args = append(args, "--embed", file, "--json", filepath.Join(dir, "1b.png"), filepath.Join(dir, "1c.png"), filepath.Join(dir, "2a.png"))
		out, _, err := infer(t, args...)
		if status(err) != 1 {
			t.Fatalf("error is %v, want one for 1c.png", err)
		}
		r := report(t, out)
		if r.Embedding == nil || r.Embedding.Rows != 2 || *r.Images[0].Row != 0 || r.Images[1].Row != nil || *r.Images[2].Row != 1 {
			t.Errorf("report is %+v, %+v", r.Embedding, r.Images)
		}
		f, err := os.Open(strings.TrimSuffix(file, ".npy") + ".rows.csv")
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		recs, err := csv.NewReader(f).ReadAll()
		if err != nil || len(recs) != 3 || recs[2][0] != "1" || filepath.Base(recs[2][1]) != "2a.png" {
			t.Errorf("rows are %v, %v", recs, err)
		}
		a, err := weights.ReadNpy(file)
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	before := read("--backend=cpu")
	if !slices.Equal(before.Dims, []int{2, 88}) {
		t.Fatalf("dimensions are %v", before.Dims)
	}
	// The classifier makes of it what the network gives.
	g, err := digits.Network()
	if err != nil {
		t.Fatal(err)
	}
	after := read("--backend=cpu", "--embed-node=fc", "--top=0")
	w, b := g.Weights["fc.weight"].Data, g.Weights["fc.bias"].Data
	for i := range 2 {
		for o := range 10 {
			sum := float64(b[o])
			for k := range 88 {
				sum += float64(w[o*88+k]) * float64(before.Data[i*88+k])
			}
			if got := float64(after.Data[i*10+o]); !(math.Abs(got-sum) < 1e-4) {
				t.Errorf("photo %d, class %d: %v from the embedding, %v from the network", i, o, sum, got)
			}
		}
	}
	gputest.Need(t)
	gputest.Case()
	onGPU := read("--batch=2")
	for i, v := range onGPU.Data {
		if !(math.Abs(float64(v-before.Data[i])) < 1e-4) {
			t.Fatalf("number %d is %v on the GPU, %v on the CPU", i, v, before.Data[i])
		}
	}
}

// TestEmbedFails: a file of embeddings that can't be written leaves the old one with its rows.
func TestEmbedFails(t *testing.T) {
	dir := t.TempDir()
	e := &embedder{path: filepath.Join(dir, "e.npy"), features: 2, files: []string{"old.png"}, data: []float32{1, 2}}
	if err := e.write(io.Discard); err != nil {
		t.Fatal(err)
	}
	e.files = []string{"new.png", "more.png"}
	if err := e.write(io.Discard); err == nil {
		t.Fatal("two rows of half the numbers: no error")
	}
	if rows, err := os.ReadFile(e.rows()); err != nil || !strings.Contains(string(rows), "old.png") || listing(t, dir) != "e.npy e.rows.csv" {
		t.Errorf("rows are %q, %v; files %s", rows, err, listing(t, dir))
	}
}

// TestTooLarge: what the device can't take is said with what to do.
func TestTooLarge(t *testing.T) {
	gputest.Need(t)
	gputest.Case()
	_, _, err := infer(t, "--model", pictures, "--shape=1x3x9000x16000", "--size=9000x16000", "--crop=0", "--out-all", t.TempDir(), filepath.Join(samples(t), "1a.png"))
	if err == nil || !strings.Contains(err.Error(), "1×3×9000×16000 is too large") || !strings.Contains(err.Error(), "--size") || status(err) != 2 {
		t.Errorf("error is %v", err)
	}
}

// TestTerminal: what strangers call things is shown, and does nothing to the terminal.
func TestTerminal(t *testing.T) {
	const evil = "\x1b[2J\u009b2J\u202e\r"
	dir := t.TempDir()
	m, err := os.ReadFile(pictures)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(m, []byte("grey")) {
		t.Fatal("no output called grey")
	}
	model, photo, labels := filepath.Join(dir, "m\x1b[2J.onnx"), filepath.Join(dir, "p\x1b[2J.png"), filepath.Join(dir, "l.txt")
	write(t, model, bytes.ReplaceAll(m, []byte("grey"), []byte("g\x1b[J")))
	write(t, photo, colour(t, 8, 8))
	write(t, filepath.Join(dir, "bad\x1b[2J.png"), []byte("no photo"))
	write(t, labels, []byte(strings.Repeat(evil+"\n", 10)))
	all := ""
	for _, args := range [][]string{
		{"--model", model, "--shape=1x3x8x8", "--size=8x8", "--crop=0", "--out-all", filepath.Join(dir, "o"), "--out-png", filepath.Join(dir, "o"), "--json", dir},
		{"--model", model, "--shape=1x3x8x8", "--size=8x8", "--crop=0", "--embed", filepath.Join(dir, "e.npy"), "--embed-node=no such node", photo},
		{"--labels", labels, dir}, {"--labels", labels, "--json", photo}, {"--labels", filepath.Join(dir, "no\x1b[2J"), photo},
	} {
		out, log, err := infer(t, append(args, "--backend=cpu")...)
		if err != nil { // as main prints it
			var b strings.Builder
			fmt.Fprint(show.NewSafe(&b), err)
			log += b.String()
		}
		all += out + log
	}
	if i := strings.IndexFunc(all, func(r rune) bool { return r != '\n' && r != '\t' && !strconv.IsPrint(r) }); i >= 0 {
		t.Errorf("…%q…", all[max(0, i-60):min(len(all), i+20)])
	}
	if n := strings.Count(all, "[2J"); n < 20 {
		t.Errorf("%d names are shown:\n%s", n, all)
	}
}

// TestEmbedNoClassifier: a module alone has none; and a value of any size can be embedded.
func TestEmbedNoClassifier(t *testing.T) {
	dir := t.TempDir()
	photo := filepath.Join(dir, "p.png")
	write(t, photo, colour(t, 20, 20))
	args := []string{"--backend=cpu", "--model", small(t, 3), "--arch=inception_a", "--size=8x6", "--crop=0", photo}
	if _, _, err := infer(t, args...); err == nil || !strings.Contains(err.Error(), "no classes") {
		t.Errorf("classes of a module: %v", err)
	}
	file := filepath.Join(dir, "e.npy")
	if _, _, err := infer(t, append(args, "--embed", file)...); err == nil || !strings.Contains(err.Error(), "--embed-node") {
		t.Errorf("the classifier of a module: %v", err)
	}
	must(t, append(args, "--embed", file, "--embed-node=branch1x1")...)
	a, err := weights.ReadNpy(file)
	if err != nil || !slices.Equal(a.Dims, []int{1, 16 * 8 * 6}) {
		t.Errorf("dimensions are %v, %v", a.Dims, err)
	}
}

// TestNotFinite: a network that overflows is an error for the photo, not a row of infinities.
func TestNotFinite(t *testing.T) {
	g := inception.InceptionA(3)
	inception.InitHe(g, 5)
	for _, w := range g.Weights {
		for i := range w.Data {
			w.Data[i] = 1e30
		}
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "huge.safetensors")
	if err := weights.SaveSafetensors(file, g.Weights); err != nil {
		t.Fatal(err)
	}
	photo := filepath.Join(dir, "p.png")
	write(t, photo, colour(t, 20, 20))
	out := t.TempDir()
	_, log, err := infer(t, "--backend=cpu", "--model", file, "--arch=inception_a", "--preset=unit", "--size=8x8", "--crop=0",
		"--embed", filepath.Join(out, "e.npy"), "--embed-node=concat", photo)
	if status(err) != 1 || !strings.Contains(log, "p.png: the network gives +Inf") || !strings.Contains(log, "no rows") {
		t.Errorf("error is %v, log\n%s", err, log)
	}
	nothingIn(t, out)
}

// TestTileSize: small maps are enlarged by a whole number, large ones reduced.
func TestTileSize(t *testing.T) {
	for _, c := range []struct{ h, w, high, wide int }{
		{7, 7, 56, 56}, {28, 28, 56, 56}, {17, 30, 34, 60}, {1, 1, 56, 56}, {112, 112, 112, 112}, {448, 224, 224, 112}, {1, 4000, 1, 224},
	} {
		if got := tileSize(c.h, c.w); got.Y != c.high || got.X != c.wide {
			t.Errorf("%d×%d values are drawn as %d×%d pixels, want %d×%d", c.h, c.w, got.Y, got.X, c.high, c.wide)
		}
	}
}

// TestMosaic looks at single tiles: a ramp, and one that is the same everywhere.
func TestMosaic(t *testing.T) {
	y := tensor.New(tensor.Shape{N: 1, C: 2, H: 300, W: 300}) // reduced to 224
	for i := range 300 * 300 {
		y.Data[i] = -5 + float32(i%300)
	}
	p := mosaic("photo.png", module{name: "m", branches: []modules.Branch{{Name: "a", How: "1×1", Channels: 1}, {Name: "b", Channels: 1}}}, y, nil)
	top := 2*margin + 96 + line + 6
	left, right := p.RGBAAt(margin+1, top+100), p.RGBAAt(margin+222, top+100)
	if int(left.R)+int(left.G) > 40 || int(right.R)+int(right.G) < 450 {
		t.Errorf("a ramp begins with %v and ends with %v", left, right)
	}
	if c := p.RGBAAt(margin+100, top+224+gap+margin+line+6+100); c != still {
		t.Errorf("a flat map is %v", c)
	}
}

func TestActivations(t *testing.T) {
	gputest.Need(t)
	photos := samples(t)
	other := filepath.Join(t.TempDir(), "3a.png") // the same name twice
	write(t, other, colour(t, 33, 44))
	for _, backend := range []string{"cpu", "gpu"} {
		gputest.Case()
		dir := filepath.Join(t.TempDir(), "new", "maps")
		out, log := must(t, "--backend", backend, "--batch=2", "--json", "--activations", dir, filepath.Join(photos, "3a.png"), other)
		r := report(t, out)
		list, err := filepath.Glob(filepath.Join(dir, "*"))
		if err != nil {
			t.Fatal(err)
		}
		want := []string{"3a.a1-2.png", "3a.a1.png", "3a.a2-2.png", "3a.a2.png", "3a.a3-2.png", "3a.a3.png"}
		var got []string
		for _, f := range list {
			got = append(got, filepath.Base(f))
		}
		if !slices.Equal(got, want) || !strings.Contains(log, "6 mosaics") || len(r.Images[1].Activations) != 3 || len(r.Images[0].Top) != 5 {
			t.Errorf("files are %v, the report %+v", got, r.Images)
		}
		data, err := os.ReadFile(filepath.Join(dir, "3a.a3.png"))
		if err != nil {
			t.Fatal(err)
		}
		m, err := png.Decode(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		// A head, four captions, rows of 20 tiles of 8 × 7 = 56 pixels: 1 for 16 channels, 2 for 24.
		if size := m.Bounds().Size(); size.X != 1228 || size.Y != 144+4*(28+24)+7*59 {
			t.Errorf("a mosaic of %v", size)
		}
	}
}

// TestValues: a session gives the values of any nodes, all at once.
func TestValues(t *testing.T) {
	gputest.Need(t)
	gputest.Case()
	ctx := context.Background()
	g, err := digits.Network()
	if err != nil {
		t.Fatal(err)
	}
	x := inception.RandomInput(tensor.Shape{N: 2, C: 1, H: 28, W: 28}, 7)
	var wanted []graph.Value
	for i := range g.Nodes {
		wanted = append(wanted, graph.Value(i))
	}
	want, err := cpuref.RunAll(ctx, g, x)
	if err != nil {
		t.Fatal(err)
	}
	b := openBackend(ctx, &flags{Backend: "gpu"})
	defer b.close()
	backend, err := b.ready(io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	for name, wanted := range map[string][]graph.Value{"all nodes": wanted, "modules and output": append(modules.All(g), g.Outputs[0])} {
		part, err := g.UpTo(wanted...)
		if err != nil {
			t.Fatal(err)
		}
		r, err := backend(ctx, part, x.Shape)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		ys, err := r.RunAll(ctx, x)
		if err != nil {
			t.Fatal(err)
		}
		for k, v := range wanted {
			if ys[k].Shape != want[v].Shape {
				t.Errorf("%s: node %s has shape %v, want %v", name, g.Nodes[v].Name, ys[k].Shape, want[v].Shape)
				continue
			}
			for i, got := range ys[k].Data {
				if !(math.Abs(float64(got-want[v].Data[i])) < 1e-3) {
					t.Errorf("%s: node %s, element %d is %v, want %v", name, g.Nodes[v].Name, i, got, want[v].Data[i])
					break
				}
			}
		}
	}
}

// TestTensor compares with PyTorch's answer.
