// Package files opens and writes the files that a user names: without ever waiting for a pipe, and whole or not at all.
package files

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// ErrNotRegular is what reading a pipe, a device or a folder gives: who asks for a file must not wait for ever.
var ErrNotRegular = errors.New("not a regular file")

// Open opens a regular file for reading, and never waits. Errors name it.
func Open(path string) (*os.File, error) {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() { // first: to open a device may do something
		return nil, fmt.Errorf("%s: %w", path, ErrNotRegular)
	}
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0) // it may have become a pipe
	if err != nil {
		return nil, err // names the path
	}
	if _, err := regular(f, path); err != nil {
		return nil, err
	}
	return f, nil
}

// OpenFS is Open for a file of a file system.
func OpenFS(fsys fs.FS, name string) (fs.File, error) {
	if info, err := fs.Stat(fsys, name); err == nil && !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s: %w", name, ErrNotRegular)
	}
	f, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	return regular(f, name)
}

// regular is f, or an error where it isn't a regular file; f is closed then.
func regular(f fs.File, name string) (fs.File, error) {
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s: %w", name, ErrNotRegular)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}
