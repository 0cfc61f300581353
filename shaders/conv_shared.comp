// conv_shared: 2-D convolution with one group, as an implicit matrix product with tiles in shared memory, for GPUs whose
// shared memory is faster than their caches. (On software drivers shared memory loads are slow: conv_tiled wins there.)
//
//   out(n, o, y, x) = bias(o) + Σ_{i, ky, kx} weight(o, i, ky, kx) · in(n, i, y·SH + ky·DH − PT, x·SW + kx·DW − PL)
//
// The sum runs over taps t = (ig·KH + ky)·KW + kx, each a texel of 4 input channels. A workgroup computes LOCAL_X·TILE_X
// pixels (of N × out_h × out_w) × LOCAL_Y·TILE_G groups of 4 outputs, TILE_X × TILE_G of them per invocation, TILE_K taps
// at a time: all invocations stage the taps of every pixel and the weights, then each multiplies its part.
// Workgroups: x = pixel tile, y = group tile.
// Macros: TILE_X, TILE_G, TILE_K, and see common.glsl.

const int THREADS = LOCAL_X * LOCAL_Y;
const int PIXELS = LOCAL_X * TILE_X;
const int GROUPS = LOCAL_Y * TILE_G;

shared ivec4 window_of[PIXELS];               // a pixel's image (its texel of input group 0), top and left
shared vec4 in_tile[TILE_K * PIXELS];         // [tap][pixel]
shared vec4 weight_tile[TILE_K * 4 * GROUPS]; // [tap][input channel][output group]

void main() {
    int HW = H * W, area = out_h * out_w, pixels = N * area;
    int C4 = channel_groups(C), taps = C4 * kernel_h * kernel_w;
    int tx = int(gl_LocalInvocationID.x), ty = int(gl_LocalInvocationID.y);
    int thread = ty * LOCAL_X + tx;
    int first_pixel = workgroup_x() * PIXELS, first_group = int(gl_WorkGroupID.y) * GROUPS;

    for (int i = thread; i < PIXELS; i += THREADS) {
        ivec2 at = divide(min(first_pixel + i, pixels - 1), area);
        ivec2 yx = divide(at.y, out_w);
        window_of[i] = ivec4(src_base + at.x * C4 * HW, yx.x * stride_h - pad_top, yx.y * stride_w - pad_left, 0);
    }
    memoryBarrierShared();
    barrier();

    vec4 sum[TILE_G][TILE_X];
    for (int g = 0; g < TILE_G; ++g)
        for (int x = 0; x < TILE_X; ++x) sum[g][x] = vec4(0);

    for (int t0 = 0; t0 < taps; t0 += TILE_K) {
        for (int i = thread; i < TILE_K * PIXELS; i += THREADS) {
            int tap = t0 + i / PIXELS;
            ivec4 window = window_of[i % PIXELS];
            ivec2 row_kx = divide(tap, kernel_w); // (ig·KH + ky, kx)
            ivec2 ig_ky = divide(row_kx.x, kernel_h);
            int iy = window.y + ig_ky.y * dilation_h, ix = window.z + row_kx.y * dilation_w;
            bool inside = tap < taps && iy >= 0 && iy < H && ix >= 0 && ix < W;
            vec4 v = load_src(inside ? window.x + ig_ky.x * HW + iy * W + ix : src_base);
            in_tile[i] = inside ? v : vec4(0);
        }
        for (int i = thread; i < TILE_K * 4 * GROUPS; i += THREADS) {
            int channel = min(t0 * 4 + i % (TILE_K * 4), taps * 4 - 1); // past the end: multiplied by staged zeros
            int g = i / (TILE_K * 4);
            vec4 w = load_weight(weight_base + min(first_group + g, out_g - 1) * taps * 4 + channel);
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
            ivec2 at = divide(pixel, area);
            if (pixel < pixels && first_group + g * LOCAL_Y + ty < out_g) store(t, bias, at.x, at.y, sum[g][x]);
        }
    }
}
