package show

import "io"

// Checked remembers the first error of a writer, for text that is written in many small pieces. After it nothing more is written.
type Checked struct {
	to  io.Writer
	err error
}

// NewChecked is a Checked that writes to w.
func NewChecked(w io.Writer) *Checked { return &Checked{to: w} }

// Write writes p, or gives the error of an earlier time.
func (c *Checked) Write(p []byte) (int, error) {
	if c.err != nil {
		return 0, c.err
	}
	n, err := c.to.Write(p)
	c.err = err
	return n, err
}

// Err is the first error, or nil.
func (c *Checked) Err() error { return c.err }
