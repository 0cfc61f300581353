package inception

import (
	"context"
	"testing"

	"inceptiongl/gpu"
	"inceptiongl/inception/tensor"
)

// TestEvictedWhileInUse: a session that is dropped during a run is closed by its last user, no earlier and no later.
func TestEvictedWhileInUse(t *testing.T) {
	r := runtime{dev: new(gpu.Device), sessions: map[sessionKey]*entry{}}
	acquire := func(width int) *entry {
		_, _, e, err := r.acquire(context.Background(), sessionKey{nil, tensor.Shape{N: 1, C: 1, H: 1, W: width}})
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
	e := acquire(1)
	if acquire(1) != e {
		t.Fatal("one key, two entries")
	}
	e.session = &Session{busy: make(chan struct{}, 1)} // without buffers
	e.session.busy <- struct{}{}
	for i := range maxSessions {
		r.releaseEntry(acquire(2 + i))
	}
	if len(r.sessions) != maxSessions || !e.dropped {
		t.Fatalf("%d entries kept, the oldest dropped: %v; want %d, true", len(r.sessions), e.dropped, maxSessions)
	}
	for users := 2; users > 0; users-- {
		if e.session.closed {
			t.Fatalf("closed with %d users left", users)
		}
		r.releaseEntry(e)
	}
	if !e.session.closed {
		t.Error("the last user left and didn't close it")
	}
	if acquire(1) == e {
		t.Error("a dropped entry came back")
	}
}
