package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"inceptiongl/cmd/serve/internal/oip"
)

// TestTokens: without a token only health and the page answer, over both protocols.
func TestTokens(t *testing.T) {
	file := filepath.Join(t.TempDir(), "tokens")
	if err := os.WriteFile(file, []byte("# people\n\nfirst-token-of-the-list\nsecond-token-of-the-list\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	r := start(t, nil, "--tokens="+file)
	png := samples(t, 1)[0].PNG
	for _, c := range []struct {
		path, token string
		body        []byte
		status      int
	}{
		{"/v2/health/live", "", nil, 200},
		{"/v2/health/ready", "", nil, 200},
		{"/v2", "", nil, 401},
		{"/metrics", "", nil, 401},
		{"/v2/models/digits/infer", "", png, 401},
		{"/v2/models/digits/infer", "Bearer first-token-of-the-lis", png, 401},
		{"/v2/models/digits/infer", "Basic first-token-of-the-list", png, 401},
		{"/v2/models/digits/infer", "Bearer first-token-of-the-list", png, 200},
		{"/v2/models/digits/infer", "bearer second-token-of-the-list", png, 200},
		{"/v2/repository/models/digits/unload", "", []byte("{}"), 401},
		{"/metrics", "Bearer second-token-of-the-list", nil, 200},
	} {
		a := r.say(c.path, c.body, "Content-Type: image/png", "Authorization: "+c.token)
		if a.status != c.status || c.status == 401 && (a.header.Get("WWW-Authenticate") == "" || !strings.Contains(string(a.body), "token is needed")) {
			t.Errorf("%s with %q: %d %s", c.path, c.token, a.status, a.body)
		}
	}
	ctx := context.Background()
	if _, err := r.grpc.ServerReady(ctx, &oip.ServerReadyRequest{}); err != nil {
		t.Error(err)
	}
	q := inferRequest("BYTES", []int64{1}, nil, &oip.InferTensorContents{BytesContents: [][]byte{png}})
	for token, want := range map[string]codes.Code{"": codes.Unauthenticated, "Bearer x": codes.Unauthenticated, "Bearer first-token-of-the-list": codes.OK} {
		if _, err := r.grpc.ModelInfer(metadata.AppendToOutgoingContext(ctx, "authorization", token), q); status.Code(err) != want {
			t.Errorf("gRPC with %q: %v", token, err)
		}
	}
	for name, text := range map[string]string{"empty": "# none\n", "short": "secret\n"} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		f, err := parse([]string{"--http=127.0.0.1:0", "--tokens=" + file})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := newServer(ctx, f, &logs{}); err == nil || !strings.Contains(err.Error(), "--tokens") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestNewTokens: a list of tokens that changes while the server runs is used; one that can't be used, isn't.
func TestNewTokens(t *testing.T) {
	file := filepath.Join(t.TempDir(), "tokens")
	write := func(text string) {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	const first, second = "first-token-of-the-list", "second-token-of-the-list"
	write(first)
	r := start(t, nil, "--tokens="+file)
	status := func(token string) int { return r.say("/v2", nil, "Authorization: Bearer "+token).status }
	if a, b := status(first), status(second); a != 200 || b != 401 {
		t.Fatalf("the first token: %d, the second: %d", a, b)
	}
	write(second)
	eventually(t, "the second token is used, the first no longer", func() bool {
		time.Sleep(50 * time.Millisecond)
		return status(second) == 200 && status(first) == 401
	})
	write("short\n")
	eventually(t, "the log tells", func() bool {
		time.Sleep(50 * time.Millisecond)
		return status(second) == 200 && strings.Contains(r.log.String(), "new tokens are not used")
	})
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the log tells of the file that is gone", func() bool {
		time.Sleep(50 * time.Millisecond)
		return status(second) == 200 && strings.Count(r.log.String(), "new tokens are not used") == 2
	})
}

// authority signs certificates.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	dir  string
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{dir: t.TempDir()}
	a.cert, a.key = a.sign(t, "ca", &x509.Certificate{IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign})
	return a
}

// sign makes a certificate and its key: name.pem and name.key. The first is signed by itself.
func (a *authority) sign(t *testing.T, name string, c *x509.Certificate) (*x509.Certificate, *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c.SerialNumber, c.Subject = big.NewInt(time.Now().UnixNano()), pkix.Name{CommonName: name}
	c.NotBefore, c.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	parent, parentKey := a.cert, a.key
	if parent == nil {
		parent, parentKey = c, key
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, &key.PublicKey, parentKey)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for file, block := range map[string]*pem.Block{name + ".pem": {Type: "CERTIFICATE", Bytes: der}, name + ".key": {Type: "EC PRIVATE KEY", Bytes: secret}} {
		if err := os.WriteFile(filepath.Join(a.dir, file), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	made, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return made, key
}

// TestTLS: connections are encrypted, and clients without a certificate are refused where one is asked for; over both protocols.
func TestTLS(t *testing.T) {
	a := newAuthority(t)
	a.sign(t, "server", &x509.Certificate{IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}})
	a.sign(t, "client", &x509.Certificate{ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
	stranger := newAuthority(t)
	stranger.sign(t, "client", &x509.Certificate{ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
	file := func(name string) string { return filepath.Join(a.dir, name) }
	r := start(t, nil, "--tls-cert="+file("server.pem"), "--tls-key="+file("server.key"), "--client-ca="+file("ca.pem"))
	if !strings.HasPrefix(r.url, "https://127.0.0.1:") {
		t.Errorf("the page's address is %s", r.url)
	}
	roots := x509.NewCertPool()
	roots.AddCert(a.cert)
	for name, c := range map[string]struct {
		config *tls.Config
		ok     bool
	}{
		"with a certificate":   {&tls.Config{RootCAs: roots, Certificates: []tls.Certificate{pair(t, a.dir)}}, true},
		"without":              {&tls.Config{RootCAs: roots}, false},
		"with another's":       {&tls.Config{RootCAs: roots, Certificates: []tls.Certificate{pair(t, stranger.dir)}}, false},
		"who doesn't trust it": {&tls.Config{Certificates: []tls.Certificate{pair(t, a.dir)}}, false},
		"with an old protocol": {&tls.Config{RootCAs: roots, MaxVersion: tls.VersionTLS11, Certificates: []tls.Certificate{pair(t, a.dir)}}, false},
	} {
		client := &http.Client{Transport: &http.Transport{TLSClientConfig: c.config.Clone(), ForceAttemptHTTP2: true}}
		res, err := r.try(context.Background(), client, "/v2/health/ready", nil)
		client.CloseIdleConnections()
		if (err == nil && res.status == 200) != c.ok {
			t.Errorf("HTTP, a client %s: %d, %v", name, res.status, err)
		}
		conn, err := grpc.NewClient(r.s.grpcAt.Addr().String(), grpc.WithTransportCredentials(credentials.NewTLS(c.config.Clone())))
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		_, err = oip.NewGRPCInferenceServiceClient(conn).ServerReady(ctx, &oip.ServerReadyRequest{})
		cancel()
		_ = conn.Close()
		if (err == nil) != c.ok {
			t.Errorf("gRPC, a client %s: %v", name, err)
		}
	}
	plain := &http.Client{Transport: &http.Transport{}}
	if res, err := plain.Get("http://" + strings.TrimPrefix(r.url, "https://") + "/v2/health/ready"); err == nil {
		if res.StatusCode == 200 {
			t.Error("answered without encryption")
		}
		_ = res.Body.Close()
	}
	for _, args := range [][]string{{"--tls-cert=" + file("server.pem"), "--tls-key=" + file("client.key")},
		{"--tls-cert=" + file("server.pem"), "--tls-key=" + file("server.key"), "--client-ca=" + file("ca.key")}} {
		f, err := parse(append(args, "--http=127.0.0.1:0", "--grpc=off"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := newServer(context.Background(), f, &logs{}); err == nil {
			t.Errorf("%v: taken", args)
		}
	}
}

func pair(t *testing.T, dir string) tls.Certificate {
	t.Helper()
	c, err := tls.LoadX509KeyPair(filepath.Join(dir, "client.pem"), filepath.Join(dir, "client.key"))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestSlowClients: who sends a head or a body slowly is cut off, and who keeps a connection open and says nothing holds no memory; the
// server answers others all the while.
func TestSlowClients(t *testing.T) {
	short := func(f *flags) { f.headerTimeout, f.bodyTimeout = 200*time.Millisecond, 500*time.Millisecond }
	r := start(t, short)
	s := samples(t, 1)[0]
	var cut []<-chan time.Duration
	for i := range 40 {
		c, begin := r.dial(), time.Now()
		head := "POST /v2/models/digits/infer HTTP/1.1\r\nHost: a\r\n"
		if i%2 == 0 {
			head += "Content-Length: 16000000\r\n\r\n" // promises much
		}
		if _, err := io.WriteString(c, head); err != nil {
			t.Fatal(err)
		}
		done := make(chan time.Duration, 1)
		cut = append(cut, done)
		go func() {
			for { // a byte now and then
				if _, err := c.Write([]byte("a")); err != nil {
					break
				}
				time.Sleep(20 * time.Millisecond)
			}
			done <- time.Since(begin)
		}()
		go func() { _, _ = io.Copy(io.Discard, bufio.NewReader(c)) }()
	}
	for range 20 {
		if a := r.say("/v2/models/digits/infer", s.PNG, "Content-Type: image/png"); a.status != 200 {
			t.Errorf("meanwhile: %d %s", a.status, a.body)
		}
	}
	if used := r.s.memory.Used(); used > 20*64<<10 {
		t.Errorf("%d bytes are held for promises", used)
	}
	for _, c := range cut {
		select {
		case after := <-c:
			if after > 5*time.Second {
				t.Errorf("cut off after %v", after)
			}
		case <-time.After(5 * time.Second):
			t.Fatal("a slow client is not cut off")
		}
	}
	if used := r.s.memory.Used(); used != 0 {
		t.Errorf("%d bytes are still held", used)
	}
}

// TestHeaders: a head that is too long, or no HTTP at all, is refused.
func TestHeaders(t *testing.T) {
	r := start(t, nil)
	for name, c := range map[string]struct{ send, status string }{
		"a long header":  {"GET /v2 HTTP/1.1\r\nHost: a\r\nX: " + strings.Repeat("a", 100<<10) + "\r\n\r\n", "431"},
		"no HTTP":        {"\x16\x03\x01 hello\r\n\r\n", "400"},
		"two lengths":    {"POST /v2/models/digits/infer HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}", "400"},
		"a bad length":   {"POST /v2/models/digits/infer HTTP/1.1\r\nHost: a\r\nContent-Length: -2\r\n\r\n{}", "400"},
		"a bad chunk":    {"POST /v2/models/digits/infer HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "400"},
		"a body cut off": {"POST /v2/models/digits/infer HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 100\r\n\r\n{", ""},
	} {
		conn := r.dial()
		if _, err := io.WriteString(conn, c.send); err != nil && name != "a long header" {
			t.Fatal(err)
		}
		if name == "a body cut off" {
			if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
				t.Fatal(err)
			}
		}
		if err := conn.SetReadDeadline(time.Now().Add(5 * time.Second)); err != nil {
			t.Fatal(err)
		}
		line, _ := bufio.NewReader(conn).ReadString('\n')
		if !strings.Contains(line, " "+c.status) {
			t.Errorf("%s: %q, want %s", name, line, c.status)
		}
	}
	if a := r.say("/v2/health/ready", nil); a.status != 200 {
		t.Errorf("afterwards: %d", a.status)
	}
}

// TestMemory: requests that would take more memory than is allowed are refused at once, small ones are answered.
func TestMemory(t *testing.T) {
	f := &faulty{hold: make(chan struct{})}
	r := start(t, f.flags, "--max-body=1", "--memory=8")
	f.held.Store(true)
	body, header := binary32(make([]float32, 300*784)) // 0.9 MB
	ended := make(chan answer, 4)
	for range 2 {
		go func() {
			a, err := r.try(context.Background(), http.DefaultClient, "/v2/models/digits/infer", body[:len(body):len(body)], header)
			if err != nil {
				t.Error(err)
			}
			ended <- a
		}()
	}
	<-ended // more images than may wait
	<-ended
	body, header = binary32(make([]float32, 250*784))
	go func() {
		a, _ := r.try(context.Background(), http.DefaultClient, "/v2/models/digits/infer", body, header)
		ended <- a
	}()
	eventually(t, "one holds its memory: its body and its numbers", func() bool { return r.s.memory.Used() > 1500<<10 })
	chunked := make([]*http.Request, 3)
	refused := 0
	for range chunked {
		pr, pw := io.Pipe()
		q, err := http.NewRequest(http.MethodPost, r.url+"/v2/models/digits/infer", pr)
		if err != nil {
			t.Fatal(err)
		}
		go func() { _, _ = pw.Write(make([]byte, 1<<20)) }() // and then nothing
		done := make(chan *http.Response, 1)
		go func() {
			if res, err := http.DefaultClient.Do(q); err == nil {
				done <- res
			}
		}()
		select {
		case res := <-done:
			if res.StatusCode == http.StatusServiceUnavailable && res.Header.Get("Retry-After") != "" {
				refused++
			}
			_ = res.Body.Close()
		case <-time.After(300 * time.Millisecond): // it is in
		}
		defer pw.Close()
	}
	if refused == 0 {
		t.Errorf("none was refused with %d bytes held", r.s.memory.Used())
	}
	if used := r.s.memory.Used(); used > 2<<20 {
		t.Errorf("%d bytes are held, 2 MiB are allowed", used)
	}
	f.held.Store(false)
	close(f.hold)
	if a := <-ended; a.status != 200 {
		t.Errorf("the first: %d %.200s", a.status, a.body)
	}
	if a := r.say("/v2/models/digits/infer", hugePNG(6000, 6000), "Content-Type: image/png"); a.status != 413 || !bytes.Contains(a.body, []byte("for photos at once")) {
		t.Errorf("a picture above the budget: %d %s", a.status, a.body)
	}
}

// TestNewCertificates: certificates that are renewed while the server runs are used, by both protocols; while the files don't fit together,
// the old ones are.
func TestNewCertificates(t *testing.T) {
	a := newAuthority(t)
	template := x509.Certificate{IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
	renew := func() *big.Int {
		c := template
		made, _ := a.sign(t, "server", &c)
		return made.SerialNumber
	}
	first := renew()
	file := func(name string) string { return filepath.Join(a.dir, name) }
	r := start(t, nil, "--tls-cert="+file("server.pem"), "--tls-key="+file("server.key"))
	roots := x509.NewCertPool()
	roots.AddCert(a.cert)
	serials := func() [2]string {
		var all [2]string
		for i, at := range []string{r.s.httpAt.Addr().String(), r.s.grpcAt.Addr().String()} {
			c, err := tls.Dial("tcp", at, &tls.Config{RootCAs: roots, NextProtos: []string{"h2"}})
			if err != nil {
				t.Fatal(err)
			}
			all[i] = c.ConnectionState().PeerCertificates[0].SerialNumber.String()
			_ = c.Close()
		}
		return all
	}
	is := func(n *big.Int) func() bool {
		return func() bool { time.Sleep(50 * time.Millisecond); return serials() == [2]string{n.String(), n.String()} }
	}
	eventually(t, "the first certificate is used", is(first))
	second := renew()
	eventually(t, "the second certificate is used", is(second))
	if err := os.WriteFile(file("server.key"), []byte("half a key"), 0o600); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the log tells", func() bool { serials(); return strings.Contains(r.log.String(), "new certificates are not used") })
	if !is(second)() {
		t.Error("the second certificate is no longer used")
	}
	eventually(t, "the third certificate is used", is(renew()))
}
