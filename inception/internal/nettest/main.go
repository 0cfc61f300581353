package nettest

import (
	"flag"
	"fmt"
	"os"
	"testing"

	"inceptiongl/gpu/gputest"
)

// Main is a TestMain that skips the examples where the GPU tests are skipped: an example can't do that itself.
func Main(m *testing.M) {
	flag.Parse()
	if os.Getenv(gputest.NoGPU) == "1" {
		fmt.Printf("%s=1: GPU examples skipped by choice\n", gputest.NoGPU)
		skip := "^Example"
		if given := flag.Lookup("test.skip").Value.String(); given != "" {
			skip = given + "|" + skip
		}
		if err := flag.Set("test.skip", skip); err != nil {
			panic(err)
		}
	}
	gputest.Main(m)
}
