//go:build ignore

// Packs the cases of cases.txt from Debian 12's package libonnx-testdata (1.12.0-2), and those called late from what generate.py wrote,
// into node.zip; the same input gives the same bytes:
//
//	go run pack.go /usr/share/libonnx-testdata/data FOLDER
package main

import (
	"archive/zip"
	"bufio"
	"compress/flate"
	"io"
	"log"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

func main() {
	if len(os.Args) != 3 {
		log.Fatal("usage: go run pack.go FOLDER LATE")
	}
	if err := pack(os.Args[1], os.Args[2]); err != nil {
		log.Fatal(err)
	}
}

func pack(early, late string) error {
	root := func(name string) string {
		if strings.HasPrefix(name, "late/") {
			return late
		}
		return early
	}
	var files []string
	list, err := os.Open("cases.txt")
	if err != nil {
		return err
	}
	defer list.Close()
	for lines := bufio.NewScanner(list); lines.Scan(); {
		folder, rest, ok := strings.Cut(lines.Text(), " | ")
		if !ok || folder[0] == '#' {
			continue
		}
		_, cases, _ := strings.Cut(rest, " | ")
		for _, name := range strings.Fields(cases) {
			name = name[:strings.IndexAny(name+"=", "=/")]
			dir := path.Join(folder, "test_"+name)
			data, err := filepath.Glob(filepath.Join(root(dir), dir, "test_data_set_0", "*.pb"))
			if err != nil {
				return err
			}
			files = append(files, path.Join(dir, "model.onnx"))
			for _, p := range data {
				files = append(files, path.Join(dir, "test_data_set_0", filepath.Base(p)))
			}
		}
	}
	slices.Sort(files)
	out, err := os.Create("node.zip")
	if err != nil {
		return err
	}
	z := zip.NewWriter(out)
	z.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) { return flate.NewWriter(w, flate.BestCompression) })
	for _, name := range slices.Compact(files) {
		b, err := os.ReadFile(filepath.Join(root(name), name))
		if err != nil {
			return err
		}
		w, err := z.Create(name) // no time is written
		if err != nil {
			return err
		}
		if _, err := w.Write(b); err != nil {
			return err
		}
	}
	if err := z.Close(); err != nil {
		return err
	}
	return out.Close()
}
