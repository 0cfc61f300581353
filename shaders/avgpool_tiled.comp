// avgpool_tiled: average pooling, TILE_X texels of an output row per invocation, every input texel of a row loaded once.
// Formula and divisor are avgpool's:
//
//   out(n, c, y, x) = bias(c) + (Σ_{ky, kx} in(n, c, y·SH + ky − PT, x·SW + kx − PL)) / count
//
// Why: loads are what pooling costs, and neighbouring windows share most of theirs: on llvmpipe 1.8–2.4 times as fast as
// avgpool for 3×3 windows.
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
    int top = plane_row.y * stride_h - pad_top, first_left = first_x * STRIDE_W - pad_left;
    int plane = src_base + plane_row.x * H * W;

    vec4 sum[TILE_X];
    for (int x = 0; x < TILE_X; ++x) sum[x] = vec4(0);
    int y0 = max(top, 0), y1 = min(top + kernel_h, H);
    for (int y = y0; y < y1; ++y) {
        vec4 row[ROW];
        for (int j = 0; j < ROW; ++j) {
            bool inside = first_left + j >= 0 && first_left + j < W;
            vec4 v = load_src(inside ? plane + y * W + first_left + j : src_base);
            row[j] = inside ? v : vec4(0);
        }
        for (int x = 0; x < TILE_X; ++x)
            for (int kx = 0; kx < KERNEL_W; ++kx) sum[x] += row[x * STRIDE_W + kx];
    }

    Target t = target(image_group.y);
    vec4 bias = load_bias(image_group.y);
    for (int x = 0; x < TILE_X; ++x) {
        int left = first_left + x * STRIDE_W;
        int count = (y1 - y0) * (min(left + KERNEL_W, W) - max(left, 0));
        if (count_include_pad == 1)
            count = (min(top + kernel_h, H + pad_bottom) - top) * (min(left + KERNEL_W, W + pad_right) - left);
        vec4 v = sum[x] * (count == kernel_h * KERNEL_W ? inv_area : 1.0 / float(count));
        if (first_x + x < out_w) store(t, bias, image_group.x, plane_row.y * out_w + first_x + x, v);
    }
}
