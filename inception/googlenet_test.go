package inception_test

import (
	"testing"

	"inceptiongl/inception"
)

// TestGoogLeNetStages has the output sizes of the paper's table 1.
func TestGoogLeNetStages(t *testing.T) {
	checkStages(t, inception.GoogLeNet(1000), 224,
		"conv1 64×112×112", "maxpool1 64×56×56", "conv2 64×56×56", "conv3 192×56×56", "maxpool2 192×28×28",
		"inception3a 256×28×28", "inception3b 480×28×28", "maxpool3 480×14×14",
		"inception4a 512×14×14", "inception4b 512×14×14", "inception4c 512×14×14", "inception4d 528×14×14",
		"inception4e 832×14×14", "maxpool4 832×7×7", "inception5a 832×7×7", "inception5b 1024×7×7",
		"avgpool 1024×1×1", "fc 1000×1×1",
		"inception3a.branch2.0 96×28×28", "inception3a.branch4.0 192×28×28")
}
