package files

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// Cache keeps small pieces of data by key in a folder, for later runs of this and of other programs. It is safe from any
// goroutine and beside other processes. What is lost is made anew: reading never fails, it only finds nothing, and a full disk
// or a folder that can't be written keeps nothing.
type Cache struct {
	dir   string
	limit int64
}

// maxCached is the size from which the oldest entries go.
const maxCached = 256 << 20

// UserCache is the cache in the folder that the system has for the user (os.UserCacheDir), under a program's name. The error is
// that there is none.
func UserCache(program string) (*Cache, error) {
	dir, err := os.UserCacheDir()
	if err != nil {
		return nil, fmt.Errorf("no folder to remember in: %w", err)
	}
	return NewCache(filepath.Join(dir, program)), nil
}

// NewCache is the cache in a folder, which is made when something is kept.
func NewCache(dir string) *Cache { return &Cache{dir, maxCached} }

// cacheHead begins every entry: a mark of the format, then the SHA-256 of what follows it.
const (
	cacheMark = "igl cache 1\n"
	cacheHead = len(cacheMark) + sha256.Size
)

// file is where a key's data are. The key stands in the file too, so that one that was renamed is not taken for another's.
func (c *Cache) file(key string) string {
	sum := sha256.Sum256([]byte(key))
	return filepath.Join(c.dir, hex.EncodeToString(sum[:16]))
}

// Get is what Put kept, and whether there is anything. A file that is damaged or foreign is nothing.
func (c *Cache) Get(key string) ([]byte, bool) {
	if c == nil {
		return nil, false
	}
	name := c.file(key)
	info, err := os.Stat(name)
	if err != nil || !info.Mode().IsRegular() || info.Size() > c.limit {
		return nil, false
	}
	b, err := os.ReadFile(name)
	if err != nil || len(b) < cacheHead || string(b[:len(cacheMark)]) != cacheMark {
		return nil, false
	}
	body := b[cacheHead:]
	if sum := sha256.Sum256(body); string(sum[:]) != string(b[len(cacheMark):cacheHead]) {
		return nil, false
	}
	n, width := binary.Uvarint(body)
	if width <= 0 || n > uint64(len(body)-width) || string(body[width:][:n]) != key {
		return nil, false
	}
	now := time.Now()
	_ = os.Chtimes(name, now, now) // the oldest go first; where it can't be noted, it goes sooner
	return body[width+int(n):], true
}

// Put keeps data under a key, in place of what was there, whole or not at all.
func (c *Cache) Put(key string, data []byte) error {
	if c == nil {
		return nil
	}
	if err := os.MkdirAll(c.dir, 0o700); err != nil {
		return fmt.Errorf("remembering in %s: %w", c.dir, err)
	}
	body := append(binary.AppendUvarint(nil, uint64(len(key))), key...)
	body = append(body, data...)
	sum := sha256.Sum256(body)
	f, err := os.CreateTemp(c.dir, "new-*")
	if err != nil {
		return fmt.Errorf("remembering in %s: %w", c.dir, err)
	}
	_, err = f.Write(slices.Concat([]byte(cacheMark), sum[:], body))
	if e := f.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = os.Rename(f.Name(), c.file(key)) // another process sees the old or the new, never a part
	}
	if err != nil {
		_ = os.Remove(f.Name())
		return fmt.Errorf("remembering in %s: %w", c.dir, err)
	}
	c.trim()
	return nil
}

// trim removes the oldest entries while there are more bytes than the limit, and what a process that died left behind.
func (c *Cache) trim() {
	entries, err := os.ReadDir(c.dir)
	if err != nil {
		return
	}
	var all []fs.FileInfo
	var size int64
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || !info.Mode().IsRegular() {
			continue
		}
		if ok, _ := filepath.Match("new-*", e.Name()); ok {
			if time.Since(info.ModTime()) > time.Hour {
				_ = os.Remove(filepath.Join(c.dir, e.Name()))
			}
			continue
		}
		all = append(all, info)
		size += info.Size()
	}
	slices.SortFunc(all, func(a, b fs.FileInfo) int { return a.ModTime().Compare(b.ModTime()) })
	for _, info := range all {
		if size <= c.limit {
			return
		}
		_ = os.Remove(filepath.Join(c.dir, info.Name()))
		size -= info.Size()
	}
}
