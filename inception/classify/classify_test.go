package classify_test

import (
	"bytes"
	"context"
	"errors"
	"image"
	"io"
	"math"
	"reflect"
	"strings"
	"sync"
	"testing"
	"testing/iotest"

	"inceptiongl/gpu"
	"inceptiongl/gpu/gputest"
	"inceptiongl/inception"
	"inceptiongl/inception/classify"
	"inceptiongl/inception/digits"
	"inceptiongl/inception/graph"
	"inceptiongl/inception/images"
	"inceptiongl/inception/tensor"
)

// TestDigits: files and pictures, in any batch, on the GPU, have the classes that the reference gives.
func TestDigits(t *testing.T) {
	dev, ctx := gputest.Open(t), context.Background()
	all := samples(t)
	files := func() []io.Reader {
		var rs []io.Reader
		for _, s := range all {
			rs = append(rs, bytes.NewReader(s.PNG))
		}
		return rs
	}
	var pictures []image.Image
	for _, s := range all {
		m, err := images.Decode(bytes.NewReader(s.PNG), images.DefaultLimits)
		if err != nil {
			t.Fatal(err)
		}
		pictures = append(pictures, m)
	}
	m := digitsModel(t)
	want, err := open(t, m, reference, classify.Options{Batch: 20}).ClassifyEncoded(ctx, files()...)
	if err != nil {
		t.Fatal(err)
	}
	right := 0
	for i, r := range want {
		if r.Err != nil || len(r.Classes) != 5 || !r.Softmax || r.Index != i || r.Values != nil || r.Fitted != nil {
			t.Fatalf("sample %d: %+v", i, r)
		}
		if r.Classes[0].Index == all[i].Label && r.Classes[0].Label == digits.Labels()[all[i].Label] {
			right++
		}
	}
	if right < 18 {
		t.Errorf("%d of 20 samples are right", right)
	}
	for _, batch := range []int{0, 7, 32} {
		gputest.Case()
		c := open(t, m, classify.GPU(dev, inception.Options{}), classify.Options{Batch: batch})
		encoded, err := c.ClassifyEncoded(ctx, files()...)
		if err != nil {
			t.Fatal(err)
		}
		decoded, err := c.Classify(ctx, pictures...)
		if err != nil {
			t.Fatal(err)
		}
		for name, got := range map[string][]classify.Result{"files": encoded, "pictures": decoded} {
			if len(got) != len(want) {
				t.Fatalf("batch %d, %s: %d results", batch, name, len(got))
			}
			for i, r := range got {
				a, b := r.Classes[0], want[i].Classes[0]
				if a.Index != b.Index || a.Label != b.Label || !(math.Abs(a.Probability-b.Probability) < 1e-5) || !(math.Abs(float64(a.Score-b.Score)) < 1e-3) {
					t.Errorf("batch %d, %s: sample %d is %+v, want %+v", batch, name, i, a, b)
				}
			}
		}
	}
}

// TestGoroutines: many callers of one classifier on the GPU each get their own answers.
func TestGoroutines(t *testing.T) {
	c := open(t, digitsModel(t), classify.GPU(gputest.Open(t), inception.Options{}), classify.Options{Batch: 4, Top: 1})
	all, ctx := samples(t), context.Background()
	want := make([]int, len(all))
	for i, s := range all {
		r, err := c.ClassifyEncoded(ctx, bytes.NewReader(s.PNG))
		if err != nil {
			t.Fatal(err)
		}
		want[i] = r[0].Classes[0].Index
	}
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for k := range 5 {
				a, b := (g+3*k)%len(all), (5*g+k)%len(all)
				r, err := c.ClassifyEncoded(ctx, bytes.NewReader(all[a].PNG), bytes.NewReader(all[b].PNG))
				if err != nil {
					t.Error(err)
				} else if r[0].Classes[0].Index != want[a] || r[1].Classes[0].Index != want[b] {
					t.Errorf("samples %d and %d are %+v", a, b, r)
				}
			}
		}()
	}
	wg.Wait()
}

// TestBadPictures: each has its error, at its place, and the others their classes.
func TestBadPictures(t *testing.T) {
	small := images.DefaultLimits
	small.Bytes = 1 << 10
	c := open(t, digitsModel(t), reference, classify.Options{Batch: 2, Decoder: images.NewDecoder(small)})
	good := samples(t)[0].PNG
	results, err := c.ClassifyEncoded(context.Background(), bytes.NewReader(good), strings.NewReader("text"), iotest.ErrReader(errors.New("cut")),
		bytes.NewReader(good[:len(good)/2]), bytes.NewReader(make([]byte, 2000)), strings.NewReader(""), bytes.NewReader(good))
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"", "not a JPEG", "cut", "truncated", "at most 1024", "empty", ""} {
		switch r := results[i]; {
		case r.Index != i:
			t.Errorf("result %d is that of %d", i, r.Index)
		case want == "" && (r.Err != nil || r.Classes[0].Label != "0"):
			t.Errorf("picture %d: %+v", i, r)
		case want != "" && (r.Err == nil || !strings.Contains(r.Err.Error(), want) || r.Classes != nil):
			t.Errorf("picture %d: %+v, want %q", i, r, want)
		}
	}
	results, err = c.Classify(context.Background(), nil, image.NewGray(image.Rect(0, 0, 28, 28)), image.NewGray(image.Rectangle{}))
	if err != nil || results[0].Err == nil || results[1].Err != nil || results[2].Err == nil {
		t.Errorf("%v, %v", results, err)
	}
	if results, err = c.Classify(context.Background()); err != nil || len(results) != 0 {
		t.Errorf("no pictures: %v, %v", results, err)
	}
}

// TestValues: inner values and the fitted picture come with the classes, or without them.
func TestValues(t *testing.T) {
	m := digitsModel(t)
	out := m.Graph.Outputs[0]
	before := m.Graph.Nodes[out].In[0]
	picture := image.NewGray(image.Rect(0, 0, 50, 40))
	for i := range picture.Pix {
		picture.Pix[i] = uint8(i)
	}
	for _, top := range []int{0, -1} {
		c := open(t, m, reference, classify.Options{Top: top, Batch: 3, Fitted: true, Values: []graph.Value{before, 0, out, before}})
		results, err := c.Classify(context.Background(), picture, picture)
		if err != nil {
			t.Fatal(err)
		}
		r := results[1]
		if len(r.Classes) != 5*(top+1) || r.Fitted == nil || r.Fitted.Rect.Dx() != 28 {
			t.Errorf("%+v", r)
		}
		want := []tensor.Shape{{N: 1, C: 88, H: 1, W: 1}, {N: 1, C: 1, H: 28, W: 28}, {N: 1, C: 10, H: 1, W: 1}, {N: 1, C: 88, H: 1, W: 1}}
		for i, v := range r.Values {
			if err := v.Check(); err != nil || v.Shape != want[i] {
				t.Errorf("value %d is %v, %v; want %v", i, v.Shape, err, want[i])
			}
		}
		x, err := m.Preset.Tensor(picture)
		if err != nil || !reflect.DeepEqual(x.Data, r.Values[1].Data) {
			t.Errorf("the input isn't what the preset makes, %v", err)
		}
	}
}

func TestNewErrors(t *testing.T) {
	imagenet, err := images.FindPreset("imagenet")
	if err != nil {
		t.Fatal(err)
	}
	module, err := classify.FromWeights("inception_a", nil, false)
	if err != nil {
		t.Fatal(err)
	}
	module.Preset.Order = images.Gray
	broken := func(context.Context, *graph.Graph, tensor.Shape) (classify.Runner, error) {
		return nil, gpu.ErrNoDevice
	}
	for _, c := range []struct {
		change func(*classify.Model)
		o      classify.Options
		b      classify.Backend
		want   string
	}{
		{func(m *classify.Model) { m.Preset = imagenet }, classify.Options{}, zeros, "the model takes 1 channels, the preset gives 3"},
		{func(m *classify.Model) { m.Preset.Exact = images.Square(32) }, classify.Options{}, zeros, "the model takes 28×28 pixels, the preset gives 32×32"},
		{func(m *classify.Model) { m.Preset.Std = nil }, classify.Options{}, zeros, "std"},
		{func(m *classify.Model) { m.Labels = m.Labels[:3] }, classify.Options{}, zeros, "3 labels, the network has 10 classes"},
		{func(m *classify.Model) { m.Batch, m.BatchError = 2, io.EOF }, classify.Options{Batch: 3}, zeros, "a batch of 2, not 3 (EOF)"},
		{func(m *classify.Model) {}, classify.Options{Batch: -1}, zeros, "batch of -1"},
		{func(m *classify.Model) {}, classify.Options{Batch: 1 << 40}, zeros, "shape"},
		{func(m *classify.Model) {}, classify.Options{Top: -1}, zeros, "nothing to compute"},
		{func(m *classify.Model) {}, classify.Options{Values: []graph.Value{999}}, zeros, "value 999"},
		{func(m *classify.Model) { m.Graph.Outputs = []graph.Value{1} }, classify.Options{}, zeros, "no classes"},
		{func(m *classify.Model) { m.Graph = nil }, classify.Options{}, zeros, "0 channels"},
		{func(m *classify.Model) {}, classify.Options{}, broken, gpu.ErrNoDevice.Error()},
	} {
		m := digitsModel(t)
		c.change(m)
		if _, err := classify.New(context.Background(), m, c.b, c.o); err == nil || !strings.HasPrefix(err.Error(), "classify: ") || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error is %v, want %q", err, c.want)
		}
	}
}

// TestRunErrors: an error of the device ends the call; one number that isn't finite is the picture's.
func TestRunErrors(t *testing.T) {
	picture := image.NewGray(image.Rect(0, 0, 28, 28))
	broken := func(context.Context, *graph.Graph, tensor.Shape) (classify.Runner, error) {
		return runner{func(context.Context, *tensor.Tensor) ([]*tensor.Tensor, error) { return nil, gpu.ErrContextLost }}, nil
	}
	c := open(t, digitsModel(t), broken, classify.Options{})
	if r, err := c.Classify(context.Background(), picture, picture); !errors.Is(err, gpu.ErrContextLost) || r != nil {
		t.Errorf("%v, %v", r, err)
	}
	infinite := func(_ context.Context, _ *graph.Graph, in tensor.Shape) (classify.Runner, error) {
		return runner{func(context.Context, *tensor.Tensor) ([]*tensor.Tensor, error) {
			y := tensor.New(tensor.Shape{N: in.N, C: 10, H: 1, W: 1})
			y.Data[13] = float32(math.Inf(1)) // the second picture's
			return []*tensor.Tensor{y}, nil
		}}, nil
	}
	c = open(t, digitsModel(t), infinite, classify.Options{Batch: 2})
	pictures := []classify.Picture{}
	for _, name := range []string{"a.png", "b.png"} {
		pictures = append(pictures, classify.Picture{Name: name, Load: func() (image.Image, error) { return picture, nil }})
	}
	var errs []error
	for r, err := range c.Each(context.Background(), pictures) {
		errs = append(errs, errors.Join(r.Err, err))
	}
	if len(errs) != 2 || errs[0] != nil || errs[1] == nil || errs[1].Error() != "b.png: the network gives +Inf" {
		t.Errorf("errors are %v", errs)
	}
}

// TestValuesOfOne: with one picture in a run, a value is that picture's whatever became of the batch's axis: a detector's rows of boxes, say.
func TestValuesOfOne(t *testing.T) {
	m := digitsModel(t)
	rows := m.Graph.Add("rows", graph.Reshape{C: 2, H: 1, W: 1}, m.Graph.Outputs[0])
	for batch, bad := range map[int]bool{1: false, 2: true} {
		c, err := classify.New(t.Context(), m, reference, classify.Options{Top: -1, Batch: batch, Values: []graph.Value{rows}})
		if bad {
			if err == nil || !strings.Contains(err.Error(), "apart") {
				t.Errorf("a batch of %d: %v", batch, err)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		all, err := c.Classify(t.Context(), image.NewGray(image.Rect(0, 0, 28, 28)))
		if err != nil || all[0].Err != nil {
			t.Fatal(err, all)
		}
		if s := all[0].Values[0].Shape; s != (tensor.Shape{N: 5, C: 2, H: 1, W: 1}) {
			t.Errorf("a value of shape %v, want 5×2×1×1", s)
		}
	}
}
