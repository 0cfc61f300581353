// grouped: 2-D convolution in groups of channels, a register tile per invocation, every input texel of a row loaded once.
//
//   out(n, o, y, x) = bias(o) + Σ_{i, ky, kx} weight(o, i, ky, kx) · in(n, first + i, y·SH + ky·DH − PT, x·SW + kx·DW − PL)
//
// with zeros outside the input, i < inputs = C/groups, and first = ⌊o / outputs⌋ · inputs, outputs = out_c/groups.
// A tile is TILE_X pixels of an output row × TILE_G texels (of 4 outputs) of one group. Where a group's channels aren't a
// multiple of 4, its first and last texels are also its neighbours': lanes of others are read as 0 (they may hold NaN), and
// not stored. Then several invocations write to one texel, each to its lanes: ALIGNED is 0 where outputs % 4 != 0.
// Weights: for every pair of a group j and a texel og that holds outputs of it, and for each of TEXELS input texels (the most
// that a group's channels touch) and taps, 4 texels: for each input channel of the texel its weights for 4 outputs.
// Tiles count over groups' texels × N × out_h × ⌈out_w/TILE_X⌉, so that small images fill whole workgroups.
// Invocations: x = tile. Macros: TILE_X, TILE_G; KERNEL_W, STRIDE_W, DILATION_W, the row window; and see common.glsl
// and blocks.glsl.

#pragma optionNV(unroll all) // else NVIDIA's compiler keeps sum[][] in memory where TILE_G > 1; others ignore it

const int ROW = (TILE_X - 1) * STRIDE_W + (KERNEL_W - 1) * DILATION_W + 1;

// How many groups lie between two that start at a texel, for groups of that many channels.
int period(int channels) { return channels % 4 == 0 ? 1 : channels % 2 == 0 ? 2 : 4; }

// The most texels that a group of that many channels touches.
int texels_of(int channels) { return (period(channels) - 1) * (4 / period(channels)) + channels + 3 >> 2; }

// Of 4 channels from first on, those in from … to (exclusive).
bvec4 lanes_inside(int first, int from, int to) {
    ivec4 c = first + ivec4(0, 1, 2, 3);
    return bvec4(ivec4(greaterThanEqual(c, ivec4(from))) * ivec4(lessThan(c, ivec4(to))));
}

void main() {
    int inputs = C / conv_groups, outputs = out_c / conv_groups;
    int x_tiles = (out_w + TILE_X - 1) / TILE_X;
    int group_tiles = (texels_of(outputs) + TILE_G - 1) / TILE_G;
    int tile = invocation_x();
    if (tile >= conv_groups * group_tiles * N * out_h * x_tiles) return;
    ivec2 row_tile = divide(tile, x_tiles);        // ((j·group_tiles + group tile)·N + n)·out_h + y, x tile
    ivec2 plane_row = divide(row_tile.x, out_h);   // (j·group_tiles + group tile)·N + n, y
    ivec2 part_image = divide(plane_row.x, N);     // j·group_tiles + group tile, n
    ivec2 group_part = divide(part_image.x, group_tiles);
    int j = group_part.x, n = part_image.y, y = plane_row.y, first_x = row_tile.y * TILE_X;
    int from = j * outputs, to = from + outputs; // output channels
    int first_og = from / 4 + group_part.y * TILE_G, last_og = (to - 1) / 4;
    int first_in = j * inputs, first_ig = first_in / 4;

    int C4 = channel_groups(C), HW = H * W;
    int top = y * stride_h - pad_top, left = first_x * STRIDE_W - pad_left;
    int texels = texels_of(inputs);

    int filter_at[TILE_G]; // the weights of the group's first input texel; past the last og, the last one's
    for (int g = 0; g < TILE_G; ++g) {
        int pair = min(first_og + g, last_og) + j - j / period(outputs);
        filter_at[g] = weight_base + pair * texels * kernel_h * KERNEL_W * 4;
    }
    vec4 sum[TILE_G][TILE_X];
    for (int g = 0; g < TILE_G; ++g)
        for (int x = 0; x < TILE_X; ++x) sum[g][x] = vec4(0);

    int plane = src_base + (n * C4 + first_ig) * HW, ky = 0, channel = first_ig * 4;
    bvec4 mine = lanes_inside(channel, first_in, first_in + inputs);
    NEW_TOTALS
    int k = 0, end_k = texels * kernel_h;
    for (int stop; k < end_k;) {
        stop = min(k + TURNS, end_k);
        for (; k < stop; ++k) { // (input texel, ky), in the order of the weights
            int iy = top + ky * dilation_h;
            bool row_inside = uint(iy) < uint(H) && channel < first_in + inputs;
            int row_at = row_inside ? plane + iy * W : src_base; // texelFetch is undefined outside the buffer
            vec4 row[ROW];
            for (int i = 0; i < ROW; ++i) {
                bool inside = row_inside && uint(left + i) < uint(W);
                row[i] = mix(vec4(0), load_src(row_at + clamp(left + i, 0, W - 1)), bvec4(ivec4(mine) * int(inside)));
            }
            for (int g = 0; g < TILE_G; ++g) {
                vec4 w[KERNEL_W][4];
                for (int kx = 0; kx < KERNEL_W; ++kx) {
                    int at = filter_at[g] + (k * KERNEL_W + kx) * 4;
                    for (int i = 3; i >= 0; --i) w[kx][i] = load_weight(at + i);
#if BY_PIXEL == 0
                    for (int x = 0; x < TILE_X; ++x) {
                        vec4 v = row[x * STRIDE_W + kx * DILATION_W];
                        sum[g][x] += w[kx][0] * v.x;
                        sum[g][x] += w[kx][1] * v.y;
                        sum[g][x] += w[kx][2] * v.z;
                        sum[g][x] += w[kx][3] * v.w;
                    }
#endif
                }
#if BY_PIXEL == 1
                for (int x = 0; x < TILE_X; ++x) {
                    vec4 part = vec4(0);
                    for (int kx = 0; kx < KERNEL_W; ++kx) part = madd(part, w[kx][0], w[kx][1], w[kx][2], w[kx][3], row[x * STRIDE_W + kx * DILATION_W]);
                    sum[g][x] += part;
                }
#endif
            }
            ky += 1;
            if (ky == kernel_h) {
                ky = 0;
                plane += HW;
                channel += 4;
                mine = lanes_inside(channel, first_in, first_in + inputs);
            }
        }
        END_BLOCK(k <= TURNS, k >= end_k)
    }
    END_SUM

    for (int g = 0; g < TILE_G; ++g) {
        int og = min(first_og + g, last_og);
        Target t = target(og);
        vec4 bias = load_bias(og);
#if ALIGNED == 0
        // The lanes of this group, moved to the front: the texel's others are stored by others.
        int skip = max(from - og * 4, 0), end = min(to - og * 4, 4);
        t.tail = og * 4 + end == out_c ? t.tail : 0;
        t.channel += skip;
        t.valid = end - skip;
#endif
        for (int x = 0; x < TILE_X; ++x)
            if (first_x + x < out_w && first_og + g <= last_og) {
                vec4 v = sum[g][x] + bias;
#if ALIGNED == 0
                v = skip == 0 ? v : skip == 1 ? v.yzww : skip == 2 ? v.zwww : v.wwww;
#endif
                store(t, vec4(0), n, y * out_w + first_x + x, v);
            }
    }
}
