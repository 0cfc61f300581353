package cli

import (
	"errors"
	"fmt"
	"strings"

	"inceptiongl/inception/classify"
	"inceptiongl/inception/images"
	"inceptiongl/inception/tensor"
)

func presetNames() string {
	var names []string
	for _, p := range images.Presets() {
		names = append(names, p.Name)
	}
	return strings.Join(names, ", ")
}

// PresetFlags say how a photo becomes a network's input.
type PresetFlags struct {
	Preset string    `placeholder:"NAME" help:"How a photo becomes the input: ${presets}. Default: what suits the model. It is printed."`
	Size   string    `placeholder:"N|HxW|own" help:"Scale the shorter side to N, or the whole photo to HxW, whatever the preset says; own: take each photo as large as it is, for networks that take any size."`
	Crop   string    `placeholder:"N|HxW" help:"Then cut this out of the middle; 0 for no crop."`
	Mean   []float32 `placeholder:"R,G,B" help:"Subtract this, for R, G, B or one for all; in the preset's units."`
	Std    []float32 `placeholder:"R,G,B" help:"Then divide by this."`
	Order  string    `placeholder:"rgb|bgr|gray" help:"The network's channels."`

	OwnPixels   float64 `default:"2.1" placeholder:"MILLIONS" help:"With --size own: photos of more pixels are scaled down to this many, as what networks take grows with them. Default: 2.1 million, enough for 1920x1080."`
	PhotoMemory int64   `default:"256" placeholder:"MIB" help:"What decoding photos may take in memory, all at once, in MiB: larger photos are refused."`
}

// Decoder decodes photos as the flags say.
func (f PresetFlags) Decoder() *images.Decoder {
	l := images.DefaultLimits
	if f.PhotoMemory > 0 {
		l.Memory = f.PhotoMemory << 20
		l.Bytes = max(l.Bytes, l.Memory)
	}
	return images.NewDecoder(l)
}

// Choose is the preset that the flags name, or the one that suits the model; fitted to the model where that fixes the size
// of its input; and changed as the flags say.
func (f PresetFlags) Choose(m *classify.Model) (images.Preset, error) {
	p := m.Preset
	if f.Preset != "" {
		var err error
		if p, err = images.FindPreset(f.Preset); err != nil {
			return p, fmt.Errorf("--preset: %w", err)
		}
		p = p.ForSize(m.Size)
	}
	if f.Size == "own" {
		p.Short, p.Exact, p.Crop = 0, images.Size{}, images.Size{}
		p.Name = strings.TrimSuffix(p.Name, ", fitted to the model")
	}
	plain := p
	if f.Size != "" && !p.Own() {
		s, err := images.ParseSize(f.Size)
		if err != nil {
			return p, fmt.Errorf("--size: %w", err)
		}
		p.Short, p.Exact = 0, s
		if !strings.ContainsAny(f.Size, "xX×") { // one number
			p.Short, p.Exact = s.H, images.Size{}
		}
	}
	if f.Crop != "" && f.Size == "own" {
		return p, errors.New("--size own takes photos whole: it doesn't go with --crop")
	} else if f.Crop != "" {
		s, err := images.ParseSize(f.Crop)
		if f.Crop != "0" && err != nil {
			return p, fmt.Errorf("--crop: %w", err)
		}
		p.Crop = s
	}
	if f.Mean != nil {
		p.Mean = f.Mean
	}
	if f.Std != nil {
		p.Std = f.Std
	}
	if f.Order != "" {
		p.Order = images.Order(strings.ToLower(f.Order))
	}
	if p.String() != plain.String() {
		p.Name += ", changed"
	}
	if !m.Pictures() {
		return p, suits(p, m)
	}
	if p.Own() {
		return p, f.checkOwn(p)
	}
	if err := p.Check(); err != nil {
		return p, fmt.Errorf("--size, --crop, --mean, --std, --order: %w", err)
	}
	return p, suits(p, m)
}

// checkOwn is what can be said of photos' own sizes before there is one.
func (f PresetFlags) checkOwn(p images.Preset) error {
	if !(f.OwnPixels > 0 && f.OwnPixels <= tensor.MaxElements/1e6) {
		return fmt.Errorf("--own-pixels: %v million is out of range", f.OwnPixels)
	}
	p.Exact = images.Square(1)
	if err := p.Check(); err != nil {
		return fmt.Errorf("--mean, --std, --order: %w", err)
	}
	return nil
}

// OwnSize is the preset p, which has no size, for a photo of that size. An images.PresetError is one of the model.
func (f PresetFlags) OwnSize(m *classify.Model, p images.Preset, size images.Size) (images.Preset, error) {
	p, err := m.OwnSize(p, size, max(int(f.OwnPixels*1e6), 1))
	switch wrong := classify.PresetError(""); {
	case errors.As(err, &wrong) && !m.AnySize():
		return p, fmt.Errorf("--size own: %w; --shape ?x%dx?x? leaves the size open, where the network's operators allow that", err, m.Channels())
	case errors.As(err, &wrong):
		return p, fmt.Errorf("--size own: %w", suits(p, m))
	case err != nil:
		return p, fmt.Errorf("--size own: %w (--size HxW)", err)
	}
	return p, nil
}

// suits reports a preset whose input the model can't take, and says what to do.
func suits(p images.Preset, m *classify.Model) error {
	err := m.Suits(p)
	switch channels := m.Channels(); {
	case err == nil:
		return nil
	case !m.Pictures():
		return fmt.Errorf("%w: for other tensors there are --in and --out", err)
	case channels == p.Order.Channels():
		return fmt.Errorf("%w: choose a --preset, or --size and --crop", err)
	case channels == 1 || channels == 3:
		return fmt.Errorf("%w: choose a --preset, or --order", err)
	}
	return fmt.Errorf("%w: photos have 3, or 1 with --order gray; for other tensors there are --in and --out", err)
}
