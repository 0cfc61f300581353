package images

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// TestResizeAgreesWithPillow: within 1 level everywhere.
func TestResizeAgreesWithPillow(t *testing.T) {
	for _, c := range []struct {
		from, want string
		preset     Preset
	}{
		{"photos/astronaut.png", "astronaut_256_224", Preset{Short: 256, Crop: Square(224)}},
		{"photos/chelsea.png", "chelsea_256_224", Preset{Short: 256, Crop: Square(224)}},
		{"photos/coffee.png", "coffee_256_224", Preset{Short: 256, Crop: Square(224)}},
		{"photos/chelsea.png", "chelsea_342_299", Preset{Short: 342, Crop: Square(299)}},
		{"photos/coffee.png", "coffee_exact_224x224", Preset{Exact: Square(224)}},
		{"photos/astronaut.png", "astronaut_exact_33x57", Preset{Exact: Size{33, 57}}},
		{"resized/part.png", "part_exact_97x101", Preset{Exact: Size{97, 101}}},
		{"resized/part.png", "part_130_111", Preset{Short: 130, Crop: Square(111)}},
	} {
		t.Run(c.want, func(t *testing.T) {
			got := fit(t, c.preset, load(t, c.from))
			largest, mean := difference(t, got, load(t, "resized/"+c.want+".png"))
			t.Logf("largest difference %d, mean %.4f", largest, mean)
			if largest > 1 {
				t.Errorf("a level differs by %d from Pillow's", largest)
			}
		})
	}
}

func TestGreyAgreesWithPillow(t *testing.T) {
	p, err := FindPreset("digits")
	if err != nil {
		t.Fatal(err)
	}
	got := make([]float32, p.Len())
	p.Fill(got, fit(t, p, load(t, "photos/coffee.png")))
	want := load(t, "resized/coffee_grey_28x28.png")
	for i, v := range got {
		// Pillow's was made grey before it was scaled: each rounds at another place.
		if d := 255*v - float32(want.Pix[4*i]); !(d > -1.6 && d < 1.6) {
			t.Fatalf("pixel %d is %v, Pillow has %d", i, 255*v, want.Pix[4*i])
		}
	}
}

func TestFormats(t *testing.T) {
	want := load(t, "formats/rgb.png")
	if c := want.RGBAAt(0, 0); c.A != 255 {
		t.Fatalf("pixel is %v", c)
	}
	grey := load(t, "formats/grey.png")
	palette := load(t, "formats/palette.png")
	for _, c := range []struct {
		name    string
		want    *image.RGBA
		largest int
		mean    float64
	}{
		{"rgb.bmp", want, 0, 0},
		{"lossless.webp", want, 0, 0},
		{"alpha.png", want, 0, 0}, // alpha is dropped: the colour of a transparent pixel stays
		{"alpha.webp", want, 0, 0},
		{"lossy.webp", want, 60, 5}, // colour at half the resolution
		{"rgb.jpg", want, 8, 1},
		{"progressive.jpg", want, 8, 1},
		{"cmyk.jpg", want, 8, 1},
		{"grey.jpg", grey, 4, 1},
		{"palette.gif", palette, 0, 0},
		{"animated.gif", palette, 0, 0},
		{"palette.png", want, 60, 8},
	} {
		largest, mean := difference(t, load(t, "formats/"+c.name), c.want)
		if largest > c.largest || mean > c.mean {
			t.Errorf("%s: the largest difference is %d, the mean %.2f; at most %d and %.2f are expected", c.name, largest, mean, c.largest, c.mean)
		}
	}
}

// TestOrientationFiles: Pillow wrote one picture in all eight orientations.
func TestOrientationFiles(t *testing.T) {
	want := load(t, "formats/rgb.png")
	for i := 1; i <= 8; i++ {
		if d, _ := difference(t, load(t, fmt.Sprintf("formats/orientation%d.png", i)), want); d != 0 {
			t.Errorf("orientation %d: a level differs by %d", i, d)
		}
	}
	for name, most := range map[string]int{"orientation6.webp": 0, "orientation6.jpg": 8} {
		if d, _ := difference(t, load(t, "formats/"+name), want); d > most {
			t.Errorf("%s: a level differs by %d", name, d)
		}
	}
}

// TestUpright compares with the EXIF standard's words: where row 0 and column 0 of the stored image are seen.
func TestUpright(t *testing.T) {
	stored := image.NewRGBA(image.Rect(0, 0, 3, 2)) // abc / def
	for i := range 6 {
		stored.SetRGBA(i%3, i/3, color.RGBA{R: "abcdef"[i], A: 255})
	}
	for orientation, want := range map[int]string{
		0: "abc/def", 9: "abc/def", // not orientations
		1: "abc/def", 2: "cba/fed", 3: "fed/cba", 4: "def/abc",
		5: "ad/be/cf", 6: "da/eb/fc", 7: "fc/eb/da", 8: "cf/be/ad",
	} {
		m := upright(stored, orientation)
		var rows []string
		for y := range m.Rect.Dy() {
			row := ""
			for x := range m.Rect.Dx() {
				row += string(rune(m.RGBAAt(x, y).R))
			}
			rows = append(rows, row)
		}
		if got := strings.Join(rows, "/"); got != want {
			t.Errorf("orientation %d gives %s, want %s", orientation, got, want)
		}
	}
}

// exif is a TIFF block with one orientation entry after another tag.
func exif(bigEndian bool, orientation byte) []byte {
	if bigEndian {
		return []byte{'M', 'M', 0, '*', 0, 0, 0, 8, 0, 2,
			1, 0x0f, 0, 2, 0, 0, 0, 1, 0, 0, 0, 0,
			1, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0, 0, 0, 0, 0}
	}
	return []byte{'I', 'I', '*', 0, 8, 0, 0, 0, 2, 0,
		0x0f, 1, 2, 0, 1, 0, 0, 0, 0, 0, 0, 0,
		0x12, 1, 3, 0, 1, 0, 0, 0, orientation, 0, 0, 0, 0, 0, 0, 0}
}

// withAPP1 inserts a segment after a JPEG's first marker.
func withAPP1(jpg, content []byte) []byte {
	n := len(content) + 2
	return bytes.Join([][]byte{jpg[:2], {0xff, 0xe1, byte(n >> 8), byte(n)}, content, jpg[2:]}, nil)
}

func TestOrientationJPEG(t *testing.T) {
	m := image.NewRGBA(image.Rect(0, 0, 16, 8)) // the left half is white
	for y := range 8 {
		for x := range 8 {
			m.Set(x, y, color.White)
		}
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, m, nil); err != nil {
		t.Fatal(err)
	}
	corner := map[int][2]bool{ // is the upper left white, the upper right?
		1: {true, false}, 2: {false, true}, 3: {false, true}, 4: {true, false},
		5: {true, true}, 6: {true, true}, 7: {false, false}, 8: {false, false},
	}
	for o, want := range corner {
		for _, big := range []bool{false, true} {
			data := withAPP1(withAPP1(b.Bytes(), append([]byte("Exif\x00\x00"), exif(big, byte(o))...)), []byte("http://ns.adobe.com/xap/1.0/\x00"))
			m, err := decode(data, DefaultLimits)
			if err != nil {
				t.Fatal(err)
			}
			got := rgba(t, m)
			size := image.Pt(16, 8)
			if o >= 5 {
				size = image.Pt(8, 16)
			}
			white := [2]bool{got.RGBAAt(0, 0).G > 128, got.RGBAAt(size.X-1, 0).G > 128}
			if got.Rect.Size() != size || white != want {
				t.Errorf("orientation %d, big-endian %v: size %v, corners %v; want %v, %v", o, big, got.Rect.Size(), white, size, want)
			}
		}
	}
}

// TestDamagedExif: every truncation and every changed byte is survived.
func TestDamagedExif(t *testing.T) {
	for _, big := range []bool{false, true} {
		whole := exif(big, 6)
		if got := tiffOrientation(whole); got != 6 {
			t.Fatalf("orientation is %d, want 6", got)
		}
		for n := range whole {
			tiffOrientation(whole[:n])
			for _, v := range []byte{0, 0x7f, 0xff} {
				bad := bytes.Clone(whole)
				bad[n] = v
				if got := tiffOrientation(bad); got < 1 || got > 8 {
					t.Errorf("byte %d = %#x: orientation is %d", n, v, got)
				}
			}
		}
	}
}

func FuzzDecode(f *testing.F) {
	files, err := filepath.Glob("testdata/formats/*")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := decode(data, Limits{Bytes: 1 << 20, Pixels: 1 << 16, Side: 1 << 12})
		if err != nil {
			return
		}
		if b := m.Bounds(); b.Dx() < 1 || b.Dx()*b.Dy() > 1<<16 {
			t.Errorf("an image of %v", b)
		}
		if b := rgba(t, m).Bounds(); b != m.Bounds() {
			t.Errorf("an image of %v is one of %v", m.Bounds(), b)
		}
		p := Preset{Exact: Size{5, 7}, Crop: Size{3, 4}}
		if b := fit(t, p, m).Bounds(); b != image.Rect(0, 0, 4, 3) {
			t.Errorf("fitted to %v", b)
		}
	})
}

// TestTruncated: a file cut anywhere is an error, or an image of the right size. Never a panic.
func TestTruncated(t *testing.T) {
	for _, name := range []string{"rgb.png", "rgb.jpg", "progressive.jpg", "palette.gif", "lossless.webp", "lossy.webp", "rgb.bmp"} {
		data, err := os.ReadFile(filepath.Join("testdata", "formats", name))
		if err != nil {
			t.Fatal(err)
		}
		for n := 0; n < len(data); n += 1 + len(data)/100 {
			m, err := decode(data[:n], DefaultLimits)
			if err == nil && m.Bounds().Size() != image.Pt(24, 16) {
				t.Errorf("%s cut to %d of %d bytes: an image of %v", name, n, len(data), m.Bounds())
			}
			if n < len(data)/2 && err == nil {
				t.Errorf("%s cut to %d of %d bytes is decoded", name, n, len(data))
			}
		}
	}
}

// header makes files that claim a size and hold nothing.
func headerOf(t *testing.T, format string, w, h int) []byte {
	le := func(v, n int) []byte {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte(v >> (8 * i))
		}
		return b
	}
	vp8l := bytes.Join([][]byte{[]byte("VP8L"), le(5, 4), {0x2f}, le((w-1)|(h-1)<<14, 4), {0}}, nil)
	riff := func(chunks []byte) []byte {
		return bytes.Join([][]byte{[]byte("RIFF"), le(len(chunks)+4, 4), []byte("WEBP"), chunks}, nil)
	}
	switch format {
	case "png":
		var b bytes.Buffer
		if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 1, 1))); err != nil {
			t.Fatal(err)
		}
		data := b.Bytes()
		copy(data[16:], []byte{byte(w >> 24), byte(w >> 16), byte(w >> 8), byte(w), byte(h >> 24), byte(h >> 16), byte(h >> 8), byte(h)})
		return fixPNG(data)
	case "gif":
		return bytes.Join([][]byte{[]byte("GIF89a"), le(w, 2), le(h, 2), {0, 0, 0}, {','}, le(0, 4), le(w, 2), le(h, 2), {0}}, nil)
	case "jpeg":
		return []byte{0xff, 0xd8, 0xff, 0xc0, 0, 11, 8, byte(h >> 8), byte(h), byte(w >> 8), byte(w), 1, 1, 0x11, 0, 0xff, 0xda, 0, 8, 1, 1, 0, 0, 63, 0}
	case "bmp":
		return bytes.Join([][]byte{[]byte("BM"), le(54, 4), le(0, 4), le(54, 4), le(40, 4), le(w, 4), le(h, 4), le(1, 2), le(24, 2), make([]byte, 24)}, nil)
	case "webp":
		return riff(vp8l)
	case "webp with alpha":
		vp8x := bytes.Join([][]byte{[]byte("VP8X"), le(10, 4), le(16, 4), le(w-1, 3), le(h-1, 3)}, nil)
		return riff(append(vp8x, bytes.Join([][]byte{[]byte("ALPH"), le(10, 4), {1}, make([]byte, 9)}, nil)...))
	case "webp with a small canvas": // what image.DecodeConfig believes
		vp8x := bytes.Join([][]byte{[]byte("VP8X"), le(10, 4), le(0, 4), le(0, 3), le(0, 3)}, nil)
		return riff(append(vp8x, vp8l...))
	}
	t.Fatalf("no format %s", format)
	return nil
}

// TestBombs: what claims to be huge is refused by its header.
func TestBombs(t *testing.T) {
	for format, side := range map[string]int{
		"png": 60000, "gif": 60000, "jpeg": 60000, "bmp": 60000, "webp": 16384, "webp with a small canvas": 16384,
	} {
		data := headerOf(t, format, side, side)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if _, err := decode(data, DefaultLimits); err == nil || !strings.Contains(err.Error(), "million") || !strings.Contains(err.Error(), fmt.Sprint(side)) {
			t.Errorf("%s: error is %v", format, err)
		}
		runtime.ReadMemStats(&after)
		if n := after.TotalAlloc - before.TotalAlloc; n > 1<<20 {
			t.Errorf("%s: %d bytes were allocated", format, n)
		}
	}
	if _, err := decode(headerOf(t, "png", 1, 40000), DefaultLimits); err == nil || !strings.Contains(err.Error(), "a side") {
		t.Errorf("a side of 40000: %v", err)
	}
}

func TestRefused(t *testing.T) {
	dir := t.TempDir()
	text := filepath.Join(dir, "text.jpg")
	if err := os.WriteFile(text, []byte("no image at all"), 0o600); err != nil {
		t.Fatal(err)
	}
	empty := filepath.Join(dir, "empty.png")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		text:                                "not a JPEG, PNG, GIF, WebP or BMP",
		empty:                               "empty",
		dir:                                 "not a regular file",
		filepath.Join(dir, "missing"):       "missing",
		"testdata/formats/animated.webp":    "animated",
		"testdata/formats/format.tiff":      "not a JPEG",
		filepath.Join(dir, "a\x00b"):        "invalid argument",
		"testdata/photos/astronaut.png/sub": "not a directory",
	} {
		_, err := Load(path, DefaultLimits)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), filepath.Base(path)) {
			t.Errorf("%s: error is %v, want %q", path, err, want)
		}
	}
	small := DefaultLimits
	small.Bytes = 100
	if _, err := Load("testdata/formats/rgb.png", small); err == nil || !strings.Contains(err.Error(), "at most 100") {
		t.Errorf("a file beyond the limit: %v", err)
	}
	// The content counts, not the name.
	data, err := os.ReadFile("testdata/formats/rgb.png")
	if err != nil {
		t.Fatal(err)
	}
	renamed := filepath.Join(dir, "png.jpg")
	if err := os.WriteFile(renamed, data, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(renamed, DefaultLimits); err != nil {
		t.Error(err)
	}
}

func Test16Bit(t *testing.T) {
	m := image.NewNRGBA64(image.Rect(0, 0, 2, 1))
	m.SetNRGBA64(0, 0, color.NRGBA64{R: 0xabcd, G: 0x1234, B: 0xff00, A: 0})
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	got, err := decode(b.Bytes(), DefaultLimits)
	if err != nil {
		t.Fatal(err)
	}
	if c := rgba(t, got).RGBAAt(0, 0); c != (color.RGBA{0xab, 0x12, 0xff, 255}) {
		t.Errorf("pixel is %v", c)
	}
}
