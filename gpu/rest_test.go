package gpu

import (
	"context"
	"errors"
	"testing"
)

// TestServedMeanwhile: while the GPU has a pass, the thread serves others; passes end in the order in which they were queued, and a
// device that is closed waits for them.
func TestServedMeanwhile(t *testing.T) {
	ctx := context.Background()
	f := &fakeDriver{}
	d := fake(t, f)
	var ready [2]chan error
	var answers [2]chan error
	for i := range ready {
		ready[i], answers[i] = make(chan error, 1), make(chan error, 1)
		f.left = func() (bool, error) { // set before the job that reads it
			select {
			case err := <-ready[i]:
				return true, err
			default:
				return false, nil
			}
		}
		queued := make(chan struct{})
		go func() {
			_, err := d.Run(ctx, &Pass{Queued: func() { close(queued) }})
			answers[i] <- err
		}()
		<-queued
		if err := d.do(ctx, func() error { return nil }); err != nil { // served, though the pass isn't done
			t.Fatal(err)
		}
	}
	broken := errors.New("broken")
	ready[1] <- broken
	select {
	case <-answers[1]:
		t.Error("the second pass was answered before the first")
	default:
	}
	go func() { ready[0] <- nil }()
	if err := <-answers[0]; err != nil {
		t.Errorf("the first pass: %v", err)
	}
	if err := <-answers[1]; !errors.Is(err, broken) {
		t.Errorf("the second pass: %v", err)
	}
	if d.Err() != nil {
		t.Error(d.Err())
	}

	queued, answer := make(chan struct{}), make(chan error, 1)
	f.left = func() (bool, error) {
		select {
		case err := <-ready[0]:
			return true, err
		default:
			return false, nil
		}
	}
	go func() {
		_, err := d.Run(ctx, &Pass{Queued: func() { close(queued) }})
		answer <- err
	}()
	<-queued
	closed := make(chan struct{})
	go func() {
		d.Close()
		close(closed)
	}()
	<-d.quit
	select {
	case <-closed:
		t.Error("closed before the pass was done")
	default:
	}
	ready[0] <- ErrContextLost
	<-closed
	if err := <-answer; !errors.Is(err, ErrContextLost) || d.lost.Load() == nil {
		t.Errorf("the last pass: %v, lost %v", err, d.lost.Load())
	}
}
