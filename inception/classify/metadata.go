package classify

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"inceptiongl/inception/images"
)

// metadata are the named values in an ONNX file, of those exporters that say how the network is used.
type metadata map[string]string

// unit reports a network that was trained with levels in [0, 1].
func (m metadata) unit() bool { return m["author"] == "Ultralytics" }

// fit gives an Ultralytics network's preset the size that it was exported for, where the network leaves it open. They scale the shorter side
// to what they cut out.
func (m metadata) fit(p images.Preset, open bool) images.Preset {
	if !m.unit() {
		return p
	}
	var s images.Size
	if n, _ := fmt.Sscanf(m["imgsz"], "[%d, %d]", &s.H, &s.W); open && n == 2 {
		if q := p.ForSize(s); q.Check() == nil {
			p = q
		}
	}
	p.Short = max(p.Crop.H, p.Crop.W)
	return p
}

// labels are the classes' names: Ultralytics' are a dictionary of Python, RapidAI's one a line. Nil where there are none, or not n.
func (m metadata) labels(n int) []string {
	list, ok := dictionary(m["names"])
	if lines := m["character"]; !ok && lines != "" {
		list = nil
		for l := range strings.SplitSeq(strings.TrimSpace(lines), "\n") {
			list = append(list, label(strings.TrimSpace(l)))
		}
	}
	if len(list) != n || !utf8.ValidString(m["names"]+m["character"]) {
		return nil
	}
	return names(list)
}

// dictionary is {0: 'cat', 1: "cat's"}, as Python writes it, in any order; false where it is anything else.
func dictionary(text string) ([]label, bool) {
	byIndex := map[int]label{}
	text, ok := strings.CutPrefix(strings.TrimSpace(text), "{")
	for ok {
		number, rest, found := strings.Cut(text, ":")
		i, err := strconv.Atoi(strings.TrimSpace(number))
		l, rest, closed := literal(strings.TrimSpace(rest))
		if _, twice := byIndex[i]; !found || err != nil || !closed || twice {
			return nil, false
		}
		byIndex[i] = label(l)
		rest = strings.TrimSpace(rest)
		if rest == "}" {
			break
		}
		text, ok = strings.CutPrefix(rest, ",")
	}
	list := make([]label, len(byIndex))
	for i := range list {
		l, there := byIndex[i]
		if !there || !ok {
			return nil, false
		}
		list[i] = l
	}
	return list, len(list) > 0
}

// literal is a string of Python that text begins with, and what follows it. An escape other than of quotes stays as it is written.
func literal(text string) (s, rest string, ok bool) {
	if text == "" || text[0] != '\'' && text[0] != '"' {
		return "", "", false
	}
	var out strings.Builder
	for i := 1; i < len(text); i++ {
		switch c := text[i]; {
		case c == text[0]:
			return out.String(), text[i+1:], true
		case c == '\\' && i+1 < len(text) && strings.IndexByte(`\'"`, text[i+1]) >= 0:
			i++
			out.WriteByte(text[i])
		default:
			out.WriteByte(c)
		}
	}
	return "", "", false
}
