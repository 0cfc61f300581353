//go:build cgo && (linux || windows)

package gpu

import (
	"context"
	"math/rand/v2"
	"slices"
	"testing"
)

// lies is a store that has the same bytes for everything, well sealed.
type lies struct{ b programBinary }

func (l *lies) Get(key string) ([]byte, bool) { return l.b.seal(key), true }
func (l *lies) Put(string, []byte)            {}

// TestBinaryOfNoUse hands the driver what a checksum can't catch: noise, a damaged binary, and formats that it doesn't know.
func TestBinaryOfNoUse(t *testing.T) {
	ctx := context.Background()
	d, g := openReal(t, Options{})
	if !g.binaries { // then a store must never be asked
		d, _ := openReal(t, Options{Programs: &lies{programBinary{1, []byte("noise")}}})
		if _, err := d.Program(ctx, longSource); err != nil {
			t.Errorf("a driver without program binaries was given one: %v", err)
		}
		return
	}
	var real programBinary
	err := d.do(ctx, func() error {
		b := g.startProgram(longSource, programBinary{}, true)
		_, err := g.endProgram(b)
		real = b.binary
		return err
	})
	if err != nil || len(real.data) == 0 {
		t.Fatalf("%d bytes, %v", len(real.data), err)
	}
	t.Logf("format %#x, %d bytes", real.format, len(real.data))
	r := rand.New(rand.NewPCG(1, 2))
	noise := make([]byte, 4000)
	for i := range noise {
		noise[i] = byte(r.Uint32())
	}
	damaged := slices.Clone(real.data)
	damaged[len(damaged)/2] ^= 0xff
	for name, b := range map[string]programBinary{
		"noise":        {real.format, noise},
		"one byte":     {real.format, noise[:1]},
		"damaged":      {real.format, damaged},
		"cut":          {real.format, real.data[:len(real.data)/2]},
		"other format": {real.format + 1, real.data},
		"no format":    {0, real.data},
	} {
		for _, debug := range []bool{false, true} {
			d, _ := openReal(t, Options{Debug: debug, Programs: &lies{b}})
			p := longPass(t, d, 10) // compiles
			if _, err := d.Run(ctx, p); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}
