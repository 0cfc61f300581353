package shaders

// The kernels of average pooling.
var (
	AvgPool      = poolPlain("avgpool")       // avgpool.comp
	AvgPoolTiled = poolTiled("avgpool_tiled") // avgpool_tiled.comp
	AvgPoolWide  = poolWide("avgpool_wide")   // avgpool_wide.comp
)
