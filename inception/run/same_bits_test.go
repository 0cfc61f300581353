package run_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"math"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"inceptiongl/gpu"
	"inceptiongl/gpu/gputest"
	"inceptiongl/inception"
	"inceptiongl/inception/graph"
	"inceptiongl/inception/internal/nettest"
	"inceptiongl/inception/run"
	"inceptiongl/inception/tensor"
)

// deterministic are networks of every kind of kernel, and one that Winograd serves.
func deterministic(seed uint64) []nettest.Network {
	all := append(nettest.Networks(seed),
		nettest.Of("small GoogLeNet", inception.NetworkOptions{WidthDivisor: 4}.GoogLeNet(10), nettest.Shape(1, 3, 64, 64)))
	inception.InitHe(all[len(all)-1].Graph, seed)
	return all
}

// answers are a network's for x, by a session of its own.
func answers(t *testing.T, d *gpu.Device, n nettest.Network, x *tensor.Tensor, o run.Options) []*tensor.Tensor {
	t.Helper()
	n.Input = x.Shape
	s, err := run.Compile(context.Background(), d, n.Graph, n.Input, o)
	if err != nil {
		t.Fatalf("%s: %v", n.Name, err)
	}
	defer s.Close()
	ys, err := s.RunAll(context.Background(), x)
	if err != nil {
		t.Fatalf("%s: %v", n.Name, err)
	}
	return ys
}

// forAnyBatch are kernels that are the same whatever the batch: on software drivers those of the rule, which looks at one image there; on
// GPUs, where it looks at the whole batch, the plain ones.
func forAnyBatch(d *gpu.Device) run.Kernels {
	if d.Info().Software {
		return run.KernelsDefault
	}
	return run.KernelsPlain
}

// TestSameBitsForAnyBatch: an image's answer is the same to the bit alone and at any place of a larger batch, by the same kernels.
func TestSameBitsForAnyBatch(t *testing.T) {
	d := gputest.Open(t)
	seed := nettest.Seed(t)
	const images = 3
	compared := 0
	for k, n := range deterministic(seed) {
		if strings.Contains(d.Info().Renderer, "zink") && !every && (uint64(k)+seed)%4 != 0 {
			continue // it compiles for long
		}
		one := n.Input
		one.N = 1
		three := one
		three.N = images
		if !n.Graph.Separable(three) {
			continue
		}
		x := inception.RandomInput(three, seed)
		whole := answers(t, d, n, x, run.Options{Kernels: forAnyBatch(d)})
		for i := range images {
			alone := answers(t, d, n, &tensor.Tensor{Shape: one, Data: x.Data[i*one.Len():][:one.Len()]}, run.Options{Kernels: forAnyBatch(d)})
			for k, y := range alone {
				part := tensor.Tensor{Shape: y.Shape, Data: whole[k].Data[i*y.Shape.Len():][:y.Shape.Len()]}
				if !sameBits(y, &part) {
					t.Errorf("%s: output %d of image %d is another alone than among %d", n.Name, k, i, images)
				}
				compared++
			}
		}
		gputest.Case()
	}
	gputest.Tell(t, "%d answers compared", compared)
	if compared == 0 {
		t.Errorf("%d answers compared", compared)
	}
}

// TestSameBitsWhereScratchIsShort: where the kernel of a few images has too much to hand on of many, they are computed in parts, not by
// another kernel.
func TestSameBitsWhereScratchIsShort(t *testing.T) {
	d := gputest.Open(t)
	seed := nettest.Seed(t)
	g, v := graph.New("wide", 48)
	g.Outputs = []graph.Value{nettest.Conv(g, "conv", v, 48, 48, 3)}
	inception.InitHe(g, seed)
	o := run.Options{Kernels: forAnyBatch(d)}.WithLimits(func(l *gpu.Limits) { l.MaxStorageBlock = 600_000 })
	n := nettest.Of(g.Name, g, nettest.Shape(3, 48, 28, 28))
	x := inception.RandomInput(n.Input, seed)
	ys := answers(t, d, n, x, o)
	rows(t, d, n, x, ys, 1)
}

// TestSameBitsOfSameKernels: sessions whose kernels were measured by one tuner have the same kernels, and give the same bits.
func TestSameBitsOfSameKernels(t *testing.T) {
	d := gputest.Open(t)
	seed := nettest.Seed(t)
	names := []string{"article", "odd module", "flatten"}
	if strings.Contains(d.Info().Renderer, "zink") && !every {
		names = names[2:]
	}
	for _, name := range names {
		n := nettest.Find(t, name)
		inception.InitHe(n.Graph, seed)
		x := inception.RandomInput(n.Input, seed)
		o := run.Options{Kernels: run.KernelsMeasured, Tuner: run.NewTuner()}
		first := answers(t, d, n, x, o)
		for range 2 {
			if again := answers(t, d, n, x, o); !slices.EqualFunc(first, again, sameBits) {
				t.Errorf("%s: another session with the same kernels gives another answer", name)
			}
		}
		gputest.Case()
	}
}

// printHash names the variable that has TestSameBitsInAnotherProcess print what it computes, for that seed.
const printHash = "INCEPTIONGL_TEST_HASH"

// TestSameBitsInAnotherProcess: two more processes give what this one gives, to the bit.
func TestSameBitsInAnotherProcess(t *testing.T) {
	gputest.Need(t)
	seed := nettest.Seed(t)
	if os.Getenv(printHash) != "" {
		fmt.Printf("hash %s\n", answerHash(t, seed))
		return
	}
	want := answerHash(t, seed)
	for range 2 {
		cmd := exec.Command(os.Args[0], "-test.run=^TestSameBitsInAnotherProcess$")
		cmd.Env = append(os.Environ(), printHash+"=1", fmt.Sprintf("INCEPTIONGL_TEST_SEED=%d", seed))
		out, err := cmd.CombinedOutput()
		if err != nil || !strings.Contains(string(out), "hash "+want+"\n") {
			t.Errorf("want hash %s: %v\n%s", want, err, out)
		}
	}
	gputest.Tell(t, "3 processes: %s", want)
}

// answerHash is of some networks' answers.
func answerHash(t *testing.T, seed uint64) string {
	t.Helper()
	d := gputest.New(t, gpu.Options{}, true)
	h := fnv.New64()
	for _, n := range deterministic(seed)[:8] {
		for _, y := range answers(t, d, n, inception.RandomInput(n.Input, seed), run.Options{Kernels: run.KernelsDefault}) {
			for _, v := range y.Data {
				_, _ = h.Write(binary.LittleEndian.AppendUint32(nil, math.Float32bits(v))) // never fails
			}
		}
	}
	return fmt.Sprintf("%016x", h.Sum64())
}
