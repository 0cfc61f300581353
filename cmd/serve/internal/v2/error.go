package v2

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Code is a kind of error, whatever the transport.
type Code int

// The kinds.
const (
	Internal Code = iota
	Invalid
	NotFound
	TooLarge
	Unauthenticated
	Forbidden
	Full      // try again later
	NotReady  // likewise, or elsewhere
	Deadline  // the request's
	Cancelled // by the caller
)

// Error is what a client is told.
type Error struct {
	Code       Code
	Message    string
	RetryAfter time.Duration // 0: nothing is known
}

func (e *Error) Error() string { return e.Message }

// Errorf makes an Error.
func Errorf(c Code, format string, a ...any) *Error {
	return &Error{Code: c, Message: fmt.Sprintf(format, a...)}
}

// AsError is err for a client. What isn't an Error of this package is the server's fault, but for a context's.
func AsError(err error) *Error {
	var e *Error
	switch {
	case errors.As(err, &e):
		return e
	case errors.Is(err, context.DeadlineExceeded):
		return Errorf(Deadline, "the request's time is over: %v", err)
	case errors.Is(err, context.Canceled):
		return Errorf(Cancelled, "the caller has gone: %v", err)
	}
	return Errorf(Internal, "%v", err)
}
