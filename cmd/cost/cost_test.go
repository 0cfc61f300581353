package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"inceptiongl/inception"
	"inceptiongl/inception/graph"
	"inceptiongl/inception/tensor"
)

func n(v int) *int { return &v }

// output runs the command.
func output(t *testing.T, f flags) string {
	t.Helper()
	var out bytes.Buffer
	if err := run(context.Background(), &f, &out); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// report is what --json prints.
func report(t *testing.T, f flags) *Report {
	t.Helper()
	f.JSON = true
	r := new(Report)
	if err := json.Unmarshal([]byte(output(t, f)), r); err != nil {
		t.Fatal(err)
	}
	return r
}

// TestKnownNetworks: modules worked out by hand; and torchvision 0.14.1's googlenet and inception_v3 without auxiliary
// classifiers, timm 1.0.31's inception_v4, inception_resnet_v2 and legacy_xception, and pretrainedmodels 0.7.4's bninception, counted
// there with forward hooks on Conv2d, Linear and BatchNorm2d.
func TestKnownNetworks(t *testing.T) {
	const scaled = 10*320*35*35 + 20*1088*17*17 + 9*2080*8*8 // by residual blocks, beside BatchNorm2d
	type known struct{ learned, weights, biases, norm, statistics, macs, affine int64 }
	for name, want := range map[string]known{
		"inception_a":  {32_208, 32_064, 144, 0, 0, 25_138_176, 0},
		"bottleneck":   {15_920, 15_872, 48, 0, 0, 12_443_648, 0},
		"direct":       {153_632, 153_600, 32, 0, 0, 120_422_400, 0},
		"googlenet":    {6_624_904, 6_609_344, 1_000, 14_560, 14_560, 1_498_376_192, 3_226_160},
		"inception_v3": {23_834_568, 23_799_136, 1_000, 34_432, 34_432, 5_713_216_096, 8_967_488},

		"bninception":         {11_295_240, 11_264_192, 11_016, 20_032, 20_032, 2_032_600_064, 3_736_544},
		"inception_v4":        {42_679_816, 42_615_648, 1_000, 63_168, 63_168, 12_253_974_624, 15_089_184},
		"inception_resnet_v2": {55_843_464, 55_736_160, 46_760, 60_544, 60_544, 13_155_794_016, 13_519_136 + scaled},
		"xception":            {22_855_952, 22_800_424, 1_000, 54_528, 54_528, 8_357_403_496, 21_137_152},
	} {
		r := report(t, flags{Network: name})
		got := known{r.LearnedParameters, r.Total.Weights, r.Total.Biases, r.Total.Norm, r.Total.Statistics, r.Total.MACs, r.Total.AffineMACs}
		if got != want {
			t.Errorf("%s: %+v, want %+v", name, got, want)
		}
		for scope, rows := range map[string][]Row{"layers": r.Layers, "modules": r.Modules} {
			if sum := sumOf(rows); sum != numbers(r.Total) {
				t.Errorf("%s: the %s add up to %v, the total is %v", name, scope, sum, numbers(r.Total))
			}
		}
	}
}

// numbers are a row's counts.
func numbers(r Row) [11]int64 {
	return [11]int64{r.Weights, r.Biases, r.Norm, r.Statistics, r.Constants, r.MACs, r.AffineMACs, r.InputElements, r.OutputElements, r.ActivationBytes, r.MovedBytes}
}

func sumOf(rows []Row) (sum [11]int64) {
	for _, r := range rows {
		for i, v := range numbers(r) {
			sum[i] += v
		}
	}
	return sum
}

func TestBatchAndSize(t *testing.T) {
	one := report(t, flags{Channels: n(13), Size: "7x9"})
	if one.Input != "1×13×7×9" || one.Output != "1×88×7×9" || len(one.Layers) != 16 {
		t.Errorf("%s → %s, %d layers", one.Input, one.Output, len(one.Layers))
	}
	four := report(t, flags{Channels: n(13), Size: "7x9", Batch: n(4)})
	if four.Total.MACs != 4*one.Total.MACs || four.Total.OutputElements != 4*one.Total.OutputElements || four.Total.Weights != one.Total.Weights || four.PeakBytes != 4*one.PeakBytes {
		t.Errorf("a batch of four costs %+v, one image %+v", four.Total, one.Total)
	}
	if four.Total.Intensity <= one.Total.Intensity {
		t.Error("weights read once for four images don't raise the intensity")
	}
}

func TestCSV(t *testing.T) {
	r := report(t, flags{Network: "googlenet"})
	records, err := csv.NewReader(strings.NewReader(output(t, flags{Network: "googlenet", CSV: true}))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var rows = map[string][]Row{}
	for _, rec := range records[1:] {
		row := Row{Name: rec[1], Kind: rec[2], Output: rec[3]}
		for i, p := range []*int64{&row.Weights, &row.Biases, &row.Norm, &row.Statistics, &row.Constants, &row.MACs, &row.AffineMACs,
			&row.InputElements, &row.OutputElements, &row.ActivationBytes, &row.MovedBytes} {
			if *p, err = strconv.ParseInt(rec[4+i], 10, 64); err != nil {
				t.Fatal(err)
			}
		}
		if row.Intensity, err = strconv.ParseFloat(rec[15], 64); err != nil {
			t.Fatal(err)
		}
		rows[rec[0]] = append(rows[rec[0]], row)
	}
	want := map[string][]Row{"layer": r.Layers, "module": r.Modules, "total": {r.Total}}
	if !reflect.DeepEqual(rows, want) {
		t.Errorf("CSV and JSON differ:\n%+v\n%+v", rows, want)
	}
}

// tables parses Markdown tables: the cells of every row, by header.
func tables(t *testing.T, s string) []map[string]string {
	t.Helper()
	var all []map[string]string
	var header []string
	for _, line := range strings.Split(s, "\n") {
		if !strings.HasPrefix(line, "|") {
			header = nil
			continue
		}
		cells := strings.Split(strings.Trim(line, "|"), " | ")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		switch {
		case header == nil:
			header = cells
		case strings.Trim(line, "|-: ") == "":
		case len(cells) != len(header):
			t.Errorf("%d cells under %d headings: %s", len(cells), len(header), line)
		default:
			row := map[string]string{}
			for i, h := range header {
				row[h] = cells[i]
			}
			all = append(all, row)
		}
	}
	return all
}

func TestMarkdown(t *testing.T) {
	for _, layers := range []bool{false, true} {
		r := report(t, flags{Network: "inception_v3"})
		want, name := r.Modules, "module"
		if layers {
			want, name = r.Layers, "layer"
		}
		want = append(want, r.Total)
		got := tables(t, output(t, flags{Network: "inception_v3", Markdown: true, Layers: layers}))
		if len(got) != len(want) {
			t.Fatalf("%d rows, want %d", len(got), len(want))
		}
		for i, row := range got {
			for heading, v := range map[string]int64{"weights": want[i].Weights, "biases": want[i].Biases, "scale, shift": want[i].Norm,
				"MACs": want[i].MACs, "activations": want[i].OutputElements, "bytes": want[i].ActivationBytes} {
				if row[heading] != comma(v, "–") {
					t.Errorf("%s: %s is %q, want %d", want[i].Name, heading, row[heading], v)
				}
			}
			if row[name] != want[i].Name {
				t.Errorf("row %d is %q, want %q", i, row[name], want[i].Name)
			}
		}
	}
}

// TestText: every number of a column ends where its heading does.
func TestText(t *testing.T) {
	out := output(t, flags{Network: "googlenet"})
	for _, want := range []string{"googlenet: 1×3×224×224 → 1×1000×1×1", "inception3a", "6 conv, maxpool", "6,624,904 learned", "1,498,376,192 of convolutions", "alive at once"} {
		if !strings.Contains(out, want) {
			t.Errorf("output lacks %q", want)
		}
	}
	if strings.Contains(out, "branch") || strings.Contains(out, "%!") {
		t.Errorf("output:\n%s", out)
	}
	lines := strings.Split(out, "\n")[2:]
	at := len([]rune(lines[0][:strings.Index(lines[0], "MACs")+4]))
	for _, l := range lines[1:] {
		if l == "" {
			break
		}
		if r := []rune(l); !strings.ContainsRune("0123456789–", r[at-1]) || r[at] != ' ' {
			t.Errorf("not aligned: %s", l)
		}
	}
	if out := output(t, flags{Network: "googlenet", Layers: true}); !strings.Contains(out, "inception3a.branch2.1.conv") {
		t.Error("--layers shows no layers")
	}
}

// TestModel: an ONNX file costs what the network costs that it was exported from.
func TestModel(t *testing.T) {
	folder := filepath.Join("..", "..", "inception", "testdata", "networks")
	for _, c := range []struct {
		file   string
		g      *graph.Graph
		folded bool // batch normalisation became biases
	}{
		{"googlenet_small.onnx", inception.NetworkOptions{TransformInput: true, WidthDivisor: 8}.GoogLeNet(10), false},
		{"inception_v3_small.onnx", inception.NetworkOptions{WidthDivisor: 16}.InceptionV3(10), true},
	} {
		got := report(t, flags{Model: filepath.Join(folder, c.file), Batch: n(2), Size: "100x90"})
		want, err := newReport(c.g, tensor.Shape{N: 2, C: 3, H: 100, W: 90})
		if err != nil {
			t.Fatal(err)
		}
		if got.Network != c.file || got.Input != "2×3×100×90" || got.Total.MACs != want.Total.MACs || got.Total.Weights != want.Total.Weights {
			t.Errorf("%s, %s: %+v, want %+v", got.Network, got.Input, got.Total, want.Total)
		}
		if !c.folded && (got.LearnedParameters != want.LearnedParameters || got.Total.Statistics != want.Total.Statistics || got.Total.AffineMACs != want.Total.AffineMACs) {
			t.Errorf("%s: %+v, want %+v", c.file, got.Total, want.Total)
		}
		if i := slices.IndexFunc(got.Modules, func(r Row) bool { return r.Name == "fc" }); i < 0 || got.Modules[i].Weights != 128*10 {
			t.Errorf("%s: the modules are %+v", c.file, got.Modules)
		}
	}
	f := flags{Model: "cost_test.go"}
	if err := run(context.Background(), &f, new(bytes.Buffer)); err == nil || !strings.Contains(err.Error(), "--model: ") {
		t.Errorf("a file that is no model gives %v", err)
	}
}

func TestErrors(t *testing.T) {
	for _, c := range []struct {
		f    flags
		want string
	}{
		{flags{Network: "resnet"}, "inception_a, bottleneck"},
		{flags{Size: "28x"}, "--size"},
		{flags{Size: "0"}, "--size"},
		{flags{Batch: n(-1)}, "--batch: -1"},
		{flags{Channels: n(-5)}, "--channels: -5"},
		{flags{Batch: n(0)}, "--batch: 0"},
		{flags{Batch: n(1 << 40)}, "more than"},
		{flags{Network: "googlenet", Channels: n(4)}, "the network takes 3"},
		{flags{Network: "inception_v3", Size: "20"}, "does not fit"},
		{flags{Article: true, Batch: n(2)}, "--article"},
		{flags{Article: true, Layers: true}, "--article"},
		{flags{Model: "no-such-file.onnx"}, "--model"},
	} {
		err := run(context.Background(), &c.f, new(bytes.Buffer))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: error is %v, want one with %q", c.f, err, c.want)
		}
	}
}

func TestModuleNames(t *testing.T) {
	for name, want := range map[string]string{
		"inception3a.branch1.conv": "inception3a", "/Mixed_5b/branch1x1/conv/Conv": "Mixed_5b", "conv1": "conv1", "/fc/Gemm": "fc",
		"features.6.branch0.conv": "features.6", "repeat_1.12": "repeat_1.12", "repeat.3": "repeat.3", "features.6/x": "features.6", "a.+1.b": "a", "a.1b": "a",
		"//": "//", "a/": "a", ".": ".",
	} {
		if got := moduleOf(name); got != want {
			t.Errorf("%q belongs to %q, want %q", name, got, want)
		}
	}
}

// TestHostileNames: what a file calls its nodes breaks neither the terminal nor a table.
func TestHostileNames(t *testing.T) {
	if got := printable("a\x1b[31m\n"); got != `"a\x1b[31m\n"` {
		t.Errorf("printable: %s", got)
	}
	if got := escape("a|b_c _d_ `*<"); got != "a\\|b_c \\_d\\_ \\`\\*\\<" {
		t.Errorf("escape: %s", got)
	}
}

func TestComma(t *testing.T) {
	for n, want := range map[int64]string{0: "–", 7: "7", 999: "999", 1000: "1,000", 25138176: "25,138,176", -1234: "-1,234", -123: "-123"} {
		if got := comma(n, "–"); got != want {
			t.Errorf("%d is %q, want %q", n, got, want)
		}
	}
}
