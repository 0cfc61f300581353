package shaders

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
)

// keyText is a Key in writing: its kernel by name, and its numbers.
type keyText struct {
	Kernel string
	Key    numbers
}

// numbers are a Key's fields, as encoding/json writes a struct that has no methods.
type numbers Key

// MarshalText is the key in writing, for UnmarshalText.
func (k Key) MarshalText() ([]byte, error) {
	return json.Marshal(keyText{k.Kernel.String(), numbers(k)})
}

// UnmarshalText reads what MarshalText wrote, perhaps by another version of this program: a key that no kernel here serves is an
// error.
func (k *Key) UnmarshalText(text []byte) error {
	var t keyText
	if err := json.Unmarshal(text, &t); err != nil {
		return fmt.Errorf("shaders: reading a key: %w", err)
	}
	read := Key(t.Key)
	read.Kernel = Find(t.Kernel)
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
