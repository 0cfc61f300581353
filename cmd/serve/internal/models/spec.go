package models

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"inceptiongl/inception/classify"
	"inceptiongl/inception/images"
)

// Spec says where a model is, and how it is to be served.
type Spec struct {
	Name    string
	File    string // a file, a folder with model.onnx in it, or the name of a network: see classify.Source
	Labels  string // "": labels.txt beside the file, if it is there
	Preset  string
	Arch    string
	Weights string
	Size    string // of the input, where the model leaves it open, as HxW
	Batch   int    // images in a run at most; 0: what suits the device
	Version string // "": 1
}

// ParseSpec reads NAME=FILE[,labels=FILE][,preset=NAME][,batch=N][,size=HxW][,arch=NAME][,weights=FILE].
func ParseSpec(text string) (Spec, error) {
	words := strings.Split(text, ",")
	name, file, ok := strings.Cut(words[0], "=")
	s := Spec{Name: name, File: file}
	if !ok || file == "" {
		return s, fmt.Errorf("%q is not NAME=FILE", text)
	}
	if err := checkName(name); err != nil {
		return s, err
	}
	for _, word := range words[1:] {
		key, value, _ := strings.Cut(word, "=")
		var err error
		switch key {
		case "labels":
			s.Labels = value
		case "preset":
			s.Preset = value
			_, err = images.FindPreset(value)
		case "size":
			s.Size = value
			_, err = images.ParseSize(value)
		case "arch":
			s.Arch = value
		case "weights":
			s.Weights = value
		case "batch":
			if s.Batch, err = strconv.Atoi(value); err == nil && (s.Batch < 1 || s.Batch > 1024) {
				err = fmt.Errorf("%d is not in 1…1024", s.Batch)
			}
		default:
			err = errors.New("there are labels, preset, batch, size, arch and weights")
		}
		if err != nil {
			return s, fmt.Errorf("%s=%s: %q: %w", name, file, word, err)
		}
	}
	return s, nil
}

// checkName keeps to names that stand in a URL as they are.
func checkName(name string) error {
	if name == "" || len(name) > 100 || strings.Trim(name, ".") == "" {
		return fmt.Errorf("%q is no name for a model: 1 to 100 letters, digits, '.', '_', '-' are", name)
	}
	for _, r := range name {
		if !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("._-", r)) {
			return fmt.Errorf("%q is no name for a model: only letters, digits, '.', '_', '-' may be in it", name)
		}
	}
	return nil
}

// names lists the models of a folder in Triton's layout.
func names(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var all []string
	for _, e := range entries {
		if info, err := os.Stat(filepath.Join(dir, e.Name())); err == nil && info.IsDir() && checkName(e.Name()) == nil {
			all = append(all, e.Name())
		}
	}
	return all, nil
}

// fromFolder finds NAME/VERSION/model.onnx with the highest VERSION, and labels.txt beside it or above. The name is one of those that names
// gives, never a request's own text.
func fromFolder(dir, name string) (Spec, error) {
	s := Spec{Name: name}
	entries, err := os.ReadDir(filepath.Join(dir, name))
	if err != nil {
		return s, err
	}
	best := 0
	for _, e := range entries {
		n, err := strconv.Atoi(e.Name())
		if err == nil && n > best && strconv.Itoa(n) == e.Name() {
			best = n
		}
	}
	if best == 0 {
		return s, fmt.Errorf("no version: %s is needed", filepath.Join(dir, name, "1", "model.onnx"))
	}
	s.Version = strconv.Itoa(best)
	s.File = filepath.Join(dir, name, s.Version, "model.onnx")
	for _, labels := range []string{filepath.Join(dir, name, s.Version, "labels.txt"), filepath.Join(dir, name, "labels.txt")} {
		if s.Labels == "" && exists(labels) {
			s.Labels = labels
		}
	}
	return s, nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return !errors.Is(err, fs.ErrNotExist)
}

// load reads the model's files.
func (s Spec) load(ctx context.Context) (*classify.Model, error) {
	source := classify.Source{Model: s.File, Arch: s.Arch, Weights: s.Weights, Labels: s.Labels}
	if info, err := os.Stat(s.File); err == nil && info.IsDir() {
		source.Model = filepath.Join(s.File, "model.onnx")
	}
	if beside := filepath.Join(filepath.Dir(source.Model), "labels.txt"); s.Labels == "" && filepath.Ext(source.Model) != "" && exists(beside) {
		source.Labels = beside
	}
	m, err := classify.LoadModel(ctx, source)
	if err != nil {
		return nil, err
	}
	if s.Preset != "" {
		p, err := images.FindPreset(s.Preset)
		if err != nil {
			return nil, err
		}
		m.Preset, m.PresetReason = p.ForSize(m.Size), ""
	}
	if s.Size != "" {
		size, err := images.ParseSize(s.Size)
		if err != nil {
			return nil, err
		}
		m.Preset = m.Preset.ForSize(size)
	}
	if s.Batch > 0 && m.Batch > 0 && s.Batch != m.Batch {
		return nil, fmt.Errorf("the model is made for a batch of %d, not %d", m.Batch, s.Batch)
	}
	return m, nil
}

// sizes are the images of the runs to compile for: powers of four up to most, and most.
func sizes(most int) []int {
	var all []int
	for n := 1; n < most; n *= 4 {
		all = append(all, n)
	}
	return append(slices.Clip(all), most)
}
