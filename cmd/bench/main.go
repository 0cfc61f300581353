// Command bench runs a network on this machine's GPU: it checks every step against the plain Go reference on fresh random
// input, then times every step and the whole.
//
// It exits with 1 if any element is outside its error bound, and with 2 if it could not run.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/alecthomas/kong"

	"inceptiongl/cmd/internal/article"
	"inceptiongl/cmd/internal/cli"
	"inceptiongl/cmd/internal/show"
	"inceptiongl/gpu"
	"inceptiongl/inception/files"
	"inceptiongl/inception/run"
)

// flags are the command line.
type flags struct {
	Network  string `default:"inception_a" enum:"inception_a,bottleneck,googlenet_3a,pointwise,digits,googlenet,bninception,inception_v3,inception_v4,inception_resnet_v2,xception" help:"What to run: inception_a (the article's module), bottleneck (its 192→16→32 5×5 path), googlenet_3a (the paper's module 3a), pointwise (three 1×1 layers with ReLU), digits (the trained network that ships), or a whole network: googlenet, bninception (Inception v2), inception_v3, inception_v4, inception_resnet_v2, xception."`
	Batch    int    `default:"1" help:"Images in a run."`
	Size     string `placeholder:"N|HxW" help:"Height and width. Default: the network's own: 28 for modules, 224 for googlenet and bninception, 299 for the other whole networks."`
	Channels int    `placeholder:"N" help:"Input channels. Default: the network's own, 192 for a module."`
	Weights  string `type:"existingfile" placeholder:"FILE" help:"A .safetensors or .pth file with PyTorch's state_dict names. Default: random weights (He initialisation) from the seed."`
	Seed     uint64 `help:"Seed of weights and input. Default: taken from the clock, and printed."`
	Runs     int    `default:"30" help:"Timed runs of each thing that is timed."`
	Tune     bool   `help:"First measure which kernels are fastest here, however long it takes, and remember them for later runs of every program."`
	NoCache  bool   `help:"Neither use nor keep measurements in the user's cache folder."`
	Device   string `placeholder:"NAME" help:"A device's number, name or part of its name, from --list-devices. Default: the environment variable INCEPTIONGL_DEVICE, else the best."`

	Kernels   string `default:"chosen" enum:"none,chosen,all" help:"Also compare kernels on two layers of their own: none, chosen (against the plain ones), or all that fit (against the measured ceiling, too)."`
	NoKernels bool   `help:"The same as --kernels none."`

	Article bool   `help:"Also run both sides of the article's claims: 5×5 and 3×3 convolutions, directly and after a 1×1, in time and in MACs."`
	Report  string `placeholder:"FILE.html" help:"Also write a page with all figures, which needs no network. Implies --article."`
	Lang    string `default:"en" enum:"en,zh" help:"The page's language: en or zh."`
	Trace   string `placeholder:"FILE.json" help:"Also write one run as a timeline of waves and steps, which ui.perfetto.dev and chrome://tracing open."`

	Peers  bool   `help:"Also run the same network, weights and input on other runtimes, in turn: ONNX Runtime and PyTorch on the CPU, ncnn on the CPU and on Vulkan, where Python has them."`
	Python string `default:"python3" placeholder:"COMMAND" help:"The Python of --peers. The packages that it needs are named at the top of each script in cmd/bench/peers."`

	ListDevices bool `help:"List the devices and exit."`
	CPU         bool `name:"cpu" help:"Use no GPU: run and time the plain Go reference only."`
	JSON        bool `name:"json" xor:"format" help:"Print one JSON document instead of tables."`
	Benchfmt    bool `xor:"format" help:"Print Go's benchmark format, which benchstat reads, instead of tables."`

	articleSize int // height and width of --article's convolutions, if not the article's own
}

// options say how to compile.
func (f *flags) options() run.Options {
	o := run.Options{NoCache: f.NoCache}
	if f.Tune {
		o.Kernels = run.KernelsMeasured
	}
	return o
}

// needDevice names the first of the flags given that no run without a device can follow.
func (f *flags) needDevice() string {
	switch {
	case f.Article:
		return "--article"
	case f.Report != "":
		return "--report"
	case f.Trace != "":
		return "--trace"
	case f.Peers:
		return "--peers"
	case f.Kernels == kernelsAll:
		return "--kernels all"
	}
	return ""
}

// errWrong is returned when a result is out of bound.
var errWrong = errors.New("results are out of bound")

func main() {
	var f flags
	parser := kong.Must(&f, kong.Name("bench"), kong.Description("Checks a network's every step on this machine's GPU against a plain Go reference, then times it."))
	if _, err := parser.Parse(os.Args[1:]); err != nil {
		fmt.Fprintf(os.Stderr, "bench: %v\nTry bench --help.\n", err)
		os.Exit(2)
	}
	ctx, stop := cli.Context()
	defer stop()
	err := bench(ctx, &f, os.Stdout, os.Stderr)
	if err != nil {
		fmt.Fprintf(show.NewSafe(os.Stderr), "bench: %v\n", err)
	}
	stop()
	os.Exit(status(err))
}

// status is the exit status for an error of bench.
func status(err error) int {
	switch {
	case err == nil:
		return 0
	case errors.Is(err, errWrong):
		return 1
	}
	return 2
}

// bench does what the flags say. Results go to out; progress and notes go to log.
func bench(ctx context.Context, f *flags, out, log io.Writer) error {
	checked := show.NewChecked(show.NewSafe(out))
	if err := benchTo(ctx, f, checked, show.NewSafe(log)); err != nil {
		return err
	}
	return checked.Err()
}

func benchTo(ctx context.Context, f *flags, out, log io.Writer) error {
	if f.NoKernels {
		if f.Kernels == kernelsAll {
			return fmt.Errorf("--kernels all: not with --no-kernels")
		}
		f.Kernels = ""
	}
	if f.ListDevices {
		if s := f.needDevice(); s != "" {
			return fmt.Errorf("%s: not with --list-devices", s)
		}
		return listDevices(ctx, f, out)
	}
	c, err := newCase(f)
	if err != nil {
		return err
	}
	var print printer
	switch {
	case f.JSON:
		print = &jsonPrinter{out: out}
	case f.Benchfmt:
		print = &benchPrinter{out: out}
	default:
		print = newTextPrinter(out)
	}
	r := &Report{Case: c.describe()}
	if f.CPU {
		if s := f.needDevice(); s != "" {
			return fmt.Errorf("%s: not with --cpu: it needs a device", s)
		}
		r.Device = DeviceReport{Renderer: "cpuref (plain Go, float64), no GPU used", Backend: "cpu", Software: true}
		if err := timeReference(ctx, c, r); err != nil {
			return err
		}
		return print.finish(r)
	}
	f.Article = f.Article || f.Report != ""
	if f.articleSize == 0 {
		f.articleSize = article.Input.H
	}
	for _, out := range [][2]string{{"--report", f.Report}, {"--trace", f.Trace}} {
		if flag, path := out[0], out[1]; path != "" {
			if err := files.Writable(path); err != nil { // at once, not at the end of a long run
				return fmt.Errorf("%s: %w", flag, err)
			}
		}
	}
	o := gpu.Options{Device: f.Device}
	if !f.NoCache {
		o.Programs = run.Programs()
	}
	begin := time.Now()
	d, err := gpu.Open(ctx, o)
	if errors.Is(err, gpu.ErrNoDevice) {
		err = fmt.Errorf("%w\nWithout a GPU driver, --cpu runs the plain Go reference", err)
	}
	if err != nil {
		return err
	}
	opened := time.Since(begin)
	defer d.Close()
	if err := measureDevice(ctx, d, opened, c, f, r, print); err != nil {
		return err
	}
	if f.Report != "" {
		if f.Lang != "en" {
			r.Lang = f.Lang
		}
		if err := files.Write(f.Report, func(w io.Writer) error { return renderPage(w, r) }); err != nil {
			return fmt.Errorf("--report: %w", err)
		}
		fmt.Fprintf(log, "\nThe page is in %s.\n", f.Report)
	}
	if f.Trace != "" {
		if err := files.Write(f.Trace, r.trace.render); err != nil {
			return fmt.Errorf("--trace: %w", err)
		}
		fmt.Fprintf(log, "\nThe trace is in %s: open it in ui.perfetto.dev or chrome://tracing.\n", f.Trace)
	}
	return nil
}

// listDevices prints every device, the broken ones with the reason.
func listDevices(ctx context.Context, f *flags, out io.Writer) error {
	list, err := gpu.Devices(ctx)
	if f.JSON {
		if e := writeJSON(out, list); e != nil {
			return e
		}
		return err
	}
	for _, d := range list {
		if d.Err != "" {
			fmt.Fprintf(out, "-  %s (%s): %s\n", d.Name, d.Backend, d.Err)
			continue
		}
		kind := "hardware"
		if d.Software {
			kind = "software rasterizer"
		}
		fmt.Fprintf(out, "%d  %s: %s, %s, OpenGL %s (%s)\n", d.Index, d.Name, d.Vendor, d.Renderer, d.Version, kind)
	}
	return err
}
