//go:build cgo && linux

package run_test

import (
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"inceptiongl/gpu"
	"inceptiongl/gpu/gputest"
	"inceptiongl/inception"
)

// inChild names the variable that tells TestFlat that it is the child of itself.
const inChild = "INCEPTIONGL_TEST_FLAT"

// usage is what a process holds.
type usage struct{ kilobytes, threads, files int }

func used(t *testing.T) usage {
	t.Helper()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	files, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	u := usage{files: len(files)}
	for line := range strings.Lines(string(status)) {
		words := strings.Fields(line)
		for name, to := range map[string]*int{"VmRSS:": &u.kilobytes, "Threads:": &u.threads} {
			if words[0] == name {
				if *to, err = strconv.Atoi(words[1]); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	return u
}

// TestFlat opens devices, compiles, runs and closes, again and again: memory, threads and descriptors stay as they are.
//
// It does so in a process of its own, in which the C library has one heap. By default glibc has up to eight for every core, and gives a
// thread that is new, as every device's is, another than those before: 600 devices in a row grow the process from 88 to 171 MB, and no
// more after the first 300, while with one heap they stay within 93 MB.
func TestFlat(t *testing.T) {
	gputest.Need(t)
	if os.Getenv(inChild) == "" {
		cmd := exec.Command(os.Args[0], "-test.run=^TestFlat$", "-test.v", "-test.timeout=20m")
		cmd.Env = append(os.Environ(), inChild+"=1", "MALLOC_ARENA_MAX=1", "LP_NUM_THREADS=1")
		out, err := cmd.CombinedOutput()
		t.Logf("%s", out)
		if err != nil || !strings.Contains(string(out), "cycles of open") {
			t.Error(err)
		}
		return
	}
	first, cycles, most := 8, 28, 3<<10
	if every {
		first, cycles, most = 100, 1000, 8<<10
	}
	n := small(1)
	x := inception.RandomInput(n.Input, 1)
	var begin usage
	for i := range cycles {
		a := cycle(n, x, nil, gpu.Options{Staged: i%2 == 1})
		if a.err != nil {
			t.Fatal(a.err)
		}
		if err := a.dev.Close(); err != nil {
			t.Fatal(err)
		}
		if i == first {
			begin = used(t)
		}
	}
	end := used(t)
	gputest.Case()
	says := fmt.Sprintf("%d cycles of open, compile, run and close: after %d %+v, after all %+v", cycles, first, begin, end)
	if end.kilobytes > begin.kilobytes+most || end.threads > begin.threads+4 || end.files > begin.files {
		t.Error(says)
	}
	gputest.Tell(t, "%s", says)
}
