package shaders

import (
	"fmt"
	"slices"
	"unsafe"
)

// MaxSegments is the most destinations that one dispatch writes.
const MaxSegments = 8

// Segment is one destination of a step: output groups First, First+1 … up to the next segment's First (or Params.OutG)
// hold Channels real channels, which go to channels DstChannel … of the tensor at texel DstBase.
// Layout: std140, 32 bytes.
type Segment struct {
	First      int32 // first output group (of 4 channels) of the step
	Channels   int32 // real channels; the rest of the last group is padding
	DstBase    int32 // first texel of the destination tensor, in what is bound
	DstC       int32 // channels of the destination tensor
	DstChannel int32 // where the segment starts in it
	Act        Act
	Low, High  float32
}

// MaxAxes is the most axes that a move's output consists of.
const MaxAxes = 12

// Axis is an axis of a move's output. Place p of it, or table(p) where it has a table, is p·Texels texels and p·Channels
// channels into the input. Layout: std140, 16 bytes.
type Axis struct {
	Extent, Texels, Channels int32
	Table                    int32 // where its table starts in the weights, in floats, a multiple of 4; −1 for none
}

// aligned reports that whole texels can be stored: the segment starts on a texel, and its last texel is full or the
// tensor's last. Anywhere else a vec4 store would overwrite a neighbour's lanes.
func (s *Segment) aligned() bool {
	return s.DstChannel%4 == 0 && (s.Channels%4 == 0 || s.DstChannel+s.Channels == s.DstC)
}

// Params is the uniform block of every kernel, field for field in std140 (see common.glsl). Counts are of elements;
// bases are texels (4 floats) of what is bound.
type Params struct {
	N, C, H, W int32 // the input tensor

	SrcBase int32 // its first texel
	OutC    int32 // output channels, summed over the segments, without padding
	OutG    int32 // output groups of 4 channels, summed over the segments
	OutH    int32

	OutW, KernelH, KernelW, StrideH int32

	StrideW, PadTop, PadLeft, PadBottom int32

	PadRight, DilationH, DilationW, Groups int32

	WeightBase      int32   // first texel of the packed weights
	BiasBase        int32   // first texel of the packed bias; −1 for none
	CountIncludePad int32   // average pooling: 1 divides by the pixels inside input and padding, 0 by those inside the input
	InvArea         float32 // 1/(KernelH·KernelW), rounded once; normalize: 1/K

	Segments  int32 // 1 … MaxSegments
	OutN      int32 // the output's batch: the input's, but for reshape and where binary repeats it
	Src2Base  int32 // first texel of the second input
	Src2Pixel int32 // add, mul: 1: the second input is N×C×1×1 and holds for all pixels

	Size   int32   // lrn: channels of a window; normalize: channels of a group
	Alpha  float32 // lrn: the factor of the sum of squares, α/size; quantize: the lowest code
	Beta   float32 // lrn: the exponent; quantize: the highest code
	Offset float32 // lrn: what is added to the sum; normalize: to the mean square

	Value        float32 // pad: what surrounds the input; move: what stands where a table holds −1
	Mode         int32   // pad: how, as in graph.PadMode; move: 1 where the 4 channels of each texel are a texel of the input's; matmul: see MatMulMode; normalize: see NormalizeMode; cumsum: 1 exclusive, 2 backwards; quantize: 1 for codes
	FirstTexel   int32   // move: texels from the input's first one to the output's first element
	FirstChannel int32   // move: that element's channel

	Src2N, Src2C, Src2H, Src2W int32 // the second input

	Residual int32 // convolutions: 1 adds the second input, of the output's shape, before the activation

	FromGroupX, FromGroupY int32 // where the dispatch's workgroups begin among the step's: see Launch.Split
	FromTile               int32 // winograd: the first tile of those that the dispatch works on

	PartTiles int32 // winograd: how many they are; 0 for all
	_         [3]int32

	Seg [MaxSegments]Segment

	Axes [4]int32      // move: how many axes the output's N, C, H and W consist of
	Axis [MaxAxes]Axis // move: those, innermost first
}

// Bytes is a copy of p as the GPU reads it.
func (p *Params) Bytes() []byte {
	return slices.Clone(unsafe.Slice((*byte)(unsafe.Pointer(p)), unsafe.Sizeof(*p)))
}

// Aligned reports that every segment can be stored as whole texels (Key.Aligned): it starts at a channel divisible by 4,
// and its channel count is too unless it ends its tensor.
func (p *Params) Aligned() bool {
	for i := range p.Seg[:min(max(p.Segments, 0), MaxSegments)] {
		if !p.Seg[i].aligned() {
			return false
		}
	}
	return true
}

// pixels and texels count the outputs: pixels of all images, and the texels that they make up.
func (p *Params) pixels() int { return int(p.N) * int(p.OutH) * int(p.OutW) }
func (p *Params) texels() int { return p.pixels() * int(p.OutG) }

// taps is the number of texels that an output's sum goes over, each 4 terms of it.
func (p *Params) taps() int { return groups(int(p.C)) * int(p.KernelH) * int(p.KernelW) }

// pointwise reports a convolution that the pointwise kernels serve.
func (p *Params) pointwise() bool { return servesPointwise(Key{}, p) == nil }

// check reports parameters that no kernel can run.
func (p *Params) check() error {
	for _, v := range []int32{p.N, p.C, p.H, p.W, p.OutC, p.OutG, p.OutH, p.OutW} {
		if v < 1 {
			return fmt.Errorf("extents must be positive: input %d×%d×%d×%d, output %d (%d groups)×%d×%d", p.N, p.C, p.H, p.W, p.OutC, p.OutG, p.OutH, p.OutW)
		}
	}
	if p.Segments < 1 || p.Segments > MaxSegments {
		return fmt.Errorf("%d segments; 1 to %d are possible", p.Segments, MaxSegments)
	}
	next := int32(0)
	for i, s := range p.Seg[:p.Segments] {
		if s.First != next || s.Channels < 1 || s.DstChannel < 0 || s.DstChannel+s.Channels > s.DstC {
			return fmt.Errorf("segment %d (group %d, %d channels to %d of %d) doesn't fit", i, s.First, s.Channels, s.DstChannel, s.DstC)
		}
		next += (s.Channels + 3) / 4
	}
	for _, v := range []int32{p.KernelH, p.KernelW, p.StrideH, p.StrideW, p.DilationH, p.DilationW, p.Groups} {
		if v < 1 {
			return fmt.Errorf("kernel %d×%d, stride %d×%d, dilation %d×%d, %d groups: all must be positive",
				p.KernelH, p.KernelW, p.StrideH, p.StrideW, p.DilationH, p.DilationW, p.Groups)
		}
	}
	if next != p.OutG {
		return fmt.Errorf("segments hold %d groups, OutG is %d", next, p.OutG)
	}
	return nil
}
