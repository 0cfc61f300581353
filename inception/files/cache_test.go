package files

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

func TestCache(t *testing.T) {
	c := NewCache(filepath.Join(t.TempDir(), "made", "when needed"))
	if _, ok := c.Get("a"); ok {
		t.Error("an empty cache has something")
	}
	for key, data := range map[string][]byte{"a": []byte("one"), "b": {}, "": []byte("no key"), "a b/../\x00": bytes.Repeat([]byte{7}, 1<<16)} {
		for range 2 {
			if err := c.Put(key, data); err != nil {
				t.Fatal(err)
			}
			if got, ok := c.Get(key); !ok || !bytes.Equal(got, data) {
				t.Errorf("%q: %d bytes, %v; want %d", key, len(got), ok, len(data))
			}
		}
	}
	if err := c.Put("a", []byte("two")); err != nil {
		t.Fatal(err)
	}
	if got, _ := c.Get("a"); string(got) != "two" {
		t.Errorf("after a second Put: %q", got)
	}
	var none *Cache
	if _, ok := none.Get("a"); ok || none.Put("a", nil) != nil {
		t.Error("no cache keeps nothing and complains of nothing")
	}
}

// TestCacheDamaged: whatever the file holds, the data are the ones that were kept, or none.
func TestCacheDamaged(t *testing.T) {
	c := NewCache(t.TempDir())
	if err := c.Put("key", []byte("data")); err != nil {
		t.Fatal(err)
	}
	name := c.file("key")
	whole, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	damaged := [][]byte{nil, {}, []byte("igl"), []byte(cacheMark), whole[:len(whole)-1], append(bytes.Clone(whole), 0)}
	for i := range whole {
		b := bytes.Clone(whole)
		b[i] ^= 0x10
		damaged = append(damaged, b)
	}
	for i, b := range damaged {
		if err := os.WriteFile(name, b, 0o600); err != nil {
			t.Fatal(err)
		}
		if got, ok := c.Get("key"); ok {
			t.Errorf("damage %d: found %q", i, got)
		}
	}
	// Another key's file under this name.
	if err := c.Put("other", []byte("data")); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(c.file("other"), name); err != nil {
		t.Fatal(err)
	}
	if _, ok := c.Get("key"); ok {
		t.Error("another key's data are found")
	}
	if err := os.Remove(name); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(name, 0o700); err != nil { // a folder in the way
		t.Fatal(err)
	}
	if _, ok := c.Get("key"); ok {
		t.Error("a folder is found")
	}
	if err := c.Put("key", nil); err == nil {
		t.Error("a folder in the way: no error")
	}
}

// TestCacheUnwritable: nothing is kept, and it is said.
func TestCacheUnwritable(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	c := NewCache(filepath.Join(file, "below"))
	if err := c.Put("key", []byte("data")); err == nil {
		t.Error("a folder below a file: no error")
	}
	if _, ok := c.Get("key"); ok {
		t.Error("found")
	}
}

// TestCacheLimit: the oldest entries go, and what a dead process left.
func TestCacheLimit(t *testing.T) {
	c := &Cache{t.TempDir(), 1000}
	left := filepath.Join(c.dir, "new-left")
	if err := os.WriteFile(left, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	old := time.Now().Add(-2 * time.Hour)
	if err := os.Chtimes(left, old, old); err != nil {
		t.Fatal(err)
	}
	for i := range 10 {
		key := fmt.Sprint(i)
		if err := c.Put(key, make([]byte, 200)); err != nil {
			t.Fatal(err)
		}
		at := time.Now().Add(time.Duration(i-10) * time.Minute)
		if err := os.Chtimes(c.file(key), at, at); err != nil {
			t.Fatal(err)
		}
		c.Get("0") // in use: it stays
	}
	for i := range 10 {
		_, ok := c.Get(fmt.Sprint(i))
		if want := i == 0 || i > 6; ok != want { // four of 246 bytes
			t.Errorf("entry %d: found %v, want %v", i, ok, want)
		}
	}
	if _, err := os.Stat(left); err == nil {
		t.Error("a dead process's file is left")
	}
}

// TestCacheTogether: many writers of one key, as processes beside each other, leave one of their entries whole.
func TestCacheTogether(t *testing.T) {
	dir := t.TempDir()
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			c := NewCache(dir)
			for range 20 {
				if err := c.Put("key", bytes.Repeat([]byte{byte(i)}, 1000+i)); err != nil {
					t.Error(err)
				}
				got, ok := c.Get("key")
				if !ok || len(got) != 1000+int(got[0]) || !bytes.Equal(got, bytes.Repeat(got[:1], len(got))) {
					t.Errorf("%d bytes, %v", len(got), ok)
				}
			}
		}()
	}
	wg.Wait()
}
