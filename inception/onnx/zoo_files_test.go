package onnx_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"io/fs"
	"math"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

// zooFiles is the archive's files, and every file of weights: its name says what is in it (testdata/zoo/generate.py).
type zooFiles fstest.MapFS

func (z zooFiles) Open(name string) (fs.File, error) {
	if _, ok := z[name]; ok {
		return fstest.MapFS(z).Open(name)
	}
	s, err := parseSeries(name)
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: err}
	}
	return &weightFile{Reader: bytes.NewReader(s.bytes()), info: weightInfo{s}}, nil
}

// Stat makes no weights.
func (z zooFiles) Stat(name string) (fs.FileInfo, error) {
	if _, ok := z[name]; ok {
		return fs.Stat(fstest.MapFS(z), name)
	}
	s, err := parseSeries(name)
	if err != nil {
		return nil, &fs.PathError{Op: "stat", Path: name, Err: err}
	}
	return weightInfo{s}, nil
}

// series is count numbers within half of middle.
type series struct {
	name         string
	hash         uint64
	count        int
	middle, half float64
}

// parseSeries reads HASH-COUNT-MIDDLE-HALF.
func parseSeries(name string) (series, error) {
	part := strings.SplitN(name, "-", 4) // the last may be 1e-05
	if len(part) != 4 {
		return series{}, fs.ErrNotExist
	}
	hash, err1 := strconv.ParseUint(part[0], 16, 64)
	count, err2 := strconv.Atoi(part[1])
	middle, err3 := strconv.ParseFloat(part[2], 64)
	half, err4 := strconv.ParseFloat(part[3], 64)
	for _, err := range []error{err1, err2, err3, err4} {
		if err != nil {
			return series{}, fmt.Errorf("%w: %w", fs.ErrNotExist, err)
		}
	}
	return series{name, hash, count, middle, half}, nil
}

// inputSeries is what generate.py feeds the network.
func inputSeries(network string, count int) series {
	h := fnv.New64a()
	h.Write([]byte("input of " + network))
	return series{hash: h.Sum64(), count: count, half: 1}
}

// at is element i: splitmix64's number i, of which the upper 24 bits count.
func (s series) at(i int) float32 {
	z := s.hash + uint64(i+1)*0x9E3779B97F4A7C15
	z = (z ^ z>>30) * 0xBF58476D1CE4E5B9
	z = (z ^ z>>27) * 0x94D049BB133111EB
	z ^= z >> 31
	u := float64(int64(z>>40)-1<<23) / (1 << 23)
	return float32(s.middle + float64(s.half*u)) // the conversion keeps the product from being fused with the sum
}

func (s series) bytes() []byte {
	b := make([]byte, 4*s.count)
	for i := range s.count {
		binary.LittleEndian.PutUint32(b[4*i:], math.Float32bits(s.at(i)))
	}
	return b
}

type weightFile struct {
	*bytes.Reader
	info weightInfo
}

func (f *weightFile) Stat() (fs.FileInfo, error) { return f.info, nil }
func (f *weightFile) Close() error               { return nil }

type weightInfo struct{ s series }

func (i weightInfo) Name() string       { return i.s.name }
func (i weightInfo) Size() int64        { return 4 * int64(i.s.count) }
func (i weightInfo) Mode() fs.FileMode  { return 0o444 }
func (i weightInfo) ModTime() time.Time { return time.Time{} }
func (i weightInfo) IsDir() bool        { return false }
func (i weightInfo) Sys() any           { return nil }

// TestSeries pins the numbers to those of generate.py, read as the importer reads them.
func TestSeries(t *testing.T) {
	for name, want := range map[string][]float32{
		"00000000000004d2-4-1-0.5":   {1.2306665182113647, 1.0928897857666016, 0.7021328210830688, 0.8061867356300354},
		"69a29a2cee47d254-4-0-0.125": {0.0112687349319458, 0.061290428042411804, -0.11926957964897156, 0.059049442410469055},
	} {
		data, err := fs.ReadFile(zooFiles{}, name)
		if err != nil || len(data) != 4*len(want) {
			t.Errorf("%s: %d bytes, %v", name, len(data), err)
			continue
		}
		for i, w := range want {
			if got := math.Float32frombits(binary.LittleEndian.Uint32(data[4*i:])); got != w {
				t.Errorf("%s: element %d is %v, want %v", name, i, got, w)
			}
		}
	}
	for _, name := range []string{"weights.bin", "4d2-x-1-0.5", "4d2-4-1", "-4-1-0.5"} {
		if _, err := (zooFiles{}).Stat(name); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: error %v", name, err)
		}
	}
	h := fnv.New64a()
	h.Write([]byte("conv1.weight"))
	if h.Sum64() != 0x69a29a2cee47d254 {
		t.Errorf("hash %x", h.Sum64())
	}
}
