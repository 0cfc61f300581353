package models

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"

	"inceptiongl/cmd/serve/internal/budget"
	"inceptiongl/cmd/serve/internal/v2"
	"inceptiongl/inception/images"
)

// Decoder makes pictures of what clients send, a few at a time, within a memory budget.
type Decoder struct {
	Limits images.Limits
	Budget *budget.Budget
	Slots  chan struct{} // as many as may be decoded at once
}

// NewDecoder decodes as many pictures at once as are given.
func NewDecoder(l images.Limits, b *budget.Budget, atOnce int) *Decoder {
	return &Decoder{l, b, make(chan struct{}, atOnce)}
}

// perPixel bounds the bytes that decoding takes for each pixel: a progressive JPEG of four components keeps 16 of coefficients and 4
// of levels; other formats keep 8 at most, and their copy in R, G, B and A.
const perPixel = 20

// into decodes a picture, fits it and writes it as a network's input.
func (d *Decoder) into(ctx context.Context, dst []float32, p images.Preset, data []byte) error {
	l := d.Limits
	if need, ok := d.claim(data); ok {
		l.Pixels = need / perPixel // so that nothing in the file is larger than its header says
		if err := d.Budget.Acquire(ctx, need); errors.Is(err, budget.ErrTooLarge) {
			return v2.Errorf(v2.TooLarge, "a picture of %d pixels: %v", l.Pixels, err)
		} else if err != nil {
			return err
		}
		defer d.Budget.Release(need)
		select {
		case d.Slots <- struct{}{}:
			defer func() { <-d.Slots }()
		case <-ctx.Done():
			return fmt.Errorf("waiting to be decoded: %w", context.Cause(ctx))
		}
	}
	m, err := images.Decode(bytes.NewReader(data), l)
	if err != nil {
		return v2.Errorf(v2.Invalid, "%v", err)
	}
	fitted, err := p.Fit(m)
	if err != nil {
		return v2.Errorf(v2.Invalid, "%v", err)
	}
	p.Fill(dst, fitted)
	return nil
}

// claim is the memory that a picture needs, by its header. It is false for what Decode refuses without a look at the rest.
func (d *Decoder) claim(data []byte) (int64, bool) {
	header, _, err := image.DecodeConfig(bytes.NewReader(data))
	w, h := int64(header.Width), int64(header.Height)
	if err != nil || w < 1 || h < 1 || max(w, h) > int64(d.Limits.Side) || w > d.Limits.Pixels/h {
		return 0, false
	}
	return perPixel * w * h, true
}
