package weights

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"inceptiongl/inception/tensor"
)

// format is a kind of file with weights.
type format struct {
	check  func(head []byte, size int64) error
	read   func(data []byte) (map[string]tensor.Array, error)
	stream func(r io.Reader, size int64) (map[string]tensor.Array, error) // reads what is on the disk, from begin to end; may be nil
}

var (
	safetensorsFile = format{checkSafetensors, func(data []byte) (map[string]tensor.Array, error) {
		return readSafetensors(bytes.NewReader(data), int64(len(data)))
	}, readSafetensors}
	pthFile = format{check: checkPTH, read: readPTH}
)

// Load reads weights, by name, from a .safetensors file or from PyTorch's .pth or .pt: see LoadSafetensors and LoadPTH.
func Load(path string) (map[string]tensor.Array, error) { return loadNamed(openPath, path) }

// LoadFS is Load for a file of a file system.
func LoadFS(fsys fs.FS, name string) (map[string]tensor.Array, error) {
	return loadNamed(openFS(fsys), name)
}

// Decode reads weights from r, up to its end and at most 2 GiB. Their first bytes tell the format: that of .safetensors or that
// of .pth.
func Decode(r io.Reader) (map[string]tensor.Array, error) {
	data, err := readStream(r)
	if err != nil {
		return nil, fmt.Errorf("weights: %w", err)
	}
	if bytes.HasPrefix(data, []byte(zipMagic)) || bytes.HasPrefix(data, []byte(oldPTH)) { // no safetensors header is that long
		return ReadPTH(data)
	}
	return ReadSafetensors(data)
}

func loadNamed(open opener, name string) (map[string]tensor.Array, error) {
	switch strings.ToLower(filepath.Ext(name)) {
	case ".safetensors":
		return load(open, name, safetensorsFile)
	case ".pth", ".pt":
		return load(open, name, pthFile)
	}
	return nil, fmt.Errorf("weights: %s: the name must end in .safetensors, .pth or .pt", name)
}

func load(open opener, name string, f format) (map[string]tensor.Array, error) {
	file, size, err := openFile(open, name)
	if err != nil {
		return nil, fmt.Errorf("weights: %w", err)
	}
	defer file.Close()
	var m map[string]tensor.Array
	if _, ok := file.(*os.File); ok && f.stream != nil { // elsewhere the size is only claimed
		m, err = f.stream(bufio.NewReaderSize(file, headLen), size)
	} else {
		var data []byte
		if data, err = readOpen(file, name, size, f.check); err != nil {
			return nil, fmt.Errorf("weights: %w", err)
		}
		m, err = f.read(data)
	}
	if err != nil {
		return nil, fmt.Errorf("weights: %s: %w", name, err)
	}
	return m, nil
}
