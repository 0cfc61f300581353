package images

import (
	"encoding/json"
	"fmt"
	"image"
	"slices"
	"strconv"
	"strings"

	"inceptiongl/inception/tensor"
)

// Order is which channels a network reads, in which order.
type Order string

// The orders. Gray is one channel, Pillow's "L": 0.299 R + 0.587 G + 0.114 B.
const (
	RGB  Order = "rgb"
	BGR  Order = "bgr"
	Gray Order = "gray"
)

// Channels is 1 for Gray, else 3.
func (o Order) Channels() int {
	if o == Gray {
		return 1
	}
	return 3
}

// Preset is how a photo becomes a network's input: scaled, cropped, and every level v made (v/Divisor − mean)/std of its
// colour. One without a size stands for photos as large as they are: see Own.
type Preset struct {
	Name  string
	Short int  // the shorter side is scaled to this; 0: Exact is used
	Exact Size // the whole image is scaled to this, whatever its proportions
	Crop  Size // then cut out of the middle; zero: no crop

	Order   Order
	Divisor float32   // 255 for levels in [0, 1], 1 for levels in [0, 255]
	Mean    []float32 // for R, G, B whatever the order, or one for all; after division
	Std     []float32 // likewise
}

// Presets lists the presets that have a name:
//
//	imagenet      torchvision's classifiers: 256, crop 224, ImageNet's mean and deviation
//	inception     torchvision's inception_v3: the same with 342 and 299
//	unit          256, crop 224, levels in [0, 1]
//	levels        256, crop 224, levels in [0, 255]: for networks that scale them themselves
//	minus1to1     TensorFlow's and Keras's Inception: 342, crop 299, levels in [−1, 1]
//	inception_v4  timm's inception_v4: 341, crop 299, levels in [−1, 1]
//	xception      timm's legacy_xception and inception_resnet_v2: 333, crop 299, levels in [−1, 1]
//	bninception   pretrainedmodels' bninception: 256, crop 224, BGR, its mean levels subtracted
//	caffe         Caffe's models: squashed to 256×256, crop 224, BGR, ImageNet's mean levels subtracted
//	gray          256, crop 224, grey, levels in [0, 1]
//	digits        handwritten digits: 28×28, grey, levels in [0, 1], light on dark
//
// All scale as Resize does; timm evaluates with a bicubic filter, which is a little sharper.
func Presets() []Preset {
	mean, std := []float32{0.485, 0.456, 0.406}, []float32{0.229, 0.224, 0.225}
	zero, one, half := []float32{0}, []float32{1}, []float32{0.5}
	return []Preset{
		{Name: "imagenet", Short: 256, Crop: Square(224), Order: RGB, Divisor: 255, Mean: mean, Std: std},
		{Name: "inception", Short: 342, Crop: Square(299), Order: RGB, Divisor: 255, Mean: mean, Std: std},
		{Name: "unit", Short: 256, Crop: Square(224), Order: RGB, Divisor: 255, Mean: zero, Std: one},
		{Name: "levels", Short: 256, Crop: Square(224), Order: RGB, Divisor: 1, Mean: zero, Std: one},
		{Name: "minus1to1", Short: 342, Crop: Square(299), Order: RGB, Divisor: 255, Mean: half, Std: half},
		{Name: "inception_v4", Short: 341, Crop: Square(299), Order: RGB, Divisor: 255, Mean: half, Std: half},
		{Name: "xception", Short: 333, Crop: Square(299), Order: RGB, Divisor: 255, Mean: half, Std: half},
		{Name: "bninception", Short: 256, Crop: Square(224), Order: BGR, Divisor: 1, Mean: []float32{128, 117, 104}, Std: one},
		{Name: "caffe", Exact: Square(256), Crop: Square(224), Order: BGR, Divisor: 1, Mean: []float32{123, 117, 104}, Std: one},
		{Name: "gray", Short: 256, Crop: Square(224), Order: Gray, Divisor: 255, Mean: zero, Std: one},
		{Name: "digits", Exact: Square(28), Order: Gray, Divisor: 255, Mean: zero, Std: one},
	}
}

// FindPreset is the preset of that name.
func FindPreset(name string) (Preset, error) {
	var names []string
	for _, p := range Presets() {
		if p.Name == name {
			return p, nil
		}
		names = append(names, p.Name)
	}
	return Preset{}, fmt.Errorf("no preset %q; there are %s", name, strings.Join(names, ", "))
}

// Output is the size of the network's input.
func (p Preset) Output() Size {
	if p.Crop != (Size{}) {
		return p.Crop
	}
	return p.Exact
}

// Own reports a preset without a size, for each photo's own. Fit and Check need one: see classify.Model.OwnSize.
func (p Preset) Own() bool { return p.Short == 0 && p.Output() == (Size{}) }

// Check reports what doesn't fit together.
func (p Preset) Check() error {
	const most = 1 << 14 // pixels a side
	for _, v := range []int{p.Short, p.Exact.H, p.Exact.W, p.Crop.H, p.Crop.W} {
		if v < 0 || v > most {
			return fmt.Errorf("preset: a size of %d pixels must be in 1…%d", v, most)
		}
	}
	scaled := p.Exact
	if p.Short > 0 {
		scaled = Square(p.Short)
		if p.Crop == (Size{}) {
			return fmt.Errorf("preset: photos with a shorter side of %d pixels differ in size: a crop, or a size HxW, is needed", p.Short)
		}
	}
	if scaled.H < 1 || scaled.W < 1 {
		return fmt.Errorf("preset: no size")
	}
	if p.Crop.H > scaled.H || p.Crop.W > scaled.W || (p.Crop.H == 0) != (p.Crop.W == 0) {
		return fmt.Errorf("preset: a crop of %v doesn't fit into a photo scaled to %v", p.Crop, scaled)
	}
	if !slices.Contains([]Order{RGB, BGR, Gray}, p.Order) {
		return fmt.Errorf("preset: order %q is none of rgb, bgr, gray", p.Order)
	}
	if !(p.Divisor > 0) {
		return fmt.Errorf("preset: divisor %v must be positive", p.Divisor)
	}
	for name, list := range map[string][]float32{"mean": p.Mean, "std": p.Std} {
		if n := len(list); n != 1 && n != p.Order.Channels() {
			return fmt.Errorf("preset: %d numbers for %s; %s takes 1 or %d", n, name, p.Order, p.Order.Channels())
		}
		for _, v := range list {
			if v-v != 0 || name == "std" && !(v > 0) {
				return fmt.Errorf("preset: %s %v is out of range", name, v)
			}
		}
	}
	return nil
}

// ForSize is p for a network whose input has that size: the crop is replaced, and what is scaled keeps its proportion to it.
func (p Preset) ForSize(s Size) Preset {
	out := p.Output()
	if out == s || out.H < 1 || out.W < 1 || s.H < 1 || s.W < 1 {
		return p
	}
	p.Name += ", fitted to the model"
	if p.Short > 0 {
		p.Short = p.Short * max(s.H, s.W) / min(out.H, out.W)
	} else {
		p.Exact = Size{p.Exact.H * s.H / out.H, p.Exact.W * s.W / out.W}
	}
	if p.Crop != (Size{}) {
		p.Crop = s
	}
	return p
}

// Fit scales and crops any picture. Alpha is dropped, as Opaque does.
func (p Preset) Fit(picture image.Image) (*image.RGBA, error) {
	orientation := 1
	if t, ok := picture.(*turned); ok {
		picture, orientation = t.stored, t.orientation
	}
	m, err := simple(picture)
	if err != nil {
		return nil, err
	}
	size := image.Pt(p.Exact.W, p.Exact.H) // upright
	if p.Short > 0 {
		if size, err = shortSize(sides(m.Bounds().Size(), orientation), p.Short); err != nil {
			return nil, err
		}
	}
	part := image.Rectangle{Max: size}
	if p.Crop != (Size{}) {
		part = middle(size, p.Crop.W, p.Crop.H)
	}
	stored := sides(size, orientation)
	return upright(scale(m, stored.X, stored.Y, whereAll(stored, orientation, part)), orientation), nil
}

// Tensor is a network's input for some pictures, each scaled, cropped and normalised: pictures × channels × rows × columns.
func (p Preset) Tensor(pictures ...image.Image) (*tensor.Tensor, error) {
	if err := p.Check(); err != nil {
		return nil, err
	}
	s := tensor.Shape{N: len(pictures), C: p.Order.Channels(), H: p.Output().H, W: p.Output().W}
	if err := s.Check(); err != nil {
		return nil, fmt.Errorf("%d pictures: %w", len(pictures), err)
	}
	x := tensor.New(s)
	for i, picture := range pictures {
		m, err := p.Fit(picture)
		if err != nil {
			return nil, fmt.Errorf("picture %d: %w", i, err)
		}
		p.Fill(x.Data[i*p.Len():], m)
	}
	return x, nil
}

// Len is how many numbers Fill writes: channels × rows × columns.
func (p Preset) Len() int { return p.Order.Channels() * p.Output().H * p.Output().W }

// Fill writes what Fit gives as C × H × W numbers.
func (p Preset) Fill(dst []float32, m *image.RGBA) {
	s := p.Output()
	plane := s.H * s.W
	var table [3][256]float32 // by colour R, G, B
	for c := range table {
		mean, std := p.Mean[c%len(p.Mean)], p.Std[c%len(p.Std)]
		for v := range table[c] {
			table[c][v] = (float32(v)/p.Divisor - mean) / std
		}
	}
	for y := range s.H {
		row := m.Pix[y*m.Stride:]
		for x := range s.W {
			r, g, b := row[4*x], row[4*x+1], row[4*x+2]
			at := y*s.W + x
			switch p.Order {
			case Gray:
				dst[at] = table[0][luma(r, g, b)]
			case BGR:
				dst[at], dst[plane+at], dst[2*plane+at] = table[2][b], table[1][g], table[0][r]
			default:
				dst[at], dst[plane+at], dst[2*plane+at] = table[0][r], table[1][g], table[2][b]
			}
		}
	}
}

// luma is ITU-R 601's, rounded as Pillow does.
func luma(r, g, b uint8) uint8 {
	return uint8((19595*uint32(r) + 38470*uint32(g) + 7471*uint32(b) + 1<<15) >> 16)
}

// String is the preset in words: "imagenet: shorter side scaled to 256; centre crop 224×224; RGB; levels/255; mean …; std …".
func (p Preset) String() string {
	words := []string{"scaled to " + p.Exact.String()}
	if p.Own() {
		words[0] = "each photo's own size"
	} else if p.Short > 0 {
		words[0] = fmt.Sprintf("shorter side scaled to %d", p.Short)
	}
	if p.Crop != (Size{}) {
		words = append(words, "centre crop "+p.Crop.String())
	}
	levels := "levels in [0, 255]"
	if p.Divisor != 1 {
		levels = fmt.Sprintf("levels/%g", p.Divisor)
	}
	words = append(words, map[Order]string{RGB: "RGB", BGR: "BGR", Gray: "grey"}[p.Order], levels)
	of := " of R, G, B "
	if p.Order == Gray || len(p.Mean) == 1 && len(p.Std) == 1 {
		of = " "
	}
	words = append(words, "mean"+of+numbers(p.Mean), "std"+of+numbers(p.Std))
	return p.Name + ": " + strings.Join(words, "; ")
}

func numbers(list []float32) string {
	var s []string
	for _, v := range list {
		s = append(s, strconv.FormatFloat(float64(v), 'g', -1, 32))
	}
	return strings.Join(s, " ")
}

// MarshalJSON states the preset's facts: "resize" is a number (of the shorter side), [rows, columns], or "own"; without "crop" then.
func (p Preset) MarshalJSON() ([]byte, error) {
	facts := map[string]any{"name": p.Name, "resize": p.Short, "order": p.Order, "divisor": p.Divisor, "mean": p.Mean, "std": p.Std}
	if crop := p.Output(); !p.Own() {
		facts["crop"] = []int{crop.H, crop.W}
	}
	if p.Own() {
		facts["resize"] = "own"
	} else if p.Short == 0 {
		facts["resize"] = []int{p.Exact.H, p.Exact.W}
	}
	return json.Marshal(facts)
}
