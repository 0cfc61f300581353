// winograd: 3×3 convolution, stride 1, one group, by Winograd's F(2×4, 3×3): 24 multiplications for 2×4 outputs, where the
// sum has 72. Three dispatches, for a part of the tiles (from_tile, part_tiles) after another:
//
//   winograd_in   V = Bᵀ₂ · d · B₄               for every tile d of 4×6 inputs and every input channel
//   winograd      M(o) = Σ_i U(o, i) · V(i)      at each of the 24 positions, with U = G₂ · w · G₄ᵀ made on the host
//   winograd_out  out(o) = Aᵀ₂ · M(o) · A₄       2×4 outputs, bias, activation
//
// On llvmpipe the three take 0.55 to 0.8 of conv_tiled's time on GoogLeNet's and Inception v3's larger 3×3s, the transforms a
// fifth to a half of that. Each number goes through memory three times more than in a direct sum: maps of few tiles, and few
// channels, lose. F(4×4) would save a quarter more multiplications at twice the rounding error.
// This is the second, 24 matrix products: a position's weights × its tiles. As in pointwise_tiled a tile of the product is
// TILE_X input tiles, LOCAL_X apart, × TILE_G groups of 4 outputs.
// V is at texel (position·C4 + input group)·part_tiles + tile of what is bound, M at (position·out_g + output group)·part_tiles + tile.
// Workgroups: x = ((position, input tiles), output groups), the groups next to each other: they read the same of V.
// Macros: TILE_X, TILE_G, and see common.glsl.

const int POSITIONS = 24;
const int GROUP_TEXELS = (POSITIONS + 9) * 4; // of an output group's weights for one input group: U, then w

void main() {
    int C4 = channel_groups(C);
    int blocks = (part_tiles + LOCAL_X * TILE_X - 1) / (LOCAL_X * TILE_X), group_tiles = (out_g + TILE_G - 1) / TILE_G;
    ivec2 block_groups = divide(workgroup_x(), group_tiles);
    ivec2 position_block = divide(block_groups.x, blocks);
    int position = position_block.x, first_group = block_groups.y * TILE_G;
    int first_tile = position_block.y * LOCAL_X * TILE_X + int(gl_LocalInvocationID.x);
    if (position >= POSITIONS || first_tile >= part_tiles) return;

    int texel[TILE_X]; // of input group 0
    for (int x = 0; x < TILE_X; ++x) texel[x] = position * C4 * part_tiles + min(first_tile + x * LOCAL_X, part_tiles - 1);
    int filter_at[TILE_G]; // the weights of input group 0; past the last group, the last one's
    for (int g = 0; g < TILE_G; ++g)
        filter_at[g] = weight_base + (min(first_group + g, out_g - 1) * GROUP_TEXELS + position * 4) * C4;

    vec4 sum[TILE_G][TILE_X];
    for (int g = 0; g < TILE_G; ++g)
        for (int x = 0; x < TILE_X; ++x) sum[g][x] = vec4(0);

    for (int ig = 0; ig < C4; ++ig) {
        vec4 in_[TILE_X];
        for (int x = 0; x < TILE_X; ++x) in_[x] = load_src(texel[x] + ig * part_tiles);
#define TAP(G, KX) { \
            vec4 w0 = load_weight(filter_at[G] + ig * 4); \
            vec4 w1 = load_weight(filter_at[G] + ig * 4 + 1); \
            vec4 w2 = load_weight(filter_at[G] + ig * 4 + 2); \
            vec4 w3 = load_weight(filter_at[G] + ig * 4 + 3); \
            for (int x = 0; x < TILE_X; ++x) sum[G][x] = madd(sum[G][x], w0, w1, w2, w3, in_[x]); \
        }
        TAPS
    }

    int to = (position * out_g + first_group) * part_tiles + first_tile;
#define GROUP(G)
#define OUTPUT(G, X) \
    if (first_tile + X * LOCAL_X < part_tiles && first_group + G < out_g) dst[to + G * part_tiles + X * LOCAL_X] = stored(sum[G][X]);
    OUTPUTS
}
