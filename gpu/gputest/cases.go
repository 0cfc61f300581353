package gputest

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// CasesFile names the environment variable with a file to which every test process appends the number of GPU cases it
// ran, so that a script can add them up and fail on none; behind it what tests tell, in lines that begin with '#'.
const CasesFile = "INCEPTIONGL_CASES"

// noCache is the library's environment variable that keeps it from the user's cache folder.
const noCache = "INCEPTIONGL_NO_CACHE"

var cases atomic.Int64

// told is what tests tell.
var told struct {
	sync.Mutex
	lines []string
}

// Tell logs how much a test did, and hands it to the script that asked for the number of cases.
func Tell(t testing.TB, format string, a ...any) {
	t.Helper()
	t.Logf(format, a...)
	told.Lock()
	defer told.Unlock()
	told.lines = append(told.lines, fmt.Sprintf("# %s: %s\n", t.Name(), fmt.Sprintf(format, a...)))
}

// Case counts one thing that was checked on a device. Open and New count one, too.
func Case() { cases.Add(1) }

// Main is a TestMain that reports the number of GPU cases, and skips the examples, which cannot skip themselves, where
// GPU tests are skipped.
func Main(m *testing.M) {
	if os.Getenv(noCache) == "" { // tests neither trust nor change what the user's programs remember
		if err := os.Setenv(noCache, "1"); err != nil {
			fmt.Fprintf(os.Stderr, "gputest: %s: %v\n", noCache, err)
			os.Exit(1)
		}
	}
	flag.Parse()
	if os.Getenv(NoGPU) == "1" {
		if err := skipExamples(); err != nil {
			fmt.Fprintf(os.Stderr, "gputest: skipping the examples: %v\n", err)
			os.Exit(1)
		}
	}
	code := m.Run()
	fmt.Printf("gpu cases run: %d\n", cases.Load())
	if name := os.Getenv(CasesFile); name != "" {
		if err := appendCount(name); err != nil {
			fmt.Fprintf(os.Stderr, "gputest: %s: %v\n", CasesFile, err)
			code = max(code, 1)
		}
	}
	os.Exit(code)
}

func skipExamples() error {
	fmt.Printf("%s=1: examples skipped by choice\n", NoGPU)
	skip := "^Example"
	if given := flag.Lookup("test.skip").Value.String(); given != "" {
		skip = given + "|" + skip
	}
	return flag.Set("test.skip", skip)
}

func appendCount(name string) error {
	f, err := os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	told.Lock()
	defer told.Unlock()
	if _, err := fmt.Fprintf(f, "%d\n%s", cases.Load(), strings.Join(told.lines, "")); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}
