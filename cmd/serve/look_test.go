package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
)

// TestLookAPI: what is told of the inside is what the network computes, and what is wrong is told.
func TestLookAPI(t *testing.T) {
	r := start(t, nil)
	all := samples(t, 1)
	var l struct {
		Us     float64
		Stages []struct {
			Name   string
			Module bool
			Waves  []struct {
				N     int
				Us    float64
				Steps []struct {
					Us    float64
					Parts []struct {
						Name, Op string
						Branch   int
						Maps     struct {
							Channels, H, W, Shown, ShownH, ShownW int
							Pixels                                []byte
						}
					}
				}
			}
		}
	}
	a := r.say("/page/look?model=digits", all[0].PNG)
	if err := json.Unmarshal(a.body, &l); err != nil {
		t.Fatalf("%v: %.200s", err, a.body)
	}
	wave, sum := 0, 0.0
	for _, s := range l.Stages {
		for _, w := range s.Waves {
			if w.N != wave+1 {
				t.Errorf("wave %d comes after wave %d", w.N, wave)
			}
			wave = w.N
			sum += w.Us
			for _, step := range w.Steps {
				for _, p := range step.Parts {
					if m := p.Maps; len(m.Pixels) != m.Shown*m.ShownH*m.ShownW || m.Shown < 1 || p.Branch >= 0 != s.Module {
						t.Errorf("%s: %+v in branch %d", p.Name, m, p.Branch)
					}
				}
			}
		}
	}
	if wave != 14 || sum < 0.99*l.Us || sum > 1.01*l.Us || l.Us == 0 {
		t.Errorf("%d waves of %v µs, in all %v", wave, sum, l.Us)
	}
	for name, c := range map[string]struct {
		path   string
		body   []byte
		status int
	}{
		"no picture": {"/page/look?model=digits", []byte("x"), 400}, "no model": {"/page/look?model=x", all[0].PNG, 404},
		"see no picture": {"/page/see?model=digits", []byte("x"), 400}, "no sample": {"/page/samples/..%2fx", nil, 404}, "another file": {"/page/page.html", nil, 404},
	} {
		if a := r.say(c.path, c.body); a.status != c.status {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
	}
	// Another site's page may not use it, whatever name it has for this machine.
	for origin, want := range map[string]int{"http://evil.example": 403, "null": 403, r.url: 200, "": 200} {
		if a := r.say("/page/see?model=digits", all[0].PNG, "Origin: "+origin); a.status != want {
			t.Errorf("a page of %q: %d %s", origin, a.status, a.body)
		}
	}
	for accept, want := range map[string]string{"zh-CN,zh;q=0.9,en;q=0.8": "zh", "de,en;q=0.5": "en", "en-GB": "en", "zh-TW": "zh", "": "en", "\x01": "en"} {
		q, err := http.NewRequest(http.MethodGet, r.url+"/", nil)
		if err != nil {
			t.Fatal(err)
		}
		if q.Header.Set("Accept-Language", accept); accept == "\x01" {
			q.Header.Set("Accept-Language", ";;;q=x")
		}
		res, err := http.DefaultClient.Do(q)
		if err != nil {
			t.Fatal(err)
		}
		var page bytes.Buffer
		if _, err := page.ReadFrom(res.Body); err != nil || !strings.Contains(page.String(), `<html lang="`+want+`">`) {
			t.Errorf("%q gets %.60s", accept, page.String())
		}
		_ = res.Body.Close()
	}
}
