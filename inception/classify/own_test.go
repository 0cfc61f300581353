package classify_test

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"inceptiongl/inception/classify"
	"inceptiongl/inception/images"
)

func loadTest(t *testing.T, name string, dims ...int) *classify.Model {
	t.Helper()
	m, err := classify.LoadModel(t.Context(), classify.Source{Model: filepath.Join("testdata", name), Dims: dims})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestOwnSize: pictures keep their size, unless they have too many pixels or the network takes others only.
func TestOwnSize(t *testing.T) {
	size := func(h, w int) images.Size { return images.Size{H: h, W: w} }
	for _, c := range []struct {
		model       string
		own         images.Size
		most        int
		exact, crop images.Size
	}{
		{"even.onnx", size(30, 40), 1 << 20, size(30, 40), size(0, 0)},
		{"even.onnx", size(31, 41), 1 << 20, size(31, 41), size(30, 40)}, // it takes even sizes
		{"even.onnx", size(400, 200), 5000, size(100, 50), size(0, 0)},
		{"levels_1000.onnx", size(1000, 2), 100, size(100, 1), size(0, 0)}, // a tenth of a column is one
		{"line.onnx", size(32, 80), 1 << 20, size(16, 40), size(0, 0)},
		{"line.onnx", size(7, 7), 1 << 20, size(16, 16), size(0, 0)},
		{"line.onnx", size(2, 4000), 3200, size(16, 200), size(0, 0)},
		{"line.onnx", size(4000, 2), 3200, size(16, 1), size(0, 0)},
	} {
		m := loadTest(t, c.model, -1, 3, -1, -1)
		if c.model == "line.onnx" {
			m = loadTest(t, c.model)
		}
		p, err := m.OwnSize(m.Preset, c.own, c.most)
		if err != nil || p.Exact != c.exact || p.Crop != c.crop || p.Short != 0 {
			t.Errorf("%s: %v of at most %d pixels becomes %v, %v, %v; want %v cut to %v", c.model, c.own, c.most, p.Exact, p.Crop, err, c.exact, c.crop)
		}
		if in := m.Preset.Mean; len(p.Mean) != len(in) || p.Mean[0] != in[0] {
			t.Errorf("%s: mean %v, want %v", c.model, p.Mean, in)
		}
	}
}

// TestOwnSizeNot: what can't be is said, and a model's fault is a PresetError.
func TestOwnSizeNot(t *testing.T) {
	gray, err := images.FindPreset("gray")
	if err != nil {
		t.Fatal(err)
	}
	digits, err := classify.Digits()
	if err != nil {
		t.Fatal(err)
	}
	even := loadTest(t, "even.onnx")
	for _, c := range []struct {
		m      *classify.Model
		p      images.Preset
		own    images.Size
		most   int
		words  string
		preset bool
	}{
		{digits, digits.Preset, images.Square(28), 1000, "takes pictures of 28×28 pixels and of no other size", true},
		{even, gray, images.Square(28), 1000, "takes 3 channels, the preset gives 1", true},
		{even, even.Preset, images.Square(1), 1000, "no picture of 1×1 pixels", false},
		{even, even.Preset, images.Size{H: 1, W: 0}, 1000, "1×0", false},
		{even, even.Preset, images.Square(4), 0, "at most 0", false},
		{even, even.Preset, images.Size{H: 2, W: 40000}, 1 << 20, "must be in 1…16384", false},
	} {
		_, err := c.m.OwnSize(c.p, c.own, c.most)
		if err == nil || !strings.Contains(err.Error(), c.words) || errors.As(err, new(classify.PresetError)) != c.preset {
			t.Errorf("%v: error is %v, want %q; a preset's: %v", c.own, err, c.words, c.preset)
		}
	}
}

// TestOneSide: a preset must give the one side that a model fixes.
func TestOneSide(t *testing.T) {
	m := loadTest(t, "line.onnx")
	if err := m.Suits(m.Preset); err == nil || !strings.Contains(err.Error(), "takes 16×? pixels, the preset gives 224×224") || !m.AnySize() {
		t.Errorf("error is %v", err)
	}
	p := m.Preset
	p.Short, p.Crop, p.Exact = 0, images.Size{}, images.Size{H: 16, W: 100}
	if err := m.Suits(p); err != nil {
		t.Error(err)
	}
}

// TestAssumeAnySize: a network that scales levels itself shows it whether its size is fixed or not.
func TestAssumeAnySize(t *testing.T) {
	fixed, open := loadTest(t, "levels_1000.onnx"), loadTest(t, "levels_1000.onnx", -1, 3, -1, -1)
	if fixed.AnySize() || !open.AnySize() || open.PresetReason != fixed.PresetReason || !strings.Contains(open.PresetReason, "[0, 255]") {
		t.Errorf("%q of a fixed size, %q of any", fixed.PresetReason, open.PresetReason)
	}
}
