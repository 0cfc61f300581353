// winograd_in: the first of three dispatches of a 3×3 convolution by Winograd's F(2×4, 3×3): see winograd.comp. It transforms
// the input, a tile of 4 rows × 6 columns, one group of 4 channels, per invocation:
//
//   V = Bᵀ₂ · d · B₄
//
// with zeros outside the input. V goes to scratch, position by position: texel (position·C4 + group)·part_tiles + tile, position
// being row·6 + column of V.
// Invocations: x = tile of the part, of N × ⌈out_h/2⌉ × ⌈out_w/4⌉ in all, y = input group. Macros: see common.glsl.

// Bᵀ₂ for the points 0, 1, −1, ∞: four rows of an input column.
void rows(in vec4 d[4], out vec4 v[4]) {
    v[0] = d[2] - d[0];
    v[1] = d[1] + d[2];
    v[2] = d[2] - d[1];
    v[3] = d[3] - d[1];
}

// Bᵀ₄ for the points 0, ±3/4, ±3/2, ∞: six columns of an input row. a = 3/4, b = 3/2.
void columns(in vec4 d[6], out vec4 v[6]) {
    vec4 even = d[4] - 2.25 * d[2], odd = 0.75 * (d[3] - 2.25 * d[1]);     // x⁴ − b²x², a(x³ − b²x)
    v[0] = 1.265625 * d[0] - 2.8125 * d[2] + d[4];                         // a²b² − (a² + b²)x² + x⁴
    v[1] = even + odd;
    v[2] = even - odd;
    even = d[4] - 0.5625 * d[2], odd = 1.5 * (d[3] - 0.5625 * d[1]);       // x⁴ − a²x², b(x³ − a²x)
    v[3] = even + odd;
    v[4] = even - odd;
    v[5] = 1.265625 * d[1] - 2.8125 * d[3] + d[5];
}

void main() {
    int tile = invocation_x(), ig = workgroup_y();
    int y_tiles = (out_h + 1) / 2, x_tiles = (out_w + 3) / 4;
    if (tile >= part_tiles) return;
    ivec2 row_tile = divide(from_tile + tile, x_tiles);
    ivec2 image_row = divide(row_tile.x, y_tiles);
    int top = 2 * image_row.y - pad_top, left = 4 * row_tile.y - pad_left;
    int C4 = channel_groups(C), plane = src_base + (image_row.x * C4 + ig) * H * W;

    vec4 d[4][6]; // rows of the tile, their columns transformed
    for (int y = 0; y < 4; ++y) {
        bool row_inside = top + y >= 0 && top + y < H;
        vec4 row[6];
        for (int x = 0; x < 6; ++x) {
            bool inside = row_inside && left + x >= 0 && left + x < W;
            vec4 v = load_src(inside ? plane + (top + y) * W + left + x : src_base); // texelFetch is undefined outside the buffer
            row[x] = inside ? v : vec4(0);
        }
        columns(row, d[y]);
    }
    for (int x = 0; x < 6; ++x) {
        vec4 column[4], v[4];
        for (int y = 0; y < 4; ++y) column[y] = d[y][x];
        rows(column, v);
        for (int y = 0; y < 4; ++y) dst[((y * 6 + x) * C4 + ig) * part_tiles + tile] = stored(v[y]);
    }
}
