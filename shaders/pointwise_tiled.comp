// pointwise_tiled: 1×1 convolution, stride 1, no padding, a register tile per invocation.
//
//   out(n, o, y, x) = bias(o) + Σ_i weight(o, i) · in(n, i, y, x)
//
// A tile is TILE_X pixels × TILE_G groups of 4 outputs. Each of its TILE_X + 4·TILE_G loads of a texel serves many of its
// 16·TILE_X·TILE_G multiplications, where pointwise.comp loads two floats for each.
// Pixels count over N × H × W, so that small images at batch > 1 fill whole workgroups. A tile's pixels lie LOCAL_X apart:
// neighbouring invocations read neighbouring texels. Pixels past the last are computed and stored as the tile's first: a
// condition around every store costs a tenth of a small sum on llvmpipe.
// Invocations: x = pixel tile, y = group tile. Macros: TILE_X, TILE_G, and see common.glsl
// and blocks.glsl.
// With PARTIAL 1 it sums one of SPLITS ranges of input groups, and the sum waits in scratch for split_sum.

// a + b, for quotients by divisor with remainders.
ivec2 plus(ivec2 a, ivec2 b, int divisor) {
    a += b;
    return a.y < divisor ? a : a + ivec2(1, -divisor);
}

void main() {
    int HW = H * W, pixels = N * HW;
    int C4 = channel_groups(C);
    int first_pixel = workgroup_x() * LOCAL_X * TILE_X + int(gl_LocalInvocationID.x);
    int first_ig = 0, end_ig = C4;
#if PARTIAL == 1
    ivec2 part_tile = part_and_tile((out_g + LOCAL_Y * TILE_G - 1) / (LOCAL_Y * TILE_G));
    int first_group = (part_tile.y * LOCAL_Y + int(gl_LocalInvocationID.y)) * TILE_G;
    ivec2 range = part_of(part_tile.x, C4);
    first_ig = range.x;
    end_ig = range.y;
#else
    int first_group = invocation_y() * TILE_G;
#endif
    if (first_pixel >= pixels) return;

    // (image, pixel) of the tile's pixels: one division, then steps of LOCAL_X.
    ivec2 first = divide(first_pixel, HW), far = divide(LOCAL_X, HW);
    int texel[TILE_X]; // of input group 0
    ivec2 at = first;
    for (int x = 0; x < TILE_X; ++x) {
        ivec2 of = at.x < N ? at : first;
        texel[x] = src_base + of.x * C4 * HW + of.y;
        at = plus(at, far, HW);
    }
    int filter_at[TILE_G]; // the weights of input group 0; past the last group, the last one's
    for (int g = 0; g < TILE_G; ++g) filter_at[g] = weight_base + min(first_group + g, out_g - 1) * C4 * 4;

    vec4 sum[TILE_G][TILE_X];
    for (int g = 0; g < TILE_G; ++g)
        for (int x = 0; x < TILE_X; ++x) sum[g][x] = vec4(0);

    // On GPUs two input groups a turn: the loop's own instructions count.
#define TURN(IG) { \
    int ig0 = IG; \
    vec4 in_[TILE_X]; \
    for (int x = 0; x < TILE_X; ++x) in_[x] = load_src(texel[x] + ig0 * HW); \
    TAPS \
}
#define TAP(G, KX) { \
    int at = filter_at[G] + ig0 * 4; \
    vec4 w3 = load_weight(at + 3), w2 = load_weight(at + 2), w1 = load_weight(at + 1), w0 = load_weight(at); \
    for (int x = 0; x < TILE_X; ++x) sum[G][x] = madd(sum[G][x], w0, w1, w2, w3, in_[x]); \
}
    NEW_TOTALS
    int ig = first_ig;
    for (int stop; ig < end_ig;) {
        stop = min(ig + TURNS, end_ig);
#if TOTALS != 0
        for (; ig < stop - 1; ig += 2) { TURN(ig) TURN(ig + 1) }
#endif
        for (; ig < stop; ++ig) TURN(ig)
        END_BLOCK(ig <= first_ig + TURNS, ig >= end_ig)
    }
    END_SUM

    ivec2 to[TILE_X];
    at = first;
    for (int x = 0; x < TILE_X; ++x) {
        to[x] = at.x < N ? at : first;
        at = plus(at, far, HW);
    }
#if PARTIAL == 1
#define GROUP(G) if (first_group + G >= out_g) return;
#define OUTPUT(G, X) store_part(part_tile.x, first_group + G, to[X].x, to[X].y, sum[G][X]);
#else
    Target t;
    vec4 bias;
#define GROUP(G) \
    if (first_group + G >= out_g) return; \
    t = target(first_group + G); \
    bias = load_bias(first_group + G);
#define OUTPUT(G, X) store(t, bias, to[X].x, to[X].y, sum[G][X]);
#endif
    OUTPUTS
}
