// Shared by every kernel: macros, the uniform block, buffers, loads and the epilogue.
//
// Layout NC4HW4: element (n, c, y, x) of a tensor N×C×H×W is lane c%4 of texel base + ((n·C4 + c/4)·H + y)·W + x,
// C4 = ⌈C/4⌉; lanes of channels ≥ C are 0. Weights: texel WeightBase + (((og·IG + ig)·KH + ky)·KW + kx)·4 + i holds the weights of input channel
// 4·ig+i for outputs 4·og … 4·og+3. Bias: texel BiasBase + og.
//
// Each tensor is bound by itself: bases are relative to what is bound.
//
// Macros: LOAD     0 reads storage buffers, 1 imageBuffers, 2 samplerBuffers (which is fast depends on the driver)
//         ALIGNED  1 stores whole texels; 0 stores single lanes, for destinations at any channel offset
//         PAIRS    1 stores a texel as two doubles, with the bits of its floats
//         SCALAR   1 for kernels that load and store single lanes
//         SECOND   1 for kernels with a second input
//         INPUT    1 for kernels that read the step's input beside what the dispatch before handed on
//         RESIDUAL 1 for convolutions that add it, of their output's shape, before the activation
//         WIDE     1 where quotients of indices reach 2^20: divide takes a second step
//         SPLITS   split-K: parts that the sum is taken in; PARTIAL 1 is the dispatch that computes the parts
//         LOCAL_X, LOCAL_Y  workgroup size
//         ACT_…    activations beyond ReLU and clip (activations.glsl)
//         ACT      defined for steps with one destination: its activation. llvmpipe computes all that a program tells apart
//         TAPS, OUTPUTS  convolutions with a tile: TAP(G, KX) … for each of its groups and a row's taps, GROUP(G) OUTPUT(G, X) …
//                  for each of its groups and pixels, with literals for G, KX and X

layout(local_size_x = LOCAL_X, local_size_y = LOCAL_Y) in;

layout(std140, binding = 0) uniform Params {
    int N, C, H, W; // input
    int src_base, out_c, out_g, out_h;
    int out_w, kernel_h, kernel_w, stride_h;
    int stride_w, pad_top, pad_left, pad_bottom;
    int pad_right, dilation_h, dilation_w, conv_groups;
    int weight_base, bias_base, count_include_pad;
    float inv_area;
    int segments, out_n, src2_base, src2_pixel;
    int size;
    float alpha, beta, offset, value;
    int mode, first_texel, first_channel;
    int src2_n, src2_c, src2_h, src2_w; // second input
    int residual, from_group_x, from_group_y, from_tile;
    int part_tiles;
    ivec4 seg[16];  // of each destination two, as below: for each member of a block, Mesa keeps 0.7 KB a program, those of structs in an array each
    ivec4 axes;     // how many axes the output's N, C, H and W consist of
    ivec4 axis[12]; // extent, texels, channels, table
};

// load_src, load_second and load_weight read one texel of the input, of the second input and of the weights.
#if LOAD == 1
layout(binding = 0, rgba32f) readonly uniform imageBuffer src_image;
layout(binding = 1, rgba32f) readonly uniform imageBuffer weight_image;
vec4 load_src(int texel) { return imageLoad(src_image, texel); }
vec4 load_weight(int texel) { return imageLoad(weight_image, texel); }
#if SECOND == 1
layout(binding = 2, rgba32f) readonly uniform imageBuffer second_image;
vec4 load_second(int texel) { return imageLoad(second_image, texel); }
#endif
#if INPUT == 1
layout(binding = 3, rgba32f) readonly uniform imageBuffer input_image;
vec4 load_input(int texel) { return imageLoad(input_image, texel); }
#endif
#elif LOAD == 2
layout(binding = 0) uniform samplerBuffer src_sampler;
layout(binding = 1) uniform samplerBuffer weight_sampler;
vec4 load_src(int texel) { return texelFetch(src_sampler, texel); }
vec4 load_weight(int texel) { return texelFetch(weight_sampler, texel); }
#if SECOND == 1
layout(binding = 2) uniform samplerBuffer second_sampler;
vec4 load_second(int texel) { return texelFetch(second_sampler, texel); }
#endif
#if INPUT == 1
layout(binding = 3) uniform samplerBuffer input_sampler;
vec4 load_input(int texel) { return texelFetch(input_sampler, texel); }
#endif
#elif SCALAR == 1
layout(std430, binding = 0) readonly buffer Src { float src[]; };
layout(std430, binding = 2) readonly buffer Weights { float weight[]; };
float load_src(int texel, int lane) { return src[4 * texel + lane]; }
float load_weight(int texel, int lane) { return weight[4 * texel + lane]; }
#if SECOND == 1
layout(std430, binding = 3) readonly buffer Second { float second[]; };
float load_second(int texel, int lane) { return second[4 * texel + lane]; }
#endif
#else
layout(std430, binding = 0) readonly buffer Src { vec4 src[]; };
layout(std430, binding = 2) readonly buffer Weights { vec4 weight[]; };
vec4 load_src(int texel) { return src[texel]; }
vec4 load_weight(int texel) { return weight[texel]; }
#if SECOND == 1
layout(std430, binding = 3) readonly buffer Second { vec4 second[]; };
vec4 load_second(int texel) { return second[texel]; }
#endif
#if INPUT == 1
layout(std430, binding = 5) readonly buffer Input { vec4 step_input[]; };
vec4 load_input(int texel) { return step_input[texel]; }
#endif
#endif

// Lane i of v. An index that is no constant would take v to memory, as NVIDIA's compiler does.
float lane_of(vec4 v, int i) { return i < 2 ? (i == 0 ? v.x : v.y) : (i == 2 ? v.z : v.w); }

#if SCALAR == 1 && LOAD != 0
float load_src(int texel, int lane) { return lane_of(load_src(texel), lane); }
float load_weight(int texel, int lane) { return lane_of(load_weight(texel), lane); }
#if SECOND == 1
float load_second(int texel, int lane) { return lane_of(load_second(texel), lane); }
#endif
#endif

#if PAIRS == 1
layout(std430, binding = 1) writeonly buffer Dst { dvec2 dst[]; };
dvec2 stored(vec4 v) { return dvec2(packDouble2x32(floatBitsToUint(v.xy)), packDouble2x32(floatBitsToUint(v.zw))); }
#elif ALIGNED == 1
layout(std430, binding = 1) writeonly buffer Dst { vec4 dst[]; };
vec4 stored(vec4 v) { return v; }
#else
layout(std430, binding = 1) writeonly buffer Dst { float dst[]; };
#endif

// Indices along x and y, of a step that may run in several dispatches; the host folds counts past 65535 along x into z.
int workgroup_x() { return from_group_x + int(gl_WorkGroupID.x + gl_WorkGroupID.z * gl_NumWorkGroups.x); }
int workgroup_y() { return from_group_y + int(gl_WorkGroupID.y); }
int invocation_x() { return workgroup_x() * LOCAL_X + int(gl_LocalInvocationID.x); }
int invocation_y() { return workgroup_y() * LOCAL_Y + int(gl_LocalInvocationID.y); }

// (a / b, a % b) for a ≥ 0, b > 0. The estimate is at most 1 off, in either direction, for quotients below 2^20; for larger
// ones the remainder is divided once more. Integer division is several times as slow, on CPUs and GPUs.
ivec2 divide(int a, int b) {
    int q = int(float(a) / float(b));
    int r = a - q * b;
#if WIDE == 1
    int more = int(float(r) / float(b));
    q += more;
    r -= more * b;
#endif
    if (r < 0) { q -= 1; r += b; }
    if (r >= b) { q += 1; r -= b; }
    return ivec2(q, r);
}

// How many of the taps first, first + step … (kernel of them) lie in from … to (exclusive).
int taps_inside(int first, int step, int kernel, int from, int to) {
    int before = first >= from ? 0 : (from - first + step - 1) / step;
    int until = first >= to ? 0 : (to - first + step - 1) / step;
    return max(min(until, kernel) - min(before, kernel), 0);
}

// Which taps of a transposed convolution may reach an output, along one axis: the first, and how far apart they are. at is the output's
// place, counted with the padding before it. With a dilation others are among them.
ivec2 taps_reaching(int at, int stride, int dilation) {
    return dilation == 1 && at >= 0 ? ivec2(divide(at, stride).y, stride) : ivec2(0, 1);
}

// sum + w0·v.x + w1·v.y + w2·v.z + w3·v.w as a chain: GPUs take one instruction for each multiplication. A sum of products,
// added at the end, is a multiplication, three fma and an addition. Callers load w3 first and w0 last, which is used first: then
// there is one wait for the four, not one for each.
vec4 madd(vec4 sum, vec4 w0, vec4 w1, vec4 w2, vec4 w3, vec4 v) {
    return fma(w3, vec4(v.w), fma(w2, vec4(v.z), fma(w1, vec4(v.y), fma(w0, vec4(v.x), sum))));
}

int channel_groups(int channels) { return (channels + 3) / 4; }

// Target is where and how the outputs of one group of 4 channels are stored.
struct Target {
    int group;   // of the step
    int act;     // as in SEGMENT_END
    float low, high;
    int base;    // first texel of the destination tensor
    int dst_c4;  // its channel groups
    int channel; // the group's first channel in it
    int valid;   // real channels of the group, 1 … 4
    int tail;    // lanes to zero after the last real channel: > 0 only where the group ends its tensor
};

// Destination s of the step. The first: its first output group, its real channels, the first texel of the destination tensor, that
// tensor's channels. The second: where it starts among those, its activation (1: ReLU; 2: clip to low … high), low and high.
#define SEGMENT(S) seg[2 * (S)]
#define SEGMENT_END(S) seg[2 * (S) + 1]

Target target(int g) {
    int s = 0;
#ifndef ACT
    for (int i = 1; i < 8; ++i) // a constant count: a loop that Mesa can't unroll keeps it from unrolling the one around it
        if (i < segments && g >= SEGMENT(i).x) s = i;
#endif
    ivec4 to = SEGMENT(s), end = SEGMENT_END(s);
    int c = 4 * (g - to.x), channels = to.y, dst_c = to.w;
    Target t;
    t.group = g;
#ifdef ACT
    t.act = ACT;
#else
    t.act = end.y;
#endif
    t.low = intBitsToFloat(end.z);
    t.high = intBitsToFloat(end.w);
    t.base = to.z;
    t.dst_c4 = channel_groups(dst_c);
    t.channel = end.x + c;
    t.valid = min(channels - c, 4);
    t.tail = t.channel + t.valid == dst_c ? 4 * t.dst_c4 - dst_c : 0;
    return t;
}

#if ALIGNED == 0
// The float index of channel c of the destination at pixel of image n.
int dst_index(Target t, int n, int pixel, int c) {
    return 4 * (t.base + (n * t.dst_c4 + c / 4) * out_h * out_w + pixel) + c % 4;
}
#endif

#if PARTIAL == 1
// The first dispatch of a split sum. The y workgroups count parts of the sum over tiles of groups.
ivec2 part_and_tile(int tiles) { int part = workgroup_y() / tiles; return ivec2(part, workgroup_y() - part * tiles); }

// From which to which (exclusive) of n terms a part goes.
ivec2 part_of(int part, int n) {
    int each = (n + SPLITS - 1) / SPLITS;
    return ivec2(min(part * each, n), min((part + 1) * each, n));
}

// Stores a part's sum of group g as it is: [part][n][group][pixel], whole texels.
void store_part(int part, int g, int n, int pixel, vec4 v) {
    dst[((part * N + n) * out_g + g) * out_h * out_w + pixel] = stored(v);
}
#endif

#if RESIDUAL == 1
// The texel of the second input that is added to group g at pixel of image n: steps with one have one destination.
int residual_at(int g, int n, int pixel) { return src2_base + (n * out_g + g) * out_h * out_w + pixel; }
#endif

#if SCALAR == 1
// Stores one channel of group g at pixel (of out_h × out_w) of image n: bias, activation, zero tail.
void store(Target t, int g, int lane, int n, int pixel, float v) {
    if (lane >= t.valid) return;
    if (bias_base >= 0) v += load_weight(bias_base + g, lane);
#if RESIDUAL == 1
    v += load_second(residual_at(g, n, pixel), lane);
#endif
    v = activate(v, t.act, t.low, t.high);
    dst[dst_index(t, n, pixel, t.channel + lane)] = v;
    if (lane == t.valid - 1)
        for (int i = 0; i < t.tail; ++i) dst[dst_index(t, n, pixel, t.channel + t.valid + i)] = 0.0;
}
#else
vec4 load_bias(int g) { return bias_base < 0 ? vec4(0) : load_weight(bias_base + g); }

// Stores 4 channels at pixel (of out_h × out_w) of image n: bias, activation, zero tail.
void store(Target t, vec4 bias, int n, int pixel, vec4 v) {
    v += bias;
#if RESIDUAL == 1
    v += load_second(residual_at(t.group, n, pixel));
#endif
    v = activate(v, t.act, t.low, t.high);
#if ALIGNED == 1
    v = mix(v, vec4(0), greaterThanEqual(ivec4(0, 1, 2, 3), ivec4(t.valid))); // selects: NaN · 0 would stay NaN
    dst[t.base + (n * t.dst_c4 + t.channel / 4) * out_h * out_w + pixel] = stored(v);
#else
    dst[dst_index(t, n, pixel, t.channel)] = v.x;
    if (t.valid > 1) dst[dst_index(t, n, pixel, t.channel + 1)] = v.y;
    if (t.valid > 2) dst[dst_index(t, n, pixel, t.channel + 2)] = v.z;
    if (t.valid > 3) dst[dst_index(t, n, pixel, t.channel + 3)] = v.w;
    int end = t.channel + t.valid;
    if (t.tail > 0) dst[dst_index(t, n, pixel, end)] = 0.0;
    if (t.tail > 1) dst[dst_index(t, n, pixel, end + 1)] = 0.0;
    if (t.tail > 2) dst[dst_index(t, n, pixel, end + 2)] = 0.0;
#endif
}
#endif
