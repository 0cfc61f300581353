package main

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"inceptiongl/gpu"
	"inceptiongl/gpu/gputest"
	"inceptiongl/inception"
	"inceptiongl/inception/images"
	session "inceptiongl/inception/run"
	"inceptiongl/inception/tensor"
)

// BenchmarkFolder is infer, from its flags to its last answer, on a folder of 64 photos with GoogLeNet, beside 64 images through a bare
// session. It reports the photos' rate as a share of the session's (of-session), and as a share of what the processor allows where a
// software driver and decoding share it (of-model): 1 / (t_session + t_photo/cores), since the driver uses all cores while it computes.
func BenchmarkFolder(b *testing.B) {
	const photos, each = 64, 16
	ctx := context.Background()
	gputest.Need(b)
	dir := b.TempDir()
	for i := range photos {
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%02d.jpg", i)), photoOf(640, 480, i), 0o600); err != nil {
			b.Fatal(err)
		}
	}
	preset, err := images.FindPreset("imagenet")
	if err != nil {
		b.Fatal(err)
	}
	begin := time.Now()
	for i := range each {
		m, err := images.Load(filepath.Join(dir, fmt.Sprintf("%02d.jpg", i)), images.DefaultLimits)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := preset.Tensor(m); err != nil {
			b.Fatal(err)
		}
	}
	photo := time.Since(begin) / each
	for _, batch := range []int{1, 8} {
		b.Run(fmt.Sprint("batch ", batch), func(b *testing.B) {
			alone, all := time.Duration(0), time.Duration(0)
			for b.Loop() {
				alone += bare(ctx, b, batch, photos)
				f, err := parse([]string{"--model", "googlenet", "--random-weights", "--csv", "--batch", fmt.Sprint(batch), dir})
				if err != nil {
					b.Fatal(err)
				}
				begin := time.Now()
				if err := run(ctx, f, io.Discard, io.Discard); err != nil {
					b.Fatal(err)
				}
				all += time.Since(begin)
			}
			b.ReportMetric(alone.Seconds()/all.Seconds(), "of-session")
			b.ReportMetric((alone.Seconds()+float64(b.N)*photos*photo.Seconds()/float64(runtime.GOMAXPROCS(0)))/all.Seconds(), "of-model")
			b.ReportMetric(all.Seconds()/float64(b.N*photos)*1e3, "ms/photo")
			b.ReportMetric(photo.Seconds()*1e3, "decode-ms/photo")
		})
	}
}

// bare is the time of that many images through a session, once it is warm.
func bare(ctx context.Context, b *testing.B, batch, images int) time.Duration {
	d, err := gpu.Open(ctx, gpu.Options{Programs: session.Programs()})
	if err != nil {
		b.Fatal(err)
	}
	defer d.Close()
	g := inception.GoogLeNet(1000)
	inception.InitHe(g, 1)
	x := inception.RandomInput(tensor.Shape{N: batch, C: 3, H: 224, W: 224}, 1)
	s, err := inception.Compile(ctx, d, g, x.Shape, inception.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	if _, err := s.Run(ctx, x); err != nil {
		b.Fatal(err)
	}
	begin := time.Now()
	for range images / batch {
		if _, err := s.Run(ctx, x); err != nil {
			b.Fatal(err)
		}
	}
	return time.Since(begin)
}

// photoOf is a JPEG with something to decode everywhere.
func photoOf(w, h, seed int) []byte {
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			m.SetRGBA(x, y, color.RGBA{uint8(x*y/97 + seed), uint8(x*x/300 + y), uint8((x ^ y) + 3*seed), 255})
		}
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, m, &jpeg.Options{Quality: 90}); err != nil {
		panic(err)
	}
	return b.Bytes()
}
