package main

import (
	"log"
	"log/slog"
	"net/http"
	"net/http/pprof"
	"path"
	"strings"
	"time"

	"inceptiongl/cmd/serve/internal/guard"
	"inceptiongl/cmd/serve/internal/page"
	"inceptiongl/cmd/serve/internal/rest"
	"inceptiongl/cmd/serve/internal/v2"
)

// How long a connection may be silent, and how much a client may say of itself.
const (
	idleTimeout = 2 * time.Minute
	maxHeader   = 32 << 10
)

// newHTTP is the server for HTTP.
func (s *server) newHTTP(tokens *guard.Tokens) *http.Server {
	mux := http.NewServeMux()
	o := rest.Options{MaxBody: s.f.MaxBody << 20, Memory: s.memory}
	rest.Register(mux, s.service, o)
	page.Register(mux, s.service, o, s.f.Lang)
	mux.Handle("GET /metrics", s.service.Metrics.Handler())
	if s.f.Pprof {
		mux.HandleFunc("GET /debug/pprof/", pprof.Index)
		mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
		mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
		mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		rest.WriteError(w, v2.Errorf(v2.NotFound, "nothing answers %s %.100q", r.Method, r.URL.Path))
	})
	open := func(r *http.Request) bool {
		return r.Method == http.MethodGet && (strings.HasPrefix(r.URL.Path, "/v2/health/") || page.Open(r.URL.Path))
	}
	refuse := func(w http.ResponseWriter, err error) {
		s.service.TurnAway("http", err)
		rest.WriteError(w, err)
	}
	return &http.Server{
		Handler:           rest.WithRequestID(guard.OwnOrigin(tokens.HTTP(asItIs(mux), open, refuse), !public(s.f.HTTP), refuse)),
		ReadHeaderTimeout: s.f.headerTimeout,
		ReadTimeout:       s.f.bodyTimeout,
		WriteTimeout:      s.f.bodyTimeout + s.f.Timeout + 30*time.Second,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeader,
		ErrorLog:          log.New(complaints{s.log}, "", 0),
	}
}

// asItIs refuses paths that a mux would clean and redirect: clients of the protocol don't follow, and no name has such a part.
func asItIs(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if p := r.URL.Path; p != "/" && path.Clean(p) != strings.TrimSuffix(p, "/") {
			rest.WriteError(w, v2.Errorf(v2.NotFound, "nothing answers %s %.100q", r.Method, p))
			return
		}
		next.ServeHTTP(w, r)
	})
}

// complaints are those of net/http about clients, as log lines.
type complaints struct{ log *slog.Logger }

func (c complaints) Write(p []byte) (int, error) {
	c.log.Debug("http", "error", strings.TrimSpace(string(p)))
	return len(p), nil
}
