//go:build cgo && (linux || windows)

package gpu

import (
	"testing"

	"github.com/go-gl/gl/v4.3-core/gl"
)

// TestBarrierBits: software drivers work dispatches off one after the other, so that a bit left out would show on GPUs only.
func TestBarrierBits(t *testing.T) {
	for name, bit := range map[string]uint32{
		"storage blocks": gl.SHADER_STORAGE_BARRIER_BIT, "samplers": gl.TEXTURE_FETCH_BARRIER_BIT, "images": gl.SHADER_IMAGE_ACCESS_BARRIER_BIT,
		"uniform blocks": gl.UNIFORM_BARRIER_BIT, "transfers": gl.BUFFER_UPDATE_BARRIER_BIT,
	} {
		if passBarrier&bit == 0 {
			t.Errorf("after a barrier what shaders wrote is not seen by %s", name)
		}
	}
}
