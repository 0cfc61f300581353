// Package browsertest gives tests a browser, or fails them: a page that nobody opened is not tested.
package browsertest

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// noBrowser names the environment variable that, set to 1, skips the tests with a browser.
const noBrowser = "INCEPTIONGL_NO_BROWSER"

// Browser is a headless Chromium that notes what it should not see.
type Browser struct {
	Ctx      context.Context // of its one page
	mu       sync.Mutex
	messages []string // console messages, exceptions
	requests []string // that leave the page: all but its own file and data: URLs
}

// New starts one, and fails the test where there is no Chromium: a page that nobody opened is not tested.
func New(t *testing.T) *Browser {
	t.Helper()
	if os.Getenv(noBrowser) == "1" {
		t.Skipf("%s=1: tests with a browser skipped by choice", noBrowser)
	}
	var path string
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "chrome"} {
		if p, err := exec.LookPath(name); err == nil {
			path = p
			break
		}
	}
	if path == "" {
		t.Fatalf("no Chromium: install the package chromium (sh .ci/setup test does), or set %s=1 to skip this knowingly", noBrowser)
	}
	options := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]),
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.NoFirstRun, chromedp.UserDataDir(profile(t)),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true),
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("hide-scrollbars", true),
		// Without it the kernel kills the browser when the thread ends that started it, as those do on which a device was open.
		chromedp.ModifyCmdFunc(func(*exec.Cmd) {}))
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewExecAllocator(ctx, options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	t.Cleanup(func() {
		if err := chromedp.Cancel(ctx); err != nil { // waits for the browser to end
			t.Logf("closing the browser: %v", err)
		}
	})
	b := &Browser{Ctx: ctx}
	chromedp.ListenTarget(ctx, func(e any) {
		b.mu.Lock()
		defer b.mu.Unlock()
		switch e := e.(type) {
		case *runtime.EventConsoleAPICalled:
			b.messages = append(b.messages, fmt.Sprintf("console.%s", e.Type))
		case *runtime.EventExceptionThrown:
			b.messages = append(b.messages, e.ExceptionDetails.Error())
		case *log.EventEntryAdded:
			b.messages = append(b.messages, e.Entry.Text)
		case *network.EventRequestWillBeSent:
			if u := e.Request.URL; !strings.HasPrefix(u, "data:") {
				b.requests = append(b.requests, u)
			}
		}
	})
	if err := chromedp.Run(ctx, network.Enable(), log.Enable(), runtime.Enable()); err != nil {
		t.Fatal(err)
	}
	return b
}

// profile is an empty folder for a browser's settings. The browser's processes write to it for a moment after they were ended.
func profile(t *testing.T) string {
	dir, err := os.MkdirTemp("", "browsertest-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for range 20 {
			if err = os.RemoveAll(dir); err == nil {
				return
			}
			time.Sleep(100 * time.Millisecond)
		}
		t.Logf("removing the browser's profile: %v", err)
	})
	return dir
}

// Open shows a page as a screen of that width and color scheme.
func (b *Browser) Open(t *testing.T, url string, width int64, scheme string) {
	t.Helper()
	b.mu.Lock()
	b.messages, b.requests = nil, nil
	b.mu.Unlock()
	err := chromedp.Run(b.Ctx,
		emulation.SetDeviceMetricsOverride(width, 844, 1, width < 600),
		emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}),
		chromedp.Navigate(url),
		chromedp.WaitReady("body"))
	if err != nil {
		t.Fatal(err)
	}
}

// Messages are the console's since Open, exceptions too.
func (b *Browser) Messages() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.messages)
}

// Requests are the addresses that were asked for since Open, all but data: URLs.
func (b *Browser) Requests() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.requests)
}
