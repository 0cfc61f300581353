package inception_test

import (
	"testing"

	"inceptiongl/inception"
)

// TestInceptionResNetV2Stages has the output sizes of the paper's figure 15, but for the channels of the residual blocks, where
// timm follows the authors' code, and the layers before them, which are Inception v3's.
func TestInceptionResNetV2Stages(t *testing.T) {
	checkStages(t, inception.InceptionResNetV2(1000), 299,
		"conv2d_1a 32×149×149", "conv2d_2a 32×147×147", "conv2d_2b 64×147×147", "maxpool_3a 64×73×73",
		"conv2d_3b 80×73×73", "conv2d_4a 192×71×71", "maxpool_5a 192×35×35", "mixed_5b 320×35×35",
		"repeat.0 320×35×35", "repeat.9 320×35×35", "mixed_6a 1088×17×17",
		"repeat_1.0 1088×17×17", "repeat_1.19 1088×17×17", "mixed_7a 2080×8×8",
		"repeat_2.0 2080×8×8", "repeat_2.8 2080×8×8", "block8 2080×8×8", "conv2d_7b 1536×8×8",
		"global_pool 1536×1×1", "classif 1000×1×1",
		"repeat.3.concat 128×35×35", "repeat_1.3.concat 384×17×17", "repeat_2.3.concat 448×8×8")
}
