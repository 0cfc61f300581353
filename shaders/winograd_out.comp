// winograd_out: the last of three dispatches of a 3×3 convolution by Winograd's F(2×4, 3×3): see winograd.comp. It transforms
// the products M, from scratch, to 2×4 outputs of one output group per invocation, with bias and activation:
//
//   out = Aᵀ₂ · M · A₄
//
// An infinity among the inputs comes out of the transforms as NaN, and at outputs that don't see it, too; so does a NaN, and a
// sum that overflows on the way. Where an output isn't finite, the tile's outputs are therefore summed once more, as
// conv.comp does, from the input (bound beside M) and the weights.
// Invocations: x = tile of the part, of N × ⌈out_h/2⌉ × ⌈out_w/4⌉ in all, y = output group. Macros: see common.glsl.

const int POSITIONS = 24;
const int GROUP_TEXELS = (POSITIONS + 9) * 4; // of an output group's weights for one input group: U, then w

bool finite(vec4 v) { return all(lessThan(floatBitsToUint(v) & 0x7fffffffu, uvec4(0x7f800000u))); }

// The row's four outputs, stored; whether they are finite. Aᵀ₄ for the points 0, ±3/4, ±3/2, ∞: four output columns of a row of M.
bool columns(in vec4 m[6], Target to, vec4 bias, int n, int out_y, int out_x) {
    if (out_y >= out_h) return true;
    vec4 r[4], s = m[1] + m[2], t = m[1] - m[2], u = m[3] + m[4], v = m[3] - m[4];
    r[0] = m[0] + s + u;
    r[1] = 0.75 * t + 1.5 * v;
    r[2] = 0.5625 * s + 2.25 * u;
    r[3] = 0.421875 * t + 3.375 * v + m[5];
    bool right = true;
    for (int x = 0; x < 4; ++x) {
        if (out_x + x < out_w) {
            right = right && finite(r[x]);
            store(to, bias, n, out_y * out_w + out_x + x, r[x]);
        }
    }
    return right;
}

// The sum itself, of output group g at pixel (y, x).
vec4 direct(int n, int g, int y, int x) {
    int C4 = channel_groups(C), at = weight_base + (g * GROUP_TEXELS + POSITIONS * 4) * C4;
    vec4 sum = vec4(0);
    for (int i = 0; i < C4 * 9; ++i) { // (input group, tap)
        int ig = i / 9, ky = i / 3 - ig * 3, kx = i % 3;
        int iy = y + ky - pad_top, ix = x + kx - pad_left;
        if (iy >= 0 && iy < H && ix >= 0 && ix < W) {
            vec4 v = load_input(src_base + ((n * C4 + ig) * H + iy) * W + ix);
            sum = madd(sum, load_weight(at + i * 4), load_weight(at + i * 4 + 1), load_weight(at + i * 4 + 2), load_weight(at + i * 4 + 3), v);
        }
    }
    return sum;
}

void main() {
    int tile = invocation_x(), g = workgroup_y();
    int y_tiles = (out_h + 1) / 2, x_tiles = (out_w + 3) / 4;
    if (tile >= part_tiles) return;
    ivec2 row_tile = divide(from_tile + tile, x_tiles);
    ivec2 image_row = divide(row_tile.x, y_tiles);
    int n = image_row.x, first_y = 2 * image_row.y, first_x = 4 * row_tile.y;
    int from = g * part_tiles + tile, step = out_g * part_tiles;

    vec4 upper[6], lower[6]; // Aᵀ₂ · M for the points 0, 1, −1, ∞
    for (int x = 0; x < 6; ++x) {
        vec4 m0 = load_src(from + x * step), m1 = load_src(from + (6 + x) * step);
        vec4 m2 = load_src(from + (12 + x) * step), m3 = load_src(from + (18 + x) * step);
        upper[x] = m0 + m1 + m2;
        lower[x] = m1 - m2 + m3;
    }
    Target t = target(g);
    vec4 bias = load_bias(g);
    bool right = columns(upper, t, bias, n, first_y, first_x);
    right = columns(lower, t, bias, n, first_y + 1, first_x) && right;
    for (int i = 0; i < (right ? 0 : 8); ++i) {
        int y = first_y + i / 4, x = first_x + i % 4;
        if (y < out_h && x < out_w) store(t, bias, n, y * out_w + x, direct(n, g, y, x));
    }
}
