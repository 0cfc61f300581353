package show

import (
	"fmt"
	"io"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// Safe writes text that a terminal may show: names from strangers' files can hold what it would act on. Everything but printable
// characters, line ends and tabs becomes an escape such as \u001b, which in JSON means the same.
type Safe struct {
	to   io.Writer
	tail []byte // the beginning of a character
}

// NewSafe is a Safe that writes to w.
func NewSafe(w io.Writer) *Safe { return &Safe{to: w} }

// Unwrap is what it writes to.
func (s *Safe) Unwrap() io.Writer { return s.to }

func (s *Safe) Write(p []byte) (int, error) {
	b := append(s.tail, p...)
	s.tail = nil
	out := make([]byte, 0, len(b))
	for len(b) > 0 {
		if !utf8.FullRune(b) {
			s.tail = append(s.tail, b...)
			break
		}
		r, n := utf8.DecodeRune(b)
		switch high, low := utf16.EncodeRune(r); {
		case r == utf8.RuneError && n == 1:
			out = fmt.Appendf(out, `\u00%02x`, b[0])
		case strconv.IsPrint(r) || r == '\n' || r == '\t':
			out = append(out, b[:n]...)
		case high != utf8.RuneError:
			out = fmt.Appendf(out, `\u%04x\u%04x`, high, low)
		default:
			out = fmt.Appendf(out, `\u%04x`, r)
		}
		b = b[n:]
	}
	if _, err := s.to.Write(out); err != nil {
		return 0, err
	}
	return len(p), nil
}
