package main

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"inceptiongl/cmd/internal/show"
)

func seconds(s float64) string { return show.Seconds(s) }

// signed is a difference of times.
func signed(s float64) string {
	switch {
	case math.Abs(s) < 5e-8:
		return "0"
	case s < 0:
		return "−" + seconds(-s)
	}
	return "+" + seconds(s)
}

func spread(t Timing) string {
	return fmt.Sprintf("%s (%s–%s)", seconds(t.Median), seconds(t.P10), seconds(t.P90))
}

// brief is a spread in the median's unit, said once: "839 µs (812–967)".
func brief(t Timing) string {
	median := seconds(t.Median)
	_, unit, _ := strings.Cut(median, " ")
	per := map[string]float64{"µs": 1e6, "ms": 1e3, "s": 1}[unit]
	return fmt.Sprintf("%s (%s–%s)", median, figures(t.P10*per), figures(t.P90*per))
}

func dims(d [3]int) string {
	s := fmt.Sprintf("%d×%d", d[0], d[1])
	if d[2] > 1 {
		s += fmt.Sprintf("×%d", d[2])
	}
	return s
}

func size(bytes int64) string {
	if bytes < 1<<20 {
		return fmt.Sprintf("%.0f KiB", float64(bytes)/(1<<10))
	}
	return fmt.Sprintf("%.1f MiB", float64(bytes)/(1<<20))
}

func count(n int64) string {
	switch {
	case n == 0:
		return "–"
	case n < 1e6:
		return fmt.Sprintf("%.1f k", float64(n)/1e3)
	}
	return fmt.Sprintf("%.2f M", float64(n)/1e6)
}

func comma(n int64) string { return show.Comma(n) }

func percent(v float64) string { return fmt.Sprintf("%.1f %%", 100*v) }

// figures is a number with three significant digits, without an exponent.
func figures(v float64) string {
	digits := 0
	for limit := 100.0; limit > v && v > 0 && digits < 6; limit /= 10 {
		digits++
	}
	return strconv.FormatFloat(v, 'f', digits, 64)
}
