package plan_test

import (
	"maps"
	"testing"

	"inceptiongl/inception"
	"inceptiongl/inception/internal/nettest"
	"inceptiongl/inception/plan"
)

// published are the published networks, a fraction of the width.
func published() []nettest.Network {
	thin := inception.NetworkOptions{WidthDivisor: 32}
	all := []nettest.Network{
		{Name: "GoogLeNet", Graph: thin.GoogLeNet(10), Input: nettest.Shape(1, 3, 64, 64)},
		{Name: "BN-Inception", Graph: thin.BNInception(10), Input: nettest.Shape(1, 3, 64, 64)},
		{Name: "Inception v3", Graph: thin.InceptionV3(10), Input: nettest.Shape(1, 3, 80, 80)},
		{Name: "Inception v4", Graph: thin.InceptionV4(10), Input: nettest.Shape(1, 3, 80, 80)},
		{Name: "Inception-ResNet v2", Graph: thin.InceptionResNetV2(10), Input: nettest.Shape(1, 3, 80, 80)},
		{Name: "Xception", Graph: thin.Xception(10), Input: nettest.Shape(1, 3, 64, 64)},
	}
	for _, n := range all {
		inception.InitHe(n.Graph, 1)
	}
	return all
}

// TestPublishedPlans: of the published networks, convolutions, pools and sums are left: normalisations, scales, concatenations
// and activations have gone into them. What stays is a ReLU of a sum, in Xception, where the sum itself is needed too.
func TestPublishedPlans(t *testing.T) {
	wants := map[string]struct {
		steps, waves int
		parts        map[string]int // by kind of operator
	}{
		"GoogLeNet":           {54, 27, map[string]int{"conv": 58, "maxpool": 13, "avgpool": 1}},
		"BN-Inception":        {58, 37, map[string]int{"conv": 70, "maxpool": 5, "avgpool": 8}},
		"Inception v3":        {81, 51, map[string]int{"conv": 95, "maxpool": 4, "avgpool": 10}},
		"Inception v4":        {125, 77, map[string]int{"conv": 150, "maxpool": 4, "avgpool": 15}},
		"Inception-ResNet v2": {236, 219, map[string]int{"conv": 245, "maxpool": 4, "avgpool": 2, "add": 40}},
		"Xception":            {103, 99, map[string]int{"conv": 75, "maxpool": 4, "avgpool": 1, "add": 12, "relu": 11}},
	}
	for _, n := range published() {
		p := newPlan(t, n, plan.Options{})
		want, parts := wants[n.Name], map[string]int{}
		for _, s := range p.Steps() {
			for _, part := range s.Parts {
				parts[part.Op.Kind()]++
			}
		}
		if len(p.Steps()) != want.steps || len(p.Waves) != want.waves || !maps.Equal(parts, want.parts) {
			t.Errorf("%s: %d steps in %d waves, %v; want %d in %d, %v", n.Name, len(p.Steps()), len(p.Waves), parts, want.steps, want.waves, want.parts)
		}
	}
}
