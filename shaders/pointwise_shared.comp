// pointwise_shared: 1×1 convolution, stride 1, no padding, as a matrix product with tiles in shared memory, for GPUs whose
// shared memory is faster than their caches. (On software drivers shared memory loads are slow: pointwise_tiled wins there.)
//
//   out(n, o, y, x) = bias(o) + Σ_i weight(o, i) · in(n, i, y, x)
//
// A workgroup computes LOCAL_X·TILE_X pixels (of N × H × W) × LOCAL_Y·TILE_G groups of 4 outputs, TILE_X × TILE_G of them
// per invocation. It goes through the input TILE_K groups (of 4 channels) at a time: all invocations stage that slice of
// input and weights, then each multiplies its part. A slice's texels are so loaded once per workgroup.
// Workgroups: x = pixel tile, y = group tile.
// Macros: TILE_X, TILE_G, TILE_K, and see common.glsl.

const int THREADS = LOCAL_X * LOCAL_Y;
const int PIXELS = LOCAL_X * TILE_X;
const int GROUPS = LOCAL_Y * TILE_G;

shared int texel_of[PIXELS];                  // a pixel's texel of input group 0
shared vec4 in_tile[TILE_K * PIXELS];         // [input group][pixel]
shared vec4 weight_tile[TILE_K * 4 * GROUPS]; // [input channel][output group]

void main() {
    int HW = H * W, pixels = N * HW;
    int C4 = channel_groups(C);
    int tx = int(gl_LocalInvocationID.x), ty = int(gl_LocalInvocationID.y);
    int thread = ty * LOCAL_X + tx;
    int first_pixel = workgroup_x() * PIXELS, first_group = int(gl_WorkGroupID.y) * GROUPS;

    for (int i = thread; i < PIXELS; i += THREADS) {
        ivec2 at = divide(min(first_pixel + i, pixels - 1), HW);
        texel_of[i] = src_base + at.x * C4 * HW + at.y;
    }
    memoryBarrierShared();
    barrier();

    vec4 sum[TILE_G][TILE_X];
    for (int g = 0; g < TILE_G; ++g)
        for (int x = 0; x < TILE_X; ++x) sum[g][x] = vec4(0);

    for (int k0 = 0; k0 < C4; k0 += TILE_K) {
        for (int i = thread; i < TILE_K * PIXELS; i += THREADS) {
            int ig = k0 + i / PIXELS;
            vec4 v = load_src(texel_of[i % PIXELS] + min(ig, C4 - 1) * HW);
            in_tile[i] = ig < C4 ? v : vec4(0);
        }
        for (int i = thread; i < TILE_K * 4 * GROUPS; i += THREADS) {
            int channel = min(k0 * 4 + i % (TILE_K * 4), C4 * 4 - 1); // past the end: multiplied by staged zeros
            int g = i / (TILE_K * 4);
            vec4 w = load_weight(weight_base + min(first_group + g, out_g - 1) * C4 * 4 + channel);
            weight_tile[i % (TILE_K * 4) * GROUPS + g] = w;
        }
        memoryBarrierShared();
        barrier();
        for (int k = 0; k < TILE_K; ++k) {
            vec4 v[TILE_X];
            for (int x = 0; x < TILE_X; ++x) v[x] = in_tile[k * PIXELS + x * LOCAL_X + tx];
            for (int g = 0; g < TILE_G; ++g) {
                int at = k * 4 * GROUPS + g * LOCAL_Y + ty;
                vec4 w0 = weight_tile[at];
                vec4 w1 = weight_tile[at + GROUPS];
                vec4 w2 = weight_tile[at + 2 * GROUPS];
                vec4 w3 = weight_tile[at + 3 * GROUPS];
                for (int x = 0; x < TILE_X; ++x)
                    sum[g][x] += w0 * v[x].x + w1 * v[x].y + w2 * v[x].z + w3 * v[x].w;
            }
        }
        barrier(); // the next slice overwrites what others may still read
    }

    for (int g = 0; g < TILE_G; ++g) {
        int group = min(first_group + g * LOCAL_Y + ty, out_g - 1);
        Target t = target(group);
        vec4 bias = load_bias(group);
        for (int x = 0; x < TILE_X; ++x) {
            int pixel = first_pixel + x * LOCAL_X + tx;
            ivec2 at = divide(pixel, HW);
            if (pixel < pixels && first_group + g * LOCAL_Y + ty < out_g) store(t, bias, at.x, at.y, sum[g][x]);
        }
    }
}
