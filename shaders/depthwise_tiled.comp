// depthwise_tiled: depthwise.comp's convolution, a register tile per invocation:
//
//   out(n, c, y, x) = bias(c) + Σ_{ky, kx} weight(c, ky, kx) · in(n, c, y·SH + ky·DH − PT, x·SW + kx·DW − PL)
//
// A tile is TILE_Y rows of TILE_X pixels of one group of 4 channels. With TILE_Y > 1 the window is as high as it is wide, in
// kernel and stride, without dilation: an invocation goes down its rows with the weights in registers, and loads each input
// texel once. With TILE_Y 1, KH, SH and DH are uniforms, and each texel of a row is loaded once for every ky.
// Weights: texel WeightBase + (g·KH + ky)·KW + kx holds those of channels 4·g … 4·g+3.
// Tiles count over N × out_g × ⌈out_h/TILE_Y⌉ × ⌈out_w/TILE_X⌉, so that small images fill whole workgroups.
// Invocations: x = tile. Macros: TILE_X, TILE_Y; KERNEL_W, STRIDE_W, DILATION_W, the row window; and see common.glsl.

const int ROW = (TILE_X - 1) * STRIDE_W + (KERNEL_W - 1) * DILATION_W + 1;
const int OPEN = (KERNEL_W + STRIDE_W - 1) / STRIDE_W; // output rows that an input row may belong to

void main() {
    int x_tiles = (out_w + TILE_X - 1) / TILE_X, y_tiles = (out_h + TILE_Y - 1) / TILE_Y;
    int tile = invocation_x();
    if (tile >= N * out_g * y_tiles * x_tiles) return;
    ivec2 row_tile = divide(tile, x_tiles);
    ivec2 plane_row = divide(row_tile.x, y_tiles); // (n·out_g + group, y tile)
    ivec2 image_group = divide(plane_row.x, out_g);
    int g = image_group.y, first_y = plane_row.y * TILE_Y, first_x = row_tile.y * TILE_X;
    int top = first_y * stride_h - pad_top, left = first_x * STRIDE_W - pad_left;
    int plane = src_base + plane_row.x * H * W;
    int filter_at = weight_base + g * kernel_h * KERNEL_W;

    Target t = target(g);
    vec4 bias = load_bias(g);

#if TILE_Y > 1
    vec4 w[KERNEL_W][KERNEL_W];
    for (int ky = 0; ky < KERNEL_W; ++ky)
        for (int kx = 0; kx < KERNEL_W; ++kx) w[ky][kx] = load_weight(filter_at + ky * KERNEL_W + kx);
    vec4 sum[OPEN][TILE_X]; // of output row y − a, which takes its row ky = a·STRIDE_W + s now
    for (int a = 0; a < OPEN; ++a)
        for (int x = 0; x < TILE_X; ++x) sum[a][x] = vec4(0);
    for (int y = 0; y < TILE_Y + OPEN - 1; ++y) {
        for (int s = 0; s < min(STRIDE_W, KERNEL_W); ++s) {
            int iy = top + y * STRIDE_W + s;
            bool row_inside = iy >= 0 && iy < H;
            int row_at = plane + iy * W + left;
            vec4 row[ROW];
            for (int j = 0; j < ROW; ++j) {
                bool inside = row_inside && left + j >= 0 && left + j < W;
                vec4 v = load_src(inside ? row_at + j : src_base); // texelFetch is undefined outside the buffer
                row[j] = inside ? v : vec4(0);
            }
            for (int a = 0; a < OPEN; ++a)
                if (a * STRIDE_W + s < KERNEL_W)
                    for (int kx = 0; kx < KERNEL_W; ++kx)
                        for (int x = 0; x < TILE_X; ++x) sum[a][x] += w[a * STRIDE_W + s][kx] * row[x * STRIDE_W + kx];
        }
        int done = y - (OPEN - 1), out_y = first_y + done;
        for (int x = 0; x < TILE_X; ++x)
            if (done >= 0 && out_y < out_h && first_x + x < out_w)
                store(t, bias, image_group.x, out_y * out_w + first_x + x, sum[OPEN - 1][x]);
        for (int a = 0; a < OPEN; ++a)
            for (int x = 0; x < TILE_X; ++x) sum[OPEN - 1 - a][x] = a == OPEN - 1 ? vec4(0) : sum[max(OPEN - 2 - a, 0)][x];
    }
#else
    // Columns outside are read as the nearest inside, and taken as 0.
    int column[ROW], column_inside[ROW]; // not bool: zink on Mesa 22 fails to compile arrays of bool
    for (int j = 0; j < ROW; ++j) {
        column[j] = clamp(left + j, 0, W - 1);
        column_inside[j] = uint(left + j) < uint(W) ? 1 : 0;
    }
    vec4 sum[TILE_X];
    for (int x = 0; x < TILE_X; ++x) sum[x] = vec4(0);
    for (int ky = 0; ky < kernel_h; ++ky) {
        int iy = top + ky * dilation_h;
        bool row_inside = uint(iy) < uint(H);
        int row_at = row_inside ? plane + iy * W : src_base; // texelFetch is undefined outside the buffer
        vec4 row[ROW];
        for (int j = 0; j < ROW; ++j) {
            vec4 v = load_src(row_at + column[j]);
            row[j] = row_inside && column_inside[j] != 0 ? v : vec4(0);
        }
        vec4 w[KERNEL_W];
        for (int kx = 0; kx < KERNEL_W; ++kx) {
            w[kx] = load_weight(filter_at + ky * KERNEL_W + kx);
            for (int x = 0; x < TILE_X; ++x) sum[x] += w[kx] * row[x * STRIDE_W + kx * DILATION_W];
        }
    }
    for (int x = 0; x < TILE_X; ++x)
        if (first_x + x < out_w) store(t, bias, image_group.x, first_y * out_w + first_x + x, sum[x]);
#endif
}
