package inception_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"

	"inceptiongl/gpu/gputest"
)

// TestMain skips the examples where the GPU tests are skipped: an example can't do that itself.
func TestMain(m *testing.M) {
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

// seed is fresh in every run; INCEPTIONGL_TEST_SEED repeats one. It is printed where the test fails.
func seed(t *testing.T) uint64 {
	t.Helper()
	const name = "INCEPTIONGL_TEST_SEED"
	s := rand.Uint64()
	if given := os.Getenv(name); given != "" {
		var err error
		if s, err = strconv.ParseUint(given, 10, 64); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	t.Logf("%s=%d", name, s)
	return s
}
