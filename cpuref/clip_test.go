package cpuref

import (
	"math"
	"testing"

	"inceptiongl/inception/graph"
)

func TestClip(t *testing.T) {
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	r := Clip(mk(t, 1, 1, 1, 6, -1, 0.5, 7, inf, -inf, nan), graph.Clip{Min: 0, Max: 6})
	same(t, "relu6", r.Value, 0, 0.5, 6, 6, 0, math.NaN())
	same(t, "one side", Clip(mk(t, 1, 1, 1, 2, -9, 9), graph.Clip{Min: -1, Max: inf}).Value, -1, 9)
	same(t, "maximum below minimum", Clip(mk(t, 1, 1, 1, 2, -9, 9), graph.Clip{Min: 2, Max: 1}).Value, 1, 1) // as torch.clamp
}
