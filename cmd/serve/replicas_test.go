package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// hosts has each replica in a network namespace of its own, behind nginx: for root, in a namespace of the test's own. See make replicas.
var hosts = flag.Bool("hosts", false, "run replicas as hosts of their own, behind nginx")

// replica is a server process that can be ended and started again.
type replica struct {
	t   *testing.T
	exe string
	ns  string // "": none
	at  string // host:port
	cmd *exec.Cmd
	log *logs
}

func (r *replica) start() {
	r.t.Helper()
	args := []string{r.exe, "--http=" + r.at, "--grpc=off", "--lame-duck=200ms", "--grace=10s"}
	if r.ns != "" {
		args = append([]string{"ip", "netns", "exec", r.ns}, args...)
	}
	r.log = &logs{}
	r.cmd = exec.Command(args[0], args[1:]...)
	r.cmd.Stdout, r.cmd.Stderr = io.Discard, r.log
	if err := r.cmd.Start(); err != nil {
		r.t.Fatal(err)
	}
	eventually(r.t, "the replica is ready", func() bool {
		res, err := http.Get("http://" + r.at + "/v2/health/ready")
		if err != nil {
			return false
		}
		_ = res.Body.Close()
		return res.StatusCode == http.StatusOK
	})
}

// end sends a signal and waits for the end.
func (r *replica) end(s syscall.Signal) error {
	if err := r.cmd.Process.Signal(s); err != nil {
		return err
	}
	return r.cmd.Wait()
}

// fleet answers requests with whichever replica can.
type fleet struct {
	replicas []*replica
	url      string // of the load balancer; "": the client is one
	client   *http.Client
	turn     atomic.Int64
	retries  atomic.Int64
}

// ask is a request that is tried again where a connection fails or a replica isn't ready.
func (f *fleet) ask(body []byte, header string) (answer, error) {
	if f.url != "" {
		return f.once(f.url, body, header)
	}
	var errs []error
	for range 2 * len(f.replicas) {
		at := f.replicas[int(f.turn.Add(1))%len(f.replicas)].at
		a, err := f.once("http://"+at, body, header)
		if err == nil && a.status != http.StatusServiceUnavailable {
			return a, nil
		}
		f.retries.Add(1)
		errs = append(errs, fmt.Errorf("%d: %w", a.status, err))
	}
	return answer{}, errors.Join(errs...)
}

func (f *fleet) once(url string, body []byte, header string) (answer, error) {
	q, err := http.NewRequestWithContext(context.Background(), http.MethodPost, url+"/v2/models/digits/infer", bytes.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	name, value, _ := strings.Cut(header, ": ")
	q.Header.Set(name, value)
	res, err := f.client.Do(q)
	if err != nil {
		return answer{}, err
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	return answer{res.StatusCode, res.Header, data}, err
}

// newFleet starts three replicas: on ports of this machine, or as hosts behind nginx.
func newFleet(t *testing.T) *fleet {
	t.Helper()
	f := &fleet{client: &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 32}}}
	for i := range 3 {
		r := &replica{t: t, exe: program(t)}
		if *hosts {
			r.ns, r.at = fmt.Sprintf("serve-test-%d-%d", os.Getpid(), i), fmt.Sprintf("10.231.%d.2:8080", i)
			network(t, r.ns, i)
		} else {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			r.at = l.Addr().String()
			if err := l.Close(); err != nil {
				t.Fatal(err)
			}
		}
		r.start()
		t.Cleanup(func() { _ = r.cmd.Process.Kill() })
		f.replicas = append(f.replicas, r)
	}
	if *hosts {
		f.url = "http://127.0.0.1:8090"
		balancer(t, f.replicas)
	}
	return f
}

// network makes a namespace that is joined with this one by a pair of links.
func network(t *testing.T, ns string, i int) {
	t.Helper()
	command(t, "ip", "netns", "add", ns)
	t.Cleanup(func() { command(t, "ip", "netns", "del", ns) })
	near, far := fmt.Sprintf("st%d", i), fmt.Sprintf("st%dp", i)
	command(t, "ip", "link", "add", near, "type", "veth", "peer", "name", far, "netns", ns)
	command(t, "ip", "addr", "add", fmt.Sprintf("10.231.%d.1/30", i), "dev", near)
	command(t, "ip", "link", "set", near, "up")
	command(t, "ip", "-n", ns, "addr", "add", fmt.Sprintf("10.231.%d.2/30", i), "dev", far)
	command(t, "ip", "-n", ns, "link", "set", far, "up")
	command(t, "ip", "-n", ns, "link", "set", "lo", "up")
}

func command(t *testing.T, name string, args ...string) {
	t.Helper()
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s %v: %v\n%s", name, args, err, out)
	}
}

// balancer is nginx, which tries the next replica where a connection fails or one isn't ready.
func balancer(t *testing.T, replicas []*replica) {
	t.Helper()
	dir := t.TempDir()
	servers := ""
	for _, r := range replicas {
		// No server is struck off: a connection that a draining replica closes is no reason to, and with three of them soon none is left.
		servers += "server " + r.at + " max_fails=0;\n"
	}
	config := fmt.Sprintf(`daemon off; pid %[1]s/pid; error_log %[1]s/error.log; worker_processes 1; user root;
events { worker_connections 512; }
http {
	access_log off; client_body_temp_path %[1]s/body; proxy_temp_path %[1]s/proxy; fastcgi_temp_path %[1]s/f; uwsgi_temp_path %[1]s/u; scgi_temp_path %[1]s/s;
	upstream fleet { %[2]s keepalive 32; }
	server {
		listen 127.0.0.1:8090;
		location / {
			proxy_pass http://fleet; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_connect_timeout 500ms;
			proxy_next_upstream error timeout http_503 non_idempotent; proxy_next_upstream_tries 4;
		}
	}
}`, dir, servers)
	file := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("nginx", "-c", file, "-p", dir)
	out := &logs{}
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
	})
	eventually(t, "nginx answers: "+out.String(), func() bool {
		res, err := http.Get("http://127.0.0.1:8090/v2/health/ready")
		if err != nil {
			return false
		}
		_ = res.Body.Close()
		return res.StatusCode == http.StatusOK
	})
}

// TestReplicas: three servers under load are restarted one after the other, and one is killed. With retries on connection failure no
// request is lost, and none is answered wrongly.
func TestReplicas(t *testing.T) {
	f := newFleet(t)
	all := samples(t, 1, 4, 16)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var asked, wrong, lost atomic.Int64
	var first atomic.Value
	var clients sync.WaitGroup
	connections := 16
	if !*hosts { // the tests' quick form
		connections = 3
	}
	for c := range connections {
		clients.Add(1)
		go func() {
			defer clients.Done()
			for i := c; ctx.Err() == nil; i++ {
				s := all[i%len(all)]
				body, header := binary32(s.input)
				a, err := f.ask(body, header)
				asked.Add(1)
				scores, bad := a.scores()
				switch {
				case err != nil || bad != nil:
					lost.Add(1)
					first.CompareAndSwap(nil, fmt.Sprint(err, bad))
				case !s.right(scores):
					wrong.Add(1)
				}
			}
		}()
	}
	more := func(n int64) {
		t.Helper()
		if !*hosts {
			n /= 4
		}
		before := asked.Load()
		eventually(t, "more requests are answered", func() bool { return asked.Load() >= before+n })
	}
	more(50)
	for _, r := range f.replicas { // a rolling restart
		if err := r.end(syscall.SIGTERM); err != nil {
			t.Errorf("SIGTERM: %v\n%s", err, r.log)
		}
		more(30)
		r.start()
		more(30)
	}
	if err := f.replicas[1].end(syscall.SIGKILL); err == nil {
		t.Error("kill -9 ended it well")
	}
	more(50)
	f.replicas[1].start()
	more(50)
	cancel()
	clients.Wait()
	t.Logf("%d requests, %d lost, %d wrong, %d tried again by the clients", asked.Load(), lost.Load(), wrong.Load(), f.retries.Load())
	if lost.Load() > 0 || wrong.Load() > 0 {
		t.Errorf("of %d requests %d were lost and %d answered wrongly: %v", asked.Load(), lost.Load(), wrong.Load(), first.Load())
	}
	if f.url == "" && f.retries.Load() == 0 {
		t.Error("nothing was tried again: the load was not there")
	}
	for i, r := range f.replicas {
		if err := r.end(syscall.SIGTERM); err != nil {
			t.Errorf("replica %d: %v", i, err)
		}
	}
}
