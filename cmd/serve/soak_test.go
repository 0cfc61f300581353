package main

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"inceptiongl/cmd/internal/cli"
	"inceptiongl/cmd/serve/internal/models"
	"inceptiongl/gpu/gputest"
	"inceptiongl/inception/digits"
	"inceptiongl/inception/tensor"
)

// soak is how long the server is under load. From ten seconds on, speed is judged, too: on a machine that does nothing else.
var soak = flag.Duration("soak", time.Second, "how long the soak tests run; from 10s on they judge speed, too")

const connections = 64

// load is what clients saw.
type load struct {
	mu                sync.Mutex
	good, busy        []time.Duration // answered, and refused with 503 and Retry-After
	wrong, failed     int
	late              int // that the clients themselves could not begin in time
	took              time.Duration
	firstWrong, first string
}

func (l *load) rate() float64 { return float64(len(l.good)) / l.took.Seconds() }

// quantile is that of some times.
func quantile(all []time.Duration, q float64) time.Duration {
	if len(all) == 0 {
		return 0
	}
	s := slices.Clone(all)
	slices.Sort(s)
	return s[min(int(q*float64(len(s))), len(s)-1)]
}

func (l *load) String() string {
	return fmt.Sprintf("%d answered (%.0f/s; p50 %v, p99 %v), %d refused (p50 %v, p99 %v), %d wrong, %d failed, %d begun late", len(l.good), l.rate(),
		quantile(l.good, 0.5), quantile(l.good, 0.99), len(l.busy), quantile(l.busy, 0.5), quantile(l.busy, 0.99), l.wrong, l.failed, l.late)
}

// press asks for a while over some connections: as fast as answers come, or, with a rate, at that many requests a second in all, whatever
// comes back.
func (r *running) press(all []sample, connections int, rate float64, d time.Duration) *load {
	transport := &http.Transport{MaxIdleConnsPerHost: connections, MaxConnsPerHost: connections, DisableCompression: true}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport, Timeout: time.Minute}
	bodies := make([][]byte, len(all))
	header := ""
	for i, s := range all {
		bodies[i], header = binary32(s.input)
	}
	l := &load{}
	var clients sync.WaitGroup
	begin := time.Now()
	var turn atomic.Int64
	for range connections {
		clients.Add(1)
		go func() {
			defer clients.Done()
			for time.Since(begin) < d {
				if rate > 0 { // the next of evenly spaced moments
					at := begin.Add(time.Duration(float64(turn.Add(1)) / rate * float64(time.Second)))
					if at.Sub(begin) >= d {
						return
					}
					if wait := time.Until(at); wait > 0 {
						time.Sleep(wait)
					} else if wait < -50*time.Millisecond {
						l.mu.Lock()
						l.late++
						l.mu.Unlock()
					}
				}
				i := rand.IntN(len(all))
				asked := time.Now()
				a, err := r.try(context.Background(), client, "/v2/models/digits/infer", bodies[i], header)
				took := time.Since(asked)
				l.add(all[i], a, err, took)
			}
		}()
	}
	clients.Wait()
	l.took = time.Since(begin)
	return l
}

func (l *load) add(s sample, a answer, err error, took time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err == nil && a.status == http.StatusServiceUnavailable && a.header.Get("Retry-After") != "" {
		l.busy = append(l.busy, took)
		return
	}
	var scores []float32
	if err == nil {
		scores, err = a.scores()
	}
	switch {
	case err != nil:
		l.failed++
		l.first = err.Error()
	case !s.right(scores):
		l.wrong++
		l.firstWrong = fmt.Sprintf("%s: %v", s.Name, scores)
	default:
		l.good = append(l.good, took)
	}
}

// bare is how many digits a second a session computes in batches of n, with as many in flight as a server has; and what a run takes.
func bare(t *testing.T, n int, d time.Duration) (rate float64, run time.Duration) {
	t.Helper()
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
	shape := tensor.Shape{N: n, C: 1, H: 28, W: 28}
	s, err := b.Compile(ctx, g, shape)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var runs atomic.Int64
	var both sync.WaitGroup
	begin := time.Now()
	for range 2 {
		both.Add(1)
		go func() {
			defer both.Done()
			x := tensor.New(shape)
			for time.Since(begin) < d {
				if _, _, err := s.RunAllTimed(ctx, x); err != nil {
					t.Error(err)
					return
				}
				runs.Add(1)
			}
		}()
	}
	both.Wait()
	took := time.Since(begin)
	return float64(runs.Load()) * float64(n) / took.Seconds(), took / time.Duration(runs.Load())
}

// descriptors counts the process's open files; only Linux tells.
func descriptors(t *testing.T) int {
	t.Helper()
	if runtime.GOOS != "linux" {
		return 0
	}
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(list)
}

func settled() (goroutines int, heap uint64) {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return runtime.NumGoroutine(), m.HeapAlloc
}

// TestSoak: 64 connections, every answer compared with those of bare sessions, bit by bit; then half of that load; then four times as much
// as the server can carry.
func TestSoak(t *testing.T) {
	gputest.Need(t)
	judged := *soak >= 10*time.Second
	rate, run := bare(t, 16, min(*soak/4, 10*time.Second))
	t.Logf("bare session: %.0f images/s in batches of 16, a run takes %v", rate, run)
	all := samples(t, 1, 4, 16)
	r := start(t, nil, "--queue=96")
	wrong := func(what string, l *load) {
		t.Helper()
		t.Logf("%s: %v", what, l)
		if l.wrong > 0 || l.failed > 0 || len(l.good) == 0 {
			t.Errorf("%s: %v; %s %s", what, l, l.firstWrong, l.first)
		}
	}
	r.press(all, connections, 0, *soak/4) // until pools are filled
	time.Sleep(100 * time.Millisecond)
	goroutines, heap := settled()
	files := descriptors(t)

	full := r.press(all, connections, 0, *soak)
	wrong("64 connections", full)
	if len(full.busy) > 0 {
		t.Errorf("%d of 64 connections' requests were refused: the queue has room for 96", len(full.busy))
	}
	if judged && full.rate() < 0.85*rate {
		t.Errorf("%.0f images/s are %.2f of the bare session's %.0f", full.rate(), full.rate()/rate, rate)
	}
	t.Logf("%.2f of the bare session", full.rate()/rate)

	half := r.press(all, connections, full.rate()/2, *soak/2)
	wrong("half the load", half)
	if limit := r.s.f.MaxDelay + 3*run; judged && quantile(half.good, 0.99) > limit {
		t.Errorf("half the load: p99 %v, the limit is %v", quantile(half.good, 0.99), limit)
	}

	over := r.press(all, 4*connections, 4*full.rate(), *soak/2)
	wrong("four times the load", over)
	// What is let in waits for 96 images at most, and for the runs in flight.
	limit := time.Duration(96/full.rate()*float64(time.Second)) + r.s.f.MaxDelay + 4*run
	if len(over.busy) == 0 {
		t.Error("four times the load: nothing was refused")
	}
	if judged && (quantile(over.good, 0.99) > limit || quantile(over.busy, 0.5) > run || over.rate() < 0.7*full.rate()) {
		t.Errorf("four times the load: %v; the limit for what is answered is %v", over, limit)
	}

	time.Sleep(100 * time.Millisecond)
	if g, h := settled(); g > goroutines+10 || h > heap+32<<20 {
		t.Errorf("%d goroutines and %d MiB, before it were %d and %d", g, h>>20, goroutines, heap>>20)
	}
	if n := descriptors(t); n > files+10 {
		t.Errorf("%d files are open, before it were %d", n, files)
	}
	if used := r.s.memory.Used(); used != 0 {
		t.Errorf("%d bytes of the budget are still held", used)
	}
}

// TestMalformed: requests that are damaged at random, 170 a second, which is 10⁴ a minute; every one gets an answer or is cut off, and the
// server stays ready within its memory.
func TestMalformed(t *testing.T) {
	r := start(t, func(f *flags) { f.bodyTimeout = time.Second }, "--memory=64")
	all := samples(t, 1, 4, 16)
	random := rand.New(rand.NewPCG(1, 2))
	good, header := binary32(all[0].input)
	seeds := [][]byte{good, jsonOf("FP32", "[1,1,28,28]", zeros(784)), all[0].PNG, hugePNG(60000, 60000), hugePNG(4000, 4000)}
	headers := []string{header, "Inference-Header-Content-Length: 0", "Content-Type: image/png", "Content-Encoding: gzip", "X: y"}
	count := int(170 * max(*soak, 2*time.Second).Seconds())
	codes := map[int]int{}
	begin := time.Now()
	for i := range count {
		body := slices.Clone(seeds[random.IntN(len(seeds))])
		for range 1 + random.IntN(8) {
			switch at := random.IntN(len(body)); random.IntN(4) {
			case 0:
				body[at] = byte(random.Uint32())
			case 1:
				body = append(body[:at:at], body[min(len(body), at+random.IntN(50)):]...)
			case 2:
				body = slices.Insert(body, at, []byte(`,{"[-1e999]`)...)
			case 3:
				body[at] ^= 1 << random.IntN(8)
			}
			if len(body) == 0 {
				body = []byte{0}
			}
		}
		a, err := r.try(context.Background(), http.DefaultClient, "/v2/models/digits/infer", body, headers[random.IntN(len(headers))])
		if err != nil {
			t.Fatalf("request %d: %v", i, err)
		}
		codes[a.status]++
		if a.status >= 500 && a.status != http.StatusServiceUnavailable {
			t.Errorf("request %d: %d %.200s\n%.300q", i, a.status, a.body, body)
		}
		if used := r.s.memory.Used(); used > 64<<20 {
			t.Errorf("%d bytes are held", used)
		}
	}
	t.Logf("%d malformed requests, %.0f a minute: %v", count, float64(count)/time.Since(begin).Minutes(), codes)
	if a := r.say("/v2/health/ready", nil); a.status != http.StatusOK || r.s.memory.Used() != 0 {
		t.Errorf("ready: %d; %d bytes are held", a.status, r.s.memory.Used())
	}
	if scores, err := r.say("/v2/models/digits/infer", good, header).scores(); err != nil || !all[0].right(scores) {
		t.Errorf("a good request after them: %v, %v", scores, err)
	}
	if codes[http.StatusBadRequest] < count/2 {
		t.Errorf("of %d malformed requests %d were refused as such", count, codes[http.StatusBadRequest])
	}
}
