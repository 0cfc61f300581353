package main

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"inceptiongl/cmd/internal/cli"
	"inceptiongl/inception"
	"inceptiongl/inception/classify"
	"inceptiongl/inception/images"
	"inceptiongl/inception/tensor"
	"inceptiongl/inception/weights"
)

// input is what the network runs on.
type input struct {
	x    *tensor.Tensor
	dims []int  // as the model's file has them
	from string // where it comes from, in words

	order []int // where x's axes are among the file's: see classify.Model; nil: in order
}

// file is the input as the model's file has it.
func (in *input) file() tensor.Array {
	a := tensor.Array{Dims: in.dims, Data: in.x.Data}
	if slices.IsSorted(in.order) {
		return a
	}
	back := make([]int, len(in.order))
	a.Dims = make([]int, len(in.order))
	for k, axis := range in.order {
		a.Dims[k], back[axis] = in.dims[axis], k
	}
	return a.Transpose(back)
}

func (in *input) describe() InputReport { return InputReport{in.dims, in.from} }

// newInput makes what the flags ask for.
func newInput(ctx context.Context, f *flags, m *classify.Model) (*input, error) {
	switch {
	case f.In != "":
		return fromFile(f.In, m)
	case len(f.Photos) > 0:
		return fromPhotos(ctx, f, m)
	}
	return random(f, m)
}

func fromFile(path string, m *classify.Model) (*input, error) {
	a, err := weights.ReadNpy(path)
	if err != nil {
		return nil, fmt.Errorf("--in: %w", err)
	}
	if _, err := shapeFor(m, a.Dims); err != nil {
		return nil, fmt.Errorf("--in: %s: %w", path, err)
	}
	if i := tensor.FirstNonFinite(a.Data); i >= 0 {
		return nil, fmt.Errorf("--in: %s: element %d is %v: nothing can be compared with what becomes of it", path, i, a.Data[i])
	}
	x, err := m.Tensor(a)
	if err != nil {
		return nil, fmt.Errorf("--in: %s: %w", path, err)
	}
	return &input{x, a.Dims, path, m.InputOrder}, nil
}

func fromPhotos(ctx context.Context, f *flags, m *classify.Model) (*input, error) {
	p, err := f.Choose(m)
	if err != nil {
		return nil, err
	}
	pictures, err := cli.Photos(f.Photos)
	if err != nil {
		return nil, err
	}
	if m.Batch > 0 && m.Batch != len(pictures) {
		return nil, fmt.Errorf("%d photos: the model takes a batch of %d (%w)", len(pictures), m.Batch, m.BatchError)
	}
	decoder := f.Decoder()
	if p.Own() {
		if p, err = f.ownSize(ctx, m, p, pictures, decoder); err != nil {
			return nil, err
		}
	}
	size := p.Output()
	x := tensor.New(tensor.Shape{N: len(pictures), C: p.Order.Channels(), H: size.H, W: size.W})
	if err := x.Check(); err != nil {
		return nil, fmt.Errorf("%d photos: %w", len(pictures), err)
	}
	for i, picture := range pictures {
		loaded, release, err := picture.Image(ctx, decoder)
		if err != nil {
			return nil, err
		}
		one, err := p.Tensor(loaded)
		release()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", cli.Printable(picture.Name), err)
		}
		copy(x.Data[i*p.Len():], one.Data)
	}
	from := fmt.Sprintf("%d photos, %v", len(pictures), p)
	if len(pictures) == 1 {
		from = fmt.Sprintf("%s, %v", cli.Printable(pictures[0].Name), p)
	}
	dims := []int{x.N, x.C, x.H, x.W}
	if len(m.InputOrder) == 4 {
		for k, axis := range m.InputOrder {
			dims[axis] = [4]int{x.N, x.C, x.H, x.W}[k]
		}
	}
	return &input{x, dims, from, m.InputOrder}, nil
}

// ownSize is the preset p for the photos' own size, which must be one, as they are one batch.
func (f *flags) ownSize(ctx context.Context, m *classify.Model, p images.Preset, pictures []classify.Picture, d *images.Decoder) (images.Preset, error) {
	var first images.Preset
	for i, picture := range pictures {
		size, err := picture.Size(ctx, d)
		if err != nil {
			return p, err
		}
		own, err := f.OwnSize(m, p, size)
		if err != nil {
			return p, fmt.Errorf("%s: %w", cli.Printable(picture.Name), err)
		}
		if i == 0 {
			first = own
		} else if own.Exact != first.Exact || own.Crop != first.Crop {
			return p, fmt.Errorf("--size own: %s is %v, %s is %v: photos in one batch have one size",
				cli.Printable(pictures[0].Name), first.Exact, cli.Printable(picture.Name), own.Exact)
		}
	}
	return first, nil
}

// random is normal numbers in the shape that the flags give, or else the model, or its preset.
func random(f *flags, m *classify.Model) (*input, error) {
	dims := slices.Clone(m.InputDims)
	if f.Shape != "" {
		var err error
		if dims, err = cli.ParseDims(f.Shape); err != nil {
			return nil, fmt.Errorf("--shape: %w", err)
		}
	}
	dims, note := openDims(m, dims)
	s, err := shapeFor(m, dims)
	if err != nil && f.Shape != "" {
		return nil, fmt.Errorf("--shape %s: %w", f.Shape, err)
	} else if err != nil {
		return nil, fmt.Errorf("%w: give the input's --shape, or --in X.npy", err)
	}
	from := fmt.Sprintf("normal random numbers, seed %d", f.Seed) + note
	return &input{inception.RandomInput(s, f.Seed), dims, from, m.InputOrder}, nil
}

// openDims are those given, with a batch of 1 and the preset's size where they are open; the note says so.
func openDims(m *classify.Model, dims []int) (all []int, note string) {
	if dims == nil {
		dims = []int{-1, m.Channels(), -1, -1}
	}
	if len(dims) > 0 && dims[0] < 0 {
		dims[0] = max(m.Batch, m.Declared, 1)
	}
	h, w := 2, 3
	if len(m.InputOrder) == 4 {
		h, w = m.InputOrder[2], m.InputOrder[3]
	}
	if size := m.Preset.Output(); len(dims) == 4 && (dims[h] < 0 || dims[w] < 0) {
		if dims[h] < 0 {
			dims[h] = size.H
		}
		if dims[w] < 0 {
			dims[w] = size.W
		}
		note = fmt.Sprintf("; the model takes any size, and gets %d×%d (--shape)", dims[h], dims[w])
	}
	return dims, note
}

// shapeFor is the graph's input for one of those dimensions in the model's file, or why the model can't take them.
func shapeFor(m *classify.Model, dims []int) (tensor.Shape, error) {
	s, err := m.Shape(dims)
	if err != nil {
		return s, fmt.Errorf("%w (--shape may give it another)", err)
	}
	if m.Batch > 0 && dims[0] != m.Batch {
		return s, fmt.Errorf("the model takes a batch of %d (%w)", m.Batch, m.BatchError)
	}
	_, err = m.Graph.Shapes(s)
	return s, err
}

// times writes dimensions as 1×3×224×224; what is open is a question mark.
func times(dims []int) string {
	var words []string
	for _, d := range dims {
		word := strconv.Itoa(d)
		if d < 0 {
			word = "?"
		}
		words = append(words, word)
	}
	return strings.Join(words, "×")
}
