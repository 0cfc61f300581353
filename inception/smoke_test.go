package inception_test

import (
	"context"
	"testing"
	"time"

	"inceptiongl/cpuref/verify"
	"inceptiongl/gpu/gputest"
	"inceptiongl/inception"
	"inceptiongl/inception/tensor"
)

func TestSmoke(t *testing.T) {
	d := gputest.Open(t)
	ctx := context.Background()
	g := inception.InceptionA(192)
	inception.InitHe(g, 1)
	for _, off := range []inception.Rewrite{0, inception.AllRewrites} {
		s, err := inception.Compile(ctx, d, g, tensor.Shape{N: 1, C: 192, H: 28, W: 28}, inception.Options{Off: off})
		if err != nil {
			t.Fatal(err)
		}
		x := inception.RandomInput(s.Plan().Input.Shape, 3)
		_, reps, err := verify.Session(ctx, s, x)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range reps {
			t.Log(r.Wave, r.Part.Name, r.Step.Key, r.MaxErr, r.MaxShare, r.Elements, r.Err)
		}
		total, m := s.CompileTime()
		t.Log(total, m)
		for range 10 {
			b := time.Now()
			_, tm, _ := s.RunTimed(ctx, x, true)
			t.Log(time.Since(b), tm.Wall, tm.Total, tm.Waves)
		}
		s.Close()
	}
}
