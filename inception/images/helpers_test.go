package images

import (
	"encoding/binary"
	"hash/crc32"
	"image"
	"path/filepath"
	"testing"
)

// fixPNG puts the checksum of a changed IHDR right.
func fixPNG(data []byte) []byte {
	binary.BigEndian.PutUint32(data[29:], crc32.ChecksumIEEE(data[12:29]))
	return data
}

func load(t *testing.T, name string) *image.RGBA {
	t.Helper()
	m, err := Load(filepath.Join("testdata", filepath.FromSlash(name)), DefaultLimits)
	if err != nil {
		t.Fatal(err)
	}
	return rgba(t, m)
}

// rgba is a copy of m's pixels.
func rgba(t *testing.T, m image.Image) *image.RGBA {
	t.Helper()
	out, err := Opaque(m)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func fit(t *testing.T, p Preset, m image.Image) *image.RGBA {
	t.Helper()
	out, err := p.Fit(m)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// difference is the largest and the mean difference of two images' levels, alpha included.
func difference(t *testing.T, a, b *image.RGBA) (largest int, mean float64) {
	t.Helper()
	if a.Rect.Size() != b.Rect.Size() {
		t.Fatalf("sizes are %v and %v", a.Rect.Size(), b.Rect.Size())
	}
	sum := 0
	for y := range a.Rect.Dy() {
		for i := range 4 * a.Rect.Dx() {
			d := int(a.Pix[y*a.Stride+i]) - int(b.Pix[y*b.Stride+i])
			d = max(d, -d)
			largest = max(largest, d)
			sum += d
		}
	}
	return largest, float64(sum) / float64(4*a.Rect.Dx()*a.Rect.Dy())
}
