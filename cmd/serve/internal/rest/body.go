package rest

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"io"
	"net/http"
	"strings"

	"inceptiongl/cmd/serve/internal/budget"
	"inceptiongl/cmd/serve/internal/v2"
)

// Body is a request's, in memory that the budget has given. It must be closed.
type Body struct {
	*budget.Claim
	Data []byte
}

// ReadBody reads a request's body, unpacked if need be. Memory is taken from the budget as bytes arrive, not as they are promised.
func ReadBody(r *http.Request, o Options) (*Body, error) {
	if r.ContentLength > o.MaxBody {
		return nil, v2.Errorf(v2.TooLarge, "the body has %d bytes, %d are allowed", r.ContentLength, o.MaxBody)
	}
	from := io.Reader(http.MaxBytesReader(nil, r.Body, o.MaxBody))
	var unpacked io.ReadCloser
	var err error
	switch encoding := strings.ToLower(r.Header.Get("Content-Encoding")); encoding {
	case "", "identity":
	case "gzip":
		unpacked, err = gzip.NewReader(from)
	case "deflate":
		unpacked, err = zlib.NewReader(from)
	default:
		return nil, v2.Errorf(v2.Invalid, "content encoding %.20q: gzip and deflate are offered", encoding)
	}
	if err != nil {
		return nil, gone(err)
	}
	if unpacked != nil {
		defer unpacked.Close()
		from = unpacked
	}
	b := &Body{Claim: o.Memory.Claim()}
	if err := b.read(from, r.ContentLength, o.MaxBody); err != nil {
		b.Close()
		return nil, err
	}
	return b, nil
}

const firstRead = 16 << 10

func (b *Body) read(from io.Reader, expected, most int64) error {
	room := int64(firstRead)
	if expected > 0 && expected < 1<<20 { // a small promise may be believed
		room = expected + 1 // to see its end
	}
	for {
		if err := b.Take(room - int64(cap(b.Data))); err != nil {
			return err
		}
		grown := make([]byte, len(b.Data), room)
		copy(grown, b.Data)
		b.Data = grown
		for len(b.Data) < cap(b.Data) {
			n, err := from.Read(b.Data[len(b.Data):cap(b.Data)])
			b.Data = b.Data[:len(b.Data)+n]
			if int64(len(b.Data)) > most {
				return v2.Errorf(v2.TooLarge, "the body has more than the %d bytes that are allowed", most)
			}
			if err == io.EOF {
				return nil
			}
			if err != nil {
				return gone(err)
			}
		}
		room = min(2*room, most+1)
	}
}

// worth is the length from which on an answer is packed.
const worth = 1400

// Send writes an answer, packed where the client asks for that and it is worth it.
func Send(w http.ResponseWriter, r *http.Request, data []byte) {
	if len(data) >= worth {
		var packed bytes.Buffer
		var to io.WriteCloser
		for _, encoding := range strings.Split(r.Header.Get("Accept-Encoding"), ",") {
			name, q, _ := strings.Cut(strings.TrimSpace(encoding), ";")
			if strings.ReplaceAll(q, " ", "") == "q=0" {
				continue
			}
			switch name {
			case "gzip":
				to, _ = gzip.NewWriterLevel(&packed, gzip.BestSpeed) // a level that exists
			case "deflate":
				to, _ = zlib.NewWriterLevel(&packed, zlib.BestSpeed)
			default:
				continue
			}
			if _, err := to.Write(data); err == nil && to.Close() == nil {
				w.Header().Set("Content-Encoding", name)
				w.Header().Add("Vary", "Accept-Encoding")
				data = packed.Bytes()
			}
			break
		}
	}
	_, _ = w.Write(data) // the client may have gone
}
