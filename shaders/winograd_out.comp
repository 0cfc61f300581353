// winograd_out: the last of three dispatches of a 3×3 convolution by Winograd's F(2×4, 3×3): see winograd.comp. It transforms
// the products M, from scratch, to 2×4 outputs of one output group per invocation, with bias and activation:
//
//   out = Aᵀ₂ · M · A₄
//
// An infinity among the inputs comes out of the transforms as NaN, and at outputs that don't see it, too; so does a NaN, and a
// sum that overflows on the way. Where an output isn't finite, the tile's outputs are therefore summed once more, as
// conv.comp does, from the input (bound as the second) and the weights.
// Invocations: x = tile of N × ⌈out_h/2⌉ × ⌈out_w/4⌉, y = output group. Macros: see common.glsl.

const int POSITIONS = 24;
const int GROUP_TEXELS = (POSITIONS + 9) * 4; // of an output group's weights for one input group: U, then w

// Aᵀ₂ for the points 0, 1, −1, ∞: two output rows of a column of M.
void rows(in vec4 m[4], out vec4 r[2]) {
    r[0] = m[0] + m[1] + m[2];
    r[1] = m[1] - m[2] + m[3];
}

// Aᵀ₄ for the points 0, ±3/4, ±3/2, ∞: four output columns of a row of M.
void columns(in vec4 m[6], out vec4 r[4]) {
    vec4 s = m[1] + m[2], t = m[1] - m[2], u = m[3] + m[4], v = m[3] - m[4];
    r[0] = m[0] + s + u;
    r[1] = 0.75 * t + 1.5 * v;
    r[2] = 0.5625 * s + 2.25 * u;
    r[3] = 0.421875 * t + 3.375 * v + m[5];
}

bool finite(vec4 v) { return all(lessThan(floatBitsToUint(v) & 0x7fffffffu, uvec4(0x7f800000u))); }

// The sum itself, of output group g at pixel (y, x).
vec4 direct(int n, int g, int y, int x) {
    int C4 = channel_groups(C), at = weight_base + (g * GROUP_TEXELS + POSITIONS * 4) * C4;
    vec4 sum = vec4(0);
    for (int i = 0; i < C4 * 9; ++i) { // (input group, tap)
        int ig = i / 9, ky = i / 3 - ig * 3, kx = i % 3;
        int iy = y + ky - pad_top, ix = x + kx - pad_left;
        if (iy >= 0 && iy < H && ix >= 0 && ix < W) {
            vec4 v = load_second(src_base + ((n * C4 + ig) * H + iy) * W + ix);
            sum = madd(sum, load_weight(at + i * 4), load_weight(at + i * 4 + 1), load_weight(at + i * 4 + 2), load_weight(at + i * 4 + 3), v);
        }
    }
    return sum;
}

void main() {
    int tile = invocation_x(), g = int(gl_WorkGroupID.y);
    int y_tiles = (out_h + 1) / 2, x_tiles = (out_w + 3) / 4, tiles = N * y_tiles * x_tiles;
    if (tile >= tiles) return;
    ivec2 row_tile = divide(tile, x_tiles);
    ivec2 image_row = divide(row_tile.x, y_tiles);
    int n = image_row.x, first_y = 2 * image_row.y, first_x = 4 * row_tile.y;
    int from = POSITIONS * channel_groups(C) * tiles + g * tiles + tile, step = out_g * tiles;

    vec4 m[2][6]; // M with its rows transformed
    for (int x = 0; x < 6; ++x) {
        vec4 column[4], r[2];
        for (int y = 0; y < 4; ++y) column[y] = load_src(from + (y * 6 + x) * step);
        rows(column, r);
        m[0][x] = r[0];
        m[1][x] = r[1];
    }
    Target t = target(g);
    vec4 bias = load_bias(g);
    bool right = true;
    for (int y = 0; y < 2; ++y) {
        vec4 r[4];
        columns(m[y], r);
        for (int x = 0; x < 4; ++x) {
            if (first_y + y < out_h && first_x + x < out_w) {
                right = right && finite(r[x]);
                store(t, bias, n, (first_y + y) * out_w + first_x + x, r[x]);
            }
        }
    }
    for (int i = 0; i < (right ? 0 : 8); ++i) {
        int y = first_y + i / 4, x = first_x + i % 4;
        if (y < out_h && x < out_w) store(t, bias, n, y * out_w + x, direct(n, g, y, x));
    }
}
