package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// pageFile is a page or a trace: a file that appears under its name only when it is complete.
type pageFile struct {
	path string
	temp *os.File
}

// createFile is createPage for a flag; without a path there is nothing to write.
func createFile(flag, path string) (*pageFile, error) {
	if path == "" {
		return nil, nil
	}
	p, err := createPage(path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", flag, err)
	}
	return p, nil
}

// createPage fails at once where the file could not be written at the end of a long run.
func createPage(path string) (*pageFile, error) {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s: not a regular file", path)
	}
	for n := 0; ; n++ {
		name := filepath.Join(filepath.Dir(path), fmt.Sprintf(".%s.%d-%d.tmp", filepath.Base(path), os.Getpid(), n))
		f, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o666)
		if errors.Is(err, os.ErrExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("can't write %s: %w", path, err)
		}
		return &pageFile{path, f}, nil
	}
}

// write fills the file and gives it its name.
func (p *pageFile) write(render func(io.Writer) error) error {
	w := bufio.NewWriter(p.temp)
	if err := render(w); err != nil {
		return err
	}
	if err := errors.Join(w.Flush(), p.temp.Sync(), p.temp.Close()); err != nil {
		return fmt.Errorf("writing %s: %w", p.path, err)
	}
	return os.Rename(p.temp.Name(), p.path)
}

// discard removes what write has not renamed.
func (p *pageFile) discard() {
	if p == nil {
		return
	}
	p.temp.Close()
	os.Remove(p.temp.Name())
}
