// Command infer runs a network on photos, or on a tensor from a .npy file: it prints the likeliest classes, writes
// embeddings, and draws what the channels of a module show. Without arguments it classifies the digits that ship with it.
//
// It exits with 1 if some photo could not be processed (the others are), and with 2 if it could not run.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/alecthomas/kong"
	"golang.org/x/term"

	"inceptiongl/cmd/internal/cli"
	"inceptiongl/cmd/internal/show"
	"inceptiongl/inception/graph"
)

// flags are the command line.
type flags struct {
	Photos []string `arg:"" optional:"" name:"photo" help:"Photos, or folders of them: JPEG, PNG, WebP, GIF (its first frame), BMP. EXIF orientation is honoured. Default: the samples that ship with the digits network."`

	Model  string `placeholder:"MODEL" help:"A .onnx file; a .safetensors or .pth file with --arch; or, with --weights, one of ${archs}. Default: digits, the small network that ships with this program."`
	Labels string `placeholder:"FILE" help:"The classes' names: one a line, or JSON, a list or an object such as {\"0\": \"tench\"}."`

	cli.SourceFlags
	cli.PresetFlags

	Top     int    `default:"-1" placeholder:"K" help:"Classes to print for a photo; 0 for none. Default: 5, and 1 for the samples."`
	Softmax string `default:"auto" enum:"auto,on,off" help:"Make probabilities of the network's output: on, off, or auto, where it isn't probabilities already."`
	JSON    bool   `name:"json" help:"Print one JSON document instead of a table."`
	CSV     bool   `name:"csv" help:"Print CSV instead of a table."`

	Embed           string   `placeholder:"FILE.npy" help:"Write one row of numbers for each photo: what the classifier reads. FILE.rows.csv says which row is which photo."`
	EmbedNode       string   `placeholder:"NODE" help:"Embed the value of this node instead."`
	Activations     string   `placeholder:"DIR" help:"Draw the feature maps of every module, one PNG each."`
	ActivationsNode []string `placeholder:"NODE" help:"Draw those of these nodes instead."`

	In  string `placeholder:"X.npy" help:"Run on this tensor instead of photos: of the rank and the order of axes that the model's file has, of floats or integers."`
	Out string `placeholder:"Y.npy" help:"With --in: write the first output here, as float32, or as int64 where it is of integers."`

	OutAll   string    `placeholder:"DIR" help:"Write every output of the network, as float32, one .npy file for each photo: of segmentation, super-resolution, detectors. Also with --in."`
	OutPNG   string    `name:"out-png" placeholder:"DIR" help:"Draw the outputs of one or three channels, one PNG for each photo. Also with --in."`
	PNGRange []float32 `name:"png-range" placeholder:"LOW,HIGH" help:"What --out-png draws black, and white. Default: levels as the preset makes the input, undone, where the output has as many channels; else 0,1."`

	CheckFinite bool `help:"Look for NaN and infinities in every value of the network, not in its outputs only, and say where the first are. The network is computed operator by operator then."`

	Batch   int    `default:"0" placeholder:"N" help:"Photos, or items of the tensor, in one run. Default: 1, or the whole tensor."`
	Backend string `default:"gpu" enum:"gpu,cpu" help:"gpu, or cpu: the plain Go reference in float64, which is slow. Nothing falls back from one to the other."`

	cli.DeviceFlags
}

// finite is what runs look at.
func (f *flags) finite() graph.Finite {
	if f.CheckFinite {
		return graph.FiniteEvery
	}
	return graph.FiniteHidden
}

// errSome is returned when some photos could not be processed.
var errSome = errors.New("some photos could not be processed")

func main() {
	f, err := parse(os.Args[1:])
	if err != nil {
		fmt.Fprintf(show.NewSafe(os.Stderr), "infer: %v\nTry infer --help.\n", err)
		os.Exit(2)
	}
	signal.Ignore(syscall.SIGPIPE) // a closed pipe ends the run as any error does, and what there is by then is written
	ctx, stop := cli.Context()
	defer stop()
	out := io.Writer(os.Stdout)
	if term.IsTerminal(int(os.Stdout.Fd())) {
		out = show.NewSafe(out)
	}
	if err = run(ctx, f, out, os.Stderr); err != nil {
		fmt.Fprintf(show.NewSafe(os.Stderr), "infer: %s\n", cli.Words(err.Error(), "--shape"))
	}
	stop()
	os.Exit(status(err))
}

// parse reads the command line.
func parse(args []string) (*flags, error) {
	f := &flags{}
	parser, err := kong.New(f, kong.Name("infer"),
		kong.Description("Runs a network on photos: classes, embeddings, feature maps, whatever the network gives. Or on a tensor. Without arguments it classifies the digits that ship with it."),
		kong.Vars(cli.Vars()))
	if err != nil {
		return nil, err
	}
	_, err = parser.Parse(args)
	return f, err
}

// status is the exit status for an error of run.
func status(err error) int {
	switch {
	case err == nil:
		return 0
	case errors.Is(err, errSome):
		return 1
	}
	return 2
}

// run does what the flags say. Results go to out; what is used, progress and complaints go to log.
func run(ctx context.Context, f *flags, out, log io.Writer) error {
	log = show.NewSafe(log)
	if !f.CSV { // where names stay what they are, unless they go to a terminal: see main
		out = show.NewSafe(out)
	}
	if err := check(f); err != nil {
		return err
	}
	b := openBackend(ctx, f)
	defer b.close()
	m, err := f.Load(ctx, f.Model, "--model")
	if err != nil {
		return err
	}
	if f.Labels != "" {
		m.LabelsReason = "" // they are read once the number of classes is known
	}
	debug.FreeOSMemory() // loading may leave as much behind as the weights take
	fmt.Fprintf(log, "Model    %s\n", m.About)
	if host := m.OnHost(); host != "" && (f.In != "" || f.OutAll != "" || f.OutPNG != "") {
		fmt.Fprintf(log, "Host     %s\n", host)
	}
	if f.In != "" {
		return runTensor(ctx, f, m, b, log)
	}
	return runPhotos(ctx, f, m, b, out, log)
}

// check reports flags that don't go together.
func check(f *flags) error {
	photos := map[string]bool{
		"photos": len(f.Photos) > 0, "--labels": f.Labels != "", "--json": f.JSON, "--csv": f.CSV, "--embed": f.Embed != "",
		"--activations": f.Activations != "", "--preset": f.Preset != "", "--size": f.Size != "", "--crop": f.Crop != "",
		"--mean": f.Mean != nil, "--std": f.Std != nil, "--order": f.Order != "", "--top": f.Top >= 0, "--softmax": f.Softmax != "auto",
	}
	switch {
	case f.In == "" && f.Out != "":
		return errors.New("--out goes with --in X.npy; for photos there are --out-all and --out-png")
	case f.In != "" && f.Out == "" && f.OutAll == "" && f.OutPNG == "":
		return errors.New("--in needs --out Y.npy, --out-all DIR or --out-png DIR")
	case len(f.PNGRange) > 0 && f.OutPNG == "":
		return errors.New("--png-range needs --out-png DIR")
	case len(f.PNGRange) > 0 && (len(f.PNGRange) != 2 || !(f.PNGRange[0] < f.PNGRange[1]) || f.PNGRange[0] < -1e30 || f.PNGRange[1] > 1e30):
		return fmt.Errorf("--png-range %v: two numbers are needed, the smaller one first", f.PNGRange)
	case f.In != "":
		for name, given := range photos {
			if given {
				return fmt.Errorf("--in is for a tensor: it doesn't go with %s", name)
			}
		}
	case f.Labels != "" && f.Top == 0:
		return errors.New("--labels names classes, and --top 0 prints none")
	case f.JSON && f.CSV:
		return errors.New("--json and --csv exclude each other")
	case f.EmbedNode != "" && f.Embed == "":
		return errors.New("--embed-node needs --embed FILE.npy")
	case len(f.ActivationsNode) > 0 && f.Activations == "":
		return errors.New("--activations-node needs --activations DIR")
	}
	if f.PhotoMemory < 0 || f.PhotoMemory > 1<<20 {
		return fmt.Errorf("--photo-memory: %d MiB is out of range", f.PhotoMemory)
	}
	if f.Batch < 0 || f.Batch > 1<<16 {
		return fmt.Errorf("--batch: %d is out of range", f.Batch)
	}
	if f.Top < -1 {
		return fmt.Errorf("--top: %d is out of range", f.Top)
	}
	return nil
}
