// Package cli reads what the commands' flags have in common.
package cli

import (
	"fmt"
	"strconv"
	"strings"
)

// ParseSize reads "28" or "28x30": height and width, both positive.
func ParseSize(s string) (h, w int, err error) {
	rows, cols, both := strings.Cut(strings.ToLower(s), "x")
	if !both {
		cols = rows
	}
	if h, err = strconv.Atoi(rows); err == nil {
		w, err = strconv.Atoi(cols)
	}
	if err != nil || h < 1 || w < 1 {
		return 0, 0, fmt.Errorf("%q is neither a positive number nor HxW", s)
	}
	return h, w, nil
}
