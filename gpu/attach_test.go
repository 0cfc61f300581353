package gpu_test

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"inceptiongl/gpu"
)

type attachKey int

// closer says when it is closed, and may own a buffer.
type closer struct {
	name string
	log  *[]string
	buf  *gpu.Buffer
	err  error
}

func (c *closer) Close() error {
	*c.log = append(*c.log, c.name)
	if c.buf != nil {
		if err := c.buf.Upload(bg, 0, count(1)); err != nil { // the device still works
			return err
		}
		return errors.Join(c.err, c.buf.Close())
	}
	return c.err
}

func TestAttach(t *testing.T) {
	d := own(t)
	var log []string
	var made atomic.Int32
	buf := buffer(t, d, "attached", count(4))
	var wg sync.WaitGroup
	values := make([]any, 8)
	for i := range values {
		wg.Add(1)
		go func() {
			defer wg.Done()
			values[i] = d.Attach(attachKey(1), func() any {
				made.Add(1)
				d.Attach(attachKey(2), func() any { return &closer{name: "inner", log: &log} })
				return &closer{name: "outer", log: &log, buf: buf}
			})
		}()
	}
	wg.Wait()
	for _, v := range values {
		if v != values[0] || v.(*closer).name != "outer" {
			t.Errorf("got %v, want one value for all", v)
		}
	}
	if made.Load() != 1 {
		t.Errorf("made %d times, want once", made.Load())
	}
	if v := d.Attach(attachKey(3), func() any { return 7 }); v != 7 { // needs no Close
		t.Errorf("got %v, want 7", v)
	}
	if v := d.Attach(1, func() any { return "other type" }); v != "other type" {
		t.Errorf("a key of another type gave %v", v)
	}
	broken := errors.New("broken")
	d.Attach(attachKey(4), func() any { return &closer{name: "failing", log: &log, err: broken} })
	if err := d.Close(); !errors.Is(err, broken) || !strings.Contains(err.Error(), "attached") {
		t.Errorf("Close gave %v, want the failing value's error", err)
	}
	if err := d.Close(); err != nil {
		t.Errorf("closing again: %v", err)
	}
	if want := []string{"failing", "inner", "outer"}; !slices.Equal(log, want) {
		t.Errorf("closed %v, want %v", log, want)
	}
	if err := buf.Upload(bg, 0, count(1)); !errors.Is(err, gpu.ErrClosed) {
		t.Errorf("the attached buffer is still open: %v", err)
	}

	// Too late: made and closed at once.
	late := d.Attach(attachKey(1), func() any { return &closer{name: "late", log: &log} })
	if late.(*closer).name != "late" || log[len(log)-1] != "late" {
		t.Errorf("after Close got %v, closed %v", late, log)
	}
}

// TestAttachWhileClosing checks that whatever is attached gets closed, however the two calls meet.
func TestAttachWhileClosing(t *testing.T) {
	d := own(t)
	var open atomic.Int32
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			d.Attach(attachKey(i), func() any {
				open.Add(1)
				return closeFunc(func() { open.Add(-1) })
			})
		}()
	}
	if err := d.Close(); err != nil {
		t.Error(err)
	}
	wg.Wait()
	if n := open.Load(); n != 0 {
		t.Errorf("%d values stayed open", n)
	}
}

type closeFunc func()

func (f closeFunc) Close() error { f(); return nil }
