package main

import (
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"inceptiongl/inception/classify"
	"inceptiongl/inception/files"
	"inceptiongl/inception/images"
	"inceptiongl/inception/tensor"
)

// saver writes what the network gives: all outputs as numbers, those of one or three channels as pictures.
type saver struct {
	numbers, pictures string        // folders; "": not asked for
	outputs           []savedOutput // the model's, in order
	names             namer
	count             int // of files
}

// savedOutput is one of the network's.
type savedOutput struct {
	name  string
	scale levels // where it becomes a picture
	draw  bool
}

// levels make a number v of each colour a level between 0 and 255: v·Scale + Shift.
type levels struct{ scale, shift [3]float32 }

// newSaver prepares for what --out-all and --out-png ask; nil where they ask nothing. shapes are of all nodes. p is how the input
// was made of a photo; nil where it wasn't. What is assumed is said on log.
func newSaver(f *flags, m *classify.Model, shapes []tensor.Shape, p *images.Preset, log io.Writer) (*saver, error) {
	if f.OutAll == "" && f.OutPNG == "" {
		return nil, nil
	}
	s := &saver{numbers: f.OutAll, pictures: f.OutPNG, names: namer{}}
	drawn := 0
	var all []string
	outputs := len(m.Graph.Outputs)
	if m.Tail != nil {
		outputs = len(m.Outputs)
	}
	for i := range outputs {
		o := savedOutput{name: outputName(m, i)}
		channels, of := drawable(m, shapes, i)
		if o.draw = s.pictures != "" && channels > 0; o.draw {
			drawn++
			how := ""
			o.scale, how = levelsFor(f.PNGRange, channels, p)
			fmt.Fprintf(log, "Picture  %s: %s\n", o.name, how)
		}
		all = append(all, fmt.Sprintf("%s is %s", o.name, of))
		s.outputs = append(s.outputs, o)
	}
	if s.pictures != "" && drawn == 0 {
		return nil, fmt.Errorf("--out-png: a picture has one or three channels, and no output has (%s): --out-all DIR writes numbers", strings.Join(all, ", "))
	}
	for flag, dir := range map[string]string{"--out-all": s.numbers, "--out-png": s.pictures} {
		if dir == "" {
			continue
		}
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return nil, fmt.Errorf("%s: %w", flag, err)
		}
		if err := files.Writable(filepath.Join(dir, "x.npy")); err != nil {
			return nil, fmt.Errorf("%s: %w", flag, err)
		}
	}
	return s, nil
}

// drawable is how many channels an output has as a picture, or 0, and its extents for people.
func drawable(m *classify.Model, shapes []tensor.Shape, i int) (channels int, of string) {
	if m.Tail == nil {
		s := shapes[m.Graph.Outputs[i]]
		if (s.C == 1 || s.C == 3) && s.H*s.W > 1 {
			channels = s.C
		}
		return channels, s.String()
	}
	dims := m.Outputs[i].Dims
	switch {
	case len(dims) == 3:
		channels = 1
	case len(dims) == 4 && (dims[1] == 1 || dims[1] == 3):
		channels = dims[1]
	}
	return channels, tuple(dims)
}

// outputName is what the model's file calls an output.
func outputName(m *classify.Model, i int) string {
	switch {
	case i < len(m.Outputs):
		return m.Outputs[i].Name
	case len(m.Graph.Outputs) == 1:
		return "output"
	}
	return "output" + strconv.Itoa(i)
}

// levelsFor is how an output becomes levels: by the range given, or as the levels of a photo became the input, undone. Where the
// input had other channels, or wasn't a photo, the range is 0 to 1.
func levelsFor(given []float32, channels int, p *images.Preset) (l levels, how string) {
	low, high := float32(0), float32(1)
	switch {
	case len(given) == 2:
		low, high = given[0], given[1]
	case p != nil && p.Order.Channels() == channels:
		for c := range l.scale {
			mean, std := p.Mean[c%len(p.Mean)], p.Std[c%len(p.Std)]
			l.scale[c], l.shift[c] = std*p.Divisor, mean*p.Divisor
		}
		return l, "drawn as the preset makes the input, undone (--png-range LOW,HIGH for another range)"
	}
	for c := range l.scale {
		l.scale[c] = 255 / (high - low)
		l.shift[c] = -low * l.scale[c]
	}
	return l, fmt.Sprintf("black is %g, white is %g (--png-range)", low, high)
}

// save writes the outputs of one photo, and lists the files.
func (s *saver) save(name string, answers []answer, order images.Order) ([]string, error) {
	var written []string
	for i, o := range s.outputs {
		a := answers[i]
		if s.numbers != "" {
			path := filepath.Join(s.numbers, s.names.file(name, o.name, ".npy"))
			if err := writeArray(path, a.Array); err != nil {
				return written, fmt.Errorf("--out-all: %w", err)
			}
			written = append(written, path)
		}
		if !o.draw || a.picture == nil {
			continue
		}
		if at := tensor.FirstNonFinite(a.picture.Data); at >= 0 {
			return written, fmt.Errorf("--out-png: %s: element %d of output %s is %v, which no picture shows: --out-all writes numbers", name, at, o.name, a.picture.Data[at])
		}
		for n := range a.picture.N {
			what := o.name
			if a.picture.N > 1 {
				what += "." + strconv.Itoa(n)
			}
			path := filepath.Join(s.pictures, s.names.file(name, what, ".png"))
			picture := o.scale.picture(a.picture, n, order)
			if err := files.Write(path, func(w io.Writer) error { return png.Encode(w, picture) }); err != nil {
				return written, fmt.Errorf("--out-png: %w", err)
			}
			written = append(written, path)
		}
	}
	s.count += len(written)
	return written, nil
}

// said tells where everything is.
func (s *saver) said(log io.Writer) {
	where := slices.DeleteFunc([]string{s.numbers, s.pictures}, func(dir string) bool { return dir == "" })
	fmt.Fprintf(log, "%s in %s\n", plural(s.count, "file"), strings.Join(slices.Compact(where), " and "))
}

// picture is image n of y, of one channel or three, in the order of the network's input.
func (l levels) picture(y *tensor.Tensor, n int, order images.Order) image.Image {
	area := image.Rect(0, 0, y.W, y.H)
	at := func(c, row, column, colour int) uint8 {
		switch v := y.At(n, c, row, column)*l.scale[colour] + l.shift[colour]; {
		case v >= 255:
			return 255
		case v > 0:
			return uint8(v + 0.5)
		}
		return 0 // NaN, too
	}
	if y.C == 1 {
		m := image.NewGray(area)
		for row := range y.H {
			for column := range y.W {
				m.SetGray(column, row, color.Gray{Y: at(0, row, column, 0)})
			}
		}
		return m
	}
	m := image.NewRGBA(area)
	for row := range y.H {
		for column := range y.W {
			var rgb [3]uint8
			for colour := range rgb {
				c := colour
				if order == images.BGR {
					c = 2 - colour
				}
				rgb[colour] = at(c, row, column, colour)
			}
			m.SetRGBA(column, row, color.RGBA{rgb[0], rgb[1], rgb[2], 255})
		}
	}
	return m
}

// namer names files after a photo and what is in them; a name that is taken, in whatever case, gets a number.
type namer map[string]bool

func (n namer) file(photo, what, extension string) string {
	base := filepath.Base(photo)
	stem := safe(strings.TrimSuffix(base, filepath.Ext(base)) + "." + what)
	name := stem + extension
	for i := 2; n[strings.ToLower(name)]; i++ {
		name = stem + "-" + strconv.Itoa(i) + extension
	}
	n[strings.ToLower(name)] = true
	return name
}
