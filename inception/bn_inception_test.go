package inception_test

import (
	"testing"

	"inceptiongl/inception"
)

// TestBNInceptionStages has the output sizes of the paper's figure 5, but for the channels of 4c, 4d and 4e, of which the reference has
// 32 more.
func TestBNInceptionStages(t *testing.T) {
	checkStages(t, inception.BNInception(1000), 224,
		"conv1_relu_7x7 64×112×112", "pool1_3x3_s2 64×56×56", "conv2_relu_3x3 192×56×56", "pool2_3x3_s2 192×28×28",
		"inception_3a 256×28×28", "inception_3b 320×28×28", "inception_3c 576×14×14",
		"inception_4a 576×14×14", "inception_4b 576×14×14", "inception_4c 608×14×14", "inception_4d 608×14×14",
		"inception_4e 1056×7×7", "inception_5a 1024×7×7", "inception_5b 1024×7×7",
		"global_pool 1024×1×1", "last_linear 1000×1×1",
		"inception_3a_relu_double_3x3_1 96×28×28", "inception_5b_pool 1024×7×7")
}
