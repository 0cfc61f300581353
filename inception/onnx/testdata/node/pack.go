//go:build ignore

// Packs the cases of cases.txt from Debian 12's package libonnx-testdata (1.12.0-2) into node.zip; the same input gives the same bytes:
//
//	go run pack.go /usr/share/libonnx-testdata/data
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
	if len(os.Args) != 2 {
		log.Fatal("usage: go run pack.go FOLDER")
	}
	if err := pack(os.Args[1]); err != nil {
		log.Fatal(err)
	}
}

func pack(from string) error {
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
			data, err := filepath.Glob(filepath.Join(from, dir, "test_data_set_0", "*.pb"))
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
		b, err := os.ReadFile(filepath.Join(from, name))
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
