// pointwise_shared: 1×1 convolution, stride 1, no padding, as a matrix product with tiles in shared memory, for GPUs whose
// shared memory is faster than their caches. (On software drivers shared memory loads are slow: pointwise_tiled wins there.)
//
//   out(n, o, y, x) = bias(o) + Σ_i weight(o, i) · in(n, i, y, x)
//
// A workgroup computes LOCAL_X·TILE_X pixels (of N × H × W) × LOCAL_Y·TILE_G groups of 4 outputs, TILE_X × TILE_G of them
// per invocation. It goes through the input in slices of TILE_K groups (of 4 channels): all invocations stage the slice of
// input and weights, then each multiplies its part. A slice's texels are so loaded once per workgroup. With AHEAD 1
// the next slice is on its way to registers while one is multiplied, where there are registers enough.
// Workgroups: x = pixel tile, y = group tile. With PARTIAL 1 it sums one of SPLITS ranges of slices, and the sum waits in
// scratch for split_sum.
// Macros: TILE_X, TILE_G, TILE_K; PAD, texels between rows of staged weights, against bank conflicts; REST 1 where the last
// slice isn't full; AHEAD; and see common.glsl and blocks.glsl (a turn is a slice).

const int THREADS = LOCAL_X * LOCAL_Y;
const int PIXELS = LOCAL_X * TILE_X;
const int GROUPS = LOCAL_Y * TILE_G;
const int ROW = GROUPS + PAD;
// An invocation stages one pixel of every IN_STEP-th input group of a slice, and one input channel of every W_STEP-th group.
const int IN_STEP = THREADS / PIXELS, IN_COUNT = TILE_K / IN_STEP;
const int W_STEP = THREADS / (4 * TILE_K), W_COUNT = GROUPS / W_STEP;

shared vec4 in_tile[TILE_K * PIXELS];      // [input group][pixel]
shared vec4 weight_tile[TILE_K * 4 * ROW]; // [input channel][output group]

void main() {
    int HW = H * W, pixels = N * HW;
    int C4 = channel_groups(C);
    int tx = int(gl_LocalInvocationID.x), ty = int(gl_LocalInvocationID.y);
    int thread = ty * LOCAL_X + tx;
    int first_pixel = workgroup_x() * PIXELS;
    int first_k = 0, end_k = C4;
#if PARTIAL == 1
    ivec2 part_tile = part_and_tile((out_g + GROUPS - 1) / GROUPS);
    int first_group = part_tile.y * GROUPS;
    ivec2 range = TILE_K * part_of(part_tile.x, (C4 + TILE_K - 1) / TILE_K);
    first_k = range.x;
    end_k = min(range.y, C4);
#else
    int first_group = workgroup_y() * GROUPS;
#endif

    int in_row = thread / PIXELS, in_pixel = thread % PIXELS;
    ivec2 from = divide(min(first_pixel + in_pixel, pixels - 1), HW);
    int in_at = src_base + (from.x * C4 + first_k + in_row) * HW + from.y;
    int w_group = thread / (4 * TILE_K), w_channel = thread % (4 * TILE_K);
    int w_at = weight_base + first_k * 4 + w_channel, w_to = w_channel * ROW + w_group; // from where, and where in weight_tile
    int group_at[W_COUNT]; // past the last group, the last one's
    for (int j = 0; j < W_COUNT; ++j) group_at[j] = min(first_group + w_group + j * W_STEP, out_g - 1) * (C4 * 4);

    vec4 sum[TILE_G][TILE_X];
    for (int g = 0; g < TILE_G; ++g)
        for (int x = 0; x < TILE_X; ++x) sum[g][x] = vec4(0);

    // A slice's part of the sums, two texels a turn: the loop's own instructions count.
#define TERM(K) { \
    vec4 v[TILE_X]; \
    for (int x = 0; x < TILE_X; ++x) v[x] = in_tile[(K) * PIXELS + x * LOCAL_X + tx]; \
    for (int g = 0; g < TILE_G; ++g) { \
        int at = (K) * 4 * ROW + g * LOCAL_Y + ty; \
        vec4 w3 = weight_tile[at + 3 * ROW], w2 = weight_tile[at + 2 * ROW], w1 = weight_tile[at + ROW], w0 = weight_tile[at]; \
        for (int x = 0; x < TILE_X; ++x) sum[g][x] = madd(sum[g][x], w0, w1, w2, w3, v[x]); \
    } \
}
#if LOCAL_X * LOCAL_Y > 128 // registers for 8 resident warps on sm_90, with more for 4
#define MULTIPLY for (int k = 0; k < TILE_K; ++k) TERM(k)
#else
#define MULTIPLY for (int k = 0; k < TILE_K; k += 2) { TERM(k) TERM(k + 1) }
#endif
    // With AHEAD, slice k0 − TILE_K is multiplied while slice k0 is on its way.
    NEW_TOTALS
    int k0 = first_k, stop = first_k + AHEAD * TILE_K, stop_k = end_k + AHEAD * TILE_K; // the first block's turn that multiplies nothing is one more
    while (k0 < stop_k) {
        stop = min(stop + TURNS * TILE_K, stop_k);
        for (; k0 < stop; k0 += TILE_K) {
            vec4 in_next[IN_COUNT], w_next[W_COUNT];
#if REST == 1
            int left = C4 - k0 - in_row; // rows that are there
            for (int j = 0; j < IN_COUNT; ++j) in_next[j] = load_src(left > j * IN_STEP ? in_at + j * IN_STEP * HW : src_base);
            in_at += TILE_K * HW;
            int over = max((k0 - C4) * 4 + w_channel + 1, 0); // past the last channel: the last one's, multiplied by zeros
#else
            int past = max(k0 + TILE_K - C4, 0), over = past * 4, at = in_at - past * HW; // past the last slice: the last one, in vain
            for (int j = 0; j < IN_COUNT; ++j) in_next[j] = load_src(at + j * IN_STEP * HW);
            in_at += TILE_K * HW;
#endif
            for (int j = 0; j < W_COUNT; ++j) w_next[j] = load_weight(w_at - over + group_at[j]);
            w_at += 4 * TILE_K;
#if AHEAD == 1
            if (k0 > first_k) MULTIPLY
#endif
            barrier(); // all have read what is overwritten now. What was loaded last is stored first: one wait for all
#if REST == 1
            for (int j = IN_COUNT - 1; j >= 0; --j) in_tile[thread + j * THREADS] = left > j * IN_STEP ? in_next[j] : vec4(0);
#else
            for (int j = IN_COUNT - 1; j >= 0; --j) in_tile[thread + j * THREADS] = in_next[j];
#endif
            for (int j = W_COUNT - 1; j >= 0; --j) weight_tile[w_to + j * W_STEP] = w_next[j];
            memoryBarrierShared();
            barrier();
#if AHEAD == 0
            MULTIPLY
#endif
        }
        END_BLOCK(k0 <= first_k + (TURNS + AHEAD) * TILE_K, k0 >= stop_k)
    }
    END_SUM

    ivec2 to[TILE_X]; // image and pixel
    for (int x = 0; x < TILE_X; ++x) to[x] = divide(first_pixel + x * LOCAL_X + tx, HW);
#if PARTIAL == 1
#define GROUP(G) group = first_group + G * LOCAL_Y + ty;
#define OUTPUT(G, X) \
    if (first_pixel + X * LOCAL_X + tx < pixels && group < out_g) store_part(part_tile.x, group, to[X].x, to[X].y, sum[G][X]);
#else
    Target t;
    vec4 bias;
#define GROUP(G) \
    group = first_group + G * LOCAL_Y + ty; \
    t = target(min(group, out_g - 1)); \
    bias = load_bias(min(group, out_g - 1));
#define OUTPUT(G, X) \
    if (first_pixel + X * LOCAL_X + tx < pixels && group < out_g) store(t, bias, to[X].x, to[X].y, sum[G][X]);
#endif
    int group;
    OUTPUTS
}
