package files

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
)

// Write calls write for a temporary file beside path and renames it, so that path never holds half a file: after an error,
// which names path, it is as it was. Symbolic links are followed. What was there keeps its mode, and its owner where the system
// allows; a new file gets what the umask leaves. A pipe or a terminal isn't replaced but written to, as write goes along; a disk, a
// socket or a folder is an error.
func Write(path string, write func(io.Writer) error) error {
	t, err := find(path)
	if err != nil {
		return err
	}
	if t.stream {
		return t.pour(write)
	}
	s, err := t.stage(write)
	if err != nil {
		return err
	}
	defer s.discard()
	if err := os.Rename(s.temp, t.real); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// Writable reports, before a long run, what Write couldn't write after it.
func Writable(path string) error {
	t, err := find(path)
	if err != nil || t.stream {
		return err
	}
	s, err := t.stage(func(io.Writer) error { return nil })
	if err != nil {
		return err
	}
	s.discard()
	return nil
}

var errReplaced = errors.New("another file took its place meanwhile")

// target is where a file is to be.
type target struct {
	path, real string      // as it was given; with symbolic links followed
	old        fs.FileInfo // what is there; nil: nothing
	stream     bool        // a pipe, a terminal, /dev/null
}

// find looks at what is there. Errors name the path.
func find(path string) (target, error) {
	t := target{path: path, real: path}
	fail := func(err error) (target, error) { return target{}, fmt.Errorf("%s: can't be written: %w", path, err) }
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		if _, err := os.Lstat(path); err == nil {
			return fail(errors.New("a symbolic link to a file that doesn't exist"))
		}
		return t, nil
	}
	if err != nil {
		return fail(err)
	}
	t.old = info
	const streams = fs.ModeNamedPipe | fs.ModeCharDevice
	switch mode := info.Mode(); {
	case mode.IsDir():
		return fail(errors.New("is a folder"))
	case mode&streams != 0:
		t.stream = true
		return t, nil
	case !mode.IsRegular():
		return fail(errors.New("neither a regular file nor a pipe nor a terminal"))
	}
	// The system says whether it may be written, and guards links in folders that everybody writes to.
	f, err := os.OpenFile(path, os.O_WRONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return fail(err)
	}
	defer f.Close()
	if t.old, err = f.Stat(); err != nil {
		return fail(err)
	}
	if t.real, err = filepath.EvalSymlinks(path); err != nil {
		return fail(err)
	}
	if info, err = os.Lstat(t.real); err != nil || !os.SameFile(info, t.old) || !info.Mode().IsRegular() {
		return fail(errors.Join(errReplaced, err))
	}
	return t, nil
}

// pour writes to a stream.
func (t target) pour(write func(io.Writer) error) (err error) {
	flag := os.O_WRONLY
	if t.old.Mode()&fs.ModeNamedPipe != 0 {
		flag |= syscall.O_NONBLOCK // without a reader opening would wait for ever
	}
	f, err := os.OpenFile(t.real, flag, 0)
	if err != nil {
		if flag != os.O_WRONLY {
			err = fmt.Errorf("a pipe that nobody reads: %w", err)
		}
		return fmt.Errorf("%s: can't be written: %w", t.path, err)
	}
	err = fill(f, write)
	if e := f.Close(); err == nil {
		err = e
	}
	if err != nil {
		return fmt.Errorf("%s: %w", t.path, err)
	}
	return nil
}

func fill(f *os.File, write func(io.Writer) error) error {
	w := bufio.NewWriter(f)
	if err := write(w); err != nil {
		return err
	}
	return w.Flush()
}

// staged is a file that is complete but for its name.
type staged struct {
	target
	temp string
}

// stage writes a file beside the one it will replace. Errors name that.
func (t target) stage(write func(io.Writer) error) (s staged, err error) {
	mode := fs.FileMode(0o666) // less the umask
	if t.old != nil {
		mode = 0o600 // until it has the old one's
	}
	f, err := create(filepath.Dir(t.real), mode)
	if err != nil {
		return s, fmt.Errorf("%s: can't be written: %w", t.path, err)
	}
	s = staged{t, f.Name()}
	done := false
	defer func() {
		if !done { // also where write panics
			f.Close()
			s.discard()
		}
	}()
	err = fill(f, write)
	if err == nil && t.old != nil {
		sameOwner(f, t.old)
		err = f.Chmod(t.old.Mode().Perm())
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err != nil {
		return s, fmt.Errorf("%s: %w", t.path, err)
	}
	done = true
	return s, nil
}

// discard removes what wasn't renamed.
func (s staged) discard() { os.Remove(s.temp) }

// create makes a file in a folder, of a name that nothing has. Unlike os.CreateTemp it leaves the mode to the caller and the umask.
func create(dir string, mode fs.FileMode) (*os.File, error) {
	for {
		f, err := os.OpenFile(tempName(dir), os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
		if !errors.Is(err, fs.ErrExist) {
			return f, err
		}
	}
}

func tempName(dir string) string {
	return filepath.Join(dir, ".tmp-"+strconv.FormatUint(rand.Uint64(), 36))
}
