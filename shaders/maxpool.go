package shaders

// The kernels of max pooling.
var (
	MaxPool      = poolPlain("maxpool")       // maxpool.comp
	MaxPoolTiled = poolTiled("maxpool_tiled") // maxpool_tiled.comp
	MaxPoolWide  = poolWide("maxpool_wide")   // maxpool_wide.comp
)
