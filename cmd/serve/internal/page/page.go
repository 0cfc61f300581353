// Package page is what a browser shows of a server: a place to draw a digit or to drop a photo, the classes, and what each branch of
// each module sees. It needs no network but the server.
package page

import (
	"bytes"
	"embed"
	"encoding/json"
	"html/template"
	"net/http"

	"go.opentelemetry.io/otel/propagation"
	"golang.org/x/text/language"

	"inceptiongl/cmd/serve/internal/models"
	"inceptiongl/cmd/serve/internal/rest"
	"inceptiongl/cmd/serve/internal/service"
	"inceptiongl/cmd/serve/internal/v2"
	"inceptiongl/inception/classify"
	"inceptiongl/inception/digits"
)

//go:embed page.html page.css *.js
var files embed.FS

var document = template.Must(template.ParseFS(files, "page.html"))

// policy lets the page load what the server has, and nothing else.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// Open are the paths that show nothing of the server's models: they need no token.
func Open(path string) bool {
	switch path {
	case "/", "/page/page.css", "/page/page.js", "/page/words.js", "/page/draw.js", "/page/look.js":
		return true
	}
	return false
}

// Register adds the page. An empty language is the browser's.
func Register(mux *http.ServeMux, s *service.Service, o rest.Options, lang string) {
	h := handler{s, o, lang}
	mux.HandleFunc("GET /{$}", h.document)
	for name, kind := range map[string]string{"page.css": "text/css; charset=utf-8", "page.js": "text/javascript; charset=utf-8",
		"words.js": "text/javascript; charset=utf-8", "draw.js": "text/javascript; charset=utf-8", "look.js": "text/javascript; charset=utf-8"} {
		mux.HandleFunc("GET /page/"+name, func(w http.ResponseWriter, r *http.Request) {
			data, err := files.ReadFile(name)
			if err != nil {
				rest.WriteError(w, err)
				return
			}
			harden(w)
			w.Header().Set("Content-Type", kind)
			rest.Send(w, r, data)
		})
	}
	mux.HandleFunc("GET /page/models", h.models)
	mux.HandleFunc("GET /page/samples/{name}", h.sample)
	mux.HandleFunc("POST /page/see", h.see)
	mux.HandleFunc("POST /page/look", h.look)
}

type handler struct {
	s    *service.Service
	o    rest.Options
	lang string
}

func harden(w http.ResponseWriter) {
	w.Header().Set("Content-Security-Policy", policy)
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Referrer-Policy", "no-referrer")
	w.Header().Set("Cache-Control", "no-cache")
}

var languages = language.NewMatcher([]language.Tag{language.English, language.Chinese})

func (h handler) document(w http.ResponseWriter, r *http.Request) {
	lang := h.lang
	if lang == "" {
		lang = "en"
		if _, i := language.MatchStrings(languages, r.Header.Get("Accept-Language")); i == 1 {
			lang = "zh"
		}
	}
	var b bytes.Buffer
	if err := document.Execute(&b, struct{ Lang string }{lang}); err != nil {
		rest.WriteError(w, err)
		return
	}
	harden(w)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Vary", "Accept-Language")
	rest.Send(w, r, b.Bytes())
}

// about is a model for the page.
type about struct {
	Name     string   `json:"name"`
	About    []string `json:"about"`
	Channels int      `json:"channels"`
	H        int      `json:"h"`
	W        int      `json:"w"`
	Photos   bool     `json:"photos"`
	Samples  []string `json:"samples"`
}

func (h handler) models(w http.ResponseWriter, r *http.Request) {
	all := []about{}
	for _, m := range h.s.Repository.Models() {
		p, photos := m.Preset()
		a := about{Name: m.Name, About: m.About(), Channels: p.Order.Channels(), H: p.Output().H, W: p.Output().W, Photos: photos}
		if m.Name == "digits" {
			list, err := digits.Samples()
			if err != nil {
				rest.WriteError(w, err)
				return
			}
			for _, s := range list {
				a.Samples = append(a.Samples, s.Name)
			}
		}
		all = append(all, a)
	}
	answer(w, r, all)
}

func (h handler) sample(w http.ResponseWriter, r *http.Request) {
	list, err := digits.Samples()
	if err != nil {
		rest.WriteError(w, err)
		return
	}
	for _, s := range list {
		if s.Name == r.PathValue("name") {
			harden(w)
			w.Header().Set("Content-Type", "image/png")
			_, _ = w.Write(s.PNG) // the browser may have gone
			return
		}
	}
	rest.WriteError(w, v2.Errorf(v2.NotFound, "no such sample"))
}

// answer sends JSON.
func answer(w http.ResponseWriter, r *http.Request, v any) {
	data, err := json.Marshal(v)
	if err != nil {
		rest.WriteError(w, err)
		return
	}
	harden(w)
	w.Header().Set("Content-Type", "application/json")
	rest.Send(w, r, data)
}

// seen is the answer for a picture.
type seen struct {
	Classes []class `json:"classes"` // nil where the model has none
	Millis  float64 `json:"ms"`      // in the queue and in the run
	Batch   int     `json:"batch"`   // images in that run
}

// class is one of the likeliest.
type class struct {
	Index       int     `json:"index"`
	Label       string  `json:"label"`
	Probability float64 `json:"probability"`
}

func classes(all []classify.Class) []class {
	var to []class
	for _, c := range all {
		to = append(to, class{c.Index, c.Label, c.Probability})
	}
	return to
}

// see classifies a picture, in a run that other requests may share.
func (h handler) see(w http.ResponseWriter, r *http.Request) {
	ctx := service.Propagator.Extract(r.Context(), propagation.HeaderCarrier(r.Header))
	call, name := service.Call{Protocol: "page", ID: rest.RequestID(ctx)}, r.URL.Query().Get("model")
	body, err := rest.ReadBody(r, h.o)
	if err != nil {
		rest.WriteError(w, h.s.Fail(ctx, call, name, "", err))
		return
	}
	defer body.Close()
	var m *models.Model
	response, times, err := h.s.Infer(ctx, call, name, "",
		func(found *models.Model) (*v2.Request, error) {
			m = found
			return found.Raw(body.Data, body.Take)
		})
	if err != nil {
		rest.WriteError(w, err)
		return
	}
	answer(w, r, seen{classes(m.Classes(response, 10)), (times.Wait + times.Run).Seconds() * 1e3, times.Batch})
}

// look shows what the network sees in a picture.
func (h handler) look(w http.ResponseWriter, r *http.Request) {
	body, err := rest.ReadBody(r, h.o)
	if err != nil {
		rest.WriteError(w, err)
		return
	}
	defer body.Close()
	m, err := h.s.Repository.Model(r.URL.Query().Get("model"), "")
	if err != nil {
		rest.WriteError(w, err)
		return
	}
	l, err := m.Look(r.Context(), body.Data)
	if err != nil {
		rest.WriteError(w, err)
		return
	}
	answer(w, r, l)
}
