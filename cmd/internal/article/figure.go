package article

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"inceptiongl/cmd/internal/show"
)

// Agreement says how a recomputed figure compares with the article's, at the precision that the article states.
type Agreement string

// The ways to agree.
const (
	Yes  Agreement = "yes"
	Cut  Agreement = "cut off, not rounded"
	No   Agreement = "no"
	None Agreement = "" // the article states no figure
)

// Figure is one number, or shape, of a claim.
type Figure struct {
	What       string
	Article    string // as the article states it; "" where it doesn't
	Recomputed string
	Agrees     Agreement
	Formula    string
}

// number compares a recomputed number with one that the article states, such as "153,600", "120.4 M" or "89 %" (of which
// 0.8967 is the value).
func number(what, stated string, value float64, formula string) Figure {
	f := Figure{What: what, Article: stated, Agrees: compare(stated, value), Formula: formula}
	if strings.HasSuffix(stated, "%") {
		f.Recomputed = fmt.Sprintf("%.2f %%", 100*value)
	} else {
		f.Recomputed = show.Comma(int64(value))
	}
	return f
}

// words compares a recomputed statement with the article's.
func words(what, stated, recomputed, formula string) Figure {
	f := Figure{What: what, Article: stated, Recomputed: recomputed, Agrees: No, Formula: formula}
	switch stated {
	case "":
		f.Agrees = None
	case recomputed:
		f.Agrees = Yes
	}
	return f
}

func compare(stated string, value float64) Agreement {
	digits, unit, _ := strings.Cut(strings.ReplaceAll(stated, ",", ""), " ")
	said, err := strconv.ParseFloat(digits, 64)
	if err != nil {
		return No
	}
	switch unit {
	case "M":
		value /= 1e6
	case "%":
		value *= 100
	}
	_, decimals, _ := strings.Cut(digits, ".")
	scale := math.Pow10(len(decimals))
	said, value = math.Round(said*scale), value*scale // in units of the last digit
	switch {
	case said == math.Round(value):
		return Yes
	case said == math.Trunc(value):
		return Cut
	}
	return No
}

// agreeing counts the figures that the article states, and those of them that agree.
func agreeing(figures []Figure) (stated, agree int) {
	for _, f := range figures {
		if f.Agrees != None {
			stated++
		}
		if f.Agrees == Yes {
			agree++
		}
	}
	return stated, agree
}
