package run

import (
	"bytes"
	"testing"

	"inceptiongl/inception/files"
)

// TestPrograms: compiled programs are found again by their key, and by no other.
func TestPrograms(t *testing.T) {
	p := programs{files.NewCache(t.TempDir())}
	if _, ok := p.Get("a"); ok {
		t.Error("found before it was kept")
	}
	p.Put("a", []byte("binary"))
	if b, ok := p.Get("a"); !ok || !bytes.Equal(b, []byte("binary")) {
		t.Errorf("%q, %v", b, ok)
	}
	if _, ok := p.Get("b"); ok {
		t.Error("another key's program")
	}
	t.Setenv(noCache, "1")
	if Programs() != nil {
		t.Error("a store although the user wants none")
	}
	t.Setenv(noCache, "")
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	t.Setenv("HOME", t.TempDir())
	if Programs() == nil {
		t.Error("no store")
	}
}
