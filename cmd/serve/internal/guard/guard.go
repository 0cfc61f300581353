// Package guard decides who may ask: bearer tokens, for HTTP and gRPC alike, and whose pages.
package guard

import (
	"bufio"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"inceptiongl/cmd/serve/internal/v2"
)

// Tokens are those that are let in: a file's, which is read again when it has changed. A nil *Tokens lets everybody in.
type Tokens struct {
	path string
	log  *slog.Logger

	mu     sync.Mutex
	hashes []hash
	seen   time.Time // when the file was last changed
	looked time.Time
}

type hash = [sha256.Size]byte

// Recheck is how often files are looked at, at most.
const Recheck = time.Second

// NewTokens reads a file with one token a line. Empty lines, and those that begin with #, are left out.
func NewTokens(path string, log *slog.Logger) (*Tokens, error) {
	t := &Tokens{path: path, log: log}
	seen := t.changed() // before it is read: a change meanwhile is seen the next time
	hashes, err := readTokens(path)
	if err != nil {
		return nil, err
	}
	t.hashes, t.seen = hashes, seen
	return t, nil
}

// changed is the file's time.
func (t *Tokens) changed() time.Time {
	info, err := os.Stat(t.path)
	if err != nil {
		return time.Time{}
	}
	return info.ModTime()
}

// current are the file's tokens by now. While it can't be read, or holds none, they are those before.
func (t *Tokens) current() []hash {
	t.mu.Lock()
	defer t.mu.Unlock()
	if time.Since(t.looked) < Recheck {
		return t.hashes
	}
	t.looked = time.Now()
	seen := t.changed()
	if seen.Equal(t.seen) {
		return t.hashes
	}
	t.seen = seen // a bad file is told of once
	hashes, err := readTokens(t.path)
	if err != nil {
		t.log.Warn("new tokens are not used, those before are", "error", err.Error())
		return t.hashes
	}
	t.hashes = hashes
	t.log.Info("new tokens are used", "tokens", len(hashes))
	return hashes
}

func readTokens(path string) ([]hash, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var hashes []hash
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		word := strings.TrimSpace(lines.Text())
		if word == "" || strings.HasPrefix(word, "#") {
			continue
		}
		if len(word) < 16 {
			return nil, fmt.Errorf("%s: a token of %d characters can be guessed: 16 at least are needed", path, len(word))
		}
		hashes = append(hashes, sha256.Sum256([]byte(word)))
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if len(hashes) == 0 {
		return nil, fmt.Errorf("%s: no token", path)
	}
	return hashes, nil
}

// allow reports a known token. How long it takes says nothing about how much of it was right.
func (t *Tokens) allow(authorization string) bool {
	if t == nil {
		return true
	}
	scheme, word, _ := strings.Cut(authorization, " ")
	if !strings.EqualFold(scheme, "bearer") {
		return false
	}
	given, known := sha256.Sum256([]byte(strings.TrimSpace(word))), 0
	for _, h := range t.current() {
		known |= subtle.ConstantTimeCompare(given[:], h[:])
	}
	return known == 1
}

var errToken = v2.Errorf(v2.Unauthenticated, "a bearer token is needed: Authorization: Bearer TOKEN")

// HTTP asks for a token on all paths but those that open says.
func (t *Tokens) HTTP(next http.Handler, open func(*http.Request) bool, refuse func(http.ResponseWriter, error)) http.Handler {
	if t == nil {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !open(r) && !t.allow(r.Header.Get("Authorization")) {
			refuse(w, errToken)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// GRPC asks for a token on all methods but those that open says. It tells of those that it refuses.
func (t *Tokens) GRPC(open func(method string) bool, refused func(error)) grpc.UnaryServerInterceptor {
	return func(ctx context.Context, r any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
		if t != nil && !open(info.FullMethod) {
			md, _ := metadata.FromIncomingContext(ctx)
			if v := md.Get("authorization"); len(v) != 1 || !t.allow(v[0]) {
				refused(errToken)
				return nil, status.Error(codes.Unauthenticated, errToken.Message)
			}
		}
		return next(ctx, r)
	}
}

// OwnOrigin refuses what a browser sends for another site's page: a stranger's page must not use the server of whoever reads it. Programs
// don't say where they come from, and are let in.
func OwnOrigin(next http.Handler, local bool, refuse func(http.ResponseWriter, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if origin := r.Header.Get("Origin"); origin != "" && r.Method != http.MethodGet && r.Method != http.MethodHead {
			from, err := url.Parse(origin)
			// A name that leads to this machine only for an attack is no name of its own.
			if err != nil || from.Host != r.Host || local && !loopback(from.Hostname()) {
				refuse(w, v2.Errorf(v2.Forbidden, "the page at %.100q may not use this server", origin))
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}

// loopback is a name or address of this machine for itself.
func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || ip != nil && ip.IsLoopback()
}
