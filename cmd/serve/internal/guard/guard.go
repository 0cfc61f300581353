// Package guard decides who may ask: bearer tokens, for HTTP and gRPC alike, and whose pages.
package guard

import (
	"bufio"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"inceptiongl/cmd/serve/internal/v2"
)

// Tokens are those that are let in. A nil *Tokens lets everybody in.
type Tokens struct{ hashes [][sha256.Size]byte }

// ReadTokens reads a file with one token a line. Empty lines, and those that begin with #, are left out.
func ReadTokens(path string) (*Tokens, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	t := &Tokens{}
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		word := strings.TrimSpace(lines.Text())
		if word == "" || strings.HasPrefix(word, "#") {
			continue
		}
		if len(word) < 16 {
			return nil, fmt.Errorf("%s: a token of %d characters can be guessed: 16 at least are needed", path, len(word))
		}
		t.hashes = append(t.hashes, sha256.Sum256([]byte(word)))
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if len(t.hashes) == 0 {
		return nil, fmt.Errorf("%s: no token", path)
	}
	return t, nil
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
	for _, h := range t.hashes {
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
