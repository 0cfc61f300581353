// Command shaders writes every variant of every shader as complete GLSL into a folder, a file each, for compilers that take
// files: glslangValidator -S comp, or a GPU maker's offline compiler. It needs no GPU.
//
// It exits with 2 if it could not run.
package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/alecthomas/kong"
)

// flags are the command line.
type flags struct {
	Dir string `arg:"" help:"Where to write: a new folder, or an empty one."`
}

func main() {
	var f flags
	parser := kong.Must(&f, kong.Name("shaders"),
		kong.Description("Writes every variant of every shader as complete GLSL, a file each, named by the kernel and what it was specialised for."))
	if _, err := parser.Parse(os.Args[1:]); err != nil {
		fmt.Fprintf(os.Stderr, "shaders: %v\nTry shaders --help.\n", err)
		os.Exit(2)
	}
	if err := run(f.Dir, os.Stdout); err != nil {
		fmt.Fprintf(os.Stderr, "shaders: %v\n", err)
		os.Exit(2)
	}
}

// run writes the files.
func run(dir string, out io.Writer) error {
	old, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if len(old) > 0 {
		return fmt.Errorf("%s is not empty: nobody could tell the new files from those", dir)
	}
	all, err := variants()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	for _, v := range all {
		if err := os.WriteFile(filepath.Join(dir, v.name+".comp"), []byte(v.text), 0o666); err != nil {
			return err
		}
	}
	_, err = fmt.Fprintf(out, "%d shaders in %s\n", len(all), dir)
	return err
}
