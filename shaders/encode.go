package shaders

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
)

// keyText is a Key in writing.
type keyText struct {
	Kernel                      string
	Load                        Load
	Aligned, Wide               bool `json:",omitempty"`
	Acts                        Acts `json:",omitempty"`
	LocalX, LocalY              int  `json:",omitempty"`
	TileX, TileG                int  `json:",omitempty"`
	Splits                      int  `json:",omitempty"`
	KernelW, StrideW, DilationW int  `json:",omitempty"`
}

// MarshalText is the key in writing, for UnmarshalText.
func (k Key) MarshalText() ([]byte, error) {
	return json.Marshal(keyText{k.Kernel.String(), k.Load, k.Aligned, k.Wide, k.Acts, k.LocalX, k.LocalY, k.TileX, k.TileG, k.Splits,
		k.KernelW, k.StrideW, k.DilationW})
}

// UnmarshalText reads what MarshalText wrote, perhaps by another version of this program: a key that no kernel here serves is an
// error.
func (k *Key) UnmarshalText(text []byte) error {
	var t keyText
	if err := json.Unmarshal(text, &t); err != nil {
		return fmt.Errorf("shaders: reading a key: %w", err)
	}
	read := Key{Find(t.Kernel), t.Load, t.Aligned, t.Wide, t.Acts, t.LocalX, t.LocalY, t.TileX, t.TileG, t.Splits, t.KernelW, t.StrideW, t.DilationW, false}
	if err := read.Validate(); err != nil {
		return err
	}
	*k = read
	return nil
}

// Fingerprint tells whether all shaders' texts are the same.
func Fingerprint() string {
	h := sha256.New()
	// Embedded files are there, and are walked in order.
	_ = fs.WalkDir(files, ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		text, err := files.ReadFile(name)
		fmt.Fprintf(h, "%s %d\n%s", name, len(text), text)
		return err
	})
	return hex.EncodeToString(h.Sum(nil)[:16])
}
