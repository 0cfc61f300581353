// Package rest is the Open Inference Protocol over HTTP.
package rest

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"go.opentelemetry.io/otel/propagation"

	"inceptiongl/cmd/serve/internal/budget"
	"inceptiongl/cmd/serve/internal/models"
	"inceptiongl/cmd/serve/internal/service"
	"inceptiongl/cmd/serve/internal/v2"
)

// Options bound what a request may take.
type Options struct {
	MaxBody int64 // as sent, and when it is unpacked
	Memory  *budget.Budget
}

// jsonLength is the header that says how many of a body's bytes are JSON.
const jsonLength = "Inference-Header-Content-Length"

// Register adds the protocol's endpoints.
func Register(mux *http.ServeMux, s *service.Service, o Options) {
	h := handler{s, o}
	mux.HandleFunc("GET /v2/health/live", func(w http.ResponseWriter, _ *http.Request) { write(w, http.StatusOK, map[string]bool{"live": true}) })
	mux.HandleFunc("GET /v2/health/ready", func(w http.ResponseWriter, _ *http.Request) {
		if err := s.Ready(); err != nil {
			WriteError(w, err)
			return
		}
		write(w, http.StatusOK, map[string]bool{"ready": true})
	})
	for _, path := range []string{"GET /v2", "GET /v2/{$}"} {
		mux.HandleFunc(path, func(w http.ResponseWriter, _ *http.Request) { write(w, http.StatusOK, service.Metadata()) })
	}
	for _, path := range []string{"/v2/models/{model}", "/v2/models/{model}/versions/{version}"} {
		mux.HandleFunc("GET "+path, h.metadata)
		mux.HandleFunc("GET "+path+"/ready", h.ready)
		mux.HandleFunc("POST "+path+"/infer", h.infer)
	}
	mux.HandleFunc("POST /v2/repository/index", h.index)
	mux.HandleFunc("POST /v2/repository/models/{model}/load", h.load)
	mux.HandleFunc("POST /v2/repository/models/{model}/unload", h.unload)
}

type handler struct {
	s *service.Service
	o Options
}

func (h handler) metadata(w http.ResponseWriter, r *http.Request) {
	m, err := h.s.Repository.Model(r.PathValue("model"), r.PathValue("version"))
	if err != nil {
		WriteError(w, err)
		return
	}
	write(w, http.StatusOK, m.Metadata())
}

func (h handler) ready(w http.ResponseWriter, r *http.Request) {
	m, err := h.s.Repository.Model(r.PathValue("model"), r.PathValue("version"))
	if err != nil {
		WriteError(w, err)
		return
	}
	write(w, http.StatusOK, map[string]any{"name": m.Name, "ready": true})
}

func (h handler) infer(w http.ResponseWriter, r *http.Request) {
	ctx := service.Propagator.Extract(r.Context(), propagation.HeaderCarrier(r.Header))
	call := service.Call{Protocol: "http", ID: RequestID(ctx)}
	if err := h.s.Refuse(ctx, call, r.PathValue("model"), r.PathValue("version")); err != nil {
		WriteError(w, err)
		return
	}
	body, err := ReadBody(r, h.o)
	if err != nil {
		WriteError(w, h.s.Fail(ctx, call, r.PathValue("model"), r.PathValue("version"), err))
		return
	}
	defer body.Close()
	response, _, err := h.s.Infer(ctx, call, r.PathValue("model"), r.PathValue("version"),
		func(m *models.Model) (*v2.Request, error) { return parse(m, r, body) })
	if err != nil {
		WriteError(w, err)
		return
	}
	data, size, err := response.Encode()
	if err != nil {
		WriteError(w, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	if size >= 0 {
		w.Header().Set("Content-Type", "application/octet-stream")
		w.Header().Set(jsonLength, strconv.Itoa(size))
	}
	Send(w, r, data)
}

// parse reads a body: the protocol's JSON, with or without binary data; or, with the header 0 or a picture's content type, raw data for
// the model's input.
func parse(m *models.Model, r *http.Request, body *Body) (*v2.Request, error) {
	size := -1
	if text := r.Header.Get(jsonLength); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 {
			return nil, v2.Errorf(v2.Invalid, "%s: %.20q is not a length", jsonLength, text)
		}
		size = n
	}
	if size == 0 || strings.HasPrefix(r.Header.Get("Content-Type"), "image/") {
		return m.Raw(body.Data, body.Take)
	}
	return v2.ParseRequest(body.Data, size, body.Take)
}

func (h handler) index(w http.ResponseWriter, r *http.Request) {
	var asked struct {
		Ready bool `json:"ready"`
	}
	if err := h.small(r, &asked); err != nil {
		WriteError(w, err)
		return
	}
	write(w, http.StatusOK, h.s.Repository.Index(asked.Ready))
}

func (h handler) load(w http.ResponseWriter, r *http.Request) {
	var asked struct {
		Parameters map[string]json.RawMessage `json:"parameters"`
	}
	err := h.small(r, &asked)
	if err == nil && len(asked.Parameters) > 0 {
		err = v2.Errorf(v2.Invalid, "models are loaded as the repository has them: no parameters are taken")
	}
	if err == nil {
		_ = http.NewResponseController(w).SetWriteDeadline(time.Time{}) // it may take long
		// Loading goes on where the caller leaves: half a model is of no use.
		err = h.s.Repository.Load(context.WithoutCancel(r.Context()), r.PathValue("model"))
	}
	if err != nil {
		WriteError(w, err)
		return
	}
	write(w, http.StatusOK, struct{}{})
}

func (h handler) unload(w http.ResponseWriter, r *http.Request) {
	if err := h.s.Repository.Unload(r.PathValue("model")); err != nil {
		WriteError(w, err)
		return
	}
	write(w, http.StatusOK, struct{}{})
}

// small reads a body that may be missing.
func (h handler) small(r *http.Request, to any) error {
	o := h.o
	o.MaxBody = min(o.MaxBody, 64<<10)
	body, err := ReadBody(r, o)
	if err != nil {
		return err
	}
	defer body.Close()
	if len(body.Data) == 0 {
		return nil
	}
	if err := json.Unmarshal(body.Data, to); err != nil {
		return v2.Errorf(v2.Invalid, "the request is not the protocol's JSON: %v", err)
	}
	return nil
}

// write sends JSON.
func write(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the client may have gone
}

// WriteError sends an error as the protocol has it.
func WriteError(w http.ResponseWriter, err error) {
	e := v2.AsError(err)
	if e.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int((e.RetryAfter + 999_999_999).Seconds())))
	}
	if e.Code == v2.Unauthenticated {
		w.Header().Set("WWW-Authenticate", `Bearer realm="inceptiongl"`)
	}
	write(w, service.KindOf(e.Code).HTTP, map[string]string{"error": e.Message})
}

type idKey struct{}

// WithRequestID gives every request an id: its own X-Request-Id where that is harmless. The answer has it, too.
func WithRequestID(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := IDFrom(r.Header.Get("X-Request-Id"))
		w.Header().Set("X-Request-Id", id)
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), idKey{}, id)))
	})
}

// harmless is a text that may stand in a header and in a log.
func harmless(id string) bool {
	ok := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("._:-", r)
	}
	return id != "" && len(id) <= 100 && strings.IndexFunc(id, func(r rune) bool { return !ok(r) }) < 0
}

// IDFrom is the id of a request that brings one: its own where that is harmless.
func IDFrom(given string) string {
	if harmless(given) {
		return given
	}
	return newID()
}

// newID is a request id.
func newID() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

// RequestID is the request's.
func RequestID(ctx context.Context) string {
	id, _ := ctx.Value(idKey{}).(string)
	return id
}

// gone reports an error of reading that only a client can be to blame for.
func gone(err error) error {
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return v2.Errorf(v2.TooLarge, "the body has more than the %d bytes that are allowed", large.Limit)
	}
	return v2.Errorf(v2.Invalid, "the body can't be read: %v", err)
}
