// conv_shared: 2-D convolution with one group, as an implicit matrix product with tiles in shared memory, for GPUs whose
// shared memory is faster than their caches. (On software drivers shared memory loads are slow: conv_tiled wins there.)
//
//   out(n, o, y, x) = bias(o) + Σ_{i, ky, kx} weight(o, i, ky, kx) · in(n, i, y·SH + ky·DH − PT, x·SW + kx·DW − PL)
//
// The sum runs over KH·KW taps of IG texels of 4 input channels: all channels of one tap, then of the next. A workgroup computes
// LOCAL_X·TILE_X pixels (of N × out_h × out_w) × LOCAL_Y·TILE_G groups of 4 outputs, TILE_X × TILE_G of them per invocation.
// It goes through the sum in slices of TILE_K: all invocations stage the slice's texels of every pixel and its weights, then
// each multiplies its part. Where a tap lies is worked out once. Where TILE_K doesn't divide IG, a slice may hold the end of one
// tap and the beginning of the next, of not more than two. With AHEAD 1 the next slice is on its way to registers while one is
// multiplied, where there are registers enough.
// Workgroups: x = pixel tile, y = group tile. With PARTIAL 1 it sums one of SPLITS ranges of slices, and the sum waits in
// scratch for split_sum.
// Macros: TILE_X, TILE_G, TILE_K; PAD, texels between rows of staged weights, against bank conflicts; REST 1 where
// TILE_K doesn't divide IG; AHEAD; and see common.glsl and blocks.glsl (a turn is a slice).

const int THREADS = LOCAL_X * LOCAL_Y;
const int PIXELS = LOCAL_X * TILE_X;
const int GROUPS = LOCAL_Y * TILE_G;
const int ROW = GROUPS + PAD;
// An invocation stages every IN_STEP-th texel of one pixel, and one input channel of every W_STEP-th group.
const int IN_STEP = THREADS / PIXELS, IN_COUNT = TILE_K / IN_STEP;
const int W_STEP = THREADS / (4 * TILE_K), W_COUNT = GROUPS / W_STEP;

shared vec4 in_tile[TILE_K * PIXELS];      // [texel][pixel]
shared vec4 weight_tile[TILE_K * 4 * ROW]; // [texel][input channel][output group]

void main() {
    int HW = H * W, area = out_h * out_w, pixels = N * area;
    int C4 = channel_groups(C), window = kernel_h * kernel_w, texels = C4 * window;
    int tx = int(gl_LocalInvocationID.x), ty = int(gl_LocalInvocationID.y);
    int thread = ty * LOCAL_X + tx;
    int first_pixel = workgroup_x() * PIXELS;
    int first_k = 0, end_k = texels;
#if PARTIAL == 1
    ivec2 part_tile = part_and_tile((out_g + GROUPS - 1) / GROUPS);
    int first_group = part_tile.y * GROUPS;
    ivec2 range = TILE_K * part_of(part_tile.x, (texels + TILE_K - 1) / TILE_K);
    first_k = range.x;
    end_k = min(range.y, texels);
#else
    int first_group = workgroup_y() * GROUPS;
#endif

    int in_row = thread / PIXELS, in_pixel = thread % PIXELS;
    ivec2 from = divide(min(first_pixel + in_pixel, pixels - 1), area);
    ivec2 from_yx = divide(from.y, out_w);
    // The slice's first tap, and the first group of channels of it that the slice holds: the same for all invocations.
    ivec2 tap_ig = divide(first_k, C4), ky_kx = divide(tap_ig.x, kernel_w);
    int tap = tap_ig.x, ig = tap_ig.y;
    int columns = kernel_w * dilation_w, end_x = from_yx.y * stride_w - pad_left + columns; // of the window
    int iy = from_yx.x * stride_h - pad_top + ky_kx.x * dilation_h, ix = end_x - columns + ky_kx.y * dilation_w;
    int in_at = src_base + (from.x * C4 + ig + in_row) * HW; // the group's first pixel
    // Whether the tap is in the image, which one after the last isn't, as bits to keep; and where.
#define PLACE inside = tap < window && uint(iy) < uint(H) && uint(ix) < uint(W) ? -1 : 0; place = (iy * W + ix) & inside;
#define NEXT_TAP ++tap; ix += dilation_w; if (ix == end_x) { ix -= columns; iy += dilation_h; }
    int inside, place;
    PLACE
#if REST == 1 // the next tap's, too
    int before = inside, place_before = place; // the first tap's
    NEXT_TAP
    PLACE
#endif
    int w_group = thread / (4 * TILE_K), w_channel = thread % (4 * TILE_K), w_row = w_channel / 4;
    int w_at = ((ig + w_row) * window + tap_ig.x) * 4, last_weight = (texels - 1) * 4; // past the last: that one, multiplied by zeros
    int group_at[W_COUNT]; // past the last group, the last one's
    for (int j = 0; j < W_COUNT; ++j) group_at[j] = min(first_group + w_group + j * W_STEP, out_g - 1) * (texels * 4) + weight_base + w_channel % 4;
    int w_to = w_channel * ROW + w_group; // in weight_tile

    vec4 sum[TILE_G][TILE_X];
    for (int g = 0; g < TILE_G; ++g)
        for (int x = 0; x < TILE_X; ++x) sum[g][x] = vec4(0);

    // A slice's part of the sums, several texels a turn: the loop's own instructions count.
#if AHEAD == 1 && TILE_G > 1 // the order of madd's comment takes 32 outputs from 16 resident warps to 12 on sm_90
#define WEIGHTS(AT) vec4 w0 = weight_tile[AT], w1 = weight_tile[AT + ROW], w2 = weight_tile[AT + 2 * ROW], w3 = weight_tile[AT + 3 * ROW];
#else
#define WEIGHTS(AT) vec4 w3 = weight_tile[AT + 3 * ROW], w2 = weight_tile[AT + 2 * ROW], w1 = weight_tile[AT + ROW], w0 = weight_tile[AT];
#endif
#define TERM(K) { \
    vec4 v[TILE_X]; \
    for (int x = 0; x < TILE_X; ++x) v[x] = in_tile[(K) * PIXELS + x * LOCAL_X + tx]; \
    for (int g = 0; g < TILE_G; ++g) { \
        int at = (K) * 4 * ROW + g * LOCAL_Y + ty; \
        WEIGHTS(at) \
        for (int x = 0; x < TILE_X; ++x) sum[g][x] = madd(sum[g][x], w0, w1, w2, w3, v[x]); \
    } \
}
#if LOCAL_X * LOCAL_Y > 128 // registers for 8 resident warps on sm_90, with more for 4
#define MULTIPLY for (int k = 0; k < TILE_K; ++k) TERM(k)
#elif TILE_X * TILE_G < 16 || TILE_K % 8 != 0 // more texels a turn take 32 outputs to 12 warps
#define MULTIPLY for (int k = 0; k < TILE_K; k += 2) { TERM(k) TERM(k + 1) }
#else
#define MULTIPLY for (int k = 0; k < TILE_K; k += 4) { TERM(k) TERM(k + 1) TERM(k + 2) TERM(k + 3) }
#endif
    // With AHEAD, slice k0 − TILE_K is multiplied while slice k0 is on its way.
    NEW_TOTALS
    int k0 = first_k, stop = first_k + AHEAD * TILE_K, stop_k = end_k + AHEAD * TILE_K; // the first block's turn that multiplies nothing is one more
    while (k0 < stop_k) {
        stop = min(stop + TURNS * TILE_K, stop_k);
        for (; k0 < stop; k0 += TILE_K) {
            vec4 in_next[IN_COUNT], w_next[W_COUNT];
#if REST == 1
            int left = C4 - ig - in_row, at_before = in_at + place_before, at = in_at + place - C4 * HW; // groups of the first tap; where, and where the next one's are
            for (int j = 0; j < IN_COUNT; ++j) in_next[j] = load_src((left > j * IN_STEP ? at_before : at) + j * IN_STEP * HW);
            int w_from = w_row < C4 - ig ? w_at : w_at + 4 - 4 * texels;
#else
            for (int j = 0; j < IN_COUNT; ++j) in_next[j] = load_src(in_at + place + j * IN_STEP * HW);
            int w_from = w_at;
#endif
            w_from = min(w_from, last_weight);
            for (int j = 0; j < W_COUNT; ++j) w_next[j] = load_weight(w_from + group_at[j]);
#if AHEAD == 1
            if (k0 > first_k) MULTIPLY
#endif
            barrier(); // all have read what is overwritten now. What was loaded last is stored first: one wait for all
#if REST == 1
#define KEPT(J) (left > (J) * IN_STEP ? before : inside)
#else
#define KEPT(J) inside
#endif
            for (int j = IN_COUNT - 1; j >= 0; --j) in_tile[thread + j * THREADS] = intBitsToFloat(floatBitsToInt(in_next[j]) & KEPT(j));
            for (int j = W_COUNT - 1; j >= 0; --j) weight_tile[w_to + j * W_STEP] = w_next[j];
            memoryBarrierShared();
            barrier();
            ig += TILE_K;
            in_at += TILE_K * HW;
            w_at += TILE_K * window * 4;
#if REST == 1
            while (ig >= C4) { // the same for all invocations
                before = inside;
                place_before = place;
#else
            if (ig == C4) {
#endif
                ig -= C4;
                in_at -= C4 * HW;
                w_at += 4 - 4 * texels;
                NEXT_TAP
                PLACE
            }
#if AHEAD == 0
            MULTIPLY
#endif
        }
        END_BLOCK(k0 <= first_k + (TURNS + AHEAD) * TILE_K, k0 >= stop_k)
    }
    END_SUM

    ivec2 to[TILE_X]; // image and pixel
    for (int x = 0; x < TILE_X; ++x) to[x] = divide(first_pixel + x * LOCAL_X + tx, area);
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
