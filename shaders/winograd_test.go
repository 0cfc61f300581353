package shaders_test

import (
	"testing"

	"inceptiongl/shaders"
)

func TestWinograd(t *testing.T) {
	table(t, convCases, func(c convCase, p *problem) []shaders.Key {
		k := shaders.Key{Kernel: shaders.Winograd, TileX: 4, TileG: 2}
		if k.Check(&p.params, shaders.Target{}) != nil {
			return nil
		}
		return everyLoad(k, shaders.Key{Kernel: shaders.Winograd, TileX: 3, TileG: 1, LocalX: 16})
	})
}
