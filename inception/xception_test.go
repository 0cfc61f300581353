package inception_test

import (
	"testing"

	"inceptiongl/inception"
)

// TestXceptionStages has the output sizes of the paper's figure 5.
func TestXceptionStages(t *testing.T) {
	checkStages(t, inception.Xception(1000), 299,
		"act1 32×149×149", "act2 64×147×147", "block1 128×74×74", "block2 256×37×37", "block3 728×19×19",
		"block4 728×19×19", "block11 728×19×19", "block12 1024×10×10", "act3 1536×10×10", "act4 2048×10×10",
		"global_pool 2048×1×1", "fc 1000×1×1",
		"block1.rep.0.conv1 64×147×147", "block12.rep.4.pointwise 1024×19×19", "block3.skip 728×19×19")
}
