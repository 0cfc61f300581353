package main

import (
	"bufio"
	"bytes"
	"cmp"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// A load generator that shares two cores with what it measures must take little of them: requests are made beforehand, and answers are
// compared as bytes.

// shot is a request as it goes over the wire, and the bodies that are right answers: one for each size that is compiled.
type shot struct {
	name    string
	request []byte
	answers [][]byte
}

// shots are requests for the samples with binary data.
func shots(all []sample) []shot {
	var list []shot
	for _, s := range all {
		body, header := binary32(s.input)
		one := shot{name: s.Name, request: fmt.Appendf(nil, "POST /v2/models/digits/infer HTTP/1.1\r\nHost: test\r\n%s\r\nContent-Length: %d\r\n\r\n%s", header, len(body), body)}
		const head = `{"model_name":"digits","model_version":"1","outputs":[{"name":"fc","datatype":"FP32","shape":[1,10],"parameters":{"binary_data_size":40}}]}`
		for _, scores := range s.answers {
			one.answers = append(one.answers, append([]byte(head), raw(scores)...))
		}
		list = append(list, one)
	}
	return list
}

// wire is a connection that is kept.
type wire struct {
	conn net.Conn
	from *bufio.Reader
	body []byte
}

// verdict is what came back.
type verdict int

const (
	good   verdict = iota
	busy           // 503 with Retry-After
	wrong          // an answer, and not the right one
	failed         // none, or another status
)

// ask sends a request, and reads and judges the answer. After an error the connection is of no use.
func (w *wire) ask(s *shot) (verdict, error) {
	if _, err := w.conn.Write(s.request); err != nil {
		return failed, err
	}
	status, retry, err := w.read()
	switch {
	case err != nil:
		return failed, err
	case status == 503 && retry:
		return busy, nil
	case status != 200:
		return failed, fmt.Errorf("status %d: %.200q", status, w.body)
	}
	for _, a := range s.answers {
		if bytes.Equal(a, w.body) {
			return good, nil
		}
	}
	return wrong, fmt.Errorf("%s: %q", s.name, w.body)
}

// read reads an answer; its body is in w.body until the next.
func (w *wire) read() (status int, retry bool, err error) {
	line, err := w.from.ReadSlice('\n')
	if err != nil {
		return 0, false, err
	}
	if len(line) < 12 || !bytes.HasPrefix(line, []byte("HTTP/1.1 ")) {
		return 0, false, fmt.Errorf("%.100q is no answer", line)
	}
	if status, err = strconv.Atoi(string(line[9:12])); err != nil {
		return 0, false, err
	}
	length := -1
	for {
		if line, err = w.from.ReadSlice('\n'); err != nil {
			return 0, false, err
		}
		if line = bytes.TrimSpace(line); len(line) == 0 {
			break
		}
		if value, ok := bytes.CutPrefix(line, []byte("Content-Length: ")); ok {
			if length, err = strconv.Atoi(string(value)); err != nil {
				return 0, false, err
			}
		}
		retry = retry || bytes.HasPrefix(line, []byte("Retry-After: "))
	}
	if length < 0 || length > cap(w.body) {
		return 0, false, fmt.Errorf("an answer of %d bytes", length)
	}
	w.body = w.body[:length]
	_, err = io.ReadFull(w.from, w.body)
	return status, retry, err
}

// load is what clients saw.
type load struct {
	mu            sync.Mutex
	good, busy    []time.Duration // answered, and refused
	wrong, failed int
	late          int // that the clients themselves could not begin in time
	took, cpu     time.Duration
	first         error
}

func (l *load) add(v verdict, err error, took time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch v {
	case good:
		l.good = append(l.good, took)
	case busy:
		l.busy = append(l.busy, took)
	case wrong:
		l.wrong++
	case failed:
		l.failed++
	}
	l.first = cmp.Or(l.first, err)
}

// join adds what others saw at another time.
func (l *load) join(m *load) {
	l.good, l.busy = append(l.good, m.good...), append(l.busy, m.busy...)
	l.wrong, l.failed, l.late = l.wrong+m.wrong, l.failed+m.failed, l.late+m.late
	l.took, l.cpu = l.took+m.took, l.cpu+m.cpu
	l.first = cmp.Or(l.first, m.first)
}

func (l *load) rate() float64 { return float64(len(l.good)) / l.took.Seconds() }

// each is the CPU time of an answer.
func (l *load) each() time.Duration { return l.cpu / time.Duration(max(len(l.good), 1)) }

// cpu is the time that the process has had of all cores; only Linux tells.
func cpu() time.Duration {
	stat, err := os.ReadFile("/proc/self/stat")
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	if err != nil || len(fields) < 13 {
		return 0
	}
	var ticks [2]int64
	for i := range ticks { // fields 14 and 15 of proc(5), in hundredths
		ticks[i], _ = strconv.ParseInt(fields[11+i], 10, 64)
	}
	return time.Duration(ticks[0]+ticks[1]) * 10 * time.Millisecond
}

func (l *load) String() string {
	return fmt.Sprintf("%d answered (%.0f/s, %v of CPU each; p50 %v, p99 %v), %d refused (p50 %v, p99 %v), %d wrong, %d failed, %d begun late", len(l.good), l.rate(),
		l.each(), quantile(l.good, 0.5), quantile(l.good, 0.99), len(l.busy), quantile(l.busy, 0.5), quantile(l.busy, 0.99), l.wrong, l.failed, l.late)
}

// press asks for a while over some connections: as fast as answers come, or, with a rate, at that many requests a second in all, whatever
// comes back.
func (r *running) press(all []shot, connections int, rate float64, d time.Duration) *load {
	l := &load{}
	wires := make([]*wire, connections)
	for i := range wires {
		c := r.dial()
		defer c.Close()
		wires[i] = &wire{c, bufio.NewReader(c), make([]byte, 0, 4096)}
	}
	var clients sync.WaitGroup
	begin, before := time.Now(), cpu()
	var turn atomic.Int64
	for _, w := range wires {
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
				asked := time.Now()
				v, err := w.ask(&all[rand.IntN(len(all))])
				l.add(v, err, time.Since(asked))
				if v == failed {
					return
				}
			}
		}()
	}
	clients.Wait()
	l.took, l.cpu = time.Since(begin), cpu()-before
	return l
}

// batches says how large the server's runs were.
func (r *running) batches() string {
	var runs, images float64
	for line := range strings.Lines(string(r.say("/metrics", nil).body)) {
		if n, ok := strings.CutPrefix(line, `inceptiongl_batch_images_count{model="digits"} `); ok {
			runs, _ = strconv.ParseFloat(strings.TrimSpace(n), 64)
		}
		if n, ok := strings.CutPrefix(line, `inceptiongl_batch_images_sum{model="digits"} `); ok {
			images, _ = strconv.ParseFloat(strings.TrimSpace(n), 64)
		}
	}
	return fmt.Sprintf("%.0f runs of %.1f images", runs, images/max(runs, 1))
}
