package inception_test

import (
	"testing"

	"inceptiongl/inception"
)

// TestInceptionV4Stages has the output sizes of the paper's figures 9 and 3.
func TestInceptionV4Stages(t *testing.T) {
	checkStages(t, inception.InceptionV4(1000), 299,
		"features.0 32×149×149", "features.1 32×147×147", "features.2 64×147×147",
		"features.3 160×73×73", "features.4 192×71×71", "features.5 384×35×35",
		"features.6 384×35×35", "features.9 384×35×35", "features.10 1024×17×17",
		"features.11 1024×17×17", "features.17 1024×17×17", "features.18 1536×8×8",
		"features.19 1536×8×8", "features.21 1536×8×8", "global_pool 1536×1×1", "last_linear 1000×1×1",
		"features.4.branch1.1 64×73×73", "features.11.branch2.3 224×17×17", "features.21.branch2_2 512×8×8")
}
