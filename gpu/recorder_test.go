package gpu

import (
	"context"
	"errors"
	"strings"
	"testing"
)

// TestRecorder checks which calls a recording makes, and that it leaves out only what is in place.
func TestRecorder(t *testing.T) {
	d := fake(t, &fakeDriver{})
	b := &Buffer{dev: d, size: 1 << 16, ids: bufferIDs{buffer: 7}}
	one, two := &Program{dev: d, id: 1}, &Program{dev: d, id: 2}
	x := func(p *Program, in, unit int, kind TexelKind) Dispatch {
		return Dispatch{Program: p, Groups: [3]int{1, 2, 3}, Storage: []Storage{{Binding: 0, Buffer: b, Offset: in, Size: 256}, {Binding: 1, Buffer: b}},
			Uniforms: []Uniforms{{Binding: 0, Buffer: b, Size: 64}}, Texels: []Texel{{Unit: unit, Kind: kind, Buffer: b}}}
	}
	rec := recorder{view: func(*Texel) (uint32, error) { return 9, nil }, r: &Recording{}}
	rec.wave([]Dispatch{x(one, 0, 0, TexelSampler), x(one, 0, 0, TexelSampler), x(one, 256, 0, TexelSampler)})
	rec.wave(nil)
	rec.wave([]Dispatch{x(two, 256, 0, TexelImage), x(one, 0, 0, TexelSampler)})
	dispatch := call{op: callDispatch, a: 1, b: 2, c: 3}
	program := func(id uint32) call { return call{op: callProgram, b: id} }
	storage := func(off int64) call { return call{op: callStorage, b: 7, offset: off, size: 256} }
	want := []call{
		program(1), storage(0), {op: callStorage, a: 1, b: 7, size: 1 << 16}, {op: callUniforms, b: 7, size: 64}, {op: callTexture, b: 9}, dispatch,
		dispatch,
		storage(256), dispatch, {op: callBarrier},
		{op: callBarrier},
		program(2), {op: callImage, b: 9}, dispatch,
		program(1), storage(0), dispatch, {op: callBarrier},
	}
	got := rec.r.calls
	for i := range max(len(got), len(want)) {
		if i >= len(got) || i >= len(want) || got[i] != want[i] {
			t.Fatalf("call %d differs:\n got %v\nwant %v", i, got, want)
		}
	}
	if n := rec.r.dispatches(); n != 5 || len(rec.r.waves) != 3 || rec.r.waves[2].end != len(want) || rec.r.waves[0].dispatches[1].end != 7 {
		t.Errorf("%d dispatches in %+v", n, rec.r.waves)
	}
}

func TestRecordingRefuses(t *testing.T) {
	ctx := context.Background()
	d, other := fake(t, &fakeDriver{}), fake(t, &fakeDriver{})
	r, err := d.Record(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	for says, p := range map[string]*Pass{
		"one of them":    {Recording: r, Waves: [][]Dispatch{{}}},
		"Device.Record":  {Recording: &Recording{}},
		"another device": nil,
	} {
		dev := d
		if p == nil {
			dev, p = other, &Pass{Recording: r}
		}
		if _, err := dev.Run(ctx, p); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("got %v, want %q", err, says)
		}
	}
	if _, err := d.Record(ctx, [][]Dispatch{{{Name: "x"}}}); err == nil || !strings.Contains(err.Error(), "wave 0, dispatch 0 (x)") {
		t.Errorf("a dispatch without a program gave %v", err)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Record(ctx, nil); !errors.Is(err, ErrClosed) {
		t.Errorf("got %v, want ErrClosed", err)
	}
}
