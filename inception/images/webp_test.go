package images

import (
	"bytes"
	"encoding/base64"
	"testing"
)

// TestLossyWebPLevels: lossy WebP stores brightness from 16 to 235, which Go's decoder hands on as if it were 0 to 255. Pictures of one colour,
// and what libwebp (by Pillow) makes of them. Levels may be 2 off: of brightness and colours, half a level each is rounded.
func TestLossyWebPLevels(t *testing.T) {
	for _, c := range []struct {
		name, file string
		want       [3]int
	}{
		{"white", "UklGRiYAAABXRUJQVlA4IBoAAAAwAQCdASoQABAAAAAAJaQAA3AA/v/e3PAAAA==", [3]int{255, 255, 255}},
		{"black", "UklGRiYAAABXRUJQVlA4IBoAAAAwAQCdASoQABAAAAAAJaQAA3AA/v/fbtQAAA==", [3]int{0, 0, 0}},
		{"grey", "UklGRiQAAABXRUJQVlA4IBgAAABQAQCdASoQABAAAAAAJaQABHQAAP7D4AA=", [3]int{128, 128, 128}},
		{"blue", "UklGRkAAAABXRUJQVlA4IDQAAAAQAgCdASoQABAAAAAAJaACdLoB+AH6AAPIAP7/peXf/6XsP/Zsl/+l7P/0lS4iqr/0gAAA", [3]int{31, 60, 201}},
		{"orange", "UklGRkIAAABXRUJQVlA4IDYAAABQAgCdASoQABAAAAAAJaACdLoB+AH6AfwAB5AA/v0ddf/5ImGEwwm/+SJv/7KU2X+Jj/7IwAA=", [3]int{231, 141, 39}},
		{"orange, half of it transparent", "UklGRmgAAABXRUJQVlA4WAoAAAAQAAAADwAADwAAQUxQSBIAAAABDzD/ERFCLJjMX7o7g4j+hy5WUDggMAAAADACAJ0BKhAAEAABQCYloAJ0ugH4AfgABGgAAP7sSd/9jMftGf5JX/pNGqfj7IAAAA==", [3]int{231, 141, 39}},
	} {
		data, err := base64.StdEncoding.DecodeString(c.file)
		if err != nil {
			t.Fatal(err)
		}
		m, err := Decode(bytes.NewReader(data), Limits{})
		if err != nil {
			t.Fatal(err)
		}
		rgba, err := Opaque(m)
		if err != nil {
			t.Fatal(err)
		}
		fitted, err := (Preset{Exact: Square(5)}).Fit(m)
		if err != nil {
			t.Fatal(err)
		}
		for k, want := range c.want {
			for way, got := range map[string]uint8{"as it is": rgba.Pix[4*40+k], "scaled": fitted.Pix[4*7+k]} {
				if d := int(got) - want; d < -2 || d > 2 {
					t.Errorf("%s, %s: level %d of colour %d, want %d", c.name, way, got, k, want)
				}
			}
		}
	}
}
