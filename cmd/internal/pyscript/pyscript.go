// Package pyscript runs a Python script that answers in JSON, one line at a time.
package pyscript

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os/exec"
	"strings"
)

// Script is a script that runs. Its standard error is kept for the error of a script that ends early.
type Script struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
	log bytes.Buffer
}

// Start runs a script, python's first argument. It ends with ctx; else it must be closed.
func Start(ctx context.Context, python, script string, args ...string) (*Script, error) {
	s := &Script{cmd: exec.CommandContext(ctx, python, append([]string{script}, args...)...)}
	s.cmd.Stderr = &s.log
	in, err := s.cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	s.in, s.out = in, bufio.NewReader(out)
	return s, nil
}

// Read decodes the script's next line into v. Where there is none, the error has the last line of its standard error.
func (s *Script) Read(v any) error {
	line, err := s.out.ReadBytes('\n')
	if err != nil {
		s.Close() // completes the log
		lines := strings.Split(strings.TrimSpace(s.log.String()), "\n")
		return fmt.Errorf("the script ended: %s", lines[len(lines)-1])
	}
	if err := json.Unmarshal(line, v); err != nil {
		return fmt.Errorf("the script said %q: %w", line, err)
	}
	return nil
}

// Send writes a line to the script's standard input.
func (s *Script) Send(line string) error {
	_, err := io.WriteString(s.in, line+"\n")
	return err
}

// Close ends the script's standard input, and waits for the script to end.
func (s *Script) Close() {
	if s.cmd != nil {
		s.in.Close()
		s.cmd.Wait() // how it ended is of no interest: what it had to say it has said
		s.cmd = nil
	}
}
