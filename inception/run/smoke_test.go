package run_test

import (
	"context"
	"testing"

	"inceptiongl/cpuref/verify"
	"inceptiongl/gpu/gputest"
	"inceptiongl/inception"
	"inceptiongl/inception/run"
	"inceptiongl/inception/tensor"
)

func TestMain(m *testing.M) { gputest.Main(m) }

func TestSmoke(t *testing.T) {
	d := gputest.Open(t)
	gputest.Case()
	g := inception.InceptionA(192)
	inception.InitHe(g, 1)
	for _, k := range []run.Kernels{run.KernelsPlain, run.KernelsDefault, run.KernelsMeasured} {
		in := tensor.Shape{N: 1, C: 192, H: 28, W: 28}
		s, err := run.Compile(context.Background(), d, g, in, run.Options{Kernels: k})
		if err != nil {
			t.Fatal(err)
		}
		_, reports, err := verify.Session(context.Background(), s, inception.RandomInput(in, 2))
		if err == nil {
			err = verify.Failed(reports)
		}
		if err != nil {
			t.Error(err)
		}
		for _, st := range s.Plan().Steps() {
			t.Log(st.Name, st.Key)
		}
		s.Close()
	}
}
