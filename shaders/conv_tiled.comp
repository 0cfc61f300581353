// conv_tiled: 2-D convolution with one group, a register tile per invocation, every input texel of a row loaded once.
//
//   out(n, o, y, x) = bias(o) + Σ_{i, ky, kx} weight(o, i, ky, kx) · in(n, i, y·SH + ky·DH − PT, x·SW + kx·DW − PL)
//
// A tile is TILE_X pixels of an output row × TILE_G groups of 4 outputs. For each input group and ky it loads the row
// window of ROW texels once; all KERNEL_W taps and 4·TILE_G outputs read it from registers.
// Tiles count over N × out_h × ⌈out_w/TILE_X⌉, so that small images fill whole workgroups.
// Invocations: x = tile, y = group tile.
// Macros: TILE_X, TILE_G; KERNEL_W, STRIDE_W, DILATION_W, the row window (rows are free: KH, SH, DH are uniforms); CHUNKS, 1 where a
// row of kernel_w taps is several chunks of KERNEL_W; and see common.glsl and blocks.glsl (a turn is a row, or a chunk of it). With
// PARTIAL 1 it sums one of SPLITS ranges of (input group, ky, chunk), and the sum waits in scratch for split_sum.

#if CHUNKS == 1
#define ROW_TAPS kernel_w
#else
#define ROW_TAPS KERNEL_W
#endif
const int ROW = (TILE_X - 1) * STRIDE_W + (KERNEL_W - 1) * DILATION_W + 1;

void main() {
    int x_tiles = (out_w + TILE_X - 1) / TILE_X;
    int tile = invocation_x();
#if PARTIAL == 1
    ivec2 part_tile = part_and_tile((out_g + LOCAL_Y * TILE_G - 1) / (LOCAL_Y * TILE_G));
    int first_group = (part_tile.y * LOCAL_Y + int(gl_LocalInvocationID.y)) * TILE_G;
#else
    int first_group = invocation_y() * TILE_G;
#endif
    if (tile >= N * out_h * x_tiles) return;
    ivec2 row_tile = divide(tile, x_tiles); // (n·out_h + y, x tile)
    ivec2 image_row = divide(row_tile.x, out_h);
    int n = image_row.x, y = image_row.y, first_x = row_tile.y * TILE_X;

    int C4 = channel_groups(C), HW = H * W;
    int top = y * stride_h - pad_top, left = first_x * STRIDE_W - pad_left;
    int image = src_base + n * C4 * HW;

    int filter_at[TILE_G]; // the weights of input group 0; past the last group, the last one's
    for (int g = 0; g < TILE_G; ++g)
        filter_at[g] = weight_base + min(first_group + g, out_g - 1) * C4 * kernel_h * ROW_TAPS * 4;

    vec4 sum[TILE_G][TILE_X];
    for (int g = 0; g < TILE_G; ++g)
        for (int x = 0; x < TILE_X; ++x) sum[g][x] = vec4(0);

    // Columns outside are read as the nearest inside, and taken as 0. (Not bool: zink on Mesa 22 fails to compile arrays of bool.)
#define COLUMNS \
    int column[ROW], column_inside[ROW]; \
    for (int j = 0; j < ROW; ++j) { \
        column[j] = clamp(left + j, 0, W - 1); \
        column_inside[j] = uint(left + j) < uint(W) ? 1 : 0; \
    }
#if CHUNKS == 1
    int chunks = kernel_w / KERNEL_W, chunk = 0;
#else
    const int chunks = 1;
    COLUMNS
#endif

    // One loop over (ig, ky, chunk), in the order of the weights: on llvmpipe a loop around the loop costs as much as a row.
    int ky = 0, first_k = 0, end_k = C4 * kernel_h * chunks;
#if PARTIAL == 1
    ivec2 range = part_of(part_tile.x, end_k);
    first_k = range.x;
    end_k = range.y;
    int first_line = first_k;
#if CHUNKS == 1
    ivec2 line_chunk = divide(first_k, chunks);
    first_line = line_chunk.x;
    chunk = line_chunk.y;
    left += chunk * (KERNEL_W * DILATION_W);
#endif
    ivec2 ig_ky = divide(first_line, kernel_h);
    image += ig_ky.x * HW;
    ky = ig_ky.y;
#endif
    int iy = top + ky * dilation_h, row_at = image + iy * W;
    int next_row = dilation_h * W, first_row = dilation_h - kernel_h * dilation_h, next_plane = HW + first_row * W;
    NEW_TOTALS
    int k = first_k;
    for (int stop; k < end_k;) {
        stop = min(k + TURNS, end_k);
        for (; k < stop; ++k) {
            bool row_inside = uint(iy) < uint(H);
            int from = row_inside ? row_at : src_base; // texelFetch is undefined outside the buffer
#if CHUNKS == 1
            COLUMNS
#endif
            vec4 row[ROW];
            for (int j = 0; j < ROW; ++j) {
                vec4 v = load_src(from + column[j]);
                row[j] = row_inside && column_inside[j] != 0 ? v : vec4(0);
            }
#if BY_PIXEL == 1
#define TAP(G, KX) if (KX == 0) { \
                vec4 w[KERNEL_W][4]; \
                for (int i = 0; i < KERNEL_W; ++i) \
                    for (int c = 0; c < 4; ++c) w[i][c] = load_weight(filter_at[G] + (k * KERNEL_W + i) * 4 + c); \
                for (int x = 0; x < TILE_X; ++x) { \
                    vec4 part = vec4(0); \
                    for (int i = 0; i < KERNEL_W; ++i) part = madd(part, w[i][0], w[i][1], w[i][2], w[i][3], row[x * STRIDE_W + i * DILATION_W]); \
                    sum[G][x] += part; \
                } \
            }
#else
#define TAP(G, KX) { \
                int at = filter_at[G] + (k * KERNEL_W + KX) * 4; \
                vec4 w3 = load_weight(at + 3), w2 = load_weight(at + 2), w1 = load_weight(at + 1), w0 = load_weight(at); \
                for (int x = 0; x < TILE_X; ++x) sum[G][x] = madd(sum[G][x], w0, w1, w2, w3, row[x * STRIDE_W + KX * DILATION_W]); \
            }
#endif
            TAPS
#if CHUNKS == 1
            chunk += 1;
            bool more = chunk < chunks;
            left += KERNEL_W * DILATION_W - (more ? 0 : kernel_w * DILATION_W);
            chunk = more ? chunk : 0;
#else
            const bool more = false;
#endif
            ky += more ? 0 : 1;
            bool last = ky == kernel_h;
            ky = last ? 0 : ky;
            iy += more ? 0 : last ? first_row : dilation_h;
            row_at += more ? 0 : last ? next_plane : next_row;
        }
        END_BLOCK(k <= first_k + TURNS, k >= end_k)
    }
    END_SUM

    int first_out = y * out_w + first_x;
#if PARTIAL == 1
#define GROUP(G)
#define OUTPUT(G, X) \
    if (first_x + X < out_w && first_group + G < out_g) store_part(part_tile.x, first_group + G, n, first_out + X, sum[G][X]);
#else
    Target t;
    vec4 bias;
#define GROUP(G) \
    t = target(min(first_group + G, out_g - 1)); \
    bias = load_bias(min(first_group + G, out_g - 1));
#define OUTPUT(G, X) \
    if (first_x + X < out_w && first_group + G < out_g) store(t, bias, n, first_out + X, sum[G][X]);
#endif
    OUTPUTS
}
