package gpu

import (
	"errors"
	"testing"
)

// renderer is a driver that only has a name.
type renderer struct {
	fakeDriver
	name string
	soft bool
}

func (r *renderer) info() DeviceInfo { return DeviceInfo{Renderer: r.name, Software: r.soft} }

// TestBestOf checks the order of preference without any GL.
func TestBestOf(t *testing.T) {
	broken := errors.New("EGL_BAD_MATCH")
	cand := func(name string, enumerated, flagged, soft bool, err error) candidate {
		return candidate{name: name, enumerated: enumerated, software: flagged, open: func(bool) (driver, error) {
			return &renderer{name: name, soft: soft}, err
		}}
	}
	for _, tc := range []struct {
		want  string
		cands []candidate
	}{
		{"card", []candidate{cand("card", true, false, false, nil), cand("soft", true, true, true, nil)}},
		{"card", []candidate{cand("no driver", true, false, true, nil), cand("card", true, false, false, nil)}},
		{"no driver", []candidate{cand("no driver", true, false, true, nil), cand("broken", true, false, false, broken), cand("soft", true, true, true, nil)}},
		{"soft", []candidate{cand("broken", true, false, false, broken), cand("soft", true, true, true, nil), cand("surfaceless", false, false, true, nil)}},
		{"surfaceless", []candidate{cand("broken", true, false, false, broken), cand("surfaceless", false, false, true, nil)}},
		{"", []candidate{cand("broken", true, false, false, broken)}},
		{"", nil},
	} {
		d, err := bestOf(tc.cands, nil, Options{})
		switch {
		case tc.want == "" && !errors.Is(err, ErrNoDevice):
			t.Errorf("got %v, want ErrNoDevice", err)
		case tc.want != "" && (err != nil || d.Info().Name != tc.want):
			t.Errorf("got %v, %v; want %s", d, err, tc.want)
		}
	}
}
