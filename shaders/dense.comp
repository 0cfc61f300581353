// dense: a fully connected layer, which is a convolution whose window is the whole input: one pixel of outputs an image. Its
// time is that of reading the weights: each is read once for TILE_X images, by neighbouring invocations side by side.
//
//   out(n, o) = bias(o) + Σ_{i, y, x} weight(o, i, y, x) · in(n, i, y, x)
//
// The texels of an image follow each other, and so do the weights for them: term t, of C4·H·W, is input texel t with weight
// texels 4·t … 4·t+3 of the output group. A workgroup computes TILE_G groups of 4 outputs for TILE_X images. Invocation i sums
// terms i, i + LOCAL_X …; these sums are added in order: the answer is the same in every run.
// Workgroups: x = group tile, y = image tile. Macros: TILE_X, TILE_G, and see common.glsl
// and blocks.glsl.

#pragma optionNV(unroll all) // else NVIDIA's compiler keeps sum[][] in memory where TILE_G > 1; others ignore it

shared vec4 sum_of[TILE_G * TILE_X * LOCAL_X];

void main() {
    int terms = channel_groups(C) * H * W;
    int first_group = workgroup_x() * TILE_G, first_image = workgroup_y() * TILE_X;
    int thread = int(gl_LocalInvocationID.x);

    int image_at[TILE_X]; // past the last image, the last one's
    for (int x = 0; x < TILE_X; ++x) image_at[x] = src_base + min(first_image + x, N - 1) * terms;
    int filter_at[TILE_G]; // past the last group, the last one's
    for (int g = 0; g < TILE_G; ++g) filter_at[g] = weight_base + min(first_group + g, out_g - 1) * terms * 4;

    vec4 sum[TILE_G][TILE_X];
    for (int g = 0; g < TILE_G; ++g)
        for (int x = 0; x < TILE_X; ++x) sum[g][x] = vec4(0);
    NEW_TOTALS
    int t = thread;
    for (int stop; t < terms;) {
        stop = min(t + TURNS * LOCAL_X, terms);
        for (; t < stop; t += LOCAL_X) {
            vec4 in_[TILE_X];
            for (int x = 0; x < TILE_X; ++x) in_[x] = load_src(image_at[x] + t);
            for (int g = 0; g < TILE_G; ++g) {
                int at = filter_at[g] + t * 4;
                vec4 w3 = load_weight(at + 3), w2 = load_weight(at + 2), w1 = load_weight(at + 1), w0 = load_weight(at);
                for (int x = 0; x < TILE_X; ++x) {
                    sum[g][x] += w0 * in_[x].x;
                    sum[g][x] += w1 * in_[x].y;
                    sum[g][x] += w2 * in_[x].z;
                    sum[g][x] += w3 * in_[x].w;
                }
            }
        }
        END_BLOCK(false, false)
    }
    END_SUM
    for (int g = 0; g < TILE_G; ++g)
        for (int x = 0; x < TILE_X; ++x) sum_of[(g * TILE_X + x) * LOCAL_X + thread] = sum[g][x];
    memoryBarrierShared();
    barrier();

    for (int i = thread; i < TILE_G * TILE_X; i += LOCAL_X) {
        int group = first_group + i / TILE_X, n = first_image + i % TILE_X;
        vec4 v = sum_of[i * LOCAL_X];
        for (int other = 1; other < LOCAL_X; ++other) v += sum_of[i * LOCAL_X + other];
        if (group < out_g && n < N) store(target(group), load_bias(group), n, 0, v);
    }
}
