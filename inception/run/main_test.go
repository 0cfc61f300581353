package run_test

import (
	"testing"

	"inceptiongl/inception/internal/nettest"
)

func TestMain(m *testing.M) { nettest.Main(m) }
