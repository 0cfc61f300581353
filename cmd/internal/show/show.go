// Package show writes numbers for people.
package show

import "strconv"

// Comma writes a count as 25,138,176.
func Comma(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
