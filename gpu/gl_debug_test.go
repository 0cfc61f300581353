//go:build cgo && (linux || windows)

package gpu

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
)

// TestDebugCatches goes behind the checks: a name that was never generated makes
// the driver complain, and the call that did it must fail.
func TestDebugCatches(t *testing.T) {
	if os.Getenv("INCEPTIONGL_NO_GPU") == "1" {
		t.Skip("INCEPTIONGL_NO_GPU=1: GPU tests skipped by choice")
	}
	ctx := context.Background()
	d, err := Open(ctx, Options{Debug: true})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	good, err := d.NewBuffer(ctx, "good", 16)
	if err != nil {
		t.Fatal(err)
	}
	bad := &Buffer{dev: d, name: "bad", size: 16, ids: bufferIDs{buffer: 4711}}
	data := make([]float32, 4)
	if err := bad.Upload(ctx, 0, data); err == nil || !strings.Contains(err.Error(), "GL_INVALID_OPERATION") {
		t.Errorf("an upload to a made-up buffer gave %v", err)
	} else {
		t.Log(err)
	}
	if err := good.Upload(ctx, 0, data); err != nil {
		t.Errorf("the next call was blamed: %v", err)
	}
	// A program name that does not exist: the message must name the dispatch.
	_, err = d.Run(ctx, &Pass{Waves: [][]Dispatch{{{Name: "made-up", Program: &Program{dev: d, id: 4711}, Groups: [3]int{1, 1, 1}}}}})
	if err == nil || !strings.Contains(err.Error(), "made-up") {
		t.Errorf("a made-up program gave %v", err)
	} else {
		t.Log(err)
	}
	if losesContext(err) || errors.Is(err, ErrContextLost) {
		t.Errorf("an ordinary error lost the context: %v", err)
	}
	if _, err := d.Run(ctx, &Pass{}); err != nil {
		t.Errorf("the next call was blamed: %v", err)
	}
}
