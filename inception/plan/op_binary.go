package plan

import (
	"inceptiongl/inception/graph"
	"inceptiongl/shaders"
)

var binaryRow = operator{
	kernels:       func(op graph.Op) []*shaders.Kernel { return binaryKernels[op.(graph.Binary).Type] },
	takesEpilogue: true,
}

// binaryKernels are those that serve a type; OutShape refuses all others.
var binaryKernels = map[graph.BinaryKind][]*shaders.Kernel{
	graph.Add:          {shaders.AddBroadcast, shaders.Add},
	graph.Mul:          {shaders.MulBroadcast, shaders.Mul},
	graph.Sub:          {shaders.Sub},
	graph.Div:          {shaders.Div},
	graph.Pow:          {shaders.Pow},
	graph.Minimum:      {shaders.Minimum},
	graph.Maximum:      {shaders.Maximum},
	graph.PReLU:        {shaders.PReLU},
	graph.Equal:        {shaders.Equal},
	graph.NotEqual:     {shaders.NotEqual},
	graph.Greater:      {shaders.Greater},
	graph.GreaterEqual: {shaders.GreaterEqual},
	graph.And:          {shaders.And},
	graph.Or:           {shaders.Or},
	graph.Xor:          {shaders.Xor},
	graph.Keep:         {shaders.Keep},
	graph.Drop:         {shaders.Drop},
}
