package models

import (
	"context"
	"errors"
	"fmt"

	"inceptiongl/cmd/serve/internal/v2"
	"inceptiongl/inception/images"
)

// Decoder makes a network's input of pictures that clients send, a few at a time, within the memory of an images.Decoder.
type Decoder struct {
	images *images.Decoder
	slots  chan struct{} // as many as may be decoded at once
}

// NewDecoder decodes as many pictures at once as are given.
func NewDecoder(d *images.Decoder, atOnce int) *Decoder {
	return &Decoder{d, make(chan struct{}, atOnce)}
}

// Used is the memory that pictures take by now.
func (d *Decoder) Used() int64 { return d.images.Used() }

// into decodes a picture, fits it and writes it as a network's input.
func (d *Decoder) into(ctx context.Context, dst []float32, p images.Preset, data []byte) error {
	select {
	case d.slots <- struct{}{}:
		defer func() { <-d.slots }()
	case <-ctx.Done():
		return fmt.Errorf("waiting to be decoded: %w", context.Cause(ctx))
	}
	m, release, err := d.images.Decode(ctx, data)
	switch {
	case err == nil:
	case errors.Is(err, images.ErrMemory):
		return v2.Errorf(v2.TooLarge, "%v", err)
	case ctx.Err() != nil && errors.Is(err, context.Cause(ctx)):
		return fmt.Errorf("waiting for memory: %w", err)
	default:
		return v2.Errorf(v2.Invalid, "%v", err)
	}
	defer release()
	fitted, err := p.Fit(m)
	if err != nil {
		return v2.Errorf(v2.Invalid, "%v", err)
	}
	p.Fill(dst, fitted)
	return nil
}
