package files

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestWrite: an error on the way leaves the file as it was, and nothing beside it.
func TestWrite(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "f")
	text := func(s string, err error) func(io.Writer) error {
		return func(w io.Writer) error {
			if _, e := io.WriteString(w, s); e != nil {
				return e
			}
			return err
		}
	}
	if err := Write(path, text("first", nil)); err != nil {
		t.Fatal(err)
	}
	cause := errors.New("no more")
	if err := Write(path, text("sec", cause)); !errors.Is(err, cause) || !strings.Contains(err.Error(), path) {
		t.Errorf("error is %v, want one that wraps the cause and names the file", err)
	}
	if got, err := os.ReadFile(path); err != nil || string(got) != "first" {
		t.Errorf("the file holds %q, %v", got, err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("the folder holds %v, %v", entries, err)
	}
	if err := Write(filepath.Join(dir, "missing", "f"), text("", nil)); err == nil {
		t.Error("a folder that doesn't exist gives no error")
	}
}
