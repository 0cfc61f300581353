package images

import (
	"archive/zip"
	"bytes"
	"compress/zlib"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"image"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// plainPNG is a black picture.
func plainPNG(w, h int, depth, colour byte, interlaced bool) []byte {
	channels := map[byte]int{0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour]
	row := func(w int) int { return 1 + (w*channels*int(depth)+7)/8 }
	size := h * row(w)
	ihdr := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, uint32(w)), uint32(h))
	ihdr = append(ihdr, depth, colour, 0, 0, 0)
	if interlaced {
		ihdr[12], size = 1, 0
		for _, p := range [7][4]int{{8, 8, 0, 0}, {8, 8, 4, 0}, {4, 8, 0, 4}, {4, 4, 2, 0}, {2, 4, 0, 2}, {2, 2, 1, 0}, {1, 2, 0, 1}} {
			size += (h - p[3] + p[1] - 1) / p[1] * row((w-p[2]+p[0]-1)/p[0])
		}
	}
	var raw bytes.Buffer
	z := zlib.NewWriter(&raw)
	z.Write(make([]byte, size))
	z.Close()
	out := []byte("\x89PNG\r\n\x1a\n")
	chunk := func(kind string, data []byte) {
		out = binary.BigEndian.AppendUint32(out, uint32(len(data)))
		begin := len(out)
		out = append(append(out, kind...), data...)
		out = binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(out[begin:]))
	}
	chunk("IHDR", ihdr)
	if colour == 3 {
		chunk("PLTE", make([]byte, 3))
	}
	chunk("IDAT", raw.Bytes())
	chunk("IEND", nil)
	return out
}

// plainBMP is a black picture of 8, 24 or 32 bits.
func plainBMP(w, h, bits int) []byte {
	b := append([]byte("BM"), make([]byte, 52)...)
	palette := 0
	if bits == 8 {
		palette = 4
	}
	binary.LittleEndian.PutUint32(b[10:], uint32(54+palette))
	binary.LittleEndian.PutUint32(b[14:], 40)
	binary.LittleEndian.PutUint32(b[18:], uint32(w))
	binary.LittleEndian.PutUint32(b[22:], uint32(h))
	b[26], b[28], b[46] = 1, byte(bits), byte(palette/4)
	return append(b, make([]byte, palette+h*((w*bits+31)/32*4))...)
}

// pictures are some of every kind that is decoded.
func pictures(t *testing.T) map[string][]byte {
	all := map[string][]byte{}
	paths, err := filepath.Glob("testdata/large/*")
	if err != nil || len(paths) < 11 {
		t.Fatalf("%v, %v", paths, err)
	}
	for _, path := range paths {
		if all[filepath.Base(path)], err = os.ReadFile(path); err != nil {
			t.Fatal(err)
		}
	}
	for _, colour := range []byte{0, 2, 3, 4, 6} {
		for _, depth := range []byte{1, 2, 4, 8, 16} {
			if depth < 8 && colour != 0 && colour != 3 || depth == 16 && colour == 3 {
				continue
			}
			for _, interlaced := range []bool{false, true} {
				all[fmt.Sprintf("colour type %d, %d bits, interlaced %v.png", colour, depth, interlaced)] = plainPNG(1601, 1203, depth, colour, interlaced)
			}
		}
	}
	for _, bits := range []int{8, 24, 32} {
		all[fmt.Sprintf("%d bits.bmp", bits)] = plainBMP(1601, 1203, bits)
	}
	return all
}

// allocated is how much f allocates, freed or not.
func allocated(f func()) int64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return int64(after.TotalAlloc - before.TotalAlloc)
}

// TestNeed: what is counted beforehand is what decoding and scaling allocate, or somewhat more.
func TestNeed(t *testing.T) {
	p, err := FindPreset("inception")
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range pictures(t) {
		h, err := examine(bytes.NewReader(data), int64(len(data)), DefaultLimits)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		got := allocated(func() {
			m, err := decodePixels(data, h)
			if err == nil {
				_, err = p.Fit(m)
			}
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
		})
		const fixed = 2 << 20 // what doesn't grow with the picture: 342×342 pixels, tables, zlib
		if got > h.need+fixed || 5*got < h.need {
			t.Errorf("%s: %v: %d KiB counted, %d KiB allocated", name, h, h.need>>10, got>>10)
		}
		small := DefaultLimits
		small.Memory = h.need - 1
		if _, err := decode(data, small); !errors.Is(err, ErrLimit) || !strings.Contains(err.Error(), "MiB") {
			t.Errorf("%s: with a byte less: %v", name, err)
		}
	}
}

// TestSmallFilesLargeClaims: what a few bytes claim is refused before it is allocated, or fits.
func TestSmallFilesLargeClaims(t *testing.T) {
	for name, data := range map[string][]byte{
		"28 bytes of WebP": headerOf(t, "webp", 9999, 9999), "16-bit PNG": plainPNG(5500, 5500, 16, 6, false), "interlaced PNG": plainPNG(6000, 6000, 8, 6, true),
		"progressive JPEG": claim(t, "progressive444.jpg", 9000, 9000), "CMYK": claim(t, "cmyk.jpg", 6000, 6000), "RGB": claim(t, "rgb.jpg", 9900, 9900),
		"WebP with alpha": headerOf(t, "webp with alpha", 9000, 9000),
	} {
		var err error
		if n := allocated(func() { _, err = decode(data, DefaultLimits) }); !errors.Is(err, ErrLimit) || n > 4<<20 {
			t.Errorf("%s: %v, %d KiB allocated", name, err, n>>10)
		}
	}
}

// claim changes what a JPEG says of its size.
func claim(t *testing.T, name string, w, h int) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata/large", name))
	if err != nil {
		t.Fatal(err)
	}
	for _, sof := range []string{"\xff\xc0", "\xff\xc2"} {
		if at := bytes.Index(data, []byte(sof)); at >= 0 {
			copy(data[at+5:], []byte{byte(h >> 8), byte(h), byte(w >> 8), byte(w)})
			return data
		}
	}
	t.Fatalf("%s has no frame", name)
	return nil
}

// TestScans: a progressive JPEG whose scans tell the decoder over and over to do nothing.
func TestScans(t *testing.T) {
	scan := "\xff\xda\x00\x08\x01\x01\x00\x01\x3f\x00" // of AC coefficients of the first plane
	for scans, refused := range map[int]bool{20: false, 5000: true} {
		data := []byte("\xff\xd8\xff\xc2\x00\x0b\x08\x13\x88\x13\x88\x01\x01\x11\x00")
		data = append(data, "\xff\xc4\x00\x14\x10\x01"+strings.Repeat("\x00", 15)+"\xe0"...) // one code: the end of 2¹⁴ blocks and more
		data = append(data, strings.Repeat(scan+strings.Repeat("\x00", 90), scans)...)
		begin := time.Now()
		_, err := decode(data, DefaultLimits)
		if err == nil || errors.Is(err, ErrLimit) != refused {
			t.Errorf("%d scans: %v", scans, err)
		}
		if took := time.Since(begin); took > 5*time.Second {
			t.Errorf("%d scans of %d bytes took %v", scans, len(data), took)
		}
	}
}

// TestDecoder: what many goroutines have in hand stays within the budget, and all get their turn, from files, archives and memory.
func TestDecoder(t *testing.T) {
	data := plainPNG(500, 500, 8, 6, false)
	h, err := examine(bytes.NewReader(data), int64(len(data)), DefaultLimits)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "p.png")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	var archive bytes.Buffer
	z := zip.NewWriter(&archive)
	w, err := z.Create("p.png")
	if err == nil {
		_, err = w.Write(data)
	}
	if err = errors.Join(err, z.Close()); err != nil {
		t.Fatal(err)
	}
	zipped, err := zip.NewReader(bytes.NewReader(archive.Bytes()), int64(archive.Len()))
	if err != nil {
		t.Fatal(err)
	}
	limits := DefaultLimits
	limits.Memory = 2*(h.need+int64(len(data))) + 100
	d := NewDecoder(limits)
	ctx := context.Background()
	var wg sync.WaitGroup
	var inHand, most atomic.Int32
	for i := range 60 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			var m image.Image
			var release func()
			var err error
			switch i % 4 {
			case 0:
				m, release, err = d.Load(ctx, path)
			case 1:
				m, release, err = d.LoadFS(ctx, os.DirFS(filepath.Dir(path)), "p.png")
			case 2:
				m, release, err = d.LoadFS(ctx, zipped, "p.png")
			case 3:
				m, release, err = d.Decode(ctx, data)
			}
			if err != nil || m.Bounds().Dx() != 500 {
				t.Errorf("way %d: %v", i%4, err)
				return
			}
			if n := inHand.Add(1); n > most.Load() {
				most.Store(n)
			}
			time.Sleep(time.Millisecond)
			inHand.Add(-1)
			release()
			release() // once more does nothing
		}()
	}
	wg.Wait()
	if n := most.Load(); n != 2 {
		t.Errorf("%d pictures in hand at once, want 2", n)
	}
	// What fails holds nothing.
	for _, bad := range [][]byte{nil, data[:len(data)/2], plainPNG(9000, 9000, 8, 6, false)} {
		if _, _, err := d.Decode(ctx, bad); err == nil {
			t.Error("no error")
		}
	}
	if !d.memory.TryAcquire(limits.Memory) {
		t.Error("something is still held")
	}
	short, cancel := context.WithTimeout(ctx, 10*time.Millisecond)
	defer cancel()
	for _, load := range []func() error{
		func() error { _, _, err := d.Load(short, path); return err },
		func() error { _, _, err := d.LoadFS(short, zipped, "p.png"); return err },
		func() error { _, _, err := d.Decode(short, data); return err },
	} {
		if err := load(); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("with no room: %v", err)
		}
	}
}

// TestFileChanges: the pixels that are decoded are those of the header that was checked.
func TestFileChanges(t *testing.T) {
	one, two := plainPNG(10, 10, 8, 6, false), plainPNG(2000, 2000, 8, 6, false)
	h, err := examine(bytes.NewReader(one), int64(len(one)), DefaultLimits)
	if err != nil {
		t.Fatal(err)
	}
	if err := h.unchanged(one, DefaultLimits); err != nil {
		t.Error(err)
	}
	if err := h.unchanged(two, DefaultLimits); err == nil {
		t.Error("no error")
	}
}
