// conv_shared: 2-D convolution with one group, as an implicit matrix product with tiles in shared memory, for GPUs whose
// shared memory is faster than their caches. (On software drivers shared memory loads are slow: conv_tiled wins there.)
//
//   out(n, o, y, x) = bias(o) + Σ_{i, ky, kx} weight(o, i, ky, kx) · in(n, i, y·SH + ky·DH − PT, x·SW + kx·DW − PL)
//
// The sum runs over KH·KW·IG texels of 4 input channels. A workgroup computes LOCAL_X·TILE_X pixels (of N × out_h × out_w) ×
// LOCAL_Y·TILE_G groups of 4 outputs, TILE_X × TILE_G of them per invocation. It goes through the sum in slices of TILE_K: all
// invocations stage the slice's texels of every pixel and its weights, then each multiplies its part. Where TILE_K divides IG, it
// takes all channels of one tap, then of the next: where a slice's pixel lies is worked out once a tap. Else it goes in the order
// of the weights, t = (ig·KH + ky)·KW + kx, and each texel has its own place. With AHEAD 1 the next slice is on its way to
// registers while one is multiplied, where there are registers enough.
// Workgroups: x = pixel tile, y = group tile. With PARTIAL 1 it sums one of SPLITS ranges of slices, and the sum waits in
// scratch for split_sum.
// Macros: TILE_X, TILE_G, TILE_K; PAD, texels between rows of staged weights, against bank conflicts; REST 1 where
// TILE_K doesn't divide IG; AHEAD; and see common.glsl and blocks.glsl (a turn is a slice).

const int THREADS = LOCAL_X * LOCAL_Y;
const int PIXELS = LOCAL_X * TILE_X;
const int GROUPS = LOCAL_Y * TILE_G;
const int ROW = GROUPS + PAD;
// An invocation stages every IN_STEP-th tap of one pixel, and one input channel of every W_STEP-th group.
const int IN_STEP = THREADS / PIXELS, IN_COUNT = TILE_K / IN_STEP;
const int W_STEP = THREADS / (4 * TILE_K), W_COUNT = GROUPS / W_STEP;

shared vec4 in_tile[TILE_K * PIXELS];      // [tap][pixel]
shared vec4 weight_tile[TILE_K * 4 * ROW]; // [tap][input channel][output group]

void main() {
    int HW = H * W, area = out_h * out_w, pixels = N * area;
    int C4 = channel_groups(C), taps = C4 * kernel_h * kernel_w;
    int tx = int(gl_LocalInvocationID.x), ty = int(gl_LocalInvocationID.y);
    int thread = ty * LOCAL_X + tx;
    int first_pixel = workgroup_x() * PIXELS;
    int first_k = 0, end_k = taps;
#if PARTIAL == 1
    ivec2 part_tile = part_and_tile((out_g + GROUPS - 1) / GROUPS);
    int first_group = part_tile.y * GROUPS;
    ivec2 range = TILE_K * part_of(part_tile.x, (taps + TILE_K - 1) / TILE_K);
    first_k = range.x;
    end_k = min(range.y, taps);
#else
    int first_group = workgroup_y() * GROUPS;
#endif

    int in_row = thread / PIXELS, in_pixel = thread % PIXELS;
    ivec2 from = divide(min(first_pixel + in_pixel, pixels - 1), area);
    ivec2 from_yx = divide(from.y, out_w);
    int columns = kernel_w * dilation_w, next_row = dilation_h * W - columns; // columns of a window; texels from its end to its next row
    int w_group = thread / (4 * TILE_K), w_channel = thread % (4 * TILE_K);
#if REST == 1
    int rows = kernel_h * dilation_h;
    ivec2 row_kx = divide(first_k + in_row, kernel_w); // (ig·KH + ky, kx)
    ivec2 ig_ky = divide(row_kx.x, kernel_h);
    int end_y = from_yx.x * stride_h - pad_top + rows, end_x = from_yx.y * stride_w - pad_left + columns;
    int iy = end_y - rows + ig_ky.y * dilation_h, ix = end_x - columns + row_kx.y * dilation_w;
    int in_at = src_base + (from.x * C4 + ig_ky.x) * HW + iy * W + ix;
    // IN_STEP taps further, unless the row or the window ends before: so many columns, rows and texels.
    int step_x = IN_STEP % kernel_w * dilation_w, step_y = IN_STEP / kernel_w % kernel_h * dilation_h;
    int step_at = IN_STEP / kernel_w / kernel_h * HW + step_y * W + step_x;
    int next_plane = HW - rows * W;
    int first_weight = weight_base + first_k * 4 + w_channel, w_at = 0; // how far the slices are in them
#else
    ivec2 tap_ig = divide(first_k, C4), ky_kx = divide(tap_ig.x, kernel_w);
    int end_x = from_yx.y * stride_w - pad_left + columns;
    int iy = from_yx.x * stride_h - pad_top + ky_kx.x * dilation_h, ix = end_x - columns + ky_kx.y * dilation_w, ig = tap_ig.y;
    int in_at = src_base + (from.x * C4 + ig + in_row) * HW + iy * W + ix;
    bool inside = first_k < taps && uint(iy) < uint(H) && uint(ix) < uint(W);
    int window = kernel_h * kernel_w;
    int first_weight = weight_base + w_channel / 4 * window * 4 + w_channel % 4;
    int w_at = first_k < taps ? (ig * window + tap_ig.x) * 4 : 0; // of the slice's weights
#endif
    int group_at[W_COUNT]; // past the last group, the last one's
    for (int j = 0; j < W_COUNT; ++j) group_at[j] = min(first_group + w_group + j * W_STEP, out_g - 1) * (taps * 4) + first_weight;
    int w_to = w_channel * ROW + w_group; // in weight_tile

    vec4 sum[TILE_G][TILE_X];
    for (int g = 0; g < TILE_G; ++g)
        for (int x = 0; x < TILE_X; ++x) sum[g][x] = vec4(0);

    // A slice's part of the sums, two texels a turn: the loop's own instructions count.
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
            int inside[IN_COUNT], left = taps - k0 - in_row; // not bool: zink on Mesa 22 fails to compile arrays of bool
            for (int j = 0; j < IN_COUNT; ++j) {
                inside[j] = left > j * IN_STEP && uint(iy) < uint(H) && uint(ix) < uint(W) ? 1 : 0;
                in_next[j] = load_src(inside[j] != 0 ? in_at : src_base);
                ix += step_x;
                iy += step_y;
                in_at += step_at;
                if (ix >= end_x) { ix -= columns; iy += dilation_h; in_at += next_row; }
                if (iy >= end_y) { iy -= rows; in_at += next_plane; }
            }
            int over = max((k0 - taps) * 4 + w_channel + 1, 0); // past the last channel: the last one's, multiplied by zeros
            for (int j = 0; j < W_COUNT; ++j) w_next[j] = load_weight(w_at - over + group_at[j]);
            w_at += 4 * TILE_K;
#else
            int at = inside ? in_at : src_base;
            for (int j = 0; j < IN_COUNT; ++j) in_next[j] = load_src(at + j * IN_STEP * HW);
            for (int j = 0; j < W_COUNT; ++j) w_next[j] = load_weight(w_at + group_at[j]);
#endif
#if AHEAD == 1
            if (k0 > first_k) MULTIPLY
#endif
            barrier(); // all have read what is overwritten now. What was loaded last is stored first: one wait for all
#if REST == 1
            for (int j = IN_COUNT - 1; j >= 0; --j) in_tile[thread + j * THREADS] = inside[j] != 0 ? in_next[j] : vec4(0);
#else
            for (int j = IN_COUNT - 1; j >= 0; --j) in_tile[thread + j * THREADS] = inside ? in_next[j] : vec4(0);
#endif
            for (int j = W_COUNT - 1; j >= 0; --j) weight_tile[w_to + j * W_STEP] = w_next[j];
            memoryBarrierShared();
            barrier();
#if REST == 0
            ig += TILE_K;
            in_at += TILE_K * HW;
            w_at += TILE_K * window * 4;
            if (ig == C4) { // the same for all invocations
                ig = 0;
                in_at += dilation_w - C4 * HW;
                ix += dilation_w;
                if (ix == end_x) { ix -= columns; iy += dilation_h; in_at += next_row; }
                bool more = k0 + TILE_K < taps; // past the last slice: nothing, times the first one's weights
                inside = more && uint(iy) < uint(H) && uint(ix) < uint(W);
                w_at = more ? w_at + 4 - 4 * taps : 0;
            }
#endif
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
