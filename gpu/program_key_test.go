package gpu

import "testing"

// robustDriver is a driver whose context stays inside its buffers, or doesn't.
type robustDriver struct {
	fakeDriver
	robust bool
}

func (r *robustDriver) limits() Limits {
	l := r.fakeDriver.limits()
	l.RobustAccess = r.robust
	return l
}

// asked is a store that is empty and keeps the keys.
type asked struct{ keys []string }

func (a *asked) Get(key string) ([]byte, bool) {
	a.keys = append(a.keys, key)
	return nil, false
}

func (a *asked) Put(string, []byte) {}

// TestProgramKeyRobust: what one context compiled without bounds checks is not for another that has them.
func TestProgramKeyRobust(t *testing.T) {
	var s asked
	for _, robust := range []bool{false, true, true} {
		d := newDevice(&robustDriver{robust: robust}, "fake", 0, Options{Programs: &s})
		d.lookUp([]Source{{Name: "a", Text: "void main() {}"}})
	}
	if len(s.keys) != 3 || s.keys[0] == s.keys[1] || s.keys[1] != s.keys[2] {
		t.Errorf("without robust access, and twice with: keys %q", s.keys)
	}
}
