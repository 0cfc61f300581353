// stem: 2-D convolution of an input with up to 3 channels, as a network's first: conv_tiled's tile, without the multiplications
// by the input texel's empty lane.
//
//   out(n, o, y, x) = bias(o) + Σ_{i, ky, kx} weight(o, i, ky, kx) · in(n, i, y·SH + ky·DH − PT, x·SW + kx·DW − PL)
//
// A tile is TILE_X pixels of an output row × TILE_G groups of 4 outputs. For each ky it loads the row window of ROW texels
// once; all KERNEL_W taps and 4·TILE_G outputs read it from registers.
// Weights: texel WeightBase + ((og·KH + ky)·KW + kx)·INPUTS + i holds those of input channel i for outputs 4·og … 4·og+3.
// Tiles count over N × out_h × ⌈out_w/TILE_X⌉. Invocations: x = tile, y = group tile.
// Macros: INPUTS, 1 to 3, the channels; TILE_X, TILE_G; KERNEL_W, STRIDE_W, DILATION_W, the row window (rows are free: KH, SH, DH are uniforms); BY_PIXEL 1,
// for long sums, sums each row of taps of a pixel by itself; and see common.glsl.

#pragma optionNV(unroll all) // else NVIDIA's compiler keeps sum[][] in memory where TILE_G > 1; others ignore it

const int ROW = (TILE_X - 1) * STRIDE_W + (KERNEL_W - 1) * DILATION_W + 1;

// A pixel's channels.
#if INPUTS == 1
#define PIXEL float
#define LANES x
#define CHANNEL(v, i) v
#elif INPUTS == 2
#define PIXEL vec2
#define LANES xy
#define CHANNEL(v, i) v[i]
#else
#define PIXEL vec3
#define LANES xyz
#define CHANNEL(v, i) v[i]
#endif

void main() {
    int x_tiles = (out_w + TILE_X - 1) / TILE_X;
    int tile = invocation_x();
    int first_group = workgroup_y() * TILE_G;
    if (tile >= N * out_h * x_tiles) return;
    ivec2 row_tile = divide(tile, x_tiles); // (n·out_h + y, x tile)
    ivec2 image_row = divide(row_tile.x, out_h);
    int n = image_row.x, y = image_row.y, first_x = row_tile.y * TILE_X;
    int top = y * stride_h - pad_top, left = first_x * STRIDE_W - pad_left;
    int image = src_base + n * H * W;

    int filter_at[TILE_G]; // past the last group, the last one's
    for (int g = 0; g < TILE_G; ++g)
        filter_at[g] = weight_base + min(first_group + g, out_g - 1) * kernel_h * KERNEL_W * INPUTS;

    vec4 sum[TILE_G][TILE_X];
    for (int g = 0; g < TILE_G; ++g)
        for (int x = 0; x < TILE_X; ++x) sum[g][x] = vec4(0);

    // Columns outside are read as the nearest inside, and taken as 0. (Not bool: zink on Mesa 22 fails to compile arrays of bool.)
    int column[ROW], column_inside[ROW];
    for (int i = 0; i < ROW; ++i) {
        column[i] = clamp(left + i, 0, W - 1);
        column_inside[i] = uint(left + i) < uint(W) ? 1 : 0;
    }
    for (int ky = 0; ky < kernel_h; ++ky) {
        int iy = top + ky * dilation_h;
        bool row_inside = uint(iy) < uint(H);
        int row_at = row_inside ? image + iy * W : src_base; // texelFetch is undefined outside the buffer
        PIXEL row[ROW];
        for (int i = 0; i < ROW; ++i) {
            PIXEL v = load_src(row_at + column[i]).LANES;
            row[i] = row_inside && column_inside[i] != 0 ? v : PIXEL(0);
        }
        for (int g = 0; g < TILE_G; ++g) {
            vec4 w[KERNEL_W][INPUTS];
            for (int kx = 0; kx < KERNEL_W; ++kx) {
                int at = filter_at[g] + (ky * KERNEL_W + kx) * INPUTS;
                for (int i = INPUTS - 1; i >= 0; --i) w[kx][i] = load_weight(at + i);
#if BY_PIXEL == 0
                for (int x = 0; x < TILE_X; ++x) {
                    PIXEL v = row[x * STRIDE_W + kx * DILATION_W];
                    for (int i = 0; i < INPUTS; ++i) sum[g][x] += w[kx][i] * CHANNEL(v, i);
                }
#endif
            }
#if BY_PIXEL == 1
            for (int x = 0; x < TILE_X; ++x) {
                vec4 part = vec4(0);
                for (int kx = 0; kx < KERNEL_W; ++kx) {
                    PIXEL v = row[x * STRIDE_W + kx * DILATION_W];
                    for (int i = 0; i < INPUTS; ++i) part = fma(w[kx][i], vec4(CHANNEL(v, i)), part);
                }
                sum[g][x] += part;
            }
#endif
        }
    }

    for (int g = 0; g < TILE_G; ++g) {
        int group = min(first_group + g, out_g - 1);
        Target t = target(group);
        vec4 bias = load_bias(group);
        for (int x = 0; x < TILE_X; ++x)
            if (first_x + x < out_w && first_group + g < out_g) store(t, bias, n, y * out_w + first_x + x, sum[g][x]);
    }
}
