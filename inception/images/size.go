package images

import (
	"fmt"
	"strconv"
	"strings"
)

// Size is rows × columns.
type Size struct{ H, W int }

// Square is n × n.
func Square(n int) Size { return Size{n, n} }

func (s Size) String() string { return fmt.Sprintf("%d×%d", s.H, s.W) }

// ParseSize reads "224", a square, or "224x192" or "224×192", rows and columns.
func ParseSize(s string) (Size, error) {
	rows, cols, both := strings.Cut(strings.NewReplacer("X", "x", "×", "x").Replace(s), "x")
	if !both {
		cols = rows
	}
	h, err := strconv.Atoi(rows)
	w, err2 := strconv.Atoi(cols)
	if err != nil || err2 != nil || h < 1 || w < 1 {
		return Size{}, fmt.Errorf("%q is neither a positive number nor HxW", s)
	}
	return Size{h, w}, nil
}
