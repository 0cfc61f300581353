package weights

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"os"

	"inceptiongl/inception/files"
)

// headLen is how much of a file is read before it is checked.
const headLen = 64 << 10

// maxStream bounds what is read from where the size isn't known beforehand.
const maxStream = 2 << 30

// opener is files.Open, or files.OpenFS of a file system.
type opener func(name string) (fs.File, error)

func openPath(name string) (fs.File, error) { return files.Open(name) }

func openFS(fsys fs.FS) opener {
	return func(name string) (fs.File, error) { return files.OpenFS(fsys, name) }
}

// readFile reads a regular file whole, once check has accepted its head (at most headLen bytes) and its size. Errors name it.
func readFile(open opener, name string, check func(head []byte, size int64) error) ([]byte, error) {
	f, size, err := openFile(open, name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return readOpen(f, name, size, check)
}

// openFile opens a regular file. Errors name it.
func openFile(open opener, name string) (f fs.File, size int64, err error) {
	if f, err = open(name); err != nil {
		return nil, 0, err // names the file
	}
	info, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, 0, err
	}
	return f, info.Size(), nil
}

// readOpen is readFile for a file that is open.
func readOpen(f fs.File, name string, size int64, check func(head []byte, size int64) error) ([]byte, error) {
	head := make([]byte, min(size, headLen))
	if _, err := io.ReadFull(f, head); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if err := check(head, size); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	var b bytes.Buffer
	if _, ok := f.(*os.File); ok { // elsewhere, as in a zip archive, the size is only claimed
		b.Grow(int(size) + bytes.MinRead)
	} else if size > maxStream {
		return nil, fmt.Errorf("%s: %d bytes are more than the %d allowed outside the disk", name, size, int64(maxStream))
	}
	b.Write(head)
	if _, err := b.ReadFrom(io.LimitReader(f, size-int64(len(head)))); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if int64(b.Len()) != size {
		return nil, fmt.Errorf("%s: %w: %d bytes of %d", name, io.ErrUnexpectedEOF, b.Len(), size)
	}
	return b.Bytes(), nil
}

// readStream reads r to its end. Memory grows with what comes, not with what is claimed.
func readStream(r io.Reader) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxStream+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxStream {
		return nil, fmt.Errorf("more than the %d bytes allowed for a stream: save it as a file", int64(maxStream))
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
