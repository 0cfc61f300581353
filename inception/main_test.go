package inception_test

import (
	"testing"

	"inceptiongl/gpu/gputest"
)

func TestMain(m *testing.M) { gputest.Main(m) }
