package inception_test

import (
	"testing"

	"inceptiongl/inception"
)

// TestInceptionV3Stages has the output sizes of the paper's table 1, but for the layers before the modules, where torchvision
// follows the authors' code.
func TestInceptionV3Stages(t *testing.T) {
	checkStages(t, inception.InceptionV3(1000), 299,
		"Conv2d_1a_3x3 32×149×149", "Conv2d_2a_3x3 32×147×147", "Conv2d_2b_3x3 64×147×147", "maxpool1 64×73×73",
		"Conv2d_3b_1x1 80×73×73", "Conv2d_4a_3x3 192×71×71", "maxpool2 192×35×35",
		"Mixed_5b 256×35×35", "Mixed_5c 288×35×35", "Mixed_5d 288×35×35",
		"Mixed_6a 768×17×17", "Mixed_6b 768×17×17", "Mixed_6c 768×17×17", "Mixed_6d 768×17×17", "Mixed_6e 768×17×17",
		"Mixed_7a 1280×8×8", "Mixed_7b 2048×8×8", "Mixed_7c 2048×8×8",
		"avgpool 2048×1×1", "fc 1000×1×1",
		"Mixed_6b.branch7x7dbl_4 128×17×17", "Mixed_7c.branch3x3dbl_3b 384×8×8")
}
