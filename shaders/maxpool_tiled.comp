// maxpool_tiled: max pooling, TILE_X texels of an output row per invocation, every input texel of a row loaded once.
//
//   out(n, c, y, x) = max_{ky, kx} in(n, c, y·SH + ky − PT, x·SW + kx − PL)   over pixels inside the input; NaN wins
//
// Why: loads are what pooling costs, and neighbouring windows share most of theirs: on llvmpipe 2–2.8 times as fast as
// maxpool for 3×3 windows. A position outside the input is
// replaced by the nearest inside, which lies in the same window, as every window holds a pixel (the graph's shape rule).
// Invocations: x = tile, [n][group][y][⌈out_w/TILE_X⌉].
// Macros: TILE_X; KERNEL_W, STRIDE_W, the row window (rows are free: KH, SH are uniforms); and see common.glsl.

const int ROW = (TILE_X - 1) * STRIDE_W + KERNEL_W;

void main() {
    int x_tiles = (out_w + TILE_X - 1) / TILE_X;
    int tile = invocation_x();
    if (tile >= N * out_g * out_h * x_tiles) return;
    ivec2 row_tile = divide(tile, x_tiles);         // (row of a plane, x tile)
    ivec2 plane_row = divide(row_tile.x, out_h);    // (n·out_g + group, y)
    ivec2 image_group = divide(plane_row.x, out_g); // (n, group)
    int first_x = row_tile.y * TILE_X;
    int top = plane_row.y * stride_h - pad_top, left = first_x * STRIDE_W - pad_left;
    int plane = src_base + plane_row.x * H * W;

    vec4 best[TILE_X];
    for (int x = 0; x < TILE_X; ++x) best[x] = vec4(0);
    for (int ky = 0; ky < kernel_h; ++ky) {
        int row_at = plane + clamp(top + ky, 0, H - 1) * W;
        vec4 row[ROW];
        for (int j = 0; j < ROW; ++j) row[j] = load_src(row_at + clamp(left + j, 0, W - 1));
        for (int x = 0; x < TILE_X; ++x) {
            vec4 v = row[x * STRIDE_W];
            for (int kx = 1; kx < KERNEL_W; ++kx) v = max_nan(v, row[x * STRIDE_W + kx]);
            best[x] = ky == 0 ? v : max_nan(best[x], v);
        }
    }

    Target t = target(image_group.y);
    vec4 bias = load_bias(image_group.y);
    for (int x = 0; x < TILE_X; ++x)
        if (first_x + x < out_w) store(t, bias, image_group.x, plane_row.y * out_w + first_x + x, best[x]);
}
