package cli

import (
	"fmt"
	"strings"

	"inceptiongl/inception/classify"
	"inceptiongl/inception/images"
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
	Size   string    `placeholder:"N|HxW" help:"Scale the shorter side to N, or the whole photo to HxW, whatever the preset says."`
	Crop   string    `placeholder:"N|HxW" help:"Then cut this out of the middle; 0 for no crop."`
	Mean   []float32 `placeholder:"R,G,B" help:"Subtract this, for R, G, B or one for all; in the preset's units."`
	Std    []float32 `placeholder:"R,G,B" help:"Then divide by this."`
	Order  string    `placeholder:"rgb|bgr|gray" help:"The network's channels."`

	PhotoMemory int64 `default:"256" placeholder:"MIB" help:"What decoding photos may take in memory, all at once, in MiB: larger photos are refused."`
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
	plain := p
	if f.Size != "" {
		s, err := images.ParseSize(f.Size)
		if err != nil {
			return p, fmt.Errorf("--size: %w", err)
		}
		p.Short, p.Exact = 0, s
		if !strings.ContainsAny(f.Size, "xX×") { // one number
			p.Short, p.Exact = s.H, images.Size{}
		}
	}
	if f.Crop != "" {
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
	if err := p.Check(); err != nil {
		return p, fmt.Errorf("--size, --crop, --mean, --std, --order: %w", err)
	}
	return p, suits(p, m)
}

// suits reports a preset whose input the model can't take, and says what to do.
func suits(p images.Preset, m *classify.Model) error {
	err := m.Suits(p)
	switch channels := m.Channels(); {
	case err == nil:
		return nil
	case channels == p.Order.Channels():
		return fmt.Errorf("%w: choose a --preset, or --size and --crop", err)
	case channels == 1 || channels == 3:
		return fmt.Errorf("%w: choose a --preset, or --order", err)
	}
	return fmt.Errorf("%w: photos have 3, or 1 with --order gray; for other tensors there are --in and --out", err)
}
