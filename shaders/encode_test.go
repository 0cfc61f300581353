package shaders_test

import (
	"testing"

	"inceptiongl/shaders"
)

// TestKeyText: a key survives being written, whatever it has; what no kernel serves is refused.
func TestKeyText(t *testing.T) {
	for _, k := range []shaders.Key{
		{Kernel: shaders.Copy},
		{Kernel: shaders.Copy, Acts: shaders.Alone(shaders.ActNone)},
		{Kernel: shaders.Conv, Load: shaders.LoadSampler, Wide: true},
		{Kernel: shaders.ConvTiled, Load: shaders.LoadImage, Aligned: true, Pairs: true, LocalX: 8, TileX: 7, TileG: 2, Splits: 4, KernelW: 3, StrideW: 2, DilationW: 1, Acts: 1 << shaders.ActSigmoid},
		{Kernel: shaders.ConvShared, TileX: 4, TileG: 1, LocalX: 8, LocalY: 16, TileK: 4, Pad: 1},
	} {
		text, err := k.MarshalText()
		if err != nil {
			t.Fatal(err)
		}
		var got shaders.Key
		if err := got.UnmarshalText(text); err != nil || got != k {
			t.Errorf("%s: %v, %v; want %v", text, got, err, k)
		}
	}
	for _, text := range []string{"", "{}", "null", "[]", `{"Kernel":"no such"}`, `{"Kernel":"copy","Key":{"Load":9}}`, `{"Kernel":"copy","Key":{"TileX":3}}`, `{"Kernel":"conv_tiled"`} {
		var k shaders.Key
		if err := k.UnmarshalText([]byte(text)); err == nil || k != (shaders.Key{}) {
			t.Errorf("%q: %v, %v", text, k, err)
		}
	}
	if a := shaders.Fingerprint(); len(a) != 32 || a != shaders.Fingerprint() {
		t.Errorf("fingerprint %q", a)
	}
}
