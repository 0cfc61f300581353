// Command cost counts what a network costs: parameters, multiply-accumulates, activations and arithmetic intensity of every
// layer. With --article it recomputes the figures of the article that this project began with, and judges each.
//
// It exits with 2 if it could not run.
package main

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/alecthomas/kong"

	"inceptiongl/cmd/internal/article"
	"inceptiongl/cmd/internal/cli"
	"inceptiongl/cmd/internal/show"
)

// flags are the command line.
type flags struct {
	Network  string `xor:"what" placeholder:"NAME" help:"What to count: ${networks}. Default: inception_a, the article's module."`
	Model    string `xor:"what" placeholder:"FILE" help:"A .onnx file instead."`
	Article  bool   `xor:"what" help:"Recompute the article's figures and judge each, instead."`
	Batch    *int   `placeholder:"N" help:"Images in a run. Default: 1, or what the model fixes."`
	Size     string `placeholder:"N|HxW" help:"Height and width. Default: the network's own, 28 for a single module."`
	Channels *int   `placeholder:"C" help:"Input channels. Default: 192 for a single module, 3 for a whole network."`
	Layers   bool   `help:"Show every layer of a large network, not one row for each module. JSON and CSV always have both."`

	JSON     bool `name:"json" xor:"format" help:"Print one JSON document instead of a table."`
	CSV      bool `name:"csv" xor:"format" help:"Print CSV; the column scope tells layers, modules and the total apart."`
	Markdown bool `xor:"format" help:"Print Markdown."`
}

func main() {
	var f flags
	parser := kong.Must(&f, kong.Name("cost"), kong.Vars{"networks": networkNames()},
		kong.Description("Counts parameters, multiply-accumulates, activations and arithmetic intensity of a network, layer by layer. It needs no GPU."))
	if _, err := parser.Parse(os.Args[1:]); err != nil {
		fmt.Fprintf(os.Stderr, "cost: %v\nTry cost --help.\n", err)
		os.Exit(2)
	}
	ctx, stop := cli.Context()
	defer stop()
	if err := run(ctx, &f, os.Stdout); err != nil {
		fmt.Fprintf(show.NewSafe(os.Stderr), "cost: %v\n", err)
		stop()
		os.Exit(2)
	}
}

// run does what the flags say.
func run(ctx context.Context, f *flags, out io.Writer) error {
	out = show.NewSafe(out)
	var d document
	if f.Article {
		if f.Batch != nil || f.Size != "" || f.Channels != nil || f.Layers {
			return fmt.Errorf("--article has its own inputs: --batch, --size, --channels and --layers don't go with it")
		}
		all, err := article.Recompute(ctx)
		if err != nil {
			return err
		}
		d = claims(all)
	} else {
		g, in, err := open(f)
		if err != nil {
			return err
		}
		r, err := newReport(g, in)
		if err != nil {
			return err
		}
		r.every = f.Layers || len(r.Layers) <= few
		d = r
	}
	switch {
	case f.JSON:
		return writeJSON(out, d)
	case f.CSV:
		return writeCSV(out, d)
	case f.Markdown:
		return d.write(&markdown{text{out: out}})
	}
	return d.write(&text{out: out})
}
