package main

import (
	"bytes"
	_ "embed"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/net/html"
)

//go:embed page/zh.txt
var chinese string

// phrase is a text of the page in English, with what is filled in, and in another language.
type phrase struct {
	from *regexp.Regexp
	to   string // {1} … stand for what was filled in
}

// language translates the page's texts. Nil is English.
type language []phrase

var inChinese = mustLanguage(chinese)

// mustLanguage is newLanguage for phrases that are a part of the program.
func mustLanguage(text string) language {
	l, err := newLanguage(text)
	if err != nil {
		panic(err)
	}
	return l
}

// newLanguage reads phrases: an English line, where {} stands for anything, its translation, an empty line.
func newLanguage(text string) (language, error) {
	var l language
	for i, block := range strings.Split(strings.TrimSpace(text), "\n\n") {
		from, to, ok := strings.Cut(block, "\n")
		if !ok || strings.Contains(to, "\n") {
			return nil, fmt.Errorf("phrase %d, %q, is not two lines", i, from)
		}
		pattern := strings.ReplaceAll(regexp.QuoteMeta(from), `\{\}`, `(.+?)`)
		re, err := regexp.Compile("^" + pattern + "$")
		if err != nil {
			return nil, fmt.Errorf("phrase %q: %w", from, err)
		}
		l = append(l, phrase{re, to})
	}
	// A phrase without anything to fill in is more certain than one with much.
	slices.SortStableFunc(l, func(a, b phrase) int {
		if d := a.from.NumSubexp() - b.from.NumSubexp(); a.from.NumSubexp() == 0 || b.from.NumSubexp() == 0 {
			return d
		}
		return len(b.from.String()) - len(a.from.String())
	})
	return l, nil
}

// say is a text in the language; what it has no phrase for stays as it is.
func (l language) say(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	for _, p := range l {
		m := p.from.FindStringSubmatch(s)
		if m == nil {
			continue
		}
		to := p.to
		for i := len(m) - 1; i > 0; i-- { // {12} before {1}
			to = strings.ReplaceAll(to, fmt.Sprintf("{%d}", i), l.say(m[i]))
		}
		return to
	}
	return s
}

// page translates all that people read of a page.
func (l language) page(w io.Writer, page []byte, lang string) error {
	z := html.NewTokenizer(bytes.NewReader(page))
	for verbatim := false; ; {
		kind := z.Next()
		raw := slices.Clone(z.Raw()) // the tokenizer changes it
		switch kind {
		case html.ErrorToken:
			if err := z.Err(); err != io.EOF {
				return err
			}
			return nil
		case html.TextToken:
			if !verbatim {
				raw = l.text(raw)
			}
		case html.StartTagToken, html.SelfClosingTagToken:
			t := z.Token()
			verbatim = t.Data == "style"
			if l.attributes(&t, lang) {
				raw = []byte(t.String())
			}
		case html.EndTagToken:
			verbatim = false
		}
		if _, err := w.Write(raw); err != nil {
			return err
		}
	}
}

// text translates what stands between two tags, and keeps the spaces around it.
func (l language) text(raw []byte) []byte {
	text := strings.ReplaceAll(html.UnescapeString(string(raw)), "\u00a0", " ")
	words := strings.TrimSpace(text)
	if words == "" {
		return raw
	}
	up, bare := "", words
	if rest, ok := strings.CutPrefix(words, "↑ "); ok { // the axis that goes upwards
		up, bare = "↑ ", rest
	}
	at := strings.Index(text, words)
	return []byte(html.EscapeString(text[:at] + up + together.Replace(l.say(bare)) + text[at+len(words):]))
}

// attributes translates those that are read or shown.
func (l language) attributes(t *html.Token, lang string) bool {
	changed := false
	for i := range t.Attr {
		switch a := &t.Attr[i]; a.Key {
		case "lang":
			a.Val, changed = lang, true
		case "alt", "title", "aria-label":
			a.Val, changed = l.say(a.Val), true
		}
	}
	return changed
}
