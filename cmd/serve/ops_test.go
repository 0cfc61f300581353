package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	traces "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"inceptiongl/gpu/gputest"
)

// TestDrain: after SIGTERM the server isn't ready, answers what was begun and what comes while it is a lame duck, and ends without an
// error.
func TestDrain(t *testing.T) {
	f := &faulty{hold: make(chan struct{})}
	r := start(t, f.flags, "--lame-duck=300ms", "--grace=10s")
	s := samples(t, 1)[0]
	f.held.Store(true)
	begun := make(chan answer, 2)
	ask := func() {
		a, err := r.try(context.Background(), &http.Client{}, "/v2/models/digits/infer", s.PNG, "Content-Type: image/png")
		if err != nil {
			t.Error(err)
		}
		begun <- a
	}
	go ask()
	m, err := r.s.service.Repository.Model("digits", "")
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "the request has begun", func() bool {
		return !strings.Contains(string(r.say("/metrics", nil).body), `inceptiongl_memory_budget_used_bytes{kind="requests"} 0`) && m.Waiting() == 0
	})
	ended := make(chan error, 1)
	go func() { ended <- r.stop() }()
	eventually(t, "the server isn't ready", func() bool { return r.say("/v2/health/ready", nil).status == 503 })
	go ask()
	time.Sleep(50 * time.Millisecond)
	f.held.Store(false)
	close(f.hold)
	for range 2 {
		if a := <-begun; a.status != http.StatusOK {
			t.Errorf("begun before the end: %d %s", a.status, a.body)
		}
	}
	if err := <-ended; err != nil || exit(err) != 0 {
		t.Errorf("ended with %v", err)
	}
	if _, err := http.Get(r.url + "/v2"); err == nil {
		t.Error("it still answers")
	}
}

// TestGrace: what takes longer than --grace is cut off, and the exit status says so.
func TestGrace(t *testing.T) {
	f := &faulty{hold: make(chan struct{})}
	r := start(t, f.flags, "--grace=100ms")
	f.held.Store(true)
	go func() {
		_, _ = r.try(context.Background(), http.DefaultClient, "/v2/models/digits/infer", jsonOf("FP32", "[1,1,28,28]", zeros(784)))
	}()
	eventually(t, "the request has begun", func() bool { return r.s.memory.Used() > 0 })
	time.Sleep(20 * time.Millisecond)
	r.ends = errGrace
	ended := make(chan error, 1)
	go func() { ended <- r.stop() }()
	eventually(t, "it is cut off", func() bool {
		return !strings.Contains(r.log.String(), "drained") && r.s.memory.Used() == 0 || len(ended) == 1
	})
	f.held.Store(false)
	close(f.hold)
	if err := <-ended; err != errGrace || exit(err) != 1 {
		t.Errorf("ended with %v", err)
	}
}

func zeros(n int) string { return "[" + strings.Repeat("0,", n-1) + "0]" }

// built is the program, once for all tests.
var built = sync.OnceValues(func() (string, error) {
	var err error
	if buildDir, err = os.MkdirTemp("", "serve-test-"); err != nil {
		return "", err
	}
	exe := filepath.Join(buildDir, "serve")
	if out, err := exec.Command("go", "build", "-o", exe, ".").CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w\n%s", err, out)
	}
	return exe, nil
})

var buildDir string

func program(t *testing.T) string {
	t.Helper()
	gputest.Need(t)
	exe, err := built()
	if err != nil {
		t.Fatal(err)
	}
	gputest.Case()
	return exe
}

// TestProgram: the program itself, as a process manager sees it: it says where its page is, ends well at SIGTERM, at once at a second
// signal, and says what is wrong with its flags.
func TestProgram(t *testing.T) {
	exe := program(t)
	launch := func(args ...string) (*exec.Cmd, *logs, string) {
		t.Helper()
		cmd := exec.Command(exe, append([]string{"--http=127.0.0.1:0", "--grpc=127.0.0.1:0"}, args...)...)
		out, log := &logs{}, &logs{}
		cmd.Stdout, cmd.Stderr = out, log
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = cmd.Process.Kill() })
		eventually(t, "it is ready", func() bool { return strings.Contains(log.String(), "a model is ready") })
		_, page, _ := strings.Cut(out.String(), "Page     ")
		page, _, _ = strings.Cut(page, "\n")
		return cmd, log, page
	}
	cmd, log, page := launch()
	if res, err := http.Get(page + "v2/health/live"); err != nil || res.StatusCode != 200 {
		t.Errorf("%q: %v", page, err)
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil || !strings.Contains(log.String(), "drained") {
		t.Errorf("SIGTERM: %v\n%s", err, log)
	}
	cmd, log, _ = launch("--lame-duck=1h")
	for range 2 {
		if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		time.Sleep(50 * time.Millisecond)
	}
	if _ = cmd.Wait(); cmd.ProcessState.ExitCode() != 1 || !strings.Contains(log.String(), "second signal") {
		t.Errorf("two signals: status %d\n%s", cmd.ProcessState.ExitCode(), log)
	}
	for _, args := range [][]string{{"--nonesuch"}, {"--tls-cert=a"}, {"--client-ca=a"}, {"--lang=xx"}, {"--model=x"}, {"--model=a/b=c"},
		{"--model=a=b", "--model=a=b"}, {"--model=a=b,batch=0"}, {"--model=a=b,preset=x"}, {"--model=a=b,c=d"}, {"--memory=1"}, {"--http=300.0.0.1:1"},
		{"--tokens=/nonesuch"}} {
		out, err := exec.Command(exe, append([]string{"--http=127.0.0.1:0", "--grpc=off"}, args...)...).CombinedOutput()
		if e, ok := err.(*exec.ExitError); !ok || e.ExitCode() != 2 || !strings.Contains(string(out), "serve: ") {
			t.Errorf("%v: %v, %s", args, err, out)
		}
	}
}

// TestMetrics: what was done is counted.
func TestMetrics(t *testing.T) {
	r := start(t, nil)
	s := samples(t, 1)[0]
	for range 3 {
		r.say("/v2/models/digits/infer", s.PNG, "Content-Type: image/png")
	}
	r.say("/v2/models/digits/infer", []byte("{"))
	r.say("/v2/models/a-strangers-word/infer", []byte("{}"))
	r.say("/v2/models/digits/infer", make([]byte, 17<<20))
	r.say("/v2/models/digits/infer", []byte("x"), "Content-Encoding: gzip")
	r.say("/v2/models/a-strangers-word/infer", []byte("x"), "Content-Encoding: gzip")
	r.say("/page/see?model=digits", []byte("x"), "Content-Encoding: gzip")
	r.say("/v2/models/digits/infer", s.PNG, "Origin: http://elsewhere.example")
	m := string(r.say("/metrics", nil).body)
	for _, want := range []string{
		`inceptiongl_requests_total{code="ok",model="digits",protocol="http"} 3`,
		`inceptiongl_requests_total{code="invalid",model="digits",protocol="http"} 2`,
		`inceptiongl_requests_total{code="invalid",model="",protocol="http"} 1`,
		`inceptiongl_requests_total{code="invalid",model="digits",protocol="page"} 1`,
		`inceptiongl_requests_total{code="too_large",model="digits",protocol="http"} 1`,
		`inceptiongl_requests_total{code="forbidden",model="",protocol="http"} 1`,
		`inceptiongl_requests_total{code="not_found",model="",protocol="http"} 1`,
		`inceptiongl_images_total{model="digits"} 3`,
		`inceptiongl_batch_images_count{model="digits"} 3`,
		`inceptiongl_stage_seconds_count{model="digits",stage="decode"} 3`,
		`inceptiongl_stage_seconds_count{model="digits",stage="run"} 3`,
		`inceptiongl_queue_images{model="digits"} 0`,
		`inceptiongl_ready 1`,
		`inceptiongl_memory_budget_used_bytes{kind="requests"} 0`, `inceptiongl_memory_budget_used_bytes{kind="decoding"} 0`,
		`inceptiongl_device_memory_bytes{device="`,
		`inceptiongl_device_busy_seconds_total{device="`,
		`process_open_fds`, `go_goroutines`,
	} {
		if !strings.Contains(m, want) {
			t.Errorf("no %s", want)
		}
	}
	if strings.Contains(m, "strangers") {
		t.Error("a stranger's word has become a label")
	}
	if a := r.say("/debug/pprof/", nil); a.status != 404 {
		t.Errorf("profiles without the flag: %d", a.status)
	}
	if a := start(t, nil, "--pprof").say("/debug/pprof/goroutine?debug=1", nil); a.status != 200 || !bytes.Contains(a.body, []byte("goroutine profile")) {
		t.Errorf("profiles with the flag: %d", a.status)
	}
}

// TestTraces: spans go where the standard environment variables say, below the caller's.
func TestTraces(t *testing.T) {
	var mu sync.Mutex
	var spans []*traces.Span
	service := ""
	sink := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		body, err := io.ReadAll(q.Body)
		var m collector.ExportTraceServiceRequest
		if err == nil {
			err = proto.Unmarshal(body, &m)
		}
		if err != nil {
			t.Error(err)
		}
		mu.Lock()
		defer mu.Unlock()
		for _, rs := range m.GetResourceSpans() {
			for _, a := range rs.GetResource().GetAttributes() {
				if a.GetKey() == "service.name" {
					service = a.GetValue().GetStringValue()
				}
			}
			for _, ss := range rs.GetScopeSpans() {
				spans = append(spans, ss.GetSpans()...)
			}
		}
	}))
	defer sink.Close()
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", sink.URL)
	t.Setenv("OTEL_SERVICE_NAME", "my-service")
	r := start(t, nil)
	r.say("/v2/models/digits/infer", samples(t, 1)[0].PNG, "Content-Type: image/png", "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
	if err := r.stop(); err != nil { // sends what is left
		t.Fatal(err)
	}
	names := map[string]*traces.Span{}
	for _, s := range spans {
		names[s.GetName()] = s
	}
	infer := names["infer"]
	if infer == nil || service != "my-service" || len(infer.GetParentSpanId()) != 8 || infer.GetParentSpanId()[0] != 0xb7 || infer.GetTraceId()[0] != 0x0a {
		t.Fatalf("service %q, spans %v", service, spans)
	}
	for _, stage := range []string{"decode", "wait", "run", "encode"} {
		if s := names[stage]; s == nil || !bytes.Equal(s.GetParentSpanId(), infer.GetSpanId()) || s.GetEndTimeUnixNano() < s.GetStartTimeUnixNano() {
			t.Errorf("stage %s: %v", stage, s)
		}
	}
	t.Setenv("OTEL_TRACES_EXPORTER", "zipkin")
	f, err := parse([]string{"--http=127.0.0.1:0", "--grpc=off"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := newServer(context.Background(), f, &logs{}); err == nil || !strings.Contains(err.Error(), "zipkin") {
		t.Errorf("another exporter: %v", err)
	}
}

// TestMain removes what tests have built.
func TestMain(m *testing.M) {
	_ = os.Unsetenv("OTEL_EXPORTER_OTLP_ENDPOINT") // of whoever runs the tests
	status := m.Run()
	_ = os.RemoveAll(buildDir)
	os.Exit(status)
}
