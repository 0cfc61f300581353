package weights

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"reflect"
	"strings"
	"testing"
	"testing/fstest"
	"testing/iotest"
	"time"

	"inceptiongl/inception/tensor"
)

// zipped is a file system whose files are compressed: their sizes are only claimed, and they aren't on the disk.
func zipped(t *testing.T, name string, data []byte) fs.FS {
	t.Helper()
	b := archived(zip.Deflate, name, string(data))
	r, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestSources: a path, file systems and a reader give the same weights, in either format.
func TestSources(t *testing.T) {
	want, err := Load(networks + "tiny.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"tiny.safetensors", "tiny.pth"} {
		data, err := os.ReadFile(networks + name)
		if err != nil {
			t.Fatal(err)
		}
		for source, load := range map[string]func() (map[string]tensor.Array, error){
			"folder":  func() (map[string]tensor.Array, error) { return LoadFS(os.DirFS(networks), name) },
			"memory":  func() (map[string]tensor.Array, error) { return LoadFS(fstest.MapFS{name: {Data: data}}, name) },
			"archive": func() (map[string]tensor.Array, error) { return LoadFS(zipped(t, name, data), name) },
			"reader":  func() (map[string]tensor.Array, error) { return Decode(iotest.HalfReader(bytes.NewReader(data))) },
		} {
			got, err := load()
			if err != nil {
				t.Errorf("%s from %s: %v", name, source, err)
				continue
			}
			if len(got) != len(want) {
				t.Errorf("%s from %s: %d tensors, want %d", name, source, len(got), len(want))
			}
			for key, w := range want {
				if g := got[key]; !reflect.DeepEqual(bits(g), bits(w)) || !reflect.DeepEqual(g.Dims, w.Dims) {
					t.Errorf("%s from %s: %s is %v, want %v", name, source, key, g, w)
				}
			}
		}
	}
}

func TestSourceErrors(t *testing.T) {
	files := fstest.MapFS{
		"w.bin": {}, "w.safetensors": {Data: []byte("short")}, "w.pth": {Data: []byte("no zip")}, "x.npy": {Data: []byte("no npy")},
		"folder.pth": {Mode: fs.ModeDir},
	}
	broken := iotest.ErrReader(errors.New("the line is cut"))
	for name, c := range map[string]struct {
		load func() error
		want string
	}{
		"an unknown name":  {func() error { _, err := LoadFS(files, "w.bin"); return err }, "must end in"},
		"no safetensors":   {func() error { _, err := LoadFS(files, "w.safetensors"); return err }, "w.safetensors: not a safetensors"},
		"no pth":           {func() error { _, err := LoadFS(files, "w.pth"); return err }, "w.pth: not a file of torch.save"},
		"a folder":         {func() error { _, err := LoadFS(files, "folder.pth"); return err }, "regular"},
		"a missing file":   {func() error { _, err := LoadFS(files, "m.pth"); return err }, "m.pth"},
		"a path outside":   {func() error { _, err := LoadFS(files, "../w.pth"); return err }, "../w.pth"},
		"no npy":           {func() error { _, err := ReadNpyFS(files, "x.npy"); return err }, "x.npy: not a .npy"},
		"a claimed size":   {func() error { _, err := LoadFS(liar{1 << 62}, "w.pth"); return err }, "more than the"},
		"a claimed size 2": {func() error { _, err := LoadFS(liar{1 << 30}, "w.pth"); return err }, "unexpected EOF"},
		"an empty reader":  {func() error { _, err := Decode(strings.NewReader("")); return err }, "not a safetensors"},
		"an old pth":       {func() error { _, err := Decode(strings.NewReader(oldPTH)); return err }, "before version 1.6"},
		"a broken reader":  {func() error { _, err := Decode(broken); return err }, "the line is cut"},
		"a broken npy":     {func() error { _, err := DecodeNpy(broken); return err }, "the line is cut"},
		"an empty npy":     {func() error { _, err := DecodeNpy(strings.NewReader("")); return err }, "not a .npy"},
	} {
		if err := c.load(); err == nil || !strings.HasPrefix(err.Error(), "weights: ") || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error is %v, want %q", name, err, c.want)
		}
	}
}

// liar is a file system with one file, which begins like an archive and claims a size.
type liar struct{ size int64 }

func (l liar) Open(string) (fs.File, error) {
	return &lie{l, strings.NewReader(zipMagic + strings.Repeat("x", headLen))}, nil
}
func (l liar) Name() string     { return "w.pth" }
func (l liar) Size() int64      { return l.size }
func (liar) Mode() fs.FileMode  { return 0 }
func (liar) ModTime() time.Time { return time.Time{} }
func (liar) IsDir() bool        { return false }
func (liar) Sys() any           { return nil }

type lie struct {
	liar
	io.Reader
}

func (l *lie) Stat() (fs.FileInfo, error) { return l.liar, nil }
func (*lie) Close() error                 { return nil }

// TestNpyStream: what EncodeNpy writes is what WriteNpy writes, and DecodeNpy reads it.
func TestNpyStream(t *testing.T) {
	var b bytes.Buffer
	if err := EncodeNpy(&b, []int{2, 3}, []float32{1, 2, 3, 4, 5, 6}); err != nil {
		t.Fatal(err)
	}
	path := t.TempDir() + "/x.npy"
	if err := WriteNpy(path, []int{2, 3}, []float32{1, 2, 3, 4, 5, 6}); err != nil {
		t.Fatal(err)
	}
	file, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(file, b.Bytes()) {
		t.Errorf("the file differs from the stream, %v", err)
	}
	want := tensor.Array{Dims: []int{2, 3}, Data: []float32{1, 2, 3, 4, 5, 6}}
	got, err := DecodeNpy(bytes.NewReader(file))
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%v, %v", got, err)
	}
	got, err = ReadNpyFS(fstest.MapFS{"x.npy": {Data: file}}, "x.npy")
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%v, %v", got, err)
	}
	if err := EncodeNpy(&b, []int{2}, nil); err == nil {
		t.Error("2 elements that aren't there are written")
	}
	if err := EncodeSafetensors(&b, map[string]tensor.Array{"w": {Dims: []int{2}}}); err == nil {
		t.Error("2 elements that aren't there are written")
	}
}
