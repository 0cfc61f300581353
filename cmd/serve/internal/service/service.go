// Package service is the server without its transports: it answers requests with a repository's models, and counts, times, traces and
// logs them.
package service

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/trace"

	"inceptiongl/cmd/serve/internal/models"
	"inceptiongl/cmd/serve/internal/v2"
)

// Name is the server's, as clients are told it.
const Name = "inceptiongl"

// Service answers requests.
type Service struct {
	Repository *models.Repository
	Metrics    *Metrics
	Tracer     trace.Tracer
	Log        *slog.Logger
	Timeout    time.Duration // of a request that doesn't say

	draining atomic.Bool
	refused  refusals
}

// Call says who asks.
type Call struct {
	Protocol string // http, grpc, page
	ID       string // of the request, for logs
}

// Drain makes the server not ready, for good.
func (s *Service) Drain() { s.draining.Store(true) }

// Ready is nil where requests are welcome.
func (s *Service) Ready() error {
	if s.draining.Load() {
		return v2.Errorf(v2.NotReady, "the server is about to end")
	}
	return s.Repository.Ready()
}

// Metadata describes the server.
func Metadata() v2.ServerMetadata {
	return v2.ServerMetadata{Name: Name, Version: version(), Extensions: []string{v2.BinaryTensors, v2.Classification, "model_repository"}}
}

// version is that of the build.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" && len(s.Value) >= 12 {
				return s.Value[:12]
			}
		}
		if v := info.Main.Version; v != "" && v != "(devel)" {
			return v
		}
	}
	return "devel"
}

// Infer answers one request for a model. The request is made once the model is known.
func (s *Service) Infer(ctx context.Context, c Call, model, version string, request func(*models.Model) (*v2.Request, error)) (*v2.Response, models.Times, error) {
	begin := time.Now()
	ctx, span := s.Tracer.Start(ctx, "infer", trace.WithSpanKind(trace.SpanKindServer))
	defer span.End()
	m, err := s.Repository.Model(model, version)
	var response *v2.Response
	var times models.Times
	for err == nil {
		response, times, err = s.infer(ctx, m, request)
		if err == nil || !m.Unloaded() {
			break
		}
		// Another has taken its place: nobody is told.
		next, gone := s.Repository.Model(model, version)
		if gone != nil || next == m {
			break
		}
		m, err = next, nil
	}
	if m == nil {
		model = "" // a stranger's word is no label
	}
	err = s.account(ctx, span, begin, c, model, times, err)
	return response, times, err
}

// Refuse refuses a request that has no place, before its body is read: too much load is cheap then. It is nil where there may be one.
func (s *Service) Refuse(ctx context.Context, c Call, model, version string) error {
	m, err := s.Repository.Model(model, version)
	if err != nil {
		return nil // Infer says so
	}
	if err = m.Full(); err == nil {
		return nil
	}
	return s.Fail(ctx, c, model, version, err)
}

// Fail counts, traces and logs a request that failed before Infer. The result is the error for the client.
func (s *Service) Fail(ctx context.Context, c Call, model, version string, err error) error {
	if _, unknown := s.Repository.Model(model, version); unknown != nil {
		model = ""
	}
	ctx, span := s.Tracer.Start(ctx, "infer", trace.WithSpanKind(trace.SpanKindServer))
	defer span.End()
	return s.account(ctx, span, time.Now(), c, model, models.Times{}, err)
}

// TurnAway counts a request that is nobody's business: whose caller may not ask.
func (s *Service) TurnAway(protocol string, err error) {
	s.Metrics.requests.WithLabelValues("", protocol, KindOf(v2.AsError(err).Code).Name).Inc()
}

// account counts, traces and logs a request's end. The error is the one for the client.
func (s *Service) account(ctx context.Context, span trace.Span, begin time.Time, c Call, model string, times models.Times, err error) error {
	took := time.Since(begin)
	code := "ok"
	if err != nil {
		e := v2.AsError(err)
		err, code = e, KindOf(e.Code).Name
	}
	s.Metrics.request(model, c.Protocol, code, took, times)
	annotate(span, begin, model, c, times, err)
	s.log(ctx, c, model, code, took, times, err)
	return err
}

// infer answers with a model. A panic is one request's, and must not end the others.
func (s *Service) infer(ctx context.Context, m *models.Model, request func(*models.Model) (*v2.Request, error)) (_ *v2.Response, _ models.Times, err error) {
	defer func() {
		if r := recover(); r != nil {
			s.Log.Error("a request panicked", "model", m.Name, "panic", fmt.Sprint(r), "stack", string(debug.Stack()))
			err = v2.Errorf(v2.Internal, "the server failed on this request")
		}
	}()
	r, err := request(m)
	if err != nil {
		return nil, models.Times{}, err
	}
	timeout := s.Timeout
	if r.Timeout > 0 && (timeout == 0 || r.Timeout < timeout) {
		timeout = r.Timeout
	}
	if timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, timeout)
		defer cancel()
	}
	return m.Infer(ctx, r)
}

// refusals counts the requests that a full queue refuses: a line for each would be a load of its own.
type refusals struct {
	count atomic.Int64
	told  atomic.Int64 // when, in Unix seconds
}

// tell logs the count, once a second at most.
func (r *refusals) tell(log *slog.Logger) {
	r.count.Add(1)
	now := time.Now().Unix()
	if told := r.told.Load(); told != now && r.told.CompareAndSwap(told, now) {
		log.Warn("queues are full", "refused", r.count.Swap(0))
	}
}

// log tells of a request: what is the server's fault as an error, what is the client's as information, the rest when asked.
func (s *Service) log(ctx context.Context, c Call, model, code string, took time.Duration, t models.Times, err error) {
	level := slog.LevelDebug
	attrs := []slog.Attr{slog.String("request_id", c.ID), slog.String("protocol", c.Protocol), slog.String("model", model),
		slog.String("code", code), slog.Float64("took_ms", took.Seconds()*1e3)}
	if err != nil {
		level = slog.LevelInfo
		var e *v2.Error
		switch {
		case errors.As(err, &e) && e.Code == v2.Internal:
			level = slog.LevelError
		case e != nil && e.Code == v2.Full:
			level = slog.LevelDebug
			s.refused.tell(s.Log)
		}
		attrs = append(attrs, slog.String("error", err.Error()))
	} else {
		attrs = append(attrs, slog.Int("images", t.Images), slog.Int("batch", t.Batch), slog.Float64("wait_ms", t.Wait.Seconds()*1e3),
			slog.Float64("run_ms", t.Run.Seconds()*1e3))
	}
	s.Log.LogAttrs(ctx, level, "request", attrs...)
}
