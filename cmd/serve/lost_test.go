package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"inceptiongl/cmd/internal/cli"
	"inceptiongl/cmd/serve/internal/models"
	"inceptiongl/cmd/serve/internal/service"
	"inceptiongl/cmd/serve/internal/v2"
	"inceptiongl/gpu"
	"inceptiongl/inception/graph"
	runtime "inceptiongl/inception/run"
	"inceptiongl/inception/tensor"
)

// faulty is the real device, which can be held, lost, or missing.
type faulty struct {
	hold   chan struct{}
	held   atomic.Bool  // runs wait until hold is closed
	lose   atomic.Int64 // as many of the next runs lose the context
	gone   atomic.Bool  // it can't be opened
	opened atomic.Int64 // how often it was
	runs   atomic.Int64 // that are held
}

// flags has a server use it.
func (f *faulty) flags(to *flags) {
	to.open = []models.Open{func(ctx context.Context) (models.Backend, error) {
		if f.gone.Load() {
			return nil, fmt.Errorf("the driver is being updated: %w", gpu.ErrNoDevice)
		}
		b, err := models.GPU(cli.DeviceFlags{})(ctx)
		f.opened.Add(1)
		return &faultyBackend{Backend: b, f: f}, err
	}}
}

type faultyBackend struct {
	models.Backend
	f    *faulty
	lost atomic.Bool
}

func (b *faultyBackend) Compile(ctx context.Context, g *graph.Graph, in tensor.Shape) (models.Session, error) {
	s, err := b.Backend.Compile(ctx, g, in)
	return &faultySession{s, b}, err
}

type faultySession struct {
	models.Session
	b *faultyBackend
}

func (s *faultySession) RunAllTimed(ctx context.Context, x *tensor.Tensor) ([]*tensor.Tensor, runtime.Timing, error) {
	f := s.b.f
	if f.held.Load() {
		f.runs.Add(1)
		<-f.hold
	}
	for n := f.lose.Load(); n > 0 && !s.b.lost.Load(); n = f.lose.Load() {
		if f.lose.CompareAndSwap(n, n-1) {
			s.b.lost.Store(true) // for good, as a context is
		}
	}
	if s.b.lost.Load() {
		return nil, runtime.Timing{}, fmt.Errorf("gpu: run: %w", gpu.ErrContextLost)
	}
	return s.Session.RunAllTimed(ctx, x)
}

// TestLostContext: under load the GPU is lost three times. The server says that it isn't ready as long as it isn't; every request gets its
// answer, and each is right.
func TestLostContext(t *testing.T) {
	f := &faulty{}
	r := start(t, f.flags)
	all := samples(t, 1, 4, 16)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var clients sync.WaitGroup
	var asked, wrong, failed atomic.Int64
	for c := range 8 {
		clients.Add(1)
		go func() {
			defer clients.Done()
			for i := c; ctx.Err() == nil; i++ {
				s := all[i%len(all)]
				body, header := binary32(s.input)
				asked.Add(1)
				a, err := r.try(context.Background(), http.DefaultClient, "/v2/models/digits/infer", body, header)
				if err != nil {
					failed.Add(1)
					continue
				}
				if scores, err := a.scores(); err != nil {
					t.Log(err)
					failed.Add(1)
				} else if !s.right(scores) {
					wrong.Add(1)
				}
			}
		}()
	}
	for i := range int64(3) {
		before := asked.Load()
		eventually(t, "requests are answered", func() bool { return asked.Load() > before+20 })
		f.gone.Store(true)
		f.lose.Store(1)
		eventually(t, "the server isn't ready", func() bool { return r.say("/v2/health/ready", nil).status == http.StatusServiceUnavailable })
		if a := r.say("/v2/health/live", nil); a.status != http.StatusOK {
			t.Errorf("live: %d", a.status)
		}
		time.Sleep(60 * time.Millisecond)
		f.gone.Store(false)
		eventually(t, "the server is ready", func() bool { return r.s.service.Ready() == nil })
		if n := f.opened.Load(); n != i+2 {
			t.Errorf("opened %d times", n)
		}
	}
	before := asked.Load()
	eventually(t, "requests are answered", func() bool { return asked.Load() > before+20 })
	cancel()
	clients.Wait()
	if wrong.Load() > 0 || failed.Load() > 0 || asked.Load() < 80 {
		t.Errorf("of %d requests %d were answered wrongly and %d not", asked.Load(), wrong.Load(), failed.Load())
	}
	if m := string(r.say("/metrics", nil).body); !strings.Contains(m, "inceptiongl_device_rebuilds_total") || !strings.Contains(m, "} 3\n") {
		t.Error("the metrics don't say that it was rebuilt three times")
	}
}

// TestLostTwice: a request is tried twice, and not for ever.
func TestLostTwice(t *testing.T) {
	f := &faulty{}
	r := start(t, f.flags)
	s := samples(t, 1)[0]
	body, header := binary32(s.input)
	f.lose.Store(2)
	if a := r.say("/v2/models/digits/infer", body, header); a.status != http.StatusServiceUnavailable || !strings.Contains(string(a.body), "lost twice") {
		t.Errorf("%d %s", a.status, a.body)
	}
	eventually(t, "the server is ready", func() bool { return r.s.service.Ready() == nil })
	if a := r.say("/v2/models/digits/infer", body, header); a.status != http.StatusOK {
		t.Errorf("afterwards: %d %s", a.status, a.body)
	}
}

// TestNoDevice: without one there is no server, and the error says what to do.
func TestNoDevice(t *testing.T) {
	f, err := parse([]string{"--http=127.0.0.1:0", "--grpc=off", "--device=no such device"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err = newServer(context.Background(), f, &logs{}); !errors.Is(err, gpu.ErrNoDevice) {
		t.Errorf("%v", err)
	}
}

// TestLostWhileLoading: a model that is being loaded when the GPU is lost is loaded on the new one.
func TestLostWhileLoading(t *testing.T) {
	f := &faulty{}
	r := start(t, f.flags)
	f.lose.Store(1)
	if a := r.say("/v2/repository/models/digits/load", []byte("{}")); a.status != http.StatusOK || f.opened.Load() != 2 {
		t.Errorf("%d %s; opened %d times", a.status, a.body, f.opened.Load())
	}
	body, header := binary32(samples(t, 1)[0].input)
	if a := r.say("/v2/models/digits/infer", body, header); a.status != http.StatusOK {
		t.Errorf("afterwards: %d %s", a.status, a.body)
	}
}

// TestLongRequest: a request whose body came in time may take longer than a body may.
func TestLongRequest(t *testing.T) {
	f := &faulty{hold: make(chan struct{})}
	r := start(t, func(to *flags) {
		f.flags(to)
		to.bodyTimeout = 100 * time.Millisecond
	})
	f.held.Store(true)
	body, header := binary32(samples(t, 1)[0].input)
	time.AfterFunc(400*time.Millisecond, func() {
		f.held.Store(false)
		close(f.hold)
	})
	if a := r.say("/v2/models/digits/infer", body, header); a.status != http.StatusOK {
		t.Errorf("%d %s", a.status, a.body)
	}
}

// TestPanic: a request on which the server fails is told so, and no other.
func TestPanic(t *testing.T) {
	r := start(t, nil)
	_, _, err := r.s.service.Infer(context.Background(), service.Call{Protocol: "grpc"}, "digits", "", func(*models.Model) (*v2.Request, error) { panic("oh") })
	if v2.AsError(err).Code != v2.Internal || strings.Contains(err.Error(), "oh") || !strings.Contains(r.log.String(), "lost_test.go") {
		t.Errorf("%v", err)
	}
	if m := string(r.say("/metrics", nil).body); !strings.Contains(m, `inceptiongl_requests_total{code="internal",model="digits",protocol="grpc"} 1`) {
		t.Error("it isn't counted")
	}
}

// TestReload: who asks for a model that is replaced before its turn is answered by the new one; who asks for one that is unloaded is told.
func TestReload(t *testing.T) {
	r := start(t, nil)
	input := samples(t, 1)[0].input
	for name, c := range map[string]struct {
		meanwhile func() error
		code      v2.Code
	}{
		"loaded anew": {meanwhile: func() error { return r.s.service.Repository.Load(context.Background(), "digits") }},
		"unloaded":    {func() error { return r.s.service.Repository.Unload("digits") }, v2.NotReady},
	} {
		if err := r.s.service.Repository.Load(context.Background(), "digits"); err != nil {
			t.Fatal(err)
		}
		first := true
		_, _, err := r.s.service.Infer(context.Background(), service.Call{}, "digits", "", func(m *models.Model) (*v2.Request, error) {
			if first {
				first = false
				if err := c.meanwhile(); err != nil {
					return nil, err
				}
			}
			return m.Raw(raw(input), nil)
		})
		if err != nil != (c.code != 0) || err != nil && v2.AsError(err).Code != c.code {
			t.Errorf("%s: %v", name, err)
		}
	}
}
