package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"image"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"inceptiongl/cmd/internal/show"
	"inceptiongl/cpuref"
	"inceptiongl/cpuref/verify"
	"inceptiongl/gpu/gputest"
	"inceptiongl/inception/digits"
	"inceptiongl/inception/run"
	"inceptiongl/inception/tensor"
	"inceptiongl/inception/weights"
)

func TestMain(m *testing.M) { gputest.Main(m) }

const (
	module   = "../../inception/onnx/testdata/golden/inception_a_2x5x13x7.onnx"
	moduleIn = "../../inception/testdata/golden/inception_a_2x5x13x7_in.npy"
	pictures = "../../inception/classify/testdata/pictures.onnx"
	even     = "../../inception/classify/testdata/even.onnx"
	average  = "../../inception/classify/testdata/average_227.onnx" // 1×3×227×227, nothing left open
)

// command runs a command line; change, where it isn't nil, has its flags first.
func command(t *testing.T, change func(*flags), args ...string) (out string, code int, err error) {
	t.Helper()
	var o, log bytes.Buffer
	f, err := parse(args)
	if err == nil {
		if change != nil {
			change(f)
		}
		err = check(context.Background(), f, &o, &log)
	}
	if strings.Contains(o.String()+log.String(), "%!") || log.Len() > 0 { // progress is for terminals
		t.Errorf("a formatting mistake, or a log that isn't a terminal's:\n%s%s", o.String(), log.String())
	}
	return o.String(), status(err), err
}

// report is the JSON of a command line that must end with that status.
func report(t *testing.T, code int, change func(*flags), args ...string) (*Report, error) {
	t.Helper()
	out, got, err := command(t, change, append(args, "--json")...)
	r := &Report{}
	if e := json.Unmarshal([]byte(out), r); e != nil || got != code {
		t.Fatalf("verify %v: status %d, want %d: %v; %v in\n%s", args, got, code, err, e, out)
	}
	return r, err
}

// savePNG writes a picture of w × h pixels.
func savePNG(t *testing.T, path string, w, h int) {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, w, h))); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestBadFlags(t *testing.T) {
	dir := t.TempDir()
	npy := func(name string, dims []int, values ...float32) string {
		path := filepath.Join(dir, name)
		data := make([]float32, 1)
		for _, d := range dims {
			data = slices.Repeat(data, d)
		}
		copy(data, values)
		if err := weights.WriteNpy(path, dims, data); err != nil {
			t.Fatal(err)
		}
		return path
	}
	text := filepath.Join(dir, "text.png")
	if err := os.WriteFile(text, []byte("no picture"), 0o600); err != nil {
		t.Fatal(err)
	}
	small, large := filepath.Join(dir, "small.png"), filepath.Join(dir, "large.png")
	savePNG(t, small, 28, 28)
	savePNG(t, large, 50, 28)
	for _, c := range []struct{ args, want string }{
		{"", "model"},
		{"missing.onnx", "missing.onnx"},
		{"resnet", "MODEL, --arch"},
		{"googlenet", "no weights"},
		{module + " --rows -1", "--rows"},
		{module + " --runs 0", "--runs"},
		{module + " --seed x", "--seed"},
		{module + " --against tensorflow", "--against"},
		{module + " --in x.npy p.png", "exclude"},
		{module + " --preset unit", "for photos"},
		{module + " --shape 1x2xthree", "--shape"},
		{module + " --shape 2x5", "--shape"},
		{module + " --shape 2x6x13x7", "6"},
		{"digits --shape 1x3x28x28", "the model takes ?×1×?×?"},
		{module + " --in missing.npy", "missing.npy"},
		{module + " --in " + npy("flat.npy", []int{2, 455}), "extents 2×455: the model takes ?×5×13×7"},
		{module + " --in " + npy("channels.npy", []int{2, 4, 13, 7}), "extents 2×4×13×7: the model takes"},
		{module + " --in " + npy("nan.npy", []int{2, 5, 13, 7}, 1, float32(math.NaN())), "element 1 is NaN"},
		{average + " " + text, "text.png"},
		{average + " --preset inception --size 10 " + text, "crop"},
		{average + " " + dir + "/none.png", "none.png"},
		{pictures, "(--shape)"},
		{average + " --size own " + small, "takes pictures of 227×227 pixels and of no other size"},
		{even + " --size own " + small + " " + large, "small.png is 28×28"},
		{even + " --size own " + text, "text.png"},
		{even + " --size own --crop 8 " + small, "--crop"},
		{"digits --against onnxruntime", "reads .onnx files"},
		{module + " --against onnxruntime --python " + dir + "/nopython", "--python"},
		{module + " --device nonsense", "nonsense"},
	} {
		if out, code, err := command(t, nil, strings.Fields(c.args)...); code != 2 || err == nil || !strings.Contains(err.Error(), c.want) || out != "" {
			t.Errorf("verify %s: status %d, %v; want 2 and %q; output %q", c.args, code, err, c.want, out)
		}
	}
}

// TestRight: every step of networks on each kind of input, and what is said of it.
func TestRight(t *testing.T) {
	gputest.Need(t)
	samples, err := digits.Samples()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	photos := []string{filepath.Join(dir, "a.png"), filepath.Join(dir, "b.png")}
	for i, p := range photos {
		if err := os.WriteFile(p, samples[i].PNG, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	large := filepath.Join(dir, "large.png")
	savePNG(t, large, 51, 28)
	for _, c := range []struct {
		args  []string
		shape []int
		from  string
	}{
		{[]string{even, large, large, "--size=own"}, []int{2, 3, 28, 50}, "2 photos, imagenet: scaled to 28×51; centre crop 28×50"},
		{[]string{even, "--shape=1x3x?x6"}, []int{1, 3, 224, 6}, "seed 1; the model takes any size, and gets 224×6"},
		{[]string{"digits"}, []int{1, 1, 28, 28}, "seed 1; the model takes any size, and gets 28×28"},
		{[]string{"digits", "--seed", "7", "--no-rewrites"}, []int{1, 1, 28, 28}, "seed 7"},
		{[]string{"digits", photos[0]}, []int{1, 1, 28, 28}, "a.png, digits: scaled to 28×28"},
		{append([]string{"digits"}, photos...), []int{2, 1, 28, 28}, "2 photos, digits"},
		{[]string{"digits", "--shape", "3x1x20x31"}, []int{3, 1, 20, 31}, "seed 1"},
		{[]string{module}, []int{2, 5, 13, 7}, "seed 1"}, // as its file has it
		{[]string{module, "--in", moduleIn}, []int{2, 5, 13, 7}, moduleIn},
		{[]string{pictures, "--shape", "2x3x9x7"}, []int{2, 3, 9, 7}, "seed 1"},
		{[]string{average, photos[1]}, []int{1, 3, 227, 227}, "imagenet, fitted"},
		{[]string{average}, []int{1, 3, 227, 227}, "seed 1"}, // which cancels: an average near 0
	} {
		gputest.Case()
		r, _ := report(t, 0, nil, append(c.args, "--runs=2")...)
		if !slices.Equal(r.Input.Shape, c.shape) || !strings.Contains(r.Input.From, c.from) {
			t.Errorf("%v: input %v, want %v and %q", c.args, r.Input, c.shape, c.from)
		}
		elements := 0
		for _, s := range r.Steps {
			elements += s.Elements
			if n := s.Shape[0] * s.Shape[1] * s.Shape[2] * s.Shape[3]; s.Elements != n || !(s.Share >= 0 && s.Share <= 1) || s.Error != "" || s.Seconds <= 0 || s.Worst == nil || s.Kernel == "" || s.Wave < 1 {
				t.Errorf("%v: step %+v", c.args, s)
			}
		}
		if !r.OK || len(r.Wrong) > 0 || elements == 0 || elements != r.Elements || r.Run <= 0 || r.OnDevice <= 0 || r.Waves < 1 {
			t.Errorf("%v: %+v", c.args, r)
		}
		limit := show.Number(1e-6)
		if c.args[0] == average {
			limit = farOff
		}
		for _, o := range r.Outputs {
			if o.RelL2 == nil || !(*o.RelL2 <= limit) && len(r.Notes) == 0 || o.Against != nil {
				t.Errorf("%v: output %+v", c.args, o)
			}
		}
	}
}

// faulty is verify.Each on a device that is right, but for one element of one step: change makes of it what the device is said to
// have given.
func faulty(step, element int, change func(want, bound float64) float32) func(*flags) {
	return func(f *flags) {
		f.each = func(ctx context.Context, s *run.Session, x *tensor.Tensor, visit func(verify.StepReport) error) ([]*tensor.Tensor, error) {
			at := -1
			return verify.Each(ctx, s, x, func(r verify.StepReport) error {
				if at++; at == step {
					shape := r.Part.Out.Shape()
					ref := &cpuref.Result{Shape: shape, Value: make([]float64, shape.Len()), Mag: make([]float64, shape.Len()), Ops: 3}
					got := tensor.New(shape)
					for i := range ref.Value {
						ref.Value[i], ref.Mag[i] = 2, 5
						got.Data[i] = 2
					}
					got.Data[element] = change(2, ref.Bound(element))
					r.Report = cpuref.Check(got, ref)
				}
				return visit(r)
			})
		}
	}
}

// TestWrongStep: a step with one element out of bound is named with the element, first in the table, and the status is 1.
func TestWrongStep(t *testing.T) {
	gputest.Need(t)
	gputest.Case()
	first, _ := report(t, 0, nil, module, "--in", moduleIn)
	const step = 2
	shape := first.Steps[step].Shape
	at := shape[1]*shape[2]*shape[3] + 2*shape[2]*shape[3] + 3*shape[3] + 4 // n 1, c 2, y 3, x 4
	for name, c := range map[string]struct {
		change func(want, bound float64) float32
		wrong  bool
		says   string
	}{
		"inside":  {func(want, bound float64) float32 { return math.Nextafter32(float32(want+bound), 0) }, false, ""},
		"outside": {func(want, bound float64) float32 { return float32(want + 1.5*bound) }, true, "got 2.000"},
		"NaN":     {func(_, _ float64) float32 { return float32(math.NaN()) }, true, "got NaN, want 2"},
		"+Inf":    {func(_, _ float64) float32 { return float32(math.Inf(1)) }, true, "got +Inf, want 2"},
	} {
		code := 0
		if c.wrong {
			code = 1
		}
		r, err := report(t, code, faulty(step, at, c.change), module, "--in", moduleIn)
		s := r.Steps[step]
		if r.OK == c.wrong || c.wrong != (s.Error != "") || s.Worst == nil {
			t.Errorf("%s: ok is %v, step %+v", name, r.OK, s)
			continue
		}
		out, code2, _ := command(t, faulty(step, at, c.change), module, "--in", moduleIn, "--rows=1")
		if code2 != code || strings.Contains(out, "Right") == c.wrong || strings.Contains(out, "WRONG") != c.wrong {
			t.Errorf("%s: status %d, output\n%s", name, code2, out)
		}
		if !c.wrong {
			continue
		}
		if w := s.Worst; w.N != 1 || w.C != 2 || w.Y != 3 || w.X != 4 || w.Want != 2 || !(w.Bound > 0) {
			t.Errorf("%s: the worst element is %+v", name, *s.Worst)
		}
		for _, want := range []string{"step " + s.Name + " (", s.Kernel, "(n 1, c 2, y 3, x 4)", c.says, "bound "} {
			if !errors.Is(err, errWrong) || !strings.Contains(err.Error(), want) || !strings.Contains(out, want) {
				t.Errorf("%s: %q is not in the error %v or the output\n%s", name, want, err, out)
			}
		}
		table := out[strings.Index(out, "\nshare ")+1:]
		if row := strings.Split(table, "\n")[1]; !strings.HasPrefix(row, "WRONG") || !strings.Contains(row, s.Name) {
			t.Errorf("%s: the worst step is %q", name, row)
		}
	}
}

// TestUnseen: what wasn't compared, or differs from an ordinary run, isn't right.
func TestUnseen(t *testing.T) {
	gputest.Need(t)
	gputest.Case()
	skip := func(f *flags) {
		f.each = func(ctx context.Context, s *run.Session, x *tensor.Tensor, visit func(verify.StepReport) error) ([]*tensor.Tensor, error) {
			n := 0
			return verify.Each(ctx, s, x, func(r verify.StepReport) error {
				if n++; n == 1 {
					return nil
				}
				return visit(r)
			})
		}
	}
	if _, code, err := command(t, skip, module); code != 2 || err == nil || !strings.Contains(err.Error(), "steps were checked") {
		t.Errorf("a step that isn't checked: status %d, %v", code, err)
	}
	other := func(f *flags) {
		f.each = func(ctx context.Context, s *run.Session, x *tensor.Tensor, visit func(verify.StepReport) error) ([]*tensor.Tensor, error) {
			ys, err := verify.Each(ctx, s, x, visit)
			ys[0].Data[5] += 1e-6
			return ys, err
		}
	}
	if r, err := report(t, 1, other, module); r.OK || !strings.Contains(err.Error(), "output 0, element 5") {
		t.Errorf("an ordinary run that differs: %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	interrupt := func(context.Context, *run.Session, *tensor.Tensor, func(verify.StepReport) error) ([]*tensor.Tensor, error) {
		cancel()
		return nil, ctx.Err()
	}
	f, err := parse([]string{module})
	if err != nil {
		t.Fatal(err)
	}
	f.each = interrupt
	if err := check(ctx, f, new(bytes.Buffer), new(bytes.Buffer)); !errors.Is(err, context.Canceled) || status(err) != 2 {
		t.Errorf("interrupted: %v", err)
	}
	f.each = func(context.Context, *run.Session, *tensor.Tensor, func(verify.StepReport) error) ([]*tensor.Tensor, error) {
		return nil, errors.New("the model was loaded")
	}
	if err := check(ctx, f, new(bytes.Buffer), new(bytes.Buffer)); !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "onnx: ") {
		t.Errorf("while the model loads: %v", err)
	}
}
