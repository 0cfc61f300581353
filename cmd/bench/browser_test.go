package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	cdp "github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"inceptiongl/cmd/internal/browsertest"
	"inceptiongl/gpu/gputest"
)

var (
	keepShots = flag.String("screenshots", "", "keep the screenshots of the page in this folder")
	readme    = flag.String("readme", "", "write the README's picture of the page to this file")
	showPage  = flag.String("page", "", "look at this page, not at one of a quick run")
)

// look is what the page's script-free layout comes to.
type look struct {
	Overflow   float64           // pixels by which the page is wider than the screen
	Sizes      map[string]string // of figures that are missing or empty, by id
	Charts     int
	Outside    []string // texts outside their drawing
	Small      []string // texts of less than 10 pixels
	Images     int
	Broken     int // images without pixels
	Background float64
	Contrast   float64
}

// inspect is run in the page. IDS is replaced by the figures' ids.
const inspect = `(() => {
	const seen = e => e && e.getClientRects().length > 0;
	const r = {Overflow: document.scrollingElement.scrollWidth - innerWidth, Sizes: {}, Charts: 0, Outside: [], Small: [], Images: 0, Broken: 0};
	for (const id of IDS) {
		const e = document.getElementById(id), b = e && e.getBoundingClientRect();
		if (!e || b.width < 100 || b.height < 40) r.Sizes[id] = e ? b.width + "x" + b.height : "missing";
	}
	for (const svg of document.querySelectorAll("svg")) {
		if (!seen(svg)) continue;
		const b = svg.getBoundingClientRect();
		if (b.width < 200 || b.height < 60) r.Sizes[svg.getAttribute("aria-label")] = b.width + "x" + b.height;
		r.Charts++;
		for (const t of svg.querySelectorAll("text")) {
			const q = t.getBoundingClientRect();
			if (q.left < b.left - 1 || q.right > b.right + 1 || q.top < b.top - 1 || q.bottom > b.bottom + 3) r.Outside.push(t.textContent);
			if (parseFloat(getComputedStyle(t).fontSize) * b.width / svg.viewBox.baseVal.width < 10) r.Small.push(t.textContent);
		}
	}
	for (const m of document.images) { r.Images++; if (!(m.naturalWidth > 0)) r.Broken++; }
	const luminance = c => { const v = c.match(/\d+/g).slice(0, 3).map(x => x / 255).map(x => x <= 0.03928 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4); return 0.2126 * v[0] + 0.7152 * v[1] + 0.0722 * v[2]; };
	const s = getComputedStyle(document.body), a = luminance(s.color), b = luminance(s.backgroundColor);
	r.Background = b;
	r.Contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
	return r;
})()`

func inspectPage(t *testing.T, b *browsertest.Browser, ids []string) look {
	t.Helper()
	var l look
	if err := chromedp.Run(b.Ctx, chromedp.Evaluate(strings.Replace(inspect, "IDS", fmt.Sprintf("%q.split(' ')", strings.Join(ids, " ")), 1), &l)); err != nil {
		t.Fatal(err)
	}
	return l
}

// pageFor is a page of a quick run, unless a flag names one.
func pageFor(t *testing.T) string {
	t.Helper()
	if *showPage != "" {
		return *showPage
	}
	return quickPage(t)
}

// chinesePage is a file with the quick run's page in Chinese.
func chinesePage(t *testing.T) string {
	t.Helper()
	r, _ := quickRun(t)
	r.Lang = "zh"
	path := filepath.Join(t.TempDir(), "page.html")
	if err := os.WriteFile(path, []byte(render(t, r)), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestPageInBrowser opens the page on a laptop and on a phone, light and dark.
func TestPageInBrowser(t *testing.T) {
	gputest.Need(t)
	b := browsertest.New(t)
	file := pageFor(t)
	dir := *keepShots
	if dir == "" {
		dir = t.TempDir()
	}
	ids := []string{"stats", "device", "diagram", "claims", "predicted", "steps", "roofline", "timeline", "errors", "maps-1", "maps-2"}
	for _, v := range []struct {
		name   string
		width  int64
		scheme string
	}{{"laptop-light-zh", 1280, "light"}, {"phone-dark-zh", 390, "dark"}, {"laptop-light", 1280, "light"}, {"laptop-dark", 1280, "dark"}, {"phone-light", 390, "light"}, {"phone-dark", 390, "dark"}, {"tablet-light", 768, "light"}} {
		file := file
		if strings.HasSuffix(v.name, "-zh") {
			file = chinesePage(t)
		}
		b.Open(t, "file://"+file, v.width, v.scheme)
		l := inspectPage(t, b, ids)
		if l.Overflow > 0 {
			t.Errorf("%s: the page is %v pixels wider than the screen", v.name, l.Overflow)
		}
		if len(l.Sizes) > 0 || l.Charts < 7 {
			t.Errorf("%s: missing or empty figures %v; %d charts", v.name, l.Sizes, l.Charts)
		}
		if l.Images < 50 || l.Broken > 0 {
			t.Errorf("%s: %d images, of which %d are broken", v.name, l.Images, l.Broken)
		}
		if len(l.Outside) > 0 || len(l.Small) > 0 {
			t.Errorf("%s: texts outside their drawing %q, too small %q", v.name, l.Outside, l.Small)
		}
		if dark := l.Background < 0.2; dark != (v.scheme == "dark") || l.Contrast < 7 {
			t.Errorf("%s: background luminance %.2f, contrast %.1f", v.name, l.Background, l.Contrast)
		}
		if m := b.Messages(); len(m) > 0 {
			t.Errorf("%s: the console has %q", v.name, m)
		}
		if r := b.Requests(); len(r) != 1 || !strings.HasSuffix(r[0], filepath.Base(file)) {
			t.Errorf("%s: requests %q, want the file alone", v.name, r)
		}
		var shot []byte
		if err := chromedp.Run(b.Ctx, chromedp.FullScreenshot(&shot, 100)); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, v.name+".png"), shot, 0o644); err != nil {
			t.Fatal(err)
		}
		if len(shot) < 20_000 {
			t.Errorf("%s: a screenshot of %d bytes shows nothing", v.name, len(shot))
		}
	}
}

// TestReadmePicture writes the picture of the page for the README, where a flag asks for it: some sections of it, as a laptop
// shows them.
func TestReadmePicture(t *testing.T) {
	if *readme == "" {
		t.Skip("writes a picture, no check: only with -readme FILE, by choice")
	}
	gputest.Need(t)
	b := browsertest.New(t)
	b.Open(t, "file://"+pageFor(t), 1060, "light")
	const sections = `document.querySelectorAll("section, nav, main > p.caption, #predicted figure ~ *, .scroll, details").forEach(e => {
		const s = e.closest("section");
		if (!s || !["diagram", "predicted", "roofline", "maps-1"].includes(s.id) || e !== s) e.style.display = "none";
	}), document.querySelector("main").getBoundingClientRect().height`
	var height float64
	var shot []byte
	err := chromedp.Run(b.Ctx, chromedp.Evaluate(sections, &height), chromedp.ActionFunc(func(ctx context.Context) (err error) {
		clip := &cdp.Viewport{Width: 1060, Height: height, Scale: 1}
		shot, err = cdp.CaptureScreenshot().WithClip(clip).WithCaptureBeyondViewport(true).Do(ctx)
		return err
	}))
	if err != nil {
		t.Fatal(err)
	}
	m, err := png.Decode(bytes.NewReader(shot))
	if err != nil {
		t.Fatal(err)
	}
	small := browsertest.Paletted(m)
	var out bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&out, small); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(*readme, out.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	if out.Len() > 400_000 {
		t.Errorf("%d bytes are too many for a README", out.Len())
	}
}

// TestBrowserNotices: what the test above looks for would be found.
func TestBrowserNotices(t *testing.T) {
	b := browsertest.New(t)
	file := filepath.Join(t.TempDir(), "bad.html")
	const bad = `<meta name="viewport" content="width=device-width"><body style="color:#888;background:#999"><img src="http://127.0.0.1:9/x.png"><div style="width:2000px">x</div>
<svg width="300" height="100" viewBox="0 0 600 200"><text x="-50" y="50" font-size="12">out</text></svg><script>console.error("no"); missing()</script>`
	if err := os.WriteFile(file, []byte(bad), 0o644); err != nil {
		t.Fatal(err)
	}
	b.Open(t, "file://"+file, 390, "light")
	l := inspectPage(t, b, []string{"roofline"})
	if l.Overflow <= 0 || l.Sizes["roofline"] != "missing" || l.Broken != 1 || len(l.Outside) != 1 || len(l.Small) != 1 || l.Contrast > 2 {
		t.Errorf("%+v", l)
	}
	if len(b.Messages()) < 2 || len(b.Requests()) != 2 {
		t.Errorf("messages %q, requests %q", b.Messages(), b.Requests())
	}
}
