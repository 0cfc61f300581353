// Command verify checks a network of the user's on the device that will run it: every element of every step against the float64
// reference, on the inputs that the step had, within a bound that is derived from the arithmetic; and the whole answer against the
// reference's. It lists the worst steps and the slowest.
//
// It exits with 0 if all is right, with 1 if something isn't, and with 2 if it could not run.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/alecthomas/kong"

	"inceptiongl/cmd/internal/cli"
	"inceptiongl/cmd/internal/show"
	"inceptiongl/cpuref/verify"
	"inceptiongl/inception/run"
	"inceptiongl/inception/tensor"
)

// flags are the command line.
type flags struct {
	Model  string   `arg:"" help:"A .onnx file; a .safetensors or .pth file with --arch; one of ${archs} with --weights or --random-weights; or digits, the network that ships."`
	Photos []string `arg:"" optional:"" name:"photo" help:"Photos, or folders of them, to run it on, in one batch. Default: random numbers, in the model's shape; where that is open, a batch of 1 and the size of the preset for photos."`

	In   string `placeholder:"X.npy" help:"Run it on this tensor, laid out as the model takes it."`
	Seed uint64 `default:"1" help:"Seed of the random input: normal numbers with mean 0 and deviation 1."`

	cli.SourceFlags
	cli.PresetFlags

	Against  string `default:"" enum:",onnxruntime" placeholder:"onnxruntime" help:"Also run the .onnx file with ONNX Runtime on the CPU, from a Python, and compare its answer with the reference's, too."`
	Python   string `default:"python3" placeholder:"COMMAND" help:"The Python of --against, which needs: pip install numpy onnxruntime."`
	Rewrites bool   `default:"true" negatable:"" help:"Plan as always. With --no-rewrites every operator of the network is a step of its own, and nothing is fused or folded: where the whole answer is wrong and no step is."`

	Rows int  `default:"10" placeholder:"N" help:"Steps to list: the N worst, the N slowest; 0 for all."`
	Runs int  `default:"5" placeholder:"N" help:"Timed runs, or fewer if they take long."`
	JSON bool `name:"json" help:"Print one JSON document, with all steps, instead of tables."`

	cli.DeviceFlags

	// each is verify.Each, or a test's that finds a wrong step on a right device.
	each func(context.Context, *run.Session, *tensor.Tensor, func(verify.StepReport) error) ([]*tensor.Tensor, error)
}

// errWrong is returned when something is not right.
var errWrong = errors.New("wrong")

func main() {
	f, err := parse(os.Args[1:])
	if err != nil {
		fmt.Fprintf(os.Stderr, "verify: %v\nTry verify --help.\n", err)
		os.Exit(2)
	}
	ctx, stop := cli.Context()
	defer stop()
	if err = check(ctx, f, os.Stdout, os.Stderr); err != nil {
		fmt.Fprintf(show.NewSafe(os.Stderr), "verify: %s\n", cli.Words(err.Error(), "--shape"))
	}
	os.Exit(status(err))
}

// parse reads the command line.
func parse(args []string) (*flags, error) {
	f := &flags{each: verify.Each}
	parser, err := kong.New(f, kong.Name("verify"),
		kong.Description("Checks your network on your device: every element of every step against a float64 reference, within a derived error bound; then the whole answer. Lists the worst steps and the slowest. Exits with 0 if all is right, 1 if not, 2 if it could not run."),
		kong.Vars(cli.Vars()))
	if err != nil {
		return nil, err
	}
	if _, err = parser.Parse(args); err != nil {
		return nil, err
	}
	switch {
	case f.Rows < 0:
		err = fmt.Errorf("--rows: %d is out of range", f.Rows)
	case f.Runs < 1:
		err = fmt.Errorf("--runs: %d runs; at least 1 is needed", f.Runs)
	case f.In != "" && len(f.Photos) > 0:
		err = errors.New("--in and photos exclude each other")
	case len(f.Photos) == 0 && f.preset():
		err = errors.New("--preset, --size, --crop, --mean, --std and --order are for photos, and none are given")
	}
	return f, err
}

// preset reports a flag about photos.
func (f *flags) preset() bool {
	return f.Preset != "" || f.Size != "" || f.Crop != "" || f.Mean != nil || f.Std != nil || f.Order != ""
}

// status is the exit status for an error of check.
func status(err error) int {
	switch {
	case err == nil:
		return 0
	case errors.Is(err, errWrong):
		return 1
	}
	return 2
}

// check does what the flags say. The report goes to out; progress goes to log.
func check(ctx context.Context, f *flags, out, log io.Writer) error {
	out, log = show.NewSafe(out), show.NewSafe(log)
	m, err := f.Load(ctx, f.Model, "MODEL")
	if err != nil {
		return err
	}
	in, err := newInput(ctx, f, m)
	if err != nil {
		return err
	}
	other, err := startOther(ctx, f, m, in) // before what takes long, for what may be missing
	if err != nil {
		return err
	}
	defer other.close()
	d, err := f.Open(ctx)
	if err != nil {
		return err
	}
	defer d.Close()
	r := &Report{Model: m.About, Host: m.OnHost(), Input: in.describe(), Device: cli.About(d), Rewrites: f.Rewrites}
	if err := r.measure(ctx, f, m, in, d, other, log); err != nil {
		return err
	}
	if f.JSON {
		err = r.printJSON(out)
	} else {
		err = r.print(out, f.Rows)
	}
	if err == nil && len(r.Wrong) > 0 {
		err = fmt.Errorf("%w: %s", errWrong, r.Wrong[0])
		if more := len(r.Wrong) - 1; more > 0 {
			err = fmt.Errorf("%w; and %d more", err, more)
		}
	}
	return err
}
