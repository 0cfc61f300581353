package gpu

import (
	"errors"
	"fmt"
)

// checkPass finds every mistake that can be found without GL, on the caller's
// side, so that a faulty pass costs the device nothing.
func (d *Device) checkPass(p *Pass) error {
	if p == nil {
		return errors.New("no pass given")
	}
	for i, t := range p.Uploads {
		if err := d.checkRange(t.Buffer, t.Offset, 4*len(t.Data)); err != nil {
			return fmt.Errorf("upload %d: %w", i, err)
		}
	}
	if err := d.checkRecording(p); err != nil {
		return err
	}
	if err := d.checkWaves(p.Waves); err != nil {
		return err
	}
	for i, t := range p.Downloads {
		if err := d.checkRange(t.Buffer, t.Offset, 4*len(t.Data)); err != nil {
			return fmt.Errorf("download %d: %w", i, err)
		}
	}
	return nil
}

func (d *Device) checkWaves(waves [][]Dispatch) error {
	for w, wave := range waves {
		for i := range wave {
			if err := d.checkDispatch(&wave[i]); err != nil {
				return fmt.Errorf("wave %d, dispatch %d (%s): %w", w, i, wave[i].Name, err)
			}
		}
	}
	return nil
}

func (d *Device) checkRange(b *Buffer, offset, n int) error {
	if b != nil && b.dev != d {
		return fmt.Errorf("buffer %s belongs to another device", b.name)
	}
	return b.check(offset, n)
}

func (d *Device) checkDispatch(x *Dispatch) error {
	if x.Program == nil {
		return errors.New("no program given")
	}
	if x.Program.dev != d {
		return fmt.Errorf("program %s belongs to another device", x.Program.name)
	}
	for i, n := range x.Groups {
		if n < 1 || n > d.lim.MaxGroups[i] {
			return fmt.Errorf("%d workgroups in %c, want 1 to %d: %w", n, "xyz"[i], d.lim.MaxGroups[i], ErrLimit)
		}
	}
	for _, s := range x.Storage {
		if err := d.checkStorage(s); err != nil {
			return fmt.Errorf("storage binding %d: %w", s.Binding, err)
		}
	}
	for _, u := range x.Uniforms {
		if err := d.checkUniforms(u); err != nil {
			return fmt.Errorf("uniform binding %d: %w", u.Binding, err)
		}
	}
	for _, t := range x.Texels {
		if err := d.checkTexel(t); err != nil {
			return fmt.Errorf("texel unit %d: %w", t.Unit, err)
		}
	}
	return checkNeeds(x)
}

func (d *Device) checkStorage(s Storage) error {
	if err := d.checkRange(s.Buffer, s.Offset, s.Size); err != nil {
		return err
	}
	return checkBlock(s.Binding, s.Offset, rangeSize(s.Buffer, s.Offset, s.Size),
		d.lim.StorageBindings, d.lim.StorageAlign, d.lim.MaxStorageBlock)
}

func (d *Device) checkUniforms(u Uniforms) error {
	if err := d.checkRange(u.Buffer, u.Offset, u.Size); err != nil {
		return err
	}
	return checkBlock(u.Binding, u.Offset, rangeSize(u.Buffer, u.Offset, u.Size),
		d.lim.UniformBindings, d.lim.UniformAlign, d.lim.MaxUniformBlock)
}

func checkBlock(binding, offset, size, bindings, align, most int) error {
	switch {
	case binding < 0 || binding >= bindings:
		return fmt.Errorf("want a binding of 0 to %d: %w", bindings-1, ErrLimit)
	case offset%align != 0:
		return fmt.Errorf("offset %d is not a multiple of %d", offset, align)
	case size < 1:
		return fmt.Errorf("empty range at offset %d", offset)
	case size > most:
		return fmt.Errorf("range of %d bytes, the device allows %d: %w", size, most, ErrLimit)
	}
	return nil
}

func (d *Device) checkTexel(t Texel) error {
	if err := d.checkRange(t.Buffer, t.Offset, t.Size); err != nil {
		return err
	}
	units := d.lim.TextureUnits
	switch t.Kind {
	case TexelSampler:
	case TexelImage:
		units = d.lim.ImageUnits
	default:
		return fmt.Errorf("unknown texel kind %d", t.Kind)
	}
	if t.Unit < 0 || t.Unit >= units {
		return fmt.Errorf("want a unit of 0 to %d: %w", units-1, ErrLimit)
	}
	switch n := rangeSize(t.Buffer, t.Offset, t.Size) / 16; {
	case t.Offset%d.lim.TexelAlign != 0:
		return fmt.Errorf("offset %d is not a multiple of %d", t.Offset, d.lim.TexelAlign)
	case n == 0:
		return fmt.Errorf("range at offset %d of buffer %s is smaller than one texel (16 bytes)", t.Offset, t.Buffer.name)
	case n > d.lim.MaxTexelBuffer:
		return fmt.Errorf("range of %d texels of buffer %s, the device allows %d (MAX_TEXTURE_BUFFER_SIZE): %w",
			n, t.Buffer.name, d.lim.MaxTexelBuffer, ErrLimit)
	}
	return nil
}

// rangeSize resolves Size 0, which means to the end of the buffer.
func rangeSize(b *Buffer, offset, size int) int {
	if size == 0 {
		return b.size - offset
	}
	return size
}

// checkNeeds finds bindings that the program uses and the dispatch leaves out:
// GL would silently use whatever was bound before, or nothing.
func checkNeeds(x *Dispatch) error {
	for _, n := range x.Program.needs {
		size, ok := x.given(n)
		if !ok {
			return fmt.Errorf("program %s needs something at %s %s (binding %d)", x.Program.name, n.kind, n.name, n.binding)
		}
		if size < n.size {
			return fmt.Errorf("program %s: %s %s (binding %d) has %d bytes, the shader needs %d",
				x.Program.name, n.kind, n.name, n.binding, size, n.size)
		}
	}
	return nil
}

// given finds what the dispatch binds where n needs it; the size is in bytes.
func (x *Dispatch) given(n need) (size int, ok bool) {
	switch n.kind {
	case needStorage:
		for _, s := range x.Storage {
			if s.Binding == n.binding {
				return rangeSize(s.Buffer, s.Offset, s.Size), true
			}
		}
	case needUniforms:
		for _, u := range x.Uniforms {
			if u.Binding == n.binding {
				return rangeSize(u.Buffer, u.Offset, u.Size), true
			}
		}
	default:
		kind := TexelSampler
		if n.kind == needImage {
			kind = TexelImage
		}
		for _, t := range x.Texels {
			if t.Unit == n.binding && t.Kind == kind {
				return rangeSize(t.Buffer, t.Offset, t.Size), true
			}
		}
	}
	return 0, false
}
