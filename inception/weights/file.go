package weights

import (
	"bytes"
	"fmt"
	"io"
	"os"
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

// clip shortens what a library says of a hostile file, which may quote all of it.
func clip(err error) error {
	const limit = 300
	s := err.Error()
	if len(s) <= limit {
		return err
	}
	return fmt.Errorf("%s…", bytes.ToValidUTF8([]byte(s[:limit]), nil))
}
