package main

import (
	"context"
	"errors"
	"flag"
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

// quantile is that of some times.
func quantile(all []time.Duration, q float64) time.Duration {
	if len(all) == 0 {
		return 0
	}
	s := slices.Clone(all)
	slices.Sort(s)
	return s[min(int(q*float64(len(s))), len(s)-1)]
}

// bare is a session without a server.
type bare struct {
	t     *testing.T
	s     models.Session
	shape tensor.Shape
	runs  int
	took  time.Duration
	cpu   time.Duration
}

// newBare compiles the digits for batches of n.
func newBare(t *testing.T, n int) *bare {
	t.Helper()
	ctx := context.Background()
	d, err := models.GPU(cli.DeviceFlags{})(ctx)
	if err != nil {
		t.Fatal(err)
	}
	g, err := digits.Network()
	if err != nil {
		t.Fatal(err)
	}
	b := &bare{t: t, shape: tensor.Shape{N: n, C: 1, H: 28, W: 28}}
	if b.s, err = d.Compile(ctx, g, b.shape); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(b.s.Close(), d.Close()); err != nil {
			t.Error(err)
		}
	})
	return b
}

// press runs it for a while, with as many batches in flight as a server has.
func (b *bare) press(d time.Duration) {
	var runs atomic.Int64
	var both sync.WaitGroup
	begin, before := time.Now(), cpu()
	for range 2 {
		both.Add(1)
		go func() {
			defer both.Done()
			x := tensor.New(b.shape)
			for time.Since(begin) < d {
				if _, _, err := b.s.RunAllTimed(context.Background(), x); err != nil {
					b.t.Error(err)
					return
				}
				runs.Add(1)
			}
		}()
	}
	both.Wait()
	b.runs, b.took, b.cpu = b.runs+int(runs.Load()), b.took+time.Since(begin), b.cpu+cpu()-before
}

func (b *bare) images() int        { return b.runs * b.shape.N }
func (b *bare) rate() float64      { return float64(b.images()) / b.took.Seconds() }
func (b *bare) run() time.Duration { return b.took / time.Duration(b.runs) }

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
	session := newBare(t, 16)
	all := shots(samples(t, 1, 4, 16))
	r := start(t, nil)
	wrong := func(what string, l *load) {
		t.Helper()
		t.Logf("%s: %v", what, l)
		if l.wrong > 0 || l.failed > 0 || len(l.good) == 0 {
			t.Errorf("%s: %v; %v", what, l, l.first)
		}
	}
	r.press(all, connections, 0, *soak/4) // until pools are filled
	time.Sleep(100 * time.Millisecond)
	goroutines, heap := settled()
	files := descriptors(t)

	// In turn, so that what else the machine does weighs on both alike.
	const rounds = 12
	full := &load{}
	for range rounds {
		session.press(*soak / (2 * rounds))
		full.join(r.press(all, connections, 0, *soak/rounds))
	}
	rate, run := session.rate(), session.run()
	t.Logf("bare session: %.0f images/s in batches of 16, a run takes %v, %v of CPU for each image", rate, run, session.cpu/time.Duration(session.images()))
	wrong("64 connections", full)
	if len(full.busy) > 0 {
		t.Errorf("%d of 64 connections' requests were refused: the queue has room for 256", len(full.busy))
	}
	if judged && full.rate() < 0.85*rate {
		t.Errorf("%.0f images/s are %.2f of the bare session's %.0f", full.rate(), full.rate()/rate, rate)
	}
	t.Logf("%.2f of the bare session; %s", full.rate()/rate, r.batches())

	half := r.press(all, connections, full.rate()/2, *soak/2)
	wrong("half the load", half)
	if limit := r.s.f.MaxDelay + 3*run; judged && quantile(half.good, 0.99) > limit {
		t.Errorf("half the load: p99 %v, the limit is %v", quantile(half.good, 0.99), limit)
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

	strict := start(t, nil, "--max-wait=200ms")
	strict.press(all, connections, 0, *soak/10)
	over := strict.press(all, 4*connections, 4*full.rate(), *soak/2)
	wrong("four times the load", over)
	// What is let in waits as long as the server lets it, for its own run, and for those that were begun meanwhile.
	limit := strict.s.f.MaxWait + strict.s.f.MaxDelay + 4*run
	if len(over.busy) == 0 {
		t.Error("four times the load: nothing was refused")
	}
	if judged && (quantile(over.good, 0.99) > limit || quantile(over.busy, 0.5) > run || over.rate() < 0.7*full.rate()) {
		t.Errorf("four times the load: %v; the limit for what is answered is %v", over, limit)
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
