package weights

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// headLen is how much of a file is read before it is checked.
const headLen = 64 << 10

// readFile reads a regular file whole, once check has accepted its head (at most headLen bytes) and its size.
func readFile(path string, check func(head []byte, size int64) error) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err // names the path
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s: not a regular file", path)
	}
	size := info.Size()
	head := make([]byte, min(size, headLen))
	if _, err := io.ReadFull(f, head); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if err := check(head, size); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	data := make([]byte, size)
	n := copy(data, head)
	if _, err := io.ReadFull(f, data[n:]); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return data, nil
}

// writeFile writes to a temporary file beside path and renames it, so that path never holds half a file.
func writeFile(path string, write func(io.Writer) error) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), ".tmp-*")
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	defer func() {
		if err != nil {
			f.Close()
			os.Remove(f.Name())
			err = fmt.Errorf("%s: %w", path, err)
		}
	}()
	w := bufio.NewWriter(f)
	if err := write(w); err != nil {
		return err
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if err := f.Chmod(0o644); err != nil { // CreateTemp makes it private
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// clip shortens what a library says of a hostile file, which may quote all of it.
func clip(err error) error {
	const limit = 300
	s := err.Error()
	if len(s) <= limit {
		return err
	}
	return fmt.Errorf("%s…", bytes.ToValidUTF8([]byte(s[:limit]), nil))
}
