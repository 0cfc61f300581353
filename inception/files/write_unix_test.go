//go:build unix

package files

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

func text(s string) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := io.WriteString(w, s)
		return err
	}
}

// soon fails the test where f doesn't end.
func soon(t *testing.T, f func()) {
	t.Helper()
	done := make(chan struct{})
	go func() { defer close(done); f() }()
	select {
	case <-done:
	case <-time.After(10 * time.Second):
		t.Fatal("it hangs")
	}
}

// TestWriteMode: an old file keeps its mode, a new one gets what the umask leaves; links are followed.
func TestWriteMode(t *testing.T) {
	defer syscall.Umask(syscall.Umask(0o027))
	dir := t.TempDir()
	path := filepath.Join(dir, "f")
	mode := func(want os.FileMode) {
		t.Helper()
		if info, err := os.Lstat(path); err != nil || info.Mode() != want {
			t.Errorf("mode %v, %v; want %v", info.Mode(), err, want)
		}
	}
	for range 2 {
		if err := Write(path, text("one")); err != nil {
			t.Fatal(err)
		}
		mode(0o640)
	}
	for _, m := range []os.FileMode{0o600, 0o666, 0o755} {
		if err := os.Chmod(path, m); err != nil {
			t.Fatal(err)
		}
		if err := Write(path, text("two")); err != nil {
			t.Fatal(err)
		}
		mode(m)
	}
	link, hard := filepath.Join(dir, "link"), filepath.Join(dir, "sub", "link")
	if err := os.Symlink("f", link); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Dir(hard), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(link, hard); err != nil {
		t.Fatal(err)
	}
	for _, l := range []string{link, hard} {
		if err := Write(l, text("through "+l)); err != nil {
			t.Fatal(err)
		}
		if info, err := os.Lstat(l); err != nil || info.Mode()&os.ModeSymlink == 0 {
			t.Errorf("%s is a link no more: %v, %v", l, info.Mode(), err)
		}
		if b, err := os.ReadFile(path); err != nil || string(b) != "through "+l {
			t.Errorf("the file holds %q, %v", b, err)
		}
	}
	mode(0o755)
}

// TestWriteRefuses: what is no file stays what it is.
func TestWriteRefuses(t *testing.T) {
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	for _, err := range []error{os.Mkdir(in("folder"), 0o700), os.Symlink("nowhere", in("dangling")), os.Symlink("loop", in("loop")), os.Symlink("/dev/full", in("full")),
		syscall.Mkfifo(in("pipe"), 0o600), os.WriteFile(in("locked"), []byte("old"), 0o400)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	before := names(t, dir)
	for name, want := range map[string]string{"folder": "is a folder", "dangling": "symbolic link", "loop": "too many", "full": "no space", "pipe": "nobody reads", "locked": "permission", "none/f": "no such"} {
		if name == "locked" && os.Geteuid() == 0 || name == "full" && !exists("/dev/full") {
			continue
		}
		path := in(name)
		soon(t, func() {
			if err := Write(path, text("new")); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), path) {
				t.Errorf("%s: error is %v, want %q and the name", name, err, want)
			}
			if err := Writable(path); err == nil && name != "full" && name != "pipe" {
				t.Errorf("%s: is said to be writable", name)
			}
		})
	}
	if after := names(t, dir); after != before {
		t.Errorf("there were %s, now there are %s", before, after)
	}
}

func exists(path string) bool { _, err := os.Stat(path); return err == nil }

func names(t *testing.T, dir string) string {
	t.Helper()
	list, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, e := range list {
		all = append(all, e.Name()+" "+e.Type().String())
	}
	return strings.Join(all, ", ")
}

// TestWriteStream: a pipe and a terminal are written to, and stay.
func TestWriteStream(t *testing.T) {
	dir := t.TempDir()
	null, pipe := filepath.Join(dir, "null"), filepath.Join(dir, "pipe")
	if err := errors.Join(os.Symlink(os.DevNull, null), syscall.Mkfifo(pipe, 0o600)); err != nil {
		t.Fatal(err)
	}
	before := names(t, dir)
	if err := errors.Join(Writable(null), Write(null, text("gone"))); err != nil {
		t.Error(err)
	}
	long := strings.Repeat("through the pipe ", 1<<14)
	soon(t, func() {
		r, err := os.OpenFile(pipe, os.O_RDONLY|syscall.O_NONBLOCK, 0)
		if err != nil {
			t.Error(err)
			return
		}
		wrote := make(chan error)
		go func() { wrote <- Write(pipe, text(long)) }()
		var got []byte
		for len(got) < len(long) {
			b := make([]byte, 1<<16)
			n, err := r.Read(b)
			if err != nil && err != io.EOF { // nobody writes yet
				t.Error(err)
				return
			}
			got = append(got, b[:n]...)
		}
		if err := errors.Join(<-wrote, r.Close()); err != nil || string(got) != long {
			t.Errorf("%d bytes arrived of %d, %v", len(got), len(long), err)
		}
	})
	if after := names(t, dir); after != before {
		t.Errorf("there were %s, now there are %s", before, after)
	}
}

// TestWriteTogether: both or none, whichever fails and when.
func TestWriteTogether(t *testing.T) {
	cause := errors.New("no more")
	fails := func(io.Writer) error { return cause }
	for _, had := range []bool{false, true} {
		dir := t.TempDir()
		a, b := filepath.Join(dir, "a"), filepath.Join(dir, "b")
		if had {
			if err := WriteTogether(File{a, text("old a")}, File{b, text("old b")}); err != nil {
				t.Fatal(err)
			}
		}
		before := names(t, dir)
		intrude := func(w io.Writer) error { // a folder stands where b is to be renamed to
			_ = os.Remove(b)
			return os.Mkdir(b, 0o700)
		}
		for name, list := range map[string][]File{
			"the first": {{a, fails}, {b, text("new")}}, "the second": {{a, text("new")}, {b, fails}},
			"no file": {{a, text("new")}, {os.DevNull, text("new")}}, "the second rename": {{a, text("new")}, {b, intrude}},
		} {
			if err := WriteTogether(list...); err == nil {
				t.Errorf("%s: no error", name)
			}
			if name == "the second rename" {
				if err := os.Remove(b); err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				if had {
					if err := os.WriteFile(b, []byte("old b"), 0o600); err != nil {
						t.Fatal(err)
					}
				}
			}
			if after := names(t, dir); after != before {
				t.Errorf("%s: there were %q, now there are %q", name, before, after)
			}
			if got, err := os.ReadFile(a); had && string(got) != "old a" || had != (err == nil) {
				t.Errorf("%s: a holds %q, %v", name, got, err)
			}
		}
		if err := WriteTogether(File{a, text("new a")}, File{b, text("new b")}); err != nil {
			t.Fatal(err)
		}
		got, _ := os.ReadFile(a)
		more, _ := os.ReadFile(b)
		if string(got)+string(more) != "new anew b" || len(strings.Split(names(t, dir), ",")) != 2 {
			t.Errorf("%q, %q; %s", got, more, names(t, dir))
		}
	}
}

// TestOpen: only regular files are opened, at once.
func TestOpen(t *testing.T) {
	dir := t.TempDir()
	pipe, file := filepath.Join(dir, "pipe"), filepath.Join(dir, "file")
	if err := errors.Join(syscall.Mkfifo(pipe, 0o600), os.WriteFile(file, []byte("text"), 0o600)); err != nil {
		t.Fatal(err)
	}
	soon(t, func() {
		for _, path := range []string{pipe, dir, os.DevNull} {
			if _, err := Open(path); !errors.Is(err, ErrNotRegular) || !strings.Contains(err.Error(), path) {
				t.Errorf("%s: %v", path, err)
			}
		}
		for _, name := range []string{"pipe", "."} {
			if _, err := OpenFS(os.DirFS(dir), name); !errors.Is(err, ErrNotRegular) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if _, err := Open(filepath.Join(dir, "none")); !errors.Is(err, os.ErrNotExist) {
			t.Error(err)
		}
		f, err := Open(file)
		if err != nil {
			t.Error(err)
			return
		}
		defer f.Close()
		g, err := OpenFS(os.DirFS(dir), "file")
		if err != nil {
			t.Error(err)
			return
		}
		defer g.Close()
		one, _ := io.ReadAll(f)
		two, _ := io.ReadAll(g)
		if string(one)+string(two) != "texttext" {
			t.Errorf("%q, %q", one, two)
		}
	})
}
