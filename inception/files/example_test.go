package files_test

import (
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"path/filepath"

	"inceptiongl/inception/files"
)

// An error on the way leaves the file as it was.
func ExampleWrite() {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "report.txt")
	for _, broken := range []error{nil, errors.New("no more results")} {
		err := files.Write(path, func(w io.Writer) error {
			fmt.Fprintf(w, "half of the report … ")
			if broken != nil {
				return broken
			}
			_, err := fmt.Fprintf(w, "and the rest")
			return err
		})
		text, _ := os.ReadFile(path)
		fmt.Printf("failed: %v; the file holds %q\n", err != nil, text)
	}
	// Output:
	// failed: false; the file holds "half of the report … and the rest"
	// failed: true; the file holds "half of the report … and the rest"
}
