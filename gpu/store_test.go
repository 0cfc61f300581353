package gpu_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"inceptiongl/gpu"
	"inceptiongl/gpu/gputest"
)

// memory is a store in memory that counts.
type memory struct {
	sync.Mutex
	m          map[string][]byte
	hits, puts int
}

func (s *memory) Get(key string) ([]byte, bool) {
	s.Lock()
	defer s.Unlock()
	b, ok := s.m[key]
	if ok {
		s.hits++
	}
	return b, ok
}

func (s *memory) Put(key string, b []byte) {
	s.Lock()
	defer s.Unlock()
	s.puts++
	s.m[key] = b
}

// useAll runs every source of mixed on a new device with the store.
func useAll(t *testing.T, s *memory) {
	t.Helper()
	for _, debug := range []bool{false, true} {
		d := gputest.New(t, gpu.Options{Programs: s, Debug: debug}, true)
		waves, _, out, want := mixed(t, d, 400)
		if _, err := d.Run(bg, &gpu.Pass{Waves: waves}); err != nil {
			t.Fatal(err)
		}
		same(t, download(t, out), want)
		if p := program(t, d, double); p.LocalSize() != [3]int{64, 1, 1} || p.Name() != double.Name {
			t.Errorf("the program is %q with %v", p.Name(), p.LocalSize())
		}
		bad := doubleDispatch(program(t, d, double), out, out)
		bad.Storage = bad.Storage[:1]
		if _, err := d.Run(bg, &gpu.Pass{Waves: [][]gpu.Dispatch{{bad}}}); err == nil {
			t.Error("the program's bindings are not known")
		}
	}
}

// TestProgramStore opens devices with what others stored, whole and damaged.
func TestProgramStore(t *testing.T) {
	s := &memory{m: map[string][]byte{}}
	useAll(t, s)
	if s.puts == 0 {
		if s.hits != 0 || len(s.m) != 0 {
			t.Errorf("nothing was put, and yet %d hits, %d programs", s.hits, len(s.m))
		}
		t.Log("the driver has no program binaries: the sources were compiled")
		return
	}
	if s.puts != 2 || len(s.m) != 2 || s.hits != 2 {
		t.Errorf("%d puts of %d programs and %d hits, want 2, 2 and 2", s.puts, len(s.m), s.hits)
	}
	whole := maps.Clone(s.m)
	keys := slices.Sorted(maps.Keys(whole))
	for name, damage := range map[string]func(b []byte) []byte{
		"empty":     func([]byte) []byte { return nil },
		"cut":       func(b []byte) []byte { return b[:len(b)-1] },
		"header":    func(b []byte) []byte { return b[:52] },
		"longer":    func(b []byte) []byte { return append(b, 0) },
		"magic":     func(b []byte) []byte { b[0]++; return b },
		"format":    func(b []byte) []byte { b[8]++; return b },
		"length":    func(b []byte) []byte { b[12]++; return b },
		"checksum":  func(b []byte) []byte { b[20]++; return b },
		"data":      func(b []byte) []byte { b[len(b)/2]++; return b },
		"of others": func([]byte) []byte { return whole[keys[0]] },
	} {
		t.Run(name, func(t *testing.T) {
			s.m = map[string][]byte{keys[1]: damage(slices.Clone(whole[keys[1]]))}
			s.puts = 0
			useAll(t, s)
			if s.puts != 2 || string(s.m[keys[1]]) == string(damage(slices.Clone(whole[keys[1]]))) {
				t.Errorf("%d puts, want 2: the damaged one replaced", s.puts)
			}
		})
	}
}

// TestProgramsAtOnce makes many programs in one call, with faulty ones and doubles among them.
func TestProgramsAtOnce(t *testing.T) {
	d := own(t)
	var list []gpu.Source
	for i := range 12 {
		s := double
		s.Prelude = fmt.Sprintf("#define N %d\n", i%10)
		if i%4 == 3 {
			s.Text += "broken\n"
		}
		list = append(list, s)
	}
	list = append(list, gpu.Source{Name: "empty"})
	programs, errs := d.Programs(bg, list)
	if len(programs) != len(list) || len(errs) != len(list) {
		t.Fatalf("%d programs and %d errors for %d sources", len(programs), len(errs), len(list))
	}
	for i, s := range list {
		faulty := i%4 == 3 || s.Text == ""
		var ce *gpu.CompileError
		if faulty != errors.As(errs[i], &ce) || faulty != (programs[i] == nil) {
			t.Errorf("source %d: %v, %v", i, programs[i], errs[i])
		}
		if faulty && (ce.Name != s.Name || ce.Defines != s.Prelude) {
			t.Errorf("source %d: the error is of another: %v", i, ce)
		}
	}
	if programs[10] != programs[0] || program(t, d, list[1]) != programs[1] {
		t.Error("equal sources have different programs")
	}
	a, b := buffer(t, d, "a", count(64)), buffer(t, d, "b", make([]float32, 64))
	if _, err := d.Run(bg, &gpu.Pass{Waves: [][]gpu.Dispatch{{doubleDispatch(programs[6], a, b)}}}); err != nil {
		t.Fatal(err)
	}
	if p, e := d.Programs(bg, nil); len(p) != 0 || len(e) != 0 {
		t.Errorf("no sources gave %v, %v", p, e)
	}

	// A context that ends on the way leaves the rest out, and a device that is closed everything.
	could, stop := context.WithCancel(bg)
	defer stop()
	for i := range list {
		list[i].Prelude += "#define AGAIN\n"
	}
	programs, errs = d.Programs(&countdown{Context: could, left: 3}, list[:3])
	if programs[0] == nil || programs[2] != nil || !errors.Is(errs[2], context.DeadlineExceeded) {
		t.Errorf("got %v, %v", programs, errs)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	for _, err := range func() []error { _, errs := d.Programs(bg, list); return errs }() {
		if !errors.Is(err, gpu.ErrClosed) || !strings.Contains(err.Error(), "program") {
			t.Errorf("got %v, want ErrClosed", err)
		}
	}
}

// BenchmarkPrograms makes 20 programs of some length: by the driver alone (whose own cache may know them), and from a store.
func BenchmarkPrograms(b *testing.B) {
	list := make([]gpu.Source, 20)
	round := 0
	fresh := func() { // sources that no cache has seen
		round++
		for i := range list {
			s := slow
			var body strings.Builder
			for k := range 60 {
				fmt.Fprintf(&body, "\ts = s * %d.5 + v[(i + uint(%d)) %% 64u];\n", k+i, round+k)
			}
			s.Text = strings.Replace(s.Text, "\tv[i] =", body.String()+"\tv[i] =", 1)
			s.Prelude = fmt.Sprintf("#define ROUND %d\n", time.Now().UnixNano())
			list[i] = s
		}
	}
	store := &memory{m: map[string][]byte{}}
	run := func(b *testing.B, s gpu.ProgramStore, atOnce bool) {
		b.StopTimer()
		d := gputest.New(b, gpu.Options{Programs: s}, false)
		b.StartTimer()
		if atOnce {
			_, errs := d.Programs(bg, list)
			if err := errors.Join(errs...); err != nil {
				b.Fatal(err)
			}
		} else {
			for _, s := range list {
				program(b, d, s)
			}
		}
		b.StopTimer()
		d.Close()
		b.StartTimer()
	}
	for _, c := range []struct {
		name           string
		warm, at, keep bool
	}{{"cold/one by one", false, false, false}, {"cold/at once", false, true, false}, {"cold/kept", false, true, true}, {"stored", true, true, true}} {
		b.Run(c.name, func(b *testing.B) {
			fresh()
			var s gpu.ProgramStore
			if c.keep {
				s = store
			}
			if c.warm {
				run(b, s, true)
				b.ResetTimer()
			}
			for range b.N {
				if !c.warm {
					b.StopTimer()
					fresh()
					b.StartTimer()
				}
				run(b, s, c.at)
			}
		})
	}
}
