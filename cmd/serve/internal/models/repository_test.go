package models

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/color"
	"image/png"
	"io"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/encoding/protowire"

	"inceptiongl/cmd/internal/cli"
	"inceptiongl/cmd/serve/internal/v2"
	"inceptiongl/cpuref"
	"inceptiongl/gpu/gputest"
	"inceptiongl/inception/digits"
	"inceptiongl/inception/images"
	"inceptiongl/inception/tensor"
)

const average = "../../../../inception/classify/testdata/average_227.onnx" // the mean of each of three channels

// open is a repository with some models.
func open(t *testing.T, folder string, specs ...string) *Repository {
	t.Helper()
	gputest.Need(t)
	o := Options{Folder: folder, Devices: []Open{GPU(cli.DeviceFlags{})}, Queue: 64, Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
		Decoder: NewDecoder(images.NewDecoder(images.DefaultLimits), runtime.GOMAXPROCS(0))}
	for _, text := range specs {
		s, err := ParseSpec(text)
		if err != nil {
			t.Fatal(err)
		}
		o.Specs = append(o.Specs, s)
	}
	r, err := NewRepository(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	gputest.Case()
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}

// put makes a file in a folder, and the folders above it.
func put(t *testing.T, data []byte, path ...string) {
	t.Helper()
	file := filepath.Join(path...)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, data, 0o644); err != nil {
		t.Fatal(err)
	}
}

func model(t *testing.T) []byte {
	t.Helper()
	data, err := os.ReadFile(average)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// squeezed is an ONNX model that takes its height, which is free, for an axis of one.
func squeezed() []byte {
	message := func(parts ...[]byte) []byte { return bytes.Join(parts, nil) }
	field := func(n protowire.Number, data []byte) []byte {
		return protowire.AppendBytes(protowire.AppendTag(nil, n, protowire.BytesType), data)
	}
	text := func(n protowire.Number, s string) []byte { return field(n, []byte(s)) }
	number := func(n protowire.Number, v uint64) []byte {
		return protowire.AppendVarint(protowire.AppendTag(nil, n, protowire.VarintType), v)
	}
	axes := message(text(1, "axes"), number(8, 2), number(20, 7)) // INTS
	node := message(text(1, "x"), text(2, "y"), text(4, "Squeeze"), field(5, axes))
	shape := message(field(1, text(2, "n")), field(1, number(1, 1)), field(1, text(2, "h")), field(1, number(1, 4)))
	value := func(name string) []byte {
		return message(text(1, name), field(2, field(1, message(number(1, 1), field(2, shape))))) // FLOAT
	}
	graph := message(field(1, node), text(2, "g"), field(11, value("x")), field(12, value("y")))
	return message(number(1, 7), field(7, graph), field(8, number(2, 11)))
}

// photo is a picture of one colour but for its left half.
func photo(t *testing.T, left, right color.Color) []byte {
	t.Helper()
	m := image.NewRGBA(image.Rect(0, 0, 300, 260))
	for y := range 260 {
		for x := range 300 {
			if m.Set(x, y, right); x < 150 {
				m.Set(x, y, left)
			}
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestTriton: a folder in Triton's layout: the highest version, labels, models that don't load beside one that does; loaded, replaced and
// unloaded at run time.
func TestTriton(t *testing.T) {
	dir, ctx := t.TempDir(), context.Background()
	put(t, model(t), dir, "mean", "1", "model.onnx")
	put(t, model(t), dir, "mean", "10", "model.onnx")
	put(t, []byte("not a model"), dir, "mean", "9", "model.onnx")
	put(t, []byte("red\ngreen\nblue\n"), dir, "mean", "labels.txt")
	put(t, []byte("not a model"), dir, "broken", "1", "model.onnx")
	put(t, squeezed(), dir, "free", "1", "model.onnx")
	put(t, nil, dir, "empty", "readme.txt")
	put(t, model(t), dir, "bad name", "1", "model.onnx")
	r := open(t, dir)
	if _, err := r.Model("mean", ""); v2.AsError(err).Code != v2.NotReady || r.Ready() == nil {
		t.Errorf("before the start: %v, %v", err, r.Ready())
	}
	r.Start(ctx)
	states := func() string {
		var all []string
		for _, e := range r.Index(false) {
			all = append(all, e.Name+":"+e.Version+":"+string(e.State))
			if e.State != v2.Ready && e.Reason == "" {
				t.Errorf("%s has no reason", e.Name)
			}
			if e.Name == "free" && !strings.Contains(e.Reason, "isn't known to be 1 (an export with fixed extents can fix it)") {
				t.Errorf("%s: %s", e.Name, e.Reason)
			}
		}
		return strings.Join(all, " ")
	}
	if got := states(); got != "broken::UNAVAILABLE empty::UNAVAILABLE free::UNAVAILABLE mean:10:READY" || r.Ready() != nil {
		t.Errorf("%s; ready: %v", got, r.Ready())
	}
	if all := r.Index(true); len(all) != 1 || all[0].Name != "mean" {
		t.Errorf("ready: %v", all)
	}
	m, err := r.Model("mean", "10")
	if err != nil {
		t.Fatal(err)
	}
	if got := m.Metadata(); got.Inputs[0].Name != "x" || !slices.Equal(got.Inputs[0].Shape, []int64{-1, 3, 227, 227}) || got.Outputs[0].Name != "y" || !slices.Equal(m.Labels(), []string{"red", "green", "blue"}) {
		t.Errorf("metadata: %+v, labels %v", got, m.Labels())
	}
	for name, want := range map[string]v2.Code{"broken": v2.NotFound, "other": v2.NotFound, "../mean": v2.NotFound} {
		if _, err := r.Model(name, ""); err == nil || v2.AsError(err).Code != want {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := r.Model("mean", "1"); err == nil || !strings.Contains(err.Error(), "version 10") {
		t.Errorf("version 1: %v", err)
	}

	put(t, model(t), dir, "broken", "1", "model.onnx")
	put(t, model(t), dir, "mean", "11", "model.onnx")
	put(t, model(t), dir, "later", "1", "model.onnx")
	if got := states(); got != "broken::UNAVAILABLE empty::UNAVAILABLE free::UNAVAILABLE later::UNAVAILABLE mean:10:READY" {
		t.Error(got)
	}
	for _, name := range []string{"broken", "mean", "later"} {
		if err := r.Load(ctx, name); err != nil {
			t.Error(err)
		}
	}
	if got := states(); got != "broken:1:READY empty::UNAVAILABLE free::UNAVAILABLE later:1:READY mean:11:READY" {
		t.Error(got)
	}
	put(t, []byte("damaged"), dir, "mean", "12", "model.onnx")
	if err := r.Load(ctx, "mean"); err == nil {
		t.Error("a damaged model is loaded")
	}
	if _, err := r.Model("mean", "11"); err != nil {
		t.Errorf("the one before it: %v", err)
	}
	for _, name := range []string{"..", ".", "", "/etc", "mean/11", "bad name", "broken\x00"} {
		if err := r.Load(ctx, name); err == nil || v2.AsError(err).Code != v2.NotFound {
			t.Errorf("load %q: %v", name, err)
		}
	}
	before := r.Devices()[0].Bytes
	if err := r.Unload("later"); err != nil || r.Devices()[0].Bytes >= before {
		t.Errorf("unload: %v; %d bytes on the device, before %d", err, r.Devices()[0].Bytes, before)
	}
	if _, err := r.Model("later", ""); err == nil || !strings.Contains(err.Error(), "unloaded") {
		t.Errorf("unloaded: %v", err)
	}
}

// TestPhotos: pictures become the input as the preset says, levels as pictures do, and the answer is the reference's, with its classes.
func TestPhotos(t *testing.T) {
	dir, ctx := t.TempDir(), context.Background()
	put(t, model(t), dir, "model.onnx")
	put(t, []byte("red\ngreen\nblue\n"), dir, "labels.txt")
	r := open(t, "", "mean="+dir+",preset=caffe,batch=4")
	r.Start(ctx)
	m, err := r.Model("mean", "")
	if err != nil {
		t.Fatalf("%v: %v", err, r.Index(false))
	}
	data := [][]byte{photo(t, color.RGBA{200, 10, 30, 255}, color.RGBA{100, 50, 90, 255}), photo(t, color.White, color.Black), photo(t, color.RGBA{0, 0, 255, 255}, color.Black),
		photo(t, color.Black, color.Black), photo(t, color.RGBA{9, 99, 199, 255}, color.White)}
	preset, err := images.FindPreset("caffe")
	if err != nil {
		t.Fatal(err)
	}
	preset = preset.ForSize(images.Square(227))
	var pictures []image.Image
	for _, d := range data {
		p, err := images.Decode(bytes.NewReader(d), images.DefaultLimits)
		if err != nil {
			t.Fatal(err)
		}
		pictures = append(pictures, p)
	}
	x, err := preset.Tensor(pictures...)
	if err != nil {
		t.Fatal(err)
	}
	want, err := cpuref.Run(ctx, m.about.Graph, x)
	if err != nil {
		t.Fatal(err)
	}
	in := &v2.Tensor{Name: "x", Datatype: v2.BYTES, Shape: []int64{5, 1}, Strings: data}
	res, times, err := m.Infer(ctx, &v2.Request{ID: "a", Inputs: []*v2.Tensor{in}})
	if err != nil || times.Images != 5 || times.Decode == 0 {
		t.Fatalf("%v, %+v", err, times)
	}
	near := func(got []float32) bool {
		for i, v := range want.Data {
			// An average of 227² levels below 256: within γ(K+2) · Σ|x|/K, the bound of any order of summation.
			if k := 227.0*227 + 2; !(math.Abs(float64(got[i]-v)) <= k*0x1p-24/(1-k*0x1p-24)*256) {
				return false
			}
		}
		return len(got) == len(want.Data)
	}
	if !near(res.Outputs[0].Numbers) || res.Outputs[0].Shape[0] != 5 {
		t.Errorf("pictures give %v, want %v", res.Outputs[0].Numbers, want.Data)
	}
	levels := &v2.Tensor{Name: "x", Datatype: v2.UINT8, Shape: []int64{5, 227, 227, 3}}
	for _, p := range pictures {
		fitted, err := preset.Fit(p)
		if err != nil {
			t.Fatal(err)
		}
		for i := range 227 * 227 {
			for c := range 3 {
				levels.Numbers = append(levels.Numbers, float32(fitted.Pix[4*i+c]))
			}
		}
	}
	again, _, err := m.Infer(ctx, &v2.Request{Inputs: []*v2.Tensor{levels}, Outputs: []v2.RequestedOutput{{Name: "y"}}})
	if err != nil || !slices.Equal(again.Outputs[0].Numbers, res.Outputs[0].Numbers) {
		t.Errorf("levels give %v, %v", again, err)
	}
	// A model whose file has its channels last is asked in its own layout, and in N × C × H × W.
	m.about.InputOrder = []int{0, 3, 1, 2}
	if got := m.Metadata().Inputs[0].Shape; !slices.Equal(got, []int64{-1, 227, 227, 3}) {
		t.Errorf("channels last: %v", got)
	}
	rows := tensor.Array{Dims: []int{5, 3, 227, 227}, Data: x.Data}
	for name, a := range map[string]tensor.Array{"channels first": rows, "channels last": rows.Transpose([]int{0, 2, 3, 1})} {
		in := &v2.Tensor{Name: "x", Datatype: v2.FP32, Numbers: a.Data}
		for _, d := range a.Dims {
			in.Shape = append(in.Shape, int64(d))
		}
		got, _, err := m.Infer(ctx, &v2.Request{Inputs: []*v2.Tensor{in}})
		if err != nil || !slices.Equal(got.Outputs[0].Numbers, res.Outputs[0].Numbers) {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
	classes, _, err := m.Infer(ctx, &v2.Request{Inputs: []*v2.Tensor{in}, Outputs: []v2.RequestedOutput{{Name: "y", Classes: 9}}})
	if err != nil || len(classes.Outputs[0].Strings) != 15 || !slices.Equal(classes.Outputs[0].Shape, []int64{5, 3}) {
		t.Fatalf("classes: %v", err)
	}
	// The channels are B, G and R: of the blue picture, the first is the largest.
	if got := string(classes.Outputs[0].Strings[6]); !strings.Contains(got, ":0:red") {
		t.Errorf("the blue picture: %s", got)
	}
	if c := m.Classes(&v2.Response{Outputs: []*v2.Tensor{{Numbers: want.Data[:3]}}}, 2); len(c) != 2 || c[0].Label == "" {
		t.Errorf("classes: %v", c)
	}
}

// TestFixedBatch: a network that is for one batch alone takes no other, and shares no run.
func TestFixedBatch(t *testing.T) {
	r := open(t, "", "digits=digits,batch=3")
	r.Start(context.Background())
	m, err := r.Model("digits", "")
	if err != nil {
		t.Fatal(err)
	}
	if s := m.Sizes(); len(s) != 2 || s[0].Images != 1 || s[1].Images != 3 || s[1].Cost <= 0 {
		t.Errorf("sizes %v", s)
	}
	g, err := digits.Network()
	if err != nil {
		t.Fatal(err)
	}
	if !g.Separable(tensor.Shape{N: 3, C: 1, H: 28, W: 28}) || m.whole {
		t.Error("digits depend on each other")
	}
	m.whole = true
	m.about.Batch = 3
	in := &v2.Tensor{Name: "input", Datatype: v2.FP32, Shape: []int64{2, 1, 28, 28}, Numbers: make([]float32, 2*784)}
	if _, _, err := m.Infer(context.Background(), &v2.Request{Inputs: []*v2.Tensor{in}}); err == nil || !strings.Contains(err.Error(), "exactly 3 images") {
		t.Errorf("two of three: %v", err)
	}
}

// TestDecoder: pictures that claim too much, or more than the budget has, are refused; waiting for memory ends with the request.
func TestDecoder(t *testing.T) {
	shared := images.NewDecoder(images.Limits{Bytes: 1 << 20, Pixels: 50e6, Side: 1 << 15, Memory: 10 << 20})
	d := NewDecoder(shared, 1)
	p, err := images.FindPreset("imagenet")
	if err != nil {
		t.Fatal(err)
	}
	dst := make([]float32, p.Len())
	good := photo(t, color.White, color.Black)
	if err := d.into(context.Background(), dst, p, good); err != nil || d.Used() != 0 {
		t.Errorf("%v; %d bytes are held", err, d.Used())
	}
	header := func(w, h int) []byte { // the head of a PNG that claims that size
		data := slices.Clone(good)
		for i, v := range []int{w, h} {
			copy(data[16+4*i:], []byte{byte(v >> 24), byte(v >> 16), byte(v >> 8), byte(v)})
		}
		return data
	}
	for name, c := range map[string]struct {
		data []byte
		code v2.Code
	}{"no picture": {[]byte("x"), v2.Invalid}, "nothing": {nil, v2.Invalid}, "huge": {header(60000, 60000), v2.Invalid}, "damaged": {good[:500], v2.Invalid}} {
		if err := d.into(context.Background(), dst, p, c.data); err == nil || v2.AsError(err).Code != c.code {
			t.Errorf("%s: %v", name, err)
		}
	}
	var large bytes.Buffer
	if err := png.Encode(&large, image.NewGray(image.Rect(0, 0, 3000, 2000))); err != nil { // 24 MB at four bytes each
		t.Fatal(err)
	}
	if err := d.into(context.Background(), dst, p, large.Bytes()); err == nil || v2.AsError(err).Code != v2.TooLarge {
		t.Errorf("more than the budget: %v", err)
	}
	var most bytes.Buffer
	if err := png.Encode(&most, image.NewGray(image.Rect(0, 0, 1380, 1380))); err != nil {
		t.Fatal(err)
	}
	_, release, err := shared.Decode(context.Background(), most.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	if err := d.into(ctx, dst, p, good); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("waiting for memory: %v", err)
	}
}

// TestParseSpec: what can be said of a model.
func TestParseSpec(t *testing.T) {
	s, err := ParseSpec("v3=dir/m.pth,arch=inception_v3,labels=l.txt,preset=inception,batch=8,size=299x299,weights=w")
	want := Spec{Name: "v3", File: "dir/m.pth", Arch: "inception_v3", Labels: "l.txt", Preset: "inception", Batch: 8, Size: "299x299", Weights: "w"}
	if err != nil || s != want {
		t.Errorf("%+v, %v", s, err)
	}
	for _, bad := range []string{"", "a", "a=", "=b", "a/b=c", "..=c", "a=b,batch=x", "a=b,batch=0", "a=b,preset=none", "a=b,size=x", "a=b,c"} {
		if _, err := ParseSpec(bad); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
	for n, want := range map[int][]int{1: {1}, 2: {1, 2}, 4: {1, 4}, 16: {1, 4, 16}, 20: {1, 4, 16, 20}} {
		if got := sizes(n); !slices.Equal(got, want) {
			t.Errorf("sizes(%d) = %v, want %v", n, got, want)
		}
	}
}
