//go:build unix

package main

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"inceptiongl/inception/weights"
)

// program is infer as a process of its own, which the test outlives.
func program(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(self, args...)
	c.Env = append(os.Environ(), asProgram+"=1")
	t.Cleanup(func() {
		if c.Process != nil {
			c.Process.Kill()
		}
	})
	return c
}

// ended waits, but not for ever.
func ended(t *testing.T, c *exec.Cmd) *os.ProcessState {
	t.Helper()
	done := make(chan error, 1)
	go func() { done <- c.Wait() }()
	select {
	case err := <-done:
		if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
			t.Fatal(err)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("infer doesn't end")
	}
	return c.ProcessState
}

// peakOf gives, once the process has ended, the most memory that it was seen to take, in KiB; 0 where there is no /proc. Rusage.Maxrss won't
// do: it counts what this process took, whose memory the child shares until it becomes another program.
func peakOf(pid int) <-chan int {
	peak := make(chan int, 1)
	go func() {
		kib := 0
		for {
			status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
			_, rest, ok := strings.Cut(string(status), "\nVmHWM:")
			if err != nil || !ok { // a process that has ended, or is waited for, has no memory
				peak <- kib
				return
			}
			fmt.Sscan(rest, &kib)
			time.Sleep(time.Millisecond)
		}
	}()
	return peak
}

// TestPipes: a pipe in place of a file is an error at once, whatever it is to be.
func TestPipes(t *testing.T) {
	dir := t.TempDir()
	for args, want := range map[string]int{
		"--in x.npy --out y.npy": 2, "--labels l.txt": 2, "--model m.onnx": 2, "--model w.safetensors --arch=googlenet": 2,
		"--model w.pth --arch=googlenet": 2, "p.png": 1,
	} {
		c := program(t, append(strings.Fields(args), "--backend=cpu")...)
		c.Dir = dir
		for _, a := range strings.Fields(args) {
			if ext := filepath.Ext(a); ext != "" && a != "y.npy" {
				if err := syscall.Mkfifo(filepath.Join(dir, a), 0o600); err != nil && !errors.Is(err, os.ErrExist) {
					t.Fatal(err)
				}
			}
		}
		var log bytes.Buffer
		c.Stderr = &log
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		if s := ended(t, c); s.ExitCode() != want || !strings.Contains(log.String(), "not a regular file") {
			t.Errorf("%s: %v\n%s", args, s, log.String())
		}
	}
}

// TestClosedPipe: a reader that has seen enough, such as head, ends the run; what there is by then is written all the same.
func TestClosedPipe(t *testing.T) {
	dir := samples(t)
	rows := filepath.Join(t.TempDir(), "e.npy")
	for _, format := range []string{"--csv", "--json", "--top=1"} {
		c := program(t, "--backend=cpu", "--embed", rows, format, dir)
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		var log bytes.Buffer
		c.Stdout, c.Stderr = w, &log
		r.Close()
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		w.Close()
		s := ended(t, c)
		if a, err := weights.ReadNpy(rows); err != nil || a.Dims[0] < 1 || s.ExitCode() != 2 || !strings.Contains(log.String(), "broken pipe") {
			t.Errorf("%s: %v, %v; %v\n%s", format, a.Dims, err, s, log.String())
		}
		os.Remove(rows)
	}
}

// TestPhotoMemory: small files that claim huge pictures are refused, whatever their number, and the others are classified.
func TestPhotoMemory(t *testing.T) {
	dir := samples(t)
	bomb := []byte("RIFF\x14\x00\x00\x00WEBPVP8L\x08\x00\x00\x00\x2f\x0e\xe7\xc3\x09\x00\x00\x00") // 9999×9999
	for i := range 8 {
		write(t, filepath.Join(dir, "5"+strconv.Itoa(i)+".webp"), bomb)
	}
	c := program(t, "--backend=cpu", "--csv", "--top=1", dir)
	var out, log bytes.Buffer
	c.Stdout, c.Stderr = &out, &log
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	peak := peakOf(c.Process.Pid)
	s := ended(t, c)
	if s.ExitCode() != 1 || strings.Count(out.String(), "\n") != 21 || strings.Count(log.String(), "(--photo-memory)") != 8 {
		t.Errorf("%v\n%s%s", s, out.String(), log.String())
	}
	if kib := <-peak; runtime.GOOS == "linux" && !underRace && (kib == 0 || kib > 256<<10) {
		t.Errorf("it took %d MiB", kib>>10)
	}
	c = program(t, "--backend=cpu", "--photo-memory=2000", filepath.Join(dir, "50.webp"))
	log.Reset()
	c.Stderr = &log
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	if s := ended(t, c); s.ExitCode() != 1 || !strings.Contains(log.String(), "webp: truncated") {
		t.Errorf("%v\n%s", s, log.String())
	}
}

// many are enough photos that a run is still going when the test has seen its first answers.
func many(t *testing.T) []string {
	dir := samples(t)
	return slices.Repeat([]string{dir}, 500)
}

// TestTerminated: what there is when the program is told to end is written, and nothing else is left.
func TestTerminated(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "e.npy")
	c := program(t, append([]string{"--backend=cpu", "--csv", "--top=1", "--embed", file}, many(t)...)...)
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	c.Stderr = &log
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(out)
	for range 30 { // the header and some answers
		if _, err := lines.ReadString('\n'); err != nil {
			t.Fatalf("%v\n%s", err, log.String())
		}
	}
	if err := c.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	rest, err := io.ReadAll(lines)
	if err != nil {
		t.Fatal(err)
	}
	if s := ended(t, c); s.ExitCode() != 2 {
		t.Errorf("%v\n%s", s, log.String())
	}
	printed := 29 + bytes.Count(rest, []byte("\n"))
	a, err := weights.ReadNpy(file)
	if err != nil || a.Dims[0] != printed || printed >= 10000 {
		t.Errorf("%d answers printed, %v embedded, %v", printed, a.Dims, err)
	}
	f, err := os.Open(filepath.Join(dir, "e.rows.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if rows, err := csv.NewReader(f).ReadAll(); err != nil || len(rows) != printed+1 {
		t.Errorf("%d rows, %v", len(rows), err)
	}
	if got := listing(t, dir); got != "e.npy e.rows.csv" {
		t.Errorf("left: %s", got)
	}
}

// TestSecondInterrupt: where the program can't end by itself, as nobody reads what it prints, a second interrupt ends it.
func TestSecondInterrupt(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	labels := filepath.Join(t.TempDir(), "labels.txt")
	write(t, labels, bytes.Repeat([]byte(strings.Repeat("a", 20_000)+"\n"), 10)) // one answer fills the pipe
	c := program(t, append([]string{"--backend=cpu", "--csv", "--top=10", "--labels", labels}, many(t)...)...)
	c.Stdout = w
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	w.Close()
	if _, err := io.ReadFull(r, make([]byte, 100)); err != nil { // it has begun
		t.Fatal(err)
	}
	go func() {
		for range 30 {
			time.Sleep(300 * time.Millisecond)
			_ = c.Process.Signal(os.Interrupt) // it may have ended
		}
	}()
	if s := ended(t, c); s.Sys().(syscall.WaitStatus).Signal() != syscall.SIGINT {
		t.Errorf("it ended with %v", s)
	}
}
