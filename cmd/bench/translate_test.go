package main

import (
	"bytes"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// texts are what people read of a page.
func texts(t *testing.T, page string) []string {
	t.Helper()
	var all []string
	z := html.NewTokenizer(strings.NewReader(page))
	for verbatim := false; ; {
		switch z.Next() {
		case html.ErrorToken:
			return all
		case html.TextToken:
			if s := strings.TrimSpace(string(z.Text())); s != "" && !verbatim {
				all = append(all, html.UnescapeString(s))
			}
		case html.StartTagToken, html.SelfClosingTagToken:
			token := z.Token()
			verbatim = token.Data == "style" || token.Data == "code"
			for _, a := range token.Attr {
				if a.Key == "alt" || a.Key == "title" || a.Key == "aria-label" {
					all = append(all, a.Val)
				}
			}
		case html.EndTagToken:
			verbatim = false
		}
	}
}

// TestChinese: the page in Chinese has the English one's numbers, pictures and charts, and no English sentence.
func TestChinese(t *testing.T) {
	r, page := quickRun(t)
	r.Lang = "zh"
	translated := render(t, r)
	if !strings.Contains(translated, `<html lang="zh-CN">`) {
		t.Error("the page doesn't say that it is in Chinese")
	}
	// Names of kernels and nodes, devices and formulas stay.
	english := regexp.MustCompile(`[A-Za-z]{2,}[,:;]? [a-z]{2,}`)
	names := regexp.MustCompile(`image local|_tiled|winograd|conv ssbo|pointwise ssbo|copy image|stem|maxpool image|a xor b`)
	for _, s := range texts(t, translated) {
		if english.MatchString(s) && !names.MatchString(s) && !strings.Contains(s, r.Device.Renderer) && !strings.Contains(s, r.Device.Vendor) {
			t.Errorf("not translated: %q", s)
		}
		if strings.Contains(s, "{") {
			t.Errorf("not filled in: %q", s)
		}
	}
	// A number in the one is a number in the other, as often.
	number := regexp.MustCompile(`\d[\d,.]*\d`)
	count := func(page string) map[string]int {
		all := map[string]int{}
		for _, s := range texts(t, page) {
			for _, n := range number.FindAllString(s, -1) {
				all[n]++
			}
		}
		return all
	}
	here, there := count(page), count(translated)
	for n, k := range here {
		if there[n] != k && !slices.Contains([]string{"10", "90", "100"}, n) { // axes' labels are broken into lines elsewhere
			t.Errorf("%s is %d times in the English page, %d times in the Chinese one", n, k, there[n])
		}
	}
	for _, tag := range []string{"<svg", "<img", "<td", "<th", "<h2", "<h3", "<details", "<circle", "<rect"} {
		if a, b := strings.Count(page, tag), strings.Count(translated, tag); a != b || a == 0 {
			t.Errorf("%d of %s in English, %d in Chinese", a, tag, b)
		}
	}
}

// TestLanguage: phrases, with what is filled in, translated in its turn.
func TestLanguage(t *testing.T) {
	l, err := newLanguage("cat\n猫\n\nthe {} of {}\n{2}的{1}\n\n{} sees {}\n{1}看{2}\n")
	if err != nil {
		t.Fatal(err)
	}
	for in, want := range map[string]string{"cat": "猫", "the cat of x": "x的猫", "y sees the cat of cat": "y看猫的猫", "dog": "dog", " cat ": "猫"} {
		if got := l.say(in); got != want {
			t.Errorf("%q is %q, want %q", in, got, want)
		}
	}
	var b bytes.Buffer
	const page = "<html lang=\"en\"><style>cat {}</style><p title=\"cat\"> cat &amp; dog<b>cat</b> \n</p>"
	if err := l.page(&b, []byte(page), "zh-CN"); err != nil || b.String() != "<html lang=\"zh-CN\"><style>cat {}</style><p title=\"猫\"> cat &amp; dog<b>猫</b> \n</p>" {
		t.Errorf("%v: %s", err, b.String())
	}
	for _, bad := range []string{"one line", "a\nb\nc"} {
		if _, err := newLanguage(bad); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}
