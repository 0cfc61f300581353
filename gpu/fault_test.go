package gpu

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"
)

// fakeDriver stands in for GL, so that faults can be had at will.
type fakeDriver struct {
	fail   error         // returned by everything
	hold   chan struct{} // run waits for it
	inside chan struct{} // run says that it started
	left   rest          // of a pass with Queued
	shut   bool
}

func (f *fakeDriver) info() DeviceInfo { return DeviceInfo{Renderer: "fake"} }
func (f *fakeDriver) limits() Limits   { return Limits{MaxStorageBlock: 1 << 20} }
func (f *fakeDriver) traits() Traits   { return Traits{} }
func (f *fakeDriver) newBuffer(context.Context, string, int) (bufferIDs, error) {
	return bufferIDs{buffer: 1}, f.fail
}
func (f *fakeDriver) deleteBuffer(bufferIDs)                               {}
func (f *fakeDriver) upload(context.Context, *Buffer, int, []byte) error   { return f.fail }
func (f *fakeDriver) download(context.Context, *Buffer, int, []byte) error { return f.fail }
func (f *fakeDriver) startProgram(s Source, known programBinary, keep bool) *build {
	return &build{source: s}
}
func (f *fakeDriver) endProgram(*build) (*Program, error) { return &Program{}, f.fail }
func (f *fakeDriver) dropProgram(*build)                  {}
func (f *fakeDriver) close()                              { f.shut = true }
func (f *fakeDriver) view(*Texel) (uint32, error)         { return 1, nil }
func (f *fakeDriver) calibrate()                          {}
func (f *fakeDriver) share()                              {}
func (f *fakeDriver) run(_ context.Context, p *Pass, _ *Recording) (Timing, rest, error) {
	if p.Queued != nil {
		return Timing{}, f.left, f.fail
	}
	if f.hold != nil {
		f.inside <- struct{}{}
		<-f.hold
	}
	return Timing{}, nil, f.fail
}

func fake(t *testing.T, f *fakeDriver) *Device {
	t.Helper()
	d, err := start(context.Background(), func() (*Device, error) { return newDevice(f, "fake", 0, Options{}), nil })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil || !f.shut {
			t.Errorf("Close gave %v; driver closed: %v", err, f.shut)
		}
	})
	return d
}

func TestLostForGood(t *testing.T) {
	ctx := context.Background()
	for _, cause := range []error{ErrContextLost, fmt.Errorf("%w: %w", ErrOutOfMemory, ErrContextLost)} {
		f := &fakeDriver{}
		d := fake(t, f)
		b, err := d.NewBuffer(ctx, "b", 16)
		if err != nil || d.Err() != nil {
			t.Fatal(err, d.Err())
		}
		f.fail = fmt.Errorf("driver: %w", cause)
		if _, err := d.NewBuffer(ctx, "c", 16); !errors.Is(err, cause) {
			t.Errorf("got %v, want %v", err, cause)
		}
		f.fail = nil
		_, newErr := d.NewBuffer(ctx, "c", 16)
		_, runErr := d.Run(ctx, &Pass{})
		_, progErr := d.Program(ctx, Source{Text: "x"})
		for i, err := range []error{newErr, runErr, progErr, d.Err(), b.Upload(ctx, 0, make([]float32, 1)), b.Download(ctx, 0, make([]float32, 1))} {
			if !errors.Is(err, ErrContextLost) || !strings.Contains(err.Error(), cause.Error()) {
				t.Errorf("call %d after %v gave %v, want ErrContextLost and the cause", i, cause, err)
			}
		}
		if err := b.Close(); err != nil {
			t.Errorf("closing a buffer of a lost device: %v", err)
		}
	}
}

// TestOtherErrorsPass checks that an ordinary error does not end the device, nor
// a lack of memory that the context survived.
func TestOtherErrorsPass(t *testing.T) {
	for _, cause := range []error{errors.New("GL_INVALID_OPERATION"), ErrOutOfMemory} {
		f := &fakeDriver{fail: cause}
		d := fake(t, f)
		_, runErr := d.Run(context.Background(), &Pass{})
		_, newErr := d.NewBuffer(context.Background(), "b", 16)
		if !errors.Is(runErr, cause) || !errors.Is(newErr, cause) {
			t.Errorf("got %v and %v, want %v", runErr, newErr, cause)
		}
		f.fail = nil
		if _, err := d.Run(context.Background(), &Pass{}); err != nil || d.Err() != nil {
			t.Error(err, d.Err())
		}
	}
}

// TestCancelWhileWaiting checks both halves of the promise: who queues can leave,
// who is being served cannot.
func TestCancelWhileWaiting(t *testing.T) {
	f := &fakeDriver{hold: make(chan struct{}), inside: make(chan struct{})}
	d := fake(t, f)
	why := errors.New("shutting down")
	ctx, cancel := context.WithCancelCause(context.Background())
	served, queued := make(chan error, 1), make(chan error, 1)
	go func() { _, err := d.Run(ctx, &Pass{}); served <- err }()
	<-f.inside
	go func() { _, err := d.NewBuffer(ctx, "b", 4); queued <- err }()
	cancel(why)
	if err := <-queued; !errors.Is(err, context.Canceled) || !errors.Is(err, why) {
		t.Errorf("the queued call gave %v, want context.Canceled and its cause", err)
	}
	select {
	case err := <-served:
		t.Errorf("Run returned %v while the driver still ran", err)
	case <-time.After(20 * time.Millisecond):
	}
	close(f.hold)
	if err := <-served; err != nil {
		t.Error(err)
	}
}

// TestCloseWhileBusy checks that Close waits for the call being served and turns
// away those that queue.
func TestCloseWhileBusy(t *testing.T) {
	f := &fakeDriver{hold: make(chan struct{}), inside: make(chan struct{})}
	d := fake(t, f)
	served, queued, closed := make(chan error, 1), make(chan error, 1), make(chan error, 1)
	go func() { _, err := d.Run(context.Background(), &Pass{}); served <- err }()
	<-f.inside
	go func() { _, err := d.NewBuffer(context.Background(), "b", 4); queued <- err }()
	go func() { closed <- d.Close() }()
	if err := <-queued; !errors.Is(err, ErrClosed) {
		t.Errorf("the queued call gave %v, want ErrClosed", err)
	}
	select {
	case <-closed:
		t.Error("Close returned while the driver still ran")
	default:
	}
	close(f.hold)
	if err := <-served; err != nil {
		t.Error(err)
	}
	if err := <-closed; err != nil {
		t.Error(err)
	}
}

// TestNoEGL points the loader at a library that does not exist.
func TestNoEGL(t *testing.T) {
	w := ways{eglLibrary: "libNoSuchEGL.so.7"}
	_, openErr := open(context.Background(), Options{Backend: "egl"}, w)
	w.backend = "egl"
	list, listErr := devices(context.Background(), w)
	if len(list) != 0 {
		t.Errorf("devices without EGL: %v", list)
	}
	for _, err := range []error{openErr, listErr} {
		if !errors.Is(err, ErrNoDevice) {
			t.Errorf("got %v, want ErrNoDevice", err)
		}
		if _, n := candidates(ways{backend: "egl", eglLibrary: w.eglLibrary}); runtime.GOOS == "linux" && n[0].name == "egl" {
			for _, says := range []string{"libNoSuchEGL.so.7", "apt-get install libegl1"} {
				if !strings.Contains(err.Error(), says) {
					t.Errorf("message lacks %q: %v", says, err)
				}
			}
		}
	}
}

func TestArrange(t *testing.T) {
	sw := DeviceInfo{Vendor: "Mesa", Renderer: "llvmpipe", Version: "4.5", Software: true}
	card := DeviceInfo{Vendor: "V", Renderer: "Card", Version: "4.6"}
	got := arrange([]found{
		{DeviceInfo{Err: "EGL_BAD_MATCH"}, candidate{name: "broken", enumerated: true}},
		{sw, candidate{name: "soft", enumerated: true}},
		{card, candidate{name: "one", enumerated: true}},
		{card, candidate{name: "two", enumerated: true}},
		{sw, candidate{name: "surfaceless"}},
		{card, candidate{name: "default"}},
	})
	var names []string
	for i, f := range got {
		names = append(names, f.info.Name)
		if f.info.Index != i {
			t.Errorf("%s has index %d, want %d", f.info.Name, f.info.Index, i)
		}
	}
	if s := strings.Join(names, " "); s != "one two soft broken" {
		t.Errorf("order is %q", s)
	}
	for want, name := range map[string]string{"1": "two", "soft": "soft", "PIPE": "soft", "card": "one", "bro": "broken"} {
		if f, err := pick(got, want); err != nil || f.info.Name != name {
			t.Errorf("%q picked %q, %v; want %q", want, f.info.Name, err, name)
		}
	}
	if _, err := pick(got, "7"); !errors.Is(err, ErrNoDevice) || !strings.Contains(err.Error(), "EGL_BAD_MATCH") {
		t.Errorf("got %v, want ErrNoDevice and the list", err)
	}
}
