package files

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// File is one of several that belong together.
type File struct {
	Path  string
	Write func(io.Writer) error
}

// WriteTogether writes files that are of use only together: after an error, which names the file, all are as they were. The new ones
// take their places one after the other: whoever looks in that moment may see some old and some new.
func WriteTogether(list ...File) error {
	var all []staged
	defer func() {
		for _, s := range all {
			s.discard()
		}
	}()
	for _, f := range list {
		s, err := f.stage()
		if err != nil {
			return err
		}
		all = append(all, s)
	}
	var undo []func() error
	var kept []string // the old files, under other names
	for _, s := range all {
		old, err := s.keep()
		if err == nil {
			if err = os.Rename(s.temp, s.real); err != nil && old != "" {
				err = errors.Join(err, restore(old, s.real))
			}
		}
		if err != nil {
			for _, back := range undo {
				err = errors.Join(err, back())
			}
			return fmt.Errorf("%s: %w", s.path, err)
		}
		if old == "" {
			undo = append(undo, func() error { return os.Remove(s.real) })
			continue
		}
		undo = append(undo, func() error { return restore(old, s.real) })
		kept = append(kept, old)
	}
	for _, name := range kept {
		os.Remove(name)
	}
	return nil
}

// WritableTogether is Writable for files that are to be written together.
func WritableTogether(paths ...string) error {
	for _, path := range paths {
		s, err := File{path, func(io.Writer) error { return nil }}.stage()
		if err != nil {
			return err
		}
		s.discard()
	}
	return nil
}

func (f File) stage() (staged, error) {
	t, err := find(f.Path)
	if err == nil && t.stream {
		err = fmt.Errorf("%s: %w, and it is one of several that are written together", f.Path, ErrNotRegular)
	}
	if err != nil {
		return staged{}, err
	}
	return t.stage(f.Write)
}

// keep gives the old file a second name; "" where there is none.
func (s staged) keep() (string, error) {
	if s.old == nil {
		return "", nil
	}
	if now, err := os.Lstat(s.real); err != nil || !now.Mode().IsRegular() || !os.SameFile(now, s.old) {
		return "", errors.Join(errReplaced, err)
	}
	name := tempName(filepath.Dir(s.real))
	if os.Link(s.real, name) == nil {
		return name, nil
	}
	return name, os.Rename(s.real, name) // a file system without hard links
}

// restore gives a kept file its name back.
func restore(kept, name string) error {
	if err := os.Rename(kept, name); err != nil {
		return fmt.Errorf("the old file is in %s: %w", kept, err)
	}
	os.Remove(kept) // renaming one of a file's two names to the other does nothing
	return nil
}
