package inception_test

import (
	"math/rand/v2"
	"os"
	"strconv"
	"testing"

	"inceptiongl/gpu/gputest"
)

func TestMain(m *testing.M) { gputest.Main(m) }

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
