package rpc

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/stats"
	"google.golang.org/grpc/tap"
)

// Limit bounds the memory of messages before it is known how large they are. Most are there at once; of those that take longer only some
// may be on their way at the same time, and none longer than the timeout.
func Limit(most int64, timeout time.Duration) []grpc.ServerOption {
	a := &arrivals{most: most, timeout: timeout}
	return []grpc.ServerOption{grpc.InTapHandle(a.tap), grpc.StatsHandler(a)}
}

// grace is the time in which a message comes that the network, and not its sender, holds up. What fits through a network in that time is
// beside the limit.
const grace = 250 * time.Millisecond

type arrivals struct {
	most    int64
	timeout time.Duration
	slow    atomic.Int64
}

// arrival is a request whose message may not have come yet.
type arrival struct {
	a      *arrivals
	cancel context.CancelCauseFunc

	mu    sync.Mutex
	over  bool
	slow  bool
	alarm *time.Timer
}

type arrivalKey struct{}

var errSlow = errors.New("the message took too long to come")

// tap sees a request before a goroutine is made for it.
func (a *arrivals) tap(ctx context.Context, _ *tap.Info) (context.Context, error) {
	one := &arrival{a: a}
	ctx, one.cancel = context.WithCancelCause(ctx)
	one.mu.Lock()
	defer one.mu.Unlock()
	one.alarm = time.AfterFunc(min(grace, a.timeout), one.late) // also ends it where no goroutine is made after all
	return context.WithValue(ctx, arrivalKey{}, one), nil
}

// late counts a message among the slow ones, or gives it up.
func (o *arrival) late() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.over {
		return
	}
	if !o.slow && o.a.slow.Add(1) <= o.a.most {
		o.slow = true
		o.alarm.Reset(o.a.timeout)
		return
	}
	o.over = true
	o.a.slow.Add(-1)
	o.cancel(errSlow)
}

// end is the message's arrival, or the request's end.
func (o *arrival) end() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.alarm.Stop()
	if o.slow && !o.over {
		o.a.slow.Add(-1)
	}
	o.over = true
}

// TagRPC is of no interest here.
func (a *arrivals) TagRPC(ctx context.Context, _ *stats.RPCTagInfo) context.Context { return ctx }

// HandleRPC sees a request's message, and its end.
func (a *arrivals) HandleRPC(ctx context.Context, s stats.RPCStats) {
	one, _ := ctx.Value(arrivalKey{}).(*arrival)
	if one == nil {
		return
	}
	switch s.(type) {
	case *stats.InPayload:
		one.end()
	case *stats.End:
		one.end()
		one.cancel(nil)
	}
}

// TagConn is of no interest here.
func (a *arrivals) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context { return ctx }

// HandleConn is of no interest here.
func (a *arrivals) HandleConn(context.Context, stats.ConnStats) {}
