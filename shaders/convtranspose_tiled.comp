// convtranspose_tiled: a transposed convolution of one group, dilation 1, a register tile per invocation.
//
//   out(n, o, y, x) = bias(o) + Σ_{i, ky, kx} weight(i, o, ky, kx) · in(n, i, (y + PT − ky)/SH, (x + PL − kx)/SW)
//
// over the taps for which both quotients are whole. Outputs SH rows and SW columns apart have the same taps: they are a phase,
// (y mod SH, x mod SW). With y = SH·r + phase, (phase + PT) = SH·shift + first: ky = first + SH·t reads row r + shift − t. So a
// phase is a convolution of stride 1 with every SH-th row and SW-th column of the kernel.
// A tile is TILE_X neighbouring columns of a phase × TILE_G groups of 4 outputs. For each input group and row of taps it loads
// the row window of ROW texels once; all KERNEL_W taps and 4·TILE_G outputs read it from registers.
// Tiles count over N × rows × tiles of a row, of a phase; a workgroup has tiles of one phase, so that its invocations agree on taps.
// Invocations: x = tile, y = group tile.
// Macros: TILE_X, TILE_G; KERNEL_W, the taps that a column has of a row of the kernel: ⌈kernel_w/SW⌉; UNEVEN 1 where some columns have one
// less; and see common.glsl and blocks.glsl (a turn is a row of taps).

const int ROW = TILE_X + KERNEL_W - 1;

void main() {
    int rows = (out_h + stride_h - 1) / stride_h, columns = (out_w + stride_w - 1) / stride_w; // of a phase, at most
    int x_tiles = (columns + TILE_X - 1) / TILE_X;
    int tiles = N * rows * x_tiles;
    ivec2 phase_block = divide(workgroup_x(), (tiles + LOCAL_X - 1) / LOCAL_X);
    int tile = phase_block.y * LOCAL_X + int(gl_LocalInvocationID.x);
    int first_group = invocation_y() * TILE_G;
    if (tile >= tiles) return;
    int phase_y = phase_block.x / stride_w, phase_x = phase_block.x - phase_y * stride_w;
    ivec2 row_tile = divide(tile, x_tiles); // (n·rows + r, x tile)
    ivec2 image_row = divide(row_tile.x, rows);
    int n = image_row.x, y = image_row.y * stride_h + phase_y, first_x = row_tile.y * TILE_X; // first_x counts columns of the phase

    int shift_y = (phase_y + pad_top) / stride_h, first_ky = phase_y + pad_top - shift_y * stride_h;
    int shift_x = (phase_x + pad_left) / stride_w, first_kx = phase_x + pad_left - shift_x * stride_w;
    int tap_rows = first_ky < kernel_h ? (kernel_h - 1 - first_ky) / stride_h + 1 : 0;

    int C4 = channel_groups(C), HW = H * W;
    int bottom = image_row.y + shift_y, left = first_x + shift_x - (KERNEL_W - 1);
    int plane = src_base + n * C4 * HW;

    int filter_at[TILE_G]; // the weights of input group 0 and the first row of taps; past the last group, the last one's
    for (int g = 0; g < TILE_G; ++g)
        filter_at[g] = weight_base + (min(first_group + g, out_g - 1) * C4 * kernel_h * kernel_w + first_ky * kernel_w + first_kx) * 4;
#if UNEVEN == 1
    bool all_taps = first_kx + (KERNEL_W - 1) * stride_w < kernel_w;
#endif

    vec4 sum[TILE_G][TILE_X];
    for (int g = 0; g < TILE_G; ++g)
        for (int x = 0; x < TILE_X; ++x) sum[g][x] = vec4(0);

    // Columns outside are read as the nearest inside, and taken as 0. (Not bool: zink on Mesa 22 fails to compile arrays of bool.)
    int column[ROW], column_inside[ROW];
    for (int j = 0; j < ROW; ++j) {
        column[j] = clamp(left + j, 0, W - 1);
        column_inside[j] = uint(left + j) < uint(W) ? 1 : 0;
    }

    // One loop over (ig, t): on llvmpipe a loop around the loop costs as much as a row. at is the row's first weight.
    int t = 0, at = 0, end_k = C4 * tap_rows, skip = (kernel_h - tap_rows * stride_h) * kernel_w * 4;
    NEW_TOTALS
    int k = 0;
    for (int stop; k < end_k;) {
        stop = min(k + TURNS, end_k);
        for (; k < stop; ++k) {
            int iy = bottom - t;
            bool row_inside = uint(iy) < uint(H);
            int from = row_inside ? plane + iy * W : src_base; // texelFetch is undefined outside the buffer
            vec4 row[ROW];
            for (int j = 0; j < ROW; ++j) {
                vec4 v = load_src(from + column[j]);
                row[j] = row_inside && column_inside[j] != 0 ? v : vec4(0);
            }
            // Tap KX of a pixel reads KX texels to the left of its first.
#define WEIGHTS(G, KX) \
            int w_at = filter_at[G] + at + KX * stride_w * 4; \
            vec4 w3 = load_weight(w_at + 3), w2 = load_weight(w_at + 2), w1 = load_weight(w_at + 1), w0 = load_weight(w_at);
#if UNEVEN == 1 // not a weight of 0: its product with an infinity is NaN
#define HAS(KX) if (KX < KERNEL_W - 1 || all_taps)
#else
#define HAS(KX)
#endif
#if BY_PIXEL == 1
            vec4 part[TILE_X];
#define TAP(G, KX) \
            if (KX == 0) for (int x = 0; x < TILE_X; ++x) part[x] = vec4(0); \
            HAS(KX) { \
                WEIGHTS(G, KX) \
                for (int x = 0; x < TILE_X; ++x) part[x] = madd(part[x], w0, w1, w2, w3, row[x + KERNEL_W - 1 - KX]); \
            } \
            if (KX == KERNEL_W - 1) for (int x = 0; x < TILE_X; ++x) sum[G][x] += part[x];
#else
#define TAP(G, KX) HAS(KX) { \
                WEIGHTS(G, KX) \
                for (int x = 0; x < TILE_X; ++x) sum[G][x] = madd(sum[G][x], w0, w1, w2, w3, row[x + KERNEL_W - 1 - KX]); \
            }
#endif
            TAPS
            t += 1;
            at += stride_h * kernel_w * 4;
            if (t == tap_rows) { t = 0; plane += HW; at += skip; }
        }
        END_BLOCK(k <= TURNS, k >= end_k)
    }
    END_SUM

    int first_out = y * out_w + first_x * stride_w + phase_x;
    Target target_;
    vec4 bias;
#define GROUP(G) \
    target_ = target(min(first_group + G, out_g - 1)); \
    bias = load_bias(min(first_group + G, out_g - 1));
#define OUTPUT(G, X) \
    if (y < out_h && (first_x + X) * stride_w + phase_x < out_w && first_group + G < out_g) \
        store(target_, bias, n, first_out + X * stride_w, sum[G][X]);
    OUTPUTS
}
