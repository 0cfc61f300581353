package main

import (
	"bytes"
	"context"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"inceptiongl/cmd/internal/cli"
	"inceptiongl/gpu/gputest"
	"inceptiongl/inception"
	"inceptiongl/inception/classify"
	"inceptiongl/inception/images"
	"inceptiongl/inception/weights"
)

func TestBadFlags(t *testing.T) {
	dir := t.TempDir()
	for _, c := range []struct{ args, want string }{
		{"--in x.npy", "--out"},
		{"--out y.npy", "--in"},
		{"--in x.npy --out y.npy photo.png", "photos"},
		{"--in x.npy --out y.npy --json", "--json"},
		{"--in x.npy --out y.npy --mean 1", "--mean"},
		{"--in x.npy --out y.npy --std 1", "--std"},
		{"--in x.npy --out y.npy --order rgb", "--order"},
		{"--in x.npy --out y.npy --top 3", "--top"},
		{"--in x.npy --out y.npy --softmax on", "--softmax"},
		{"--labels l.txt --top 0 --embed " + dir + "/e.npy", "--labels"},
		{"--json --csv", "exclude"},
		{"--embed-node fc", "--embed"},
		{"--activations-node fc", "--activations"},
		{"--batch -1", "--batch"},
		{"--top -7", "--top"},
		{"--preset imagnet", "imagenet"},
		{"--size 0", "--size"},
		{"--size 10x", "--size"},
		{"--crop 1x2x3", "--crop"},
		{"--crop 30", "doesn't fit"},
		{"--size 40 --crop 30", "takes 28×28"},
		{"--mean 1,2,3", "numbers for mean"},
		{"--std 0", "std"},
		{"--order rgb", "3"},
		{"--order xyz", "order"},
		{"--weights w.safetensors", "--model"},
		{"--model nonsense", "googlenet"},
		{"--model googlenet p.png", "--weights"},
		{"--model googlenet --weights missing.safetensors p.png", "missing.safetensors"},
		{"--model googlenet --arch googlenet", "--arch"},
		{"--model m.safetensors p.png", "--arch"},
		{"--model m.onnx --weights w.safetensors", ".onnx"},
		{"--model m.safetensors --arch alexnet", "alexnet"},
		{"--model googlenet --random-weights", "no photos"},
		{"--model inception_a --random-weights " + dir + "/p.png", "takes 192 channels"},
		{"--embed " + dir + "/no/e.npy", "no/e.npy"},
		{"--embed " + dir, "folder"},
		{"--embed " + dir + "/e.npy --embed-node averag", "average"},
		{"--activations-node a1.cancat --activations " + dir, "a1.concat"},
		{"--labels missing.txt", "missing.txt"},
	} {
		f, err := parse(append(strings.Fields(c.args), "--backend=cpu"))
		if err == nil {
			err = run(context.Background(), f, new(bytes.Buffer), new(bytes.Buffer))
		}
		if err == nil || !strings.Contains(err.Error(), c.want) || status(err) != 2 {
			t.Errorf("%s: error is %v, status %d; want %q", c.args, err, status(err), c.want)
		}
	}
	nothingIn(t, dir)
	for _, bad := range []string{"--backend=tpu", "--softmax=maybe", "--batch=x", "--nonsense"} {
		if _, err := parse([]string{bad}); err == nil {
			t.Errorf("%s is accepted", bad)
		}
	}
}

func TestLabels(t *testing.T) {
	file := filepath.Join(t.TempDir(), "labels.txt")
	write(t, file, []byte("zero\none\ntwo\nthree\nfour\nfive\nsix\nseven\neight\nnine\n"))
	out, _ := must(t, "--backend=cpu", "--labels", file, filepath.Join(samples(t), "6a.png"))
	if !strings.Contains(out, "six") {
		t.Errorf("output:\n%s", out)
	}
	write(t, file, []byte("zero\none\n"))
	if _, _, err := infer(t, "--backend=cpu", "--labels", file); err == nil || !strings.Contains(err.Error(), "2 labels, the network has 10") {
		t.Errorf("too few labels: %v", err)
	}
}

func TestChangedPreset(t *testing.T) {
	photo := filepath.Join(t.TempDir(), "p.png")
	write(t, photo, colour(t, 40, 30))
	_, log := must(t, "--backend=cpu", "--size=32x30", "--crop=28", "--mean=0.5", "--std=0.25", photo)
	if want := "digits, changed: scaled to 32×30; centre crop 28×28; grey; levels/255; mean 0.5; std 0.25"; !strings.Contains(log, want) {
		t.Errorf("log lacks %q:\n%s", want, log)
	}
}

func TestFittedPreset(t *testing.T) {
	plain, err := images.FindPreset("imagenet")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		size images.Size
		f    cli.PresetFlags
		want string
	}{
		{images.Size{}, cli.PresetFlags{}, "imagenet: shorter side scaled to 256; centre crop 224×224"},
		{images.Square(224), cli.PresetFlags{}, "imagenet: shorter side scaled to 256; centre crop 224×224"},
		{images.Square(112), cli.PresetFlags{}, "imagenet, fitted to the model: shorter side scaled to 128; centre crop 112×112"},
		{images.Size{H: 50, W: 63}, cli.PresetFlags{}, "imagenet, fitted to the model: shorter side scaled to 72; centre crop 50×63"},
		{images.Square(227), cli.PresetFlags{Preset: "caffe"}, "caffe, fitted to the model: scaled to 259×259; centre crop 227×227"},
		{images.Square(227), cli.PresetFlags{Preset: "caffe", Size: "256×256"}, "caffe, fitted to the model, changed: scaled to 256×256; centre crop 227×227"},
		{images.Square(224), cli.PresetFlags{Preset: "inception"}, "inception, fitted to the model: shorter side scaled to 256; centre crop 224×224"},
		{images.Size{}, cli.PresetFlags{Preset: "inception"}, "inception: shorter side scaled to 342; centre crop 299×299"},
		{images.Square(227), cli.PresetFlags{Size: "300"}, "imagenet, fitted to the model, changed: shorter side scaled to 300; centre crop 227×227"},
	} {
		m := &classify.Model{Graph: inception.InceptionA(3), Preset: plain.ForSize(c.size), Size: c.size}
		p, err := c.f.Choose(m)
		if err != nil || !strings.HasPrefix(p.String(), c.want) {
			t.Errorf("%v, %v; want %s", p, err, c.want)
		}
	}
}

func TestFixedSize(t *testing.T) {
	const model = "../../inception/classify/testdata/average_227.onnx"
	photo := filepath.Join(t.TempDir(), "p.png")
	write(t, photo, colour(t, 40, 30))
	for preset, want := range map[string]string{"": "imagenet, fitted", "unit": "unit, fitted", "caffe": "caffe, fitted"} {
		args := []string{"--backend=cpu", "--model", model, photo}
		if preset != "" {
			args = append(args, "--preset", preset)
		}
		out, log := must(t, args...)
		if !strings.Contains(log, "Preset   "+want+" to the model:") || !strings.Contains(log, "centre crop 227×227") || strings.Count(out, "\n") != 4 {
			t.Errorf("output\n%s\nlog\n%s", out, log)
		}
	}
}

func small(t *testing.T, channels int) string {
	t.Helper()
	g := inception.InceptionA(channels)
	inception.InitHe(g, 5)
	file := filepath.Join(t.TempDir(), "small.safetensors")
	if err := weights.SaveSafetensors(file, g.Weights); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestNamed(t *testing.T) {
	gputest.Need(t)
	gputest.Case()
	g := inception.GoogLeNet(4)
	inception.InitHe(g, 3)
	dir := t.TempDir()
	file := filepath.Join(dir, "g.safetensors")
	if err := weights.SaveSafetensors(file, g.Weights); err != nil {
		t.Fatal(err)
	}
	photo := filepath.Join(dir, "p.png")
	write(t, photo, colour(t, 50, 40))
	args := []string{"--size=40", "--crop=32", "--json", photo}
	plain, _ := must(t, append(args, "--model=googlenet", "--weights", file, "--no-transform-input")...)
	same, _ := must(t, append(args, "--arch=googlenet", "--model", file, "--no-transform-input")...)
	changed, _ := must(t, append(args, "--model=googlenet", "--weights", file)...)
	a, b, c := report(t, plain), report(t, same), report(t, changed)
	if len(a.Images[0].Top) != 4 || !reflect.DeepEqual(a.Images, b.Images) {
		t.Errorf("%+v and %+v differ", a.Images, b.Images)
	}
	if reflect.DeepEqual(a.Images, c.Images) {
		t.Error("--no-transform-input changes nothing")
	}
	if _, _, err := infer(t, "--backend=cpu", "--model=inception_v3", "--weights", file, photo); err == nil || !strings.Contains(err.Error(), "another network") {
		t.Errorf("weights of another network: %v", err)
	}
	if _, _, err := infer(t, "--backend=cpu", "--arch=googlenet", "--model", small(t, 3), photo); err == nil || !strings.Contains(err.Error(), "fc.weight") {
		t.Errorf("weights without fc: %v", err)
	}
	if _, log := must(t, append(args, "--model=googlenet", "--random-weights")...); !strings.Contains(log, "mean nothing") {
		t.Errorf("log:\n%s", log)
	}
}
