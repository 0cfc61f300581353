package images

import (
	"encoding/json"
	"image"
	"image/color"
	"math"
	"strings"
	"testing"
)

func TestPresets(t *testing.T) {
	for _, p := range Presets() {
		if err := p.Check(); err != nil {
			t.Errorf("%s: %v", p.Name, err)
		}
		if !strings.HasPrefix(p.String(), p.Name+": ") {
			t.Errorf("in words: %s", p)
		}
	}
	if _, err := FindPreset("imagnet"); err == nil || !strings.Contains(err.Error(), "imagenet") {
		t.Errorf("error is %v", err)
	}
}

// TestFill checks every preset on a pixel of R, G, B = 200, 100, 50.
func TestFill(t *testing.T) {
	m := image.NewRGBA(image.Rect(0, 0, 40, 20))
	for y := range 20 {
		for x := range 40 {
			m.SetRGBA(x, y, color.RGBA{200, 100, 50, 255})
		}
	}
	for name, want := range map[string][]float64{
		"imagenet":     {(200./255 - 0.485) / 0.229, (100./255 - 0.456) / 0.224, (50./255 - 0.406) / 0.225},
		"inception":    {(200./255 - 0.485) / 0.229, (100./255 - 0.456) / 0.224, (50./255 - 0.406) / 0.225},
		"unit":         {200. / 255, 100. / 255, 50. / 255},
		"levels":       {200, 100, 50},
		"gray":         {124. / 255},
		"minus1to1":    {200/127.5 - 1, 100/127.5 - 1, 50/127.5 - 1},
		"inception_v4": {200/127.5 - 1, 100/127.5 - 1, 50/127.5 - 1},
		"xception":     {200/127.5 - 1, 100/127.5 - 1, 50/127.5 - 1},
		"bninception":  {50 - 104, 100 - 117, 200 - 128},
		"caffe":        {50 - 104, 100 - 117, 200 - 123},
		"digits":       {124. / 255}, // 59.8 + 58.7 + 5.7 = 124.2
	} {
		p, err := FindPreset(name)
		if err != nil {
			t.Fatal(err)
		}
		got := make([]float32, p.Len())
		p.Fill(got, fit(t, p, m))
		plane := len(got) / len(want)
		for i, v := range got {
			if d := math.Abs(float64(v) - want[i/plane]); !(d < 1e-5*max(1, math.Abs(want[i/plane]))) {
				t.Errorf("%s: channel %d is %v, want %v", name, i/plane, v, want[i/plane])
				break
			}
		}
	}
}

// TestFillPlaces: rows, columns and channels go where NCHW has them.
func TestFillPlaces(t *testing.T) {
	m := image.NewRGBA(image.Rect(0, 0, 5, 4))
	for i := range m.Pix {
		m.Pix[i] = uint8(i) | uint8(i%4/3*255) // opaque
	}
	p := Preset{Exact: Size{4, 5}, Crop: Size{2, 3}, Order: BGR, Divisor: 1, Mean: []float32{0}, Std: []float32{1}}
	got := make([]float32, p.Len())
	p.Fill(got, fit(t, p, m)) // cut at column 1, row 1
	for c := range 3 {
		for y := range 2 {
			for x := range 3 {
				if v, want := got[(c*2+y)*3+x], float32(m.Pix[((y+1)*5+x+1)*4+2-c]); v != want {
					t.Errorf("(%d, %d, %d) is %v, want %v", c, y, x, v, want)
				}
			}
		}
	}
}

func TestPresetCheck(t *testing.T) {
	good := func() Preset { p, _ := FindPreset("imagenet"); return p }
	for want, change := range map[string]func(*Preset){
		"differ in size":  func(p *Preset) { p.Crop = Size{} },
		"no size":         func(p *Preset) { p.Short = 0 },
		"doesn't fit":     func(p *Preset) { p.Crop = Square(257) },
		"order":           func(p *Preset) { p.Order = "rbg" },
		"numbers for":     func(p *Preset) { p.Mean = p.Mean[:2] },
		"takes 1":         func(p *Preset) { p.Order = Gray },
		"out of range":    func(p *Preset) { p.Std = []float32{0} },
		"mean NaN":        func(p *Preset) { p.Mean = []float32{float32(math.NaN())} },
		"divisor":         func(p *Preset) { p.Divisor = 0 },
		"must be in 1…16": func(p *Preset) { p.Short = 1 << 20 },
	} {
		p := good()
		change(&p)
		if err := p.Check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error is %v, want %q", err, want)
		}
	}
}

func TestPresetJSON(t *testing.T) {
	for name, want := range map[string]string{"imagenet": `"resize":256`, "caffe": `"resize":[256,256]`} {
		p, err := FindPreset(name)
		if err != nil {
			t.Fatal(err)
		}
		b, err := json.Marshal(p)
		if err != nil || !strings.Contains(string(b), want) || !strings.Contains(string(b), `"crop":[224,224]`) {
			t.Errorf("%s, %v", b, err)
		}
	}
}

func TestNarrow(t *testing.T) {
	if _, err := ResizeShort(image.NewRGBA(image.Rect(0, 0, 1, 1000)), 256); err == nil || !strings.Contains(err.Error(), "too narrow") {
		t.Errorf("error is %v", err)
	}
}
