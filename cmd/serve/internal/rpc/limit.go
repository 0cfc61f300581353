package rpc

import (
	"context"
	"sync/atomic"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/stats"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/tap"
)

// Limit lets at most some requests in at once: the others are told so before their message is read. With the limit of a message it
// bounds the memory that messages take.
func Limit(most int64) []grpc.ServerOption {
	c := &counter{most: most}
	return []grpc.ServerOption{grpc.InTapHandle(c.tap), grpc.StatsHandler(c)}
}

type counter struct {
	most int64
	now  atomic.Int64
}

// tap sees a request before a goroutine is made for it.
func (c *counter) tap(ctx context.Context, _ *tap.Info) (context.Context, error) {
	if c.now.Load() >= c.most {
		return ctx, status.Errorf(codes.ResourceExhausted, "the server has %d requests at once already: try again", c.most)
	}
	return ctx, nil
}

// TagRPC is called once for each request that the tap let in.
func (c *counter) TagRPC(ctx context.Context, _ *stats.RPCTagInfo) context.Context {
	c.now.Add(1)
	return ctx
}

// HandleRPC sees a request's end.
func (c *counter) HandleRPC(_ context.Context, s stats.RPCStats) {
	if _, ok := s.(*stats.End); ok {
		c.now.Add(-1)
	}
}

// TagConn is of no interest here.
func (c *counter) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context { return ctx }

// HandleConn is of no interest here.
func (c *counter) HandleConn(context.Context, stats.ConnStats) {}
