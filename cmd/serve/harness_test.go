package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"inceptiongl/cmd/internal/cli"
	"inceptiongl/cmd/serve/internal/models"
	"inceptiongl/cmd/serve/internal/oip"
	"inceptiongl/gpu/gputest"
	"inceptiongl/inception/digits"
	"inceptiongl/inception/images"
	"inceptiongl/inception/tensor"
)

// running is a server in the test's own process.
type running struct {
	t    *testing.T
	s    *server
	url  string // without a slash
	log  *logs
	stop func() error // ends it as SIGTERM does, once
	conn *grpc.ClientConn
	grpc oip.GRPCInferenceServiceClient
	ends error // how it is to end
}

// logs is what a server logged.
type logs struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logs) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logs) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// start runs a server with flags until the test's end, and waits until it is ready. change may be nil.
func start(t *testing.T, change func(*flags), args ...string) *running {
	t.Helper()
	r := begin(t, change, args...)
	eventually(t, "the server is ready", func() bool { return r.s.service.Ready() == nil })
	return r
}

// begin is start without the wait.
func begin(t *testing.T, change func(*flags), args ...string) *running {
	t.Helper()
	gputest.Need(t)
	f, err := parse(append([]string{"--http=127.0.0.1:0", "--grpc=127.0.0.1:0"}, args...))
	if err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(f)
	}
	r := &running{t: t, log: &logs{}}
	if r.s, err = newServer(context.Background(), f, r.log); err != nil {
		t.Fatal(err)
	}
	gputest.Case()
	r.url = strings.TrimSuffix(r.s.page, "/")
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- r.s.serve(ctx) }()
	r.stop = sync.OnceValue(func() error {
		cancel()
		err := <-ended
		r.s.close()
		return err
	})
	t.Cleanup(func() {
		if err := r.stop(); err != r.ends {
			t.Errorf("serve ended with %v, want %v", err, r.ends)
		}
		if text := r.log.String(); t.Failed() {
			t.Logf("the server's log:\n%s", text[max(0, len(text)-4000):])
		}
	})
	if r.conn, err = grpc.NewClient(r.s.grpcAt.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials())); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.conn.Close() })
	r.grpc = oip.NewGRPCInferenceServiceClient(r.conn)
	return r
}

// answer is one of HTTP's.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// say is a POST with headers, each "Name: value"; a GET where the body is nil.
func (r *running) say(path string, body []byte, headers ...string) answer {
	r.t.Helper()
	a, err := r.try(context.Background(), http.DefaultClient, path, body, headers...)
	if err != nil {
		r.t.Fatal(err)
	}
	return a
}

func (r *running) try(ctx context.Context, c *http.Client, path string, body []byte, headers ...string) (answer, error) {
	method := http.MethodGet
	if body != nil {
		method = http.MethodPost
	}
	q, err := http.NewRequestWithContext(ctx, method, r.url+path, bytes.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		q.Header.Set(name, value)
	}
	res, err := c.Do(q)
	if err != nil {
		return answer{}, err
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	return answer{res.StatusCode, res.Header, data}, err
}

// response is the protocol's JSON.
type response struct {
	Name    string `json:"model_name"`
	Version string `json:"model_version"`
	ID      string `json:"id"`
	Error   string `json:"error"`
	Outputs []struct {
		Name       string          `json:"name"`
		Datatype   string          `json:"datatype"`
		Shape      []int           `json:"shape"`
		Parameters map[string]int  `json:"parameters"`
		Data       json.RawMessage `json:"data"`
	} `json:"outputs"`
}

func (a answer) read(t *testing.T) response {
	t.Helper()
	data := a.body
	if n := a.header.Get("Inference-Header-Content-Length"); n != "" {
		var size int
		if _, err := fmt.Sscan(n, &size); err != nil || size > len(data) {
			t.Fatalf("header length %q of %d bytes", n, len(data))
		}
		data = data[:size]
	}
	var r response
	if err := json.Unmarshal(data, &r); err != nil {
		t.Fatalf("%v: %.200q", err, data)
	}
	return r
}

// floats are numbers in JSON.
func floats(t *testing.T, data []byte) []float32 {
	t.Helper()
	var all []float32
	if err := json.Unmarshal(data, &all); err != nil {
		t.Fatalf("%v: %.200q", err, data)
	}
	return all
}

// sample is a digit, and the answers that the network gives for it: one for each size that is compiled, as sizes differ in kernels.
type sample struct {
	digits.Sample
	input   []float32
	answers [][]float32
}

// right reports one of the answers, bit by bit.
func (s sample) right(scores []float32) bool {
	return slices.ContainsFunc(s.answers, func(a []float32) bool { return slices.Equal(a, scores) })
}

// samples are the digits with the answers of bare sessions: of those that a server compiles.
func samples(t testing.TB, sizes ...int) []sample {
	t.Helper()
	all, err := digits.Samples()
	if err != nil {
		t.Fatal(err)
	}
	preset, err := images.FindPreset("digits")
	if err != nil {
		t.Fatal(err)
	}
	var list []sample
	for _, s := range all {
		m, err := images.Decode(bytes.NewReader(s.PNG), images.DefaultLimits)
		if err != nil {
			t.Fatal(err)
		}
		x, err := preset.Tensor(m)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, sample{Sample: s, input: x.Data})
	}
	ctx := context.Background()
	b, err := models.GPU(cli.DeviceFlags{})(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	g, err := digits.Network()
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range sizes {
		s, err := b.Compile(ctx, g, tensor.Shape{N: n, C: 1, H: 28, W: 28})
		if err != nil {
			t.Fatal(err)
		}
		for i := range list {
			x := tensor.New(tensor.Shape{N: n, C: 1, H: 28, W: 28})
			copy(x.Data, list[i].input)
			ys, _, err := s.RunAllTimed(ctx, x)
			if err != nil {
				t.Fatal(err)
			}
			list[i].answers = append(list[i].answers, ys[0].Data[:10])
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return list
}

// raw is numbers as the binary extension has them.
func raw(numbers []float32) []byte {
	var b []byte
	for _, v := range numbers {
		u := math.Float32bits(v)
		b = append(b, byte(u), byte(u>>8), byte(u>>16), byte(u>>24))
	}
	return b
}

// numbers is what raw has made.
func numbers(raw []byte) []float32 {
	all := make([]float32, len(raw)/4)
	for i := range all {
		all[i] = math.Float32frombits(uint32(raw[4*i]) | uint32(raw[4*i+1])<<8 | uint32(raw[4*i+2])<<16 | uint32(raw[4*i+3])<<24)
	}
	return all
}

// binary32 is a request for the digits with binary data, and its header.
func binary32(input []float32) (body []byte, header string) {
	n := len(input) / 784
	head := fmt.Sprintf(`{"parameters":{"binary_data_output":true},"inputs":[{"name":"input","shape":[%d,1,28,28],"datatype":"FP32","parameters":{"binary_data_size":%d}}]}`, n, 4*len(input))
	return append([]byte(head), raw(input)...), fmt.Sprintf("Inference-Header-Content-Length: %d", len(head))
}

// scores are what an answer to a binary request holds.
func (a answer) scores() ([]float32, error) {
	var size int
	if _, err := fmt.Sscan(a.header.Get("Inference-Header-Content-Length"), &size); err != nil || a.status != http.StatusOK || size > len(a.body) {
		return nil, fmt.Errorf("status %d, %v: %.200q", a.status, err, a.body)
	}
	return numbers(a.body[size:]), nil
}

// eventually waits for a condition.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !ok(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited 20 s until %s", what)
		}
	}
}

// dial opens a connection to the server's HTTP port.
func (r *running) dial() net.Conn {
	r.t.Helper()
	c, err := net.Dial("tcp", r.s.httpAt.Addr().String())
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { _ = c.Close() })
	return c
}
