// matmul_tiled: a product of two tensors as matrices, image by image, a register tile per invocation. Formula as matmul's:
//
//   out(n, j, i) = act(Σ_k a(n, k, i) · b(n, j, k) + bias(j))
//
// with a(n, i, k) where TRANS_A is 1, and b(n, k, j) where TRANS_B is. A tile is TILE_X rows i × TILE_G groups of 4 columns j. A turn of the
// loop takes 4 terms: of a row they are one texel where they are channels, else lanes of 4 texels, each of 4 rows; of 4 columns they are 4
// texels either way, one for each term or one for each column. So TILE_X + 4·TILE_G loads serve 16·TILE_X·TILE_G multiplications.
// Where terms are pixels, those of the last turn that aren't there are taken as 0; where they are channels, they are 0 in memory.
// A tile's rows lie as many apart as there are tiles: neighbouring invocations read neighbouring texels. Rows past the last are computed as
// the tile's first, which costs less than a condition.
// Invocations: x = (image, tile of rows), y = tile of groups. Macros: TILE_X, TILE_G, TRANS_A, TRANS_B, and see common.glsl and blocks.glsl.

#pragma optionNV(unroll all) // else NVIDIA's compiler may keep sum[][] in memory; others ignore it

#if TRANS_A == 1
#define A_LOADS (TILE_X / 4)
#else
#define A_LOADS TILE_X
#endif
#if TRANS_B == 1
#define B_LOADS (4 * TILE_G)
#else
#define B_LOADS TILE_G
#endif

// The terms of a turn that are there: as pixels they are THERE(I) or 0. WHOLE: all are.
#define WHOLE(LOAD, AT, I) LOAD((AT) + I)
#define SOME(LOAD, AT, I) (I < rest ? LOAD((AT) + I) : vec4(0))

#if TRANS_A == 1
#define ROWS(TERM) \
    for (int x = 0; x < A_LOADS; ++x) { \
        vec4 t0 = TERM(load_src, a_at[x], 0), t1 = TERM(load_src, a_at[x], 1), t2 = TERM(load_src, a_at[x], 2), t3 = TERM(load_src, a_at[x], 3); \
        a_at[x] += 4; \
        row[4 * x] = vec4(t0.x, t1.x, t2.x, t3.x); \
        row[4 * x + 1] = vec4(t0.y, t1.y, t2.y, t3.y); \
        row[4 * x + 2] = vec4(t0.z, t1.z, t2.z, t3.z); \
        row[4 * x + 3] = vec4(t0.w, t1.w, t2.w, t3.w); \
    }
#else
#define ROWS(TERM) for (int x = 0; x < TILE_X; ++x) { row[x] = load_src(a_at[x]); a_at[x] += rows; }
#endif

// Of each group the columns' terms k, k + 1 …, then the multiplications.
#if TRANS_B == 1
#define COLUMNS(G, TERM) \
    vec4 t0 = load_second(b_at[4 * G]), t1 = load_second(b_at[4 * G + 1]), t2 = load_second(b_at[4 * G + 2]), t3 = load_second(b_at[4 * G + 3]); \
    b_at[4 * G] += out_c; b_at[4 * G + 1] += out_c; b_at[4 * G + 2] += out_c; b_at[4 * G + 3] += out_c; \
    vec4 w0 = vec4(t0.x, t1.x, t2.x, t3.x), w1 = vec4(t0.y, t1.y, t2.y, t3.y), w2 = vec4(t0.z, t1.z, t2.z, t3.z), w3 = vec4(t0.w, t1.w, t2.w, t3.w);
#else
#define COLUMNS(G, TERM) \
    vec4 w3 = TERM(load_second, b_at[G], 3), w2 = TERM(load_second, b_at[G], 2), w1 = TERM(load_second, b_at[G], 1), w0 = TERM(load_second, b_at[G], 0); \
    b_at[G] += 4;
#endif
#define PRODUCTS(G, TERM) { \
    COLUMNS(G, TERM) \
    for (int x = 0; x < TILE_X; ++x) sum[G][x] = madd(sum[G][x], w0, w1, w2, w3, row[x]); \
}

void main() {
    int rows = out_h * out_w;
#if TRANS_A == 1
    int terms = H * W, units = channel_groups(rows); // what a load is of: 4 rows
#else
    int terms = C, units = rows;
#endif
    int tiles = (units + A_LOADS - 1) / A_LOADS;
    ivec2 image_tile = divide(invocation_x(), tiles);
    int n = image_tile.x, tile = image_tile.y;
    if (n >= out_n) return;
    int first_group = invocation_y() * TILE_G;

    int unit[A_LOADS], a_at[A_LOADS], b_at[B_LOADS];
    for (int x = 0; x < A_LOADS; ++x) unit[x] = tile + x * tiles < units ? tile + x * tiles : tile;
    int a_image = divide(n, N).y, b_image = divide(n, src2_n).y;
#if TRANS_A == 1
    for (int x = 0; x < A_LOADS; ++x) a_at[x] = src_base + (a_image * units + unit[x]) * terms;
#else
    for (int x = 0; x < A_LOADS; ++x) a_at[x] = src_base + a_image * channel_groups(terms) * rows + unit[x];
#endif
#if TRANS_B == 1
    for (int j = 0; j < B_LOADS; ++j) b_at[j] = src2_base + b_image * channel_groups(terms) * out_c + min(4 * first_group + j, out_c - 1);
#else
    for (int g = 0; g < TILE_G; ++g) b_at[g] = src2_base + (b_image * out_g + min(first_group + g, out_g - 1)) * terms;
#endif

    vec4 sum[TILE_G][TILE_X], row[TILE_X];
    for (int g = 0; g < TILE_G; ++g)
        for (int x = 0; x < TILE_X; ++x) sum[g][x] = vec4(0);
#if TRANS_A == 0 && TRANS_B == 1
    int end = channel_groups(terms);
#else
    int end = terms / 4, rest = terms - 4 * end;
#endif
    NEW_TOTALS
    int k = 0;
    for (int stop; k < end;) {
        stop = min(k + TURNS, end);
        for (; k < stop; ++k) {
            ROWS(WHOLE)
#define TAP(G, KX) PRODUCTS(G, WHOLE)
            TAPS
#undef TAP
        }
        END_BLOCK(k <= TURNS, k >= end)
    }
    END_SUM
#if TRANS_A == 1 || TRANS_B == 0
    if (rest > 0) {
        ROWS(SOME)
#define TAP(G, KX) PRODUCTS(G, SOME)
        TAPS
    }
#endif

    Target t;
    vec4 bias;
#define GROUP(G) \
    if (first_group + G >= out_g) return; \
    t = target(first_group + G); \
    bias = load_bias(first_group + G);
#if TRANS_A == 1
#define OUTPUT(G, X) if (4 * unit[X / 4] + X % 4 < rows) store(t, bias, n, 4 * unit[X / 4] + X % 4, sum[G][X]);
#else
#define OUTPUT(G, X) store(t, bias, n, unit[X], sum[G][X]);
#endif
    OUTPUTS
}
