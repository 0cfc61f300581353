package rpc

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/stats"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/tap"
)

// Limit bounds the memory of messages before it is known how large they are: at most some may be on their way at once, the others are
// told so before theirs is read. One that takes too long to come is given up.
func Limit(most int64, timeout time.Duration) []grpc.ServerOption {
	a := &arrivals{most: most, timeout: timeout}
	return []grpc.ServerOption{grpc.InTapHandle(a.tap), grpc.StatsHandler(a)}
}

type arrivals struct {
	most    int64
	timeout time.Duration
	now     atomic.Int64
}

// arrival is a request whose message may not have come yet.
type arrival struct {
	a      *arrivals
	over   atomic.Bool
	alarm  *time.Timer
	cancel context.CancelCauseFunc
}

type arrivalKey struct{}

var errSlow = errors.New("the message took too long to come")

// tap sees a request before a goroutine is made for it. Requests of one connection come here one after the other.
func (a *arrivals) tap(ctx context.Context, _ *tap.Info) (context.Context, error) {
	if a.now.Add(1) > a.most {
		a.now.Add(-1)
		return ctx, status.Errorf(codes.ResourceExhausted, "%d messages are on their way to the server already: try again", a.most)
	}
	one := &arrival{a: a}
	ctx, one.cancel = context.WithCancelCause(ctx)
	one.alarm = time.AfterFunc(a.timeout, func() { // whatever becomes of the request
		if one.end() {
			one.cancel(errSlow)
		}
	})
	return context.WithValue(ctx, arrivalKey{}, one), nil
}

// end counts the request out, once.
func (o *arrival) end() bool {
	first := o.over.CompareAndSwap(false, true)
	if first {
		o.a.now.Add(-1)
	}
	return first
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
		one.alarm.Stop()
		one.end()
	case *stats.End:
		one.alarm.Stop()
		one.end()
		one.cancel(nil)
	}
}

// TagConn is of no interest here.
func (a *arrivals) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context { return ctx }

// HandleConn is of no interest here.
func (a *arrivals) HandleConn(context.Context, stats.ConnStats) {}
