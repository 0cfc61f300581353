package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"flag"
	"fmt"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	cdp "github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"inceptiongl/cmd/internal/browsertest"
)

var (
	keepShots = flag.String("screenshots", "", "keep the screenshots of the page in this folder")
	readme    = flag.String("readme", "", "write the README's picture of the page to this file")
)

// strokes draw a seven with the mouse.
func strokes(b *browsertest.Browser) error {
	var at struct{ X, Y float64 }
	if err := chromedp.Run(b.Ctx, chromedp.ScrollIntoView("#pad"), chromedp.Evaluate(`(() => { const b = document.getElementById("pad").getBoundingClientRect(); return {X: b.left, Y: b.top} })()`, &at)); err != nil {
		return err
	}
	points := [][2]float64{{70, 70}, {130, 66}, {205, 64}, {180, 120}, {150, 180}, {130, 235}}
	return chromedp.Run(b.Ctx, chromedp.ActionFunc(func(ctx context.Context) error {
		for i, p := range points {
			kind, buttons := input.MouseMoved, int64(1)
			if i == 0 {
				kind = input.MousePressed
			}
			if err := input.DispatchMouseEvent(kind, at.X+p[0], at.Y+p[1]).WithButton(input.Left).WithButtons(buttons).WithClickCount(1).Do(ctx); err != nil {
				return err
			}
		}
		last := points[len(points)-1]
		return input.DispatchMouseEvent(input.MouseReleased, at.X+last[0], at.Y+last[1]).WithButton(input.Left).WithClickCount(1).Do(ctx)
	}))
}

// look is what the page shows.
type look struct {
	Lang, Verdict, Error, Took string
	Bars                       int
	Shares                     float64 // their sum, in percent
	Inside                     bool
	Stages, Waves, Merged      int
	Maps, Blank, Unnamed       int // pictures; of one colour; without a name
	Ones                       int // 1×1s that are marked
	Overflow                   float64
	Background, Contrast       float64
	Small                      []string // texts of less than 11 pixels
	Faint                      []string // texts of too little contrast
	Nameless                   int      // buttons and fields without a name
}

const inspect = `(() => {
	const $ = id => document.getElementById(id), all = q => [...document.querySelectorAll(q)].filter(e => e.getClientRects().length > 0);
	const rgb = c => { const v = c.match(/[\d.]+/g).map(Number); return c.startsWith("color(srgb") ? [v[0] * 255, v[1] * 255, v[2] * 255, v[3] ?? 1] : [v[0], v[1], v[2], v[3] ?? 1]; };
	const luminance = v => { const l = v.slice(0, 3).map(x => x / 255).map(x => x <= 0.03928 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4); return 0.2126 * l[0] + 0.7152 * l[1] + 0.0722 * l[2]; };
	const ground = e => { for (; e; e = e.parentElement) { const c = rgb(getComputedStyle(e).backgroundColor); if (c[3] > 0.9) return c; } return [255, 255, 255]; };
	const contrast = e => { const a = luminance(rgb(getComputedStyle(e).color)), b = luminance(ground(e)); return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05); };
	const r = {Lang: document.documentElement.lang, Verdict: $("verdict").textContent, Error: $("error").hidden ? "" : $("error").textContent, Took: $("took").textContent,
		Bars: all("#bars li").length, Shares: 0, Inside: !$("inside").hidden, Stages: all(".stage").length, Waves: all(".wave").length, Merged: all(".step.merged").length,
		Maps: 0, Blank: 0, Unnamed: 0, Ones: all(".op.one").length, Overflow: document.scrollingElement.scrollWidth - innerWidth, Small: [], Faint: [], Nameless: 0};
	for (const e of all("#bars .fill")) r.Shares += parseFloat(e.style.width);
	for (const c of all("canvas.maps")) {
		r.Maps++;
		if (c.blank === undefined) { // each is read once
			const d = c.getContext("2d").getImageData(0, 0, c.width, c.height).data;
			c.blank = !d.some((v, i) => i % 4 < 3 && v !== d[i % 4]);
		}
		if (c.blank) r.Blank++;
		if (!c.getAttribute("aria-label")) r.Unnamed++;
	}
	for (const e of all("h1, h2, h3, h4, p, li, span, button, label, select")) {
		if (![...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim())) continue;
		if (parseFloat(getComputedStyle(e).fontSize) < 11) r.Small.push(e.textContent.slice(0, 40));
		if (e.className !== "visually-hidden" && contrast(e) < 4.5) r.Faint.push(contrast(e).toFixed(1) + " " + e.textContent.slice(0, 40));
	}
	for (const e of all("button, input, select, canvas[tabindex]")) {
		if (!(e.textContent.trim() || e.getAttribute("aria-label") || e.labels?.length || e.querySelector("img[alt]:not([alt=''])"))) r.Nameless++;
	}
	r.Background = luminance(ground(document.body));
	r.Contrast = contrast(document.body);
	return r;
})()`

func see(t *testing.T, b *browsertest.Browser) look {
	t.Helper()
	var l look
	if err := chromedp.Run(b.Ctx, chromedp.Evaluate(inspect, &l)); err != nil {
		t.Fatal(err)
	}
	return l
}

// settle waits until the page shows what is right.
func settle(t *testing.T, b *browsertest.Browser, what string, ok func(look) bool) look {
	t.Helper()
	var l look
	for end := time.Now().Add(15 * time.Second); ; time.Sleep(30 * time.Millisecond) {
		if l = see(t, b); ok(l) {
			return l
		}
		if time.Now().After(end) {
			t.Fatalf("waited 15 s until %s: %+v", what, l)
		}
	}
}

func clean(t *testing.T, b *browsertest.Browser, what, url string) {
	t.Helper()
	if m := b.Messages(); len(m) > 0 {
		t.Errorf("%s: the console has %q", what, m)
	}
	for _, r := range b.Requests() {
		if !strings.HasPrefix(r, url) && !strings.HasPrefix(r, "blob:"+url) {
			t.Errorf("%s: the page asks for %s", what, r)
		}
	}
}

// drop lets a file fall onto the page.
func drop(b *browsertest.Browser, name string, data []byte) error {
	script := fmt.Sprintf(`(() => {
		const bytes = Uint8Array.from(atob(%q), c => c.charCodeAt(0)), t = new DataTransfer();
		t.items.add(new File([bytes], %q, {type: "image/png"}));
		for (const kind of ["dragenter", "dragover", "drop"]) document.body.dispatchEvent(new DragEvent(kind, {dataTransfer: t, bubbles: true, cancelable: true}));
	})()`, base64.StdEncoding.EncodeToString(data), name)
	return chromedp.Run(b.Ctx, chromedp.Evaluate(script, nil))
}

func shoot(t *testing.T, b *browsertest.Browser, name string) {
	t.Helper()
	if *keepShots == "" {
		return
	}
	var shot []byte
	if err := chromedp.Run(b.Ctx, chromedp.Sleep(5*time.Second), chromedp.FullScreenshot(&shot, 100)); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(*keepShots, name+".png"), shot, 0o644); err != nil {
		t.Fatal(err)
	}
}

// whole is a page that shows a digit and all that the network sees in it.
func whole(digit string) func(look) bool {
	return func(l look) bool { return strings.HasPrefix(l.Verdict, digit) && l.Inside && l.Stages == 8 }
}

// TestPage: on a laptop and a phone, light and dark, English and Chinese: draw, drop, type, and what is wrong.
func TestPage(t *testing.T) {
	b := browsertest.New(t)
	r := start(t, nil)
	all := samples(t, 1)
	for _, v := range []struct {
		name, scheme, lang string
		width              int64
	}{{"laptop-light-en", "light", "en", 1280}, {"laptop-dark-zh", "dark", "zh", 1280}, {"phone-light-zh", "light", "zh", 390}, {"phone-dark-en", "dark", "en", 390}} {
		if err := chromedp.Run(b.Ctx, emulation.SetLocaleOverride().WithLocale(v.lang), emulation.SetUserAgentOverride("test").WithAcceptLanguage(v.lang+"-XX")); err != nil {
			t.Fatal(err)
		}
		b.Open(t, r.url+"/", v.width, v.scheme)
		nothing := map[string]string{"en": "Nothing drawn yet.", "zh": "还没有输入。"}[v.lang]
		settle(t, b, "the page is there", func(l look) bool { return l.Verdict == nothing && l.Error == "" })
		if err := strokes(b); err != nil {
			t.Fatal(err)
		}
		settle(t, b, "a seven is seen", whole("7"))
		time.Sleep(100 * time.Millisecond)
		l := settle(t, b, "animations are over", func(l look) bool { return len(l.Faint) == 0 })
		if l.Lang != v.lang || l.Bars != 10 || l.Shares < 99 || l.Shares > 101 || l.Took == "" {
			t.Errorf("%s: %+v", v.name, l)
		}
		// 14 waves; every step's channels are drawn: 21 steps of which three are products of several 1×1s.
		if l.Waves != 14 || l.Merged != 3 || l.Maps != 29 || l.Blank > 0 || l.Unnamed > 0 || l.Ones < 12 {
			t.Errorf("%s: inside: %+v", v.name, l)
		}
		if l.Overflow > 0 || len(l.Small) > 0 || l.Nameless > 0 || l.Contrast < 7 || l.Background < 0.2 != (v.scheme == "dark") {
			t.Errorf("%s: layout: %+v", v.name, l)
		}
		clean(t, b, v.name, r.url)
		shoot(t, b, v.name)
	}

	// The other language, at once, with what is shown.
	if err := chromedp.Run(b.Ctx, chromedp.Click("#lang")); err != nil {
		t.Fatal(err)
	}
	settle(t, b, "it is Chinese", func(l look) bool { return l.Lang == "zh" && strings.HasPrefix(l.Verdict, "7：") })
	if err := chromedp.Run(b.Ctx, chromedp.Click("#clear")); err != nil {
		t.Fatal(err)
	}
	settle(t, b, "it is cleared", func(l look) bool { return l.Bars == 0 && !l.Inside })

	// An answer that comes after the picture was cleared is not shown.
	if err := chromedp.Run(b.Ctx, chromedp.Evaluate(`{
		const fast = window.fetch;
		window.fetch = async (...a) => {
			const r = await fast(...a);
			if (a[0].startsWith("/page/see")) {
				window.asked = true;
				await new Promise(done => setTimeout(done, 500));
				window.answered = true;
			}
			return r;
		};
		window.atOnce = () => { window.fetch = fast; };
	}`, nil)); err != nil {
		t.Fatal(err)
	}
	if err := chromedp.Run(b.Ctx, chromedp.Click("#samples button"), chromedp.Poll("window.asked", nil), chromedp.Click("#clear"), chromedp.Poll("window.answered", nil),
		chromedp.Sleep(100*time.Millisecond), chromedp.Evaluate("atOnce()", nil)); err != nil {
		t.Fatal(err)
	}
	if l := see(t, b); l.Bars > 0 || l.Inside {
		t.Errorf("cleared, and then %+v", l)
	}

	// By keyboard alone: a one, drawn downwards.
	keys := []chromedp.Action{chromedp.Focus("#pad")}
	for range 8 {
		keys = append(keys, chromedp.KeyEvent(kb.ArrowUp))
	}
	keys = append(keys, chromedp.KeyEvent(" "))
	for range 17 {
		keys = append(keys, chromedp.KeyEvent(kb.ArrowDown))
	}
	if err := chromedp.Run(b.Ctx, append(keys, chromedp.KeyEvent(" "))...); err != nil {
		t.Fatal(err)
	}
	settle(t, b, "a one is seen", whole("1"))
	if err := chromedp.Run(b.Ctx, chromedp.KeyEvent(kb.Delete)); err != nil {
		t.Fatal(err)
	}
	settle(t, b, "it is cleared by keyboard", func(l look) bool { return l.Bars == 0 })

	// Dropped files, a sample, and files that are none.
	for i := 0; i < 20; i += 4 {
		s := all[i]
		if err := drop(b, s.Name, s.PNG); err != nil {
			t.Fatal(err)
		}
		settle(t, b, s.Name+" is seen", whole(fmt.Sprint(most(s.answers[0]))))
	}
	if err := chromedp.Run(b.Ctx, chromedp.Click(`#samples button:nth-child(10)`)); err != nil {
		t.Fatal(err)
	}
	settle(t, b, "the sample is seen", whole("9"))
	clean(t, b, "dropped files", r.url)
	if err := drop(b, "text.png", []byte("no picture")); err != nil {
		t.Fatal(err)
	}
	settle(t, b, "an error is told", func(l look) bool {
		return strings.Contains(l.Error, "not a JPEG, PNG, GIF, WebP or BMP image") && l.Bars == 0 && !l.Inside
	})
	if err := drop(b, "huge.png", hugePNG(60000, 60000)); err != nil {
		t.Fatal(err)
	}
	settle(t, b, "an error is told", func(l look) bool { return strings.Contains(l.Error, "60000×60000") })
	if err := drop(b, all[0].Name, all[0].PNG); err != nil {
		t.Fatal(err)
	}
	settle(t, b, "the error is gone", func(l look) bool { return l.Error == "" && strings.HasPrefix(l.Verdict, "0") })
}

// TestPageToken: the page asks for a token where the server does.
func TestPageToken(t *testing.T) {
	b := browsertest.New(t)
	file := filepath.Join(t.TempDir(), "tokens")
	if err := os.WriteFile(file, []byte("token-of-the-browser\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	r := start(t, nil, "--tokens="+file, "--lang=en")
	b.Open(t, r.url+"/", 1000, "light")
	settle(t, b, "it asks", func(l look) bool { return strings.Contains(l.Error, "token is needed") })
	if err := chromedp.Run(b.Ctx, chromedp.SendKeys("#token-text", "token-of-the-browser"), chromedp.Click("#token button")); err != nil {
		t.Fatal(err)
	}
	settle(t, b, "it is let in", func(l look) bool { return l.Error == "" })
	if err := strokes(b); err != nil {
		t.Fatal(err)
	}
	settle(t, b, "a seven is seen", whole("7"))
}

// TestReadmePicture writes the picture of the page for the README, where a flag asks for it.
func TestReadmePicture(t *testing.T) {
	if *readme == "" {
		t.Skip("writes a picture, no check: only with -readme FILE, by choice")
	}
	b := browsertest.New(t)
	r := start(t, nil, "--lang=en")
	b.Open(t, r.url+"/", 1180, "light")
	settle(t, b, "the page is there", func(l look) bool { return l.Verdict != "" && l.Error == "" })
	if err := strokes(b); err != nil {
		t.Fatal(err)
	}
	settle(t, b, "a seven is seen", whole("7"))
	var bottom float64
	var shot []byte
	if err := chromedp.Run(b.Ctx, chromedp.Sleep(4*time.Second),
		chromedp.Evaluate(`document.querySelectorAll(".stage")[1].getBoundingClientRect().bottom + scrollY + 16`, &bottom),
		chromedp.ActionFunc(func(ctx context.Context) (err error) {
			shot, err = cdp.CaptureScreenshot().WithClip(&cdp.Viewport{Width: 1180, Height: bottom, Scale: 1}).WithCaptureBeyondViewport(true).Do(ctx)
			return err
		})); err != nil {
		t.Fatal(err)
	}
	m, err := png.Decode(bytes.NewReader(shot))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&out, browsertest.Paletted(m)); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(*readme, out.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	if out.Len() > 400_000 {
		t.Errorf("%d bytes are too many for a README", out.Len())
	}
}
