package gpu_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"inceptiongl/gpu"
	"inceptiongl/gpu/gputest"
)

func TestDevices(t *testing.T) {
	gputest.Need(t)
	list, err := gpu.Devices(bg)
	if err != nil {
		t.Fatal(err)
	}
	rank := 0
	names := map[string]bool{}
	for i, d := range list {
		t.Logf("%+v", d)
		if d.Index != i || d.Name == "" || names[d.Name] || (d.Err == "") != (d.Renderer != "") {
			t.Errorf("device %d is not well described: %+v", i, d)
		}
		names[d.Name] = true
		r := 0
		if d.Software {
			r = 1
		}
		if d.Err != "" {
			r = 2
		}
		if r < rank {
			t.Errorf("device %d is out of order: %+v", i, d)
		}
		rank = r
	}
	for _, name := range []string{"0", list[0].Name, strings.ToUpper(list[0].Renderer[:4])} {
		d, err := gpu.Open(bg, gpu.Options{Device: name})
		if err != nil {
			t.Fatal(err)
		}
		if got := d.Info(); got != list[0] {
			t.Errorf("%q opened %+v, want %+v", name, got, list[0])
		}
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestUnknownDevice(t *testing.T) {
	gputest.Need(t)
	check := func(o gpu.Options, says string) {
		t.Helper()
		_, err := gpu.Open(bg, o)
		if !errors.Is(err, gpu.ErrNoDevice) || !strings.Contains(err.Error(), says) {
			t.Errorf("%+v gave %v, want ErrNoDevice that mentions %q", o, err, says)
		}
	}
	d := own(t).Info()
	check(gpu.Options{Device: "no such card"}, d.Renderer)
	check(gpu.Options{Device: "99"}, d.Renderer)
	check(gpu.Options{Device: "-1"}, d.Renderer)
	check(gpu.Options{Backend: "vulkan"}, "egl")
	t.Setenv("INCEPTIONGL_DEVICE", "from the environment")
	check(gpu.Options{}, "from the environment")
}

func TestLimits(t *testing.T) {
	l := gputest.Open(t).Limits()
	t.Logf("%+v", l)
	// The smallest values that OpenGL 4.3 allows (tables 23.61 to 23.73).
	for _, tc := range []struct {
		name      string
		got, want int
	}{
		{"MaxStorageBlock", l.MaxStorageBlock, 1 << 24}, {"MaxTexelBuffer", l.MaxTexelBuffer, 65536},
		{"MaxGroups x", l.MaxGroups[0], 65535}, {"MaxGroups y", l.MaxGroups[1], 65535}, {"MaxGroups z", l.MaxGroups[2], 65535},
		{"MaxGroupSize x", l.MaxGroupSize[0], 1024}, {"MaxGroupSize y", l.MaxGroupSize[1], 1024}, {"MaxGroupSize z", l.MaxGroupSize[2], 64},
		{"MaxGroupInvocations", l.MaxGroupInvocations, 1024}, {"MaxShared", l.MaxShared, 32768},
		{"MaxUniformBlock", l.MaxUniformBlock, 16384}, {"MaxComputeStorageBlocks", l.MaxComputeStorageBlocks, 8},
		{"MaxComputeImages", l.MaxComputeImages, 8}, {"MaxComputeTextures", l.MaxComputeTextures, 16},
		{"StorageBindings", l.StorageBindings, 8}, {"UniformBindings", l.UniformBindings, 36},
		{"TextureUnits", l.TextureUnits, 48}, {"ImageUnits", l.ImageUnits, 8},
	} {
		if tc.got < tc.want {
			t.Errorf("%s is %d, below %d", tc.name, tc.got, tc.want)
		}
	}
	if l.StorageAlign < 1 || l.StorageAlign > 256 || l.UniformAlign < 1 || l.UniformAlign > 256 {
		t.Errorf("alignments %d and %d, want 1 to 256", l.StorageAlign, l.UniformAlign)
	}
}

func TestAfterClose(t *testing.T) {
	d := own(t)
	p := program(t, d, double)
	a, b := buffer(t, d, "a", count(64)), buffer(t, d, "b", count(64))
	for range 2 {
		if err := d.Close(); err != nil {
			t.Fatal(err)
		}
	}
	_, newErr := d.NewBuffer(bg, "c", 4)
	_, limErr := d.NewBuffer(bg, "c", 0)
	_, progErr := d.Program(bg, double)
	_, otherErr := d.Program(bg, gpu.Source{Name: "other", Text: "x"})
	_, runErr := d.Run(bg, &gpu.Pass{Waves: [][]gpu.Dispatch{{doubleDispatch(p, a, b)}}})
	_, nilErr := d.Run(bg, nil)
	for i, err := range []error{
		newErr, limErr, progErr, otherErr, runErr, nilErr, d.Err(),
		a.Upload(bg, 0, count(1)), a.Upload(bg, 0, nil), a.UploadBytes(bg, 0, []byte{1}), a.Download(bg, 0, count(1)),
	} {
		if !errors.Is(err, gpu.ErrClosed) {
			t.Errorf("call %d after Close gave %v, want ErrClosed", i, err)
		}
	}
	if err := a.Close(); err != nil {
		t.Errorf("closing a buffer of a closed device: %v", err)
	}
}

func TestManyGoroutines(t *testing.T) {
	d := gputest.Open(t)
	a := buffer(t, d, "a", count(256))
	var wg sync.WaitGroup
	for g := range 16 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for i := range 8 {
				src := double
				src.Prelude = "#define G " + string(rune('0'+(g+i)%4)) + "\n" // compiled by whoever comes first
				p, err := d.Program(bg, src)
				if err != nil {
					t.Error(err)
					return
				}
				b, err := d.NewBuffer(bg, "own", 1024)
				if err != nil {
					t.Error(err)
					return
				}
				got := make([]float32, 256)
				_, err = d.Run(bg, &gpu.Pass{
					Waves:     [][]gpu.Dispatch{{doubleDispatch(p, a, b)}},
					Downloads: []gpu.Transfer{{Buffer: b, Data: got}},
					Time:      i%2 == 0,
				})
				if err != nil || got[255] != 512 {
					t.Errorf("got %v and %v, want 512", got[255], err)
				}
				if err := b.Close(); err != nil {
					t.Error(err)
				}
			}
		}()
	}
	wg.Wait()
}

func TestTwoDevices(t *testing.T) {
	a, b := own(t), own(t)
	p, q := program(t, a, double), program(t, b, double)
	from, to := buffer(t, b, "from", count(64)), buffer(t, b, "to", make([]float32, 64))
	if _, err := b.Run(bg, &gpu.Pass{Waves: [][]gpu.Dispatch{{doubleDispatch(p, from, to)}}}); err == nil {
		t.Error("no error for a program of another device")
	}
	foreign := buffer(t, a, "foreign", count(64))
	if _, err := b.Run(bg, &gpu.Pass{Waves: [][]gpu.Dispatch{{doubleDispatch(q, foreign, to)}}}); err == nil {
		t.Error("no error for a buffer of another device")
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Run(bg, &gpu.Pass{Waves: [][]gpu.Dispatch{{doubleDispatch(q, from, to)}}}); err != nil {
		t.Fatal(err)
	}
	if got := download(t, to); got[63] != 128 {
		t.Errorf("got %v, want 128", got[63])
	}
}

func TestOpenTogether(t *testing.T) {
	gputest.Need(t)
	var wg sync.WaitGroup
	for range 6 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			d, err := gpu.Open(bg, gpu.Options{})
			if err != nil {
				t.Error(err)
				return
			}
			if _, err := d.Program(bg, double); err != nil {
				t.Error(err)
			}
			if err := d.Close(); err != nil {
				t.Error(err)
			}
		}()
	}
	wg.Wait()
}

func TestCancelled(t *testing.T) {
	d := gputest.Open(t)
	why := errors.New("no time left today")
	ctx, cancel := context.WithCancelCause(bg)
	cancel(why)
	b := buffer(t, d, "b", count(4))
	_, openErr := gpu.Open(ctx, gpu.Options{})
	_, namedErr := gpu.Open(ctx, gpu.Options{Device: "0"})
	_, listErr := gpu.Devices(ctx)
	_, newErr := d.NewBuffer(ctx, "c", 4)
	_, progErr := d.Program(ctx, gpu.Source{Name: "never.comp", Text: "x"})
	for i, err := range []error{openErr, namedErr, listErr, newErr, progErr, b.Upload(ctx, 0, count(4)), b.Download(ctx, 0, count(4))} {
		if !errors.Is(err, context.Canceled) || !errors.Is(err, why) {
			t.Errorf("call %d gave %v, want context.Canceled and its cause", i, err)
		}
	}
	for range 32 { // by chance the device might be busy, or not be asked
		same(t, download(t, b), count(4))
		if err := b.Upload(ctx, 0, make([]float32, 4)); !errors.Is(err, context.Canceled) {
			t.Errorf("an upload gave %v, want context.Canceled", err)
		}
	}
	same(t, download(t, b), count(4))
}

// TestMaxIterations holds the device to its trait: that many iterations run, and a driver without a limit makes more than
// any with one.
func TestMaxIterations(t *testing.T) {
	d := gputest.Open(t)
	tr := d.Traits()
	t.Logf("%+v", tr)
	p := program(t, d, gpu.Source{Name: "loops.comp", Text: `layout(local_size_x = 1) in;
layout(std430, binding = 0) readonly buffer In { float n[]; };
layout(std430, binding = 1) writeonly buffer Out { float done[]; };
void main() {
	float s = 0.0;
	for (int i = 0; i < int(n[0]); i++) s += n[1]; // not a constant, or the loop would go
	for (int i = 0; i < int(n[0]); i++) s += n[1];
	done[0] = s;
}
`})
	loops := func(each int) float32 {
		in, out := buffer(t, d, "in", []float32{float32(each), 1}), buffer(t, d, "out", make([]float32, 1))
		x := doubleDispatch(p, in, out)
		if _, err := d.Run(bg, &gpu.Pass{Waves: [][]gpu.Dispatch{{x}}}); err != nil {
			t.Fatal(err)
		}
		return download(t, out)[0]
	}
	each := 100_000
	if tr.MaxIterations > 0 {
		each = tr.MaxIterations / 2
	}
	if got := loops(each); got != float32(2*each) {
		t.Errorf("%v of %d iterations were made", got, 2*each)
	}
	if tr.MaxIterations > 0 {
		t.Logf("asked for %d iterations, the driver made %v", 4*each, loops(2*each))
	}
	if i := d.Info(); i.Software && strings.Contains(i.Renderer, "bits") && tr.Lanes < 4 {
		t.Errorf("%d lanes on %s", tr.Lanes, i.Renderer)
	}
}
