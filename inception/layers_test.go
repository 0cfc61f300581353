package inception_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"inceptiongl/cpuref"
	"inceptiongl/cpuref/verify"
	"inceptiongl/gpu/gputest"
	"inceptiongl/inception"
	"inceptiongl/inception/graph"
	"inceptiongl/inception/internal/nettest"
	"inceptiongl/inception/run"
	"inceptiongl/inception/tensor"
	"inceptiongl/inception/weights"
)

// published are the whole networks, as published.
func published() []*graph.Graph {
	return []*graph.Graph{
		inception.GoogLeNet(1000), inception.BNInception(1000), inception.InceptionV3(1000), inception.InceptionV4(1000),
		inception.InceptionResNetV2(1000), inception.Xception(1000),
	}
}

// builders are theirs.
var builders = []func(inception.NetworkOptions, int) *graph.Graph{
	inception.NetworkOptions.GoogLeNet, inception.NetworkOptions.BNInception, inception.NetworkOptions.InceptionV3,
	inception.NetworkOptions.InceptionV4, inception.NetworkOptions.InceptionResNetV2, inception.NetworkOptions.Xception,
}

// TestPublishedSizes: the counts that torchvision documents, auxiliary classifiers left out; and those that PyTorch counts in timm's
// and pretrainedmodels' modules, with hooks on Conv2d and Linear.
func TestPublishedSizes(t *testing.T) {
	for _, c := range []struct {
		g      *graph.Graph
		size   int
		macs   int64 // of convolutions and the fully connected layer
		params int   // learned: without running means and variances
	}{
		{inception.GoogLeNet(1000), 224, 1_498_376_192, 6_624_904},
		{inception.BNInception(1000), 224, 2_032_600_064, 11_295_240},
		{inception.InceptionV3(1000), 299, 5_713_216_096, 23_834_568},
		{inception.InceptionV4(1000), 299, 12_253_974_624, 42_679_816},
		{inception.InceptionResNetV2(1000), 299, 13_155_794_016, 55_843_464},
		{inception.Xception(1000), 299, 8_357_403_496, 22_855_952},
	} {
		shapes, err := c.g.Shapes(nettest.Shape(1, 3, c.size, c.size))
		if err != nil {
			t.Fatal(err)
		}
		var macs int64
		for i, n := range c.g.Nodes {
			if op, ok := n.Op.(graph.Conv2D); ok {
				macs += op.MACs(nil, shapes[i])
			}
		}
		params := 0
		for _, p := range c.g.Params() {
			if !strings.Contains(p.Name, ".running_") {
				params += product(p.Dims)
			}
		}
		if macs != c.macs || params != c.params {
			t.Errorf("%s: %d multiplications, %d parameters; want %d and %d", c.g.Name, macs, params, c.macs, c.params)
		}
		if out := shapes[c.g.Outputs[0]]; out != nettest.Shape(1, 1000, 1, 1) {
			t.Errorf("%s: output %v", c.g.Name, out)
		}
	}
}

// TestPublishedNames: the parameters are those of the reference's state_dict, name for name.
func TestPublishedNames(t *testing.T) {
	for _, g := range published() {
		got := map[string]bool{}
		classifier := g.Nodes[g.Outputs[0]].Name + ".weight"
		for _, p := range g.Params() {
			dims := p.Dims
			if p.Name == classifier {
				dims = dims[:2] // torch.nn.Linear has no kernel extents
			}
			got[p.Name+" "+strings.Trim(fmt.Sprint(dims), "[]")] = true
		}
		f, err := os.Open(filepath.Join("testdata", "networks", g.Name+".names"))
		if err != nil {
			t.Fatal(err)
		}
		lines := 0
		for s := bufio.NewScanner(f); s.Scan(); {
			if strings.HasPrefix(s.Text(), "parameters ") {
				continue
			}
			lines++
			if !got[s.Text()] {
				t.Errorf("%s lacks %s", g.Name, s.Text())
			}
		}
		f.Close()
		if lines != len(got) || lines < 200 {
			t.Errorf("%s has %d parameters, the reference %d", g.Name, len(got), lines)
		}
	}
}

func TestNetworkOptions(t *testing.T) {
	for _, build := range builders {
		g := build(inception.NetworkOptions{TransformInput: true, WidthDivisor: 10_000}, 3)
		inception.InitHe(g, 1)
		if s, err := g.Shapes(nettest.Shape(1, 3, 96, 96)); err != nil || s[g.Outputs[0]] != nettest.Shape(1, 3, 1, 1) {
			t.Errorf("%s, one channel wide: %v", g.Name, err)
		}
		if err := build(inception.NetworkOptions{}, 0).Check(); err != nil {
			t.Error(err)
		}
		none := build(inception.NetworkOptions{}, 0)
		classifier := none.Nodes[none.Outputs[0]].Name
		if _, err := none.Shapes(nettest.Shape(1, 3, 288, 288)); err == nil || !strings.Contains(err.Error(), "node "+classifier) {
			t.Errorf("no classes: %v", err)
		}
	}
	g := inception.NetworkOptions{TransformInput: true}.InceptionV3(2)
	scale, shift := g.Weights["transform_input.scale"].Data, g.Weights["transform_input.shift"].Data
	if !slices.Equal(scale, []float32{0.458, 0.448, 0.45}) || !slices.Equal(shift, []float32{-0.03, -0.088, -0.188}) {
		t.Errorf("transform_input: %v, %v", scale, shift)
	}
}

// referenceNetwork has PyTorch's weights and input, and its float64 answer.
type referenceNetwork struct {
	graph *graph.Graph
	x     *tensor.Tensor
	want  []float64
}

// referenceNetworks reads the networks that the scripts in testdata/networks made. ext is that of the weights.
func referenceNetworks(t *testing.T, folder, suffix, ext string, graphs ...*graph.Graph) []referenceNetwork {
	t.Helper()
	var all []referenceNetwork
	for _, g := range graphs {
		base := filepath.Join(folder, g.Name+suffix)
		state, err := weights.Load(base + ext)
		if err != nil {
			t.Fatal(err)
		}
		if err := weights.Apply(g, state); err != nil {
			t.Fatal(err)
		}
		if unused := weights.Unused(g, state); len(unused) != 0 {
			t.Errorf("%s: the reference has weights that ours lacks: %q", g.Name, unused)
		}
		dims, want, err := weights.ReadNpy64(base + "_out64.npy")
		if err != nil {
			t.Fatal(err)
		}
		n := referenceNetwork{g, readTensor(t, base+"_in.npy"), want}
		shapes, err := g.Shapes(n.x.Shape)
		if err != nil {
			t.Fatal(err)
		}
		if out := shapes[g.Outputs[0]]; !slices.Equal(dims, []int{out.N, out.C}) || out.H != 1 || out.W != 1 {
			t.Fatalf("%s: output %v, the reference's is %v", g.Name, out, dims)
		}
		all = append(all, n)
	}
	return all
}

// smallNetworks are the committed networks: a fraction of the channels, one or two small images that are not square.
func smallNetworks(t *testing.T) []referenceNetwork {
	return referenceNetworks(t, filepath.Join("testdata", "networks"), "_small", ".safetensors",
		inception.NetworkOptions{WidthDivisor: 8, TransformInput: true}.GoogLeNet(10),
		inception.NetworkOptions{WidthDivisor: 16}.InceptionV3(10),
		inception.NetworkOptions{WidthDivisor: 16}.BNInception(10),
		inception.NetworkOptions{WidthDivisor: 32}.InceptionV4(10),
		inception.NetworkOptions{WidthDivisor: 32}.InceptionResNetV2(10),
		inception.NetworkOptions{WidthDivisor: 24}.Xception(10))
}

// fullSizeNetworks are the networks in the folder that INCEPTIONGL_NETWORKS names: run "generate.py FOLDER" and "generate_timm.py FOLDER" to make them.
func fullSizeNetworks(t *testing.T, ext string) []referenceNetwork {
	const name = "INCEPTIONGL_NETWORKS"
	folder := os.Getenv(name)
	if folder == "" {
		t.Skipf("%s is not set: full-size networks are left out by choice (testdata/networks/generate.py and generate_timm.py make them)", name)
	}
	return referenceNetworks(t, folder, "", ext, published()...)
}

// TestSmallNetworksReference: cpuref carries float64 from layer to layer, so all that is left is the output's rounding.
func TestSmallNetworksReference(t *testing.T) { checkReference(t, smallNetworks(t)) }

func TestFullSizeReference(t *testing.T) { checkReference(t, fullSizeNetworks(t, ".pth")) }

func checkReference(t *testing.T, networks []referenceNetwork) {
	for _, n := range networks {
		y, err := cpuref.Run(context.Background(), n.graph, n.x)
		if err != nil {
			t.Fatal(err)
		}
		e, err := cpuref.RelL2(y.Data, n.want)
		if err != nil || !(e <= 1e-6) {
			t.Errorf("%s: relative error %.3g, %v; want at most 1e-6", n.graph.Name, e, err)
		}
		t.Logf("%s: relative error %.3g", n.graph.Name, e)
	}
}

// TestSmallNetworksGPU: every element of every step is within its bound, and the whole agrees with PyTorch's float64. The
// networks multiply rounding errors: PyTorch's own float32 is at up to 1.8e-6 (GoogLeNet).
func TestSmallNetworksGPU(t *testing.T) {
	gputest.Need(t)
	all := smallNetworks(t)
	checkGPU(t, all, run.KernelsPlain)
	// A software driver compiles the chosen kernels of each network for seconds: two that are built like another are left out.
	checkGPU(t, slices.DeleteFunc(all, func(n referenceNetwork) bool {
		return n.graph.Name == "bninception" || n.graph.Name == "inception_v4"
	}), run.KernelsDefault)
}

// TestFullSizeGPU: PyTorch's own float32 is at up to 2.7e-6 (Inception v4).
func TestFullSizeGPU(t *testing.T) {
	gputest.Need(t)
	checkGPU(t, fullSizeNetworks(t, ".safetensors"), run.KernelsMeasured)
}

func checkGPU(t *testing.T, networks []referenceNetwork, kernels run.Kernels) {
	d := gputest.Open(t)
	ctx := context.Background()
	for _, n := range networks {
		s, err := run.Compile(ctx, d, n.graph, n.x.Shape, run.Options{Kernels: kernels})
		if err != nil {
			t.Errorf("%s: %v", n.graph.Name, err)
			continue
		}
		y, reports, err := verify.Session(ctx, s, n.x)
		s.Close()
		if err == nil {
			err = verify.Failed(reports)
		}
		if err != nil {
			t.Errorf("%s: %v", n.graph.Name, err)
			continue
		}
		e, err := cpuref.RelL2(y.Data, n.want)
		if err != nil || !(e <= 5e-6) {
			t.Errorf("%s: relative error %.3g, %v; want at most 5e-6", n.graph.Name, e, err)
		}
		t.Logf("%s: %d parts of steps, relative error %.3g", n.graph.Name, len(reports), e)
	}
}

// checkStages compares the output shapes of named nodes, written "C×H×W".
func checkStages(t *testing.T, g *graph.Graph, size int, stages ...string) {
	t.Helper()
	shapes, err := g.Shapes(nettest.Shape(1, 3, size, size))
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for i, n := range g.Nodes {
		s := shapes[i]
		got[n.Name] = strconv.Itoa(s.C) + "×" + strconv.Itoa(s.H) + "×" + strconv.Itoa(s.W)
	}
	for _, s := range stages {
		name, want, _ := strings.Cut(s, " ")
		if got[name] != want {
			t.Errorf("%s is %q, want %s", name, got[name], want)
		}
	}
}

func product(dims []int) int {
	n := 1
	for _, d := range dims {
		n *= d
	}
	return n
}
