// mutants breaks a copy of the code in one place after the other, and shows that a test notices. Each place is an entry of all: a barrier
// left out, a bound widened, an index off by one, a lock or a cleanup removed. What no test notices is listed, and the exit status is 1;
// so it is where an entry no longer fits the code.
//
//	go run ./cmd/internal/mutants [-run REGEXP]
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// mutant is one way to break the code: old, which stands in the file once, becomes new; the tests of a package that run matches must
// then fail.
type mutant struct {
	file, old, new string
	pkg, run       string
	race           bool // needs the race detector
	hangs          bool // the test notices by never ending
}

func main() {
	only := flag.String("run", "", "only mutants whose file, or text, matches this")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *only); err != nil {
		fmt.Fprintln(os.Stderr, "mutants:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, only string) error {
	matches, err := regexp.Compile(only)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "mutants")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if err := copyModule(dir); err != nil {
		return fmt.Errorf("copying the module: %w", err)
	}
	var list []mutant
	for _, m := range all() {
		if matches.MatchString(m.file + "\n" + m.old) {
			list = append(list, m)
		}
	}
	if err := errors.Join(check(dir, list), sound(ctx, dir, list)); err != nil {
		return err
	}
	var survived []string
	for i, m := range list {
		begin := time.Now()
		noticed, err := m.try(ctx, dir)
		if err != nil {
			return fmt.Errorf("%s: %w", m, err)
		}
		verdict := "noticed "
		if !noticed {
			verdict = "SURVIVED"
			survived = append(survived, m.String())
		}
		fmt.Printf("%2d of %d  %s  %4.0f s  %s\n", i+1, len(list), verdict, time.Since(begin).Seconds(), m)
	}
	fmt.Printf("mutants: %d, noticed: %d\n", len(list), len(list)-len(survived))
	if len(survived) > 0 || len(list) == 0 {
		return fmt.Errorf("%d survived, of %d:\n  %s", len(survived), len(list), strings.Join(survived, "\n  "))
	}
	return nil
}

func (m mutant) String() string {
	short := func(s string) string {
		s = strings.Join(strings.Fields(s), " ")
		if r := []rune(s); len(r) > 60 {
			s = string(r[:60]) + "…"
		}
		return s
	}
	return fmt.Sprintf("%s: %q → %q, by %s of %s", m.file, short(m.old), short(m.new), m.run, m.pkg)
}

// copyModule copies the files of the working folder's module, but for those of git.
func copyModule(dir string) error {
	return filepath.WalkDir(".", func(path string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case e.Name() == ".git":
			if e.IsDir() {
				return filepath.SkipDir
			}
			return nil
		case e.IsDir():
			return os.MkdirAll(filepath.Join(dir, path), 0o755)
		case !e.Type().IsRegular():
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(dir, path), text, 0o644)
	})
}

// check reports entries that don't fit the code.
func check(dir string, list []mutant) error {
	var errs []error
	for _, m := range list {
		text, err := os.ReadFile(filepath.Join(dir, m.file))
		if err != nil {
			errs = append(errs, err)
			continue
		}
		if n := strings.Count(string(text), m.old); n != 1 || m.old == m.new {
			errs = append(errs, fmt.Errorf("%s: the text to replace stands there %d times, want once: bring the entry up to date", m, n))
		}
	}
	return errors.Join(errs...)
}

// sound checks that every test passes as long as nothing is broken.
func sound(ctx context.Context, dir string, list []mutant) error {
	tests := map[[2]string][]string{}
	for _, m := range list {
		of := [2]string{m.pkg, fmt.Sprint(m.race)}
		tests[of] = append(tests[of], m.run)
	}
	for of, runs := range tests {
		m := mutant{pkg: of[0], run: strings.Join(runs, "|"), race: of[1] == "true"}
		if out, err := m.test(ctx, dir); err != nil {
			return fmt.Errorf("%s fails before anything is broken: %w\n%s", m.pkg, err, out)
		}
	}
	return nil
}

// try breaks the code, tests, and mends it.
func (m mutant) try(ctx context.Context, dir string) (noticed bool, err error) {
	path := filepath.Join(dir, m.file)
	text, err := os.ReadFile(path)
	if err != nil {
		return false, err
	}
	if err := os.WriteFile(path, []byte(strings.Replace(string(text), m.old, m.new, 1)), 0o644); err != nil {
		return false, err
	}
	out, failed := m.test(ctx, dir)
	if err := errors.Join(ctx.Err(), os.WriteFile(path, text, 0o644)); err != nil {
		return false, err
	}
	switch {
	case strings.Contains(out, "build failed"), strings.Contains(out, "setup failed"):
		return false, fmt.Errorf("it does not compile: %s", out)
	case failed != nil && strings.Contains(out, "test timed out") && !m.hangs:
		return false, errors.New("its test took too long to tell anything")
	case failed == nil && strings.Contains(out, "no tests to run"):
		return false, errors.New("no such test")
	}
	return failed != nil, nil
}

// test runs the tests.
func (m mutant) test(ctx context.Context, dir string) (string, error) {
	timeout := "-timeout=10m"
	if m.hangs {
		timeout = "-timeout=45s"
	}
	args := []string{"test", "-count=1", "-trimpath", timeout, "-run", m.run}
	if m.race {
		args = append(args, "-race")
	}
	cmd := exec.CommandContext(ctx, "go", append(args, m.pkg)...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	return string(out), err
}
