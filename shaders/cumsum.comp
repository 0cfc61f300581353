// cumsum: running sums over the channels, one pixel per invocation, from the first channel on or, with mode bit 2, from the last.
//
//   out(n, c, y, x) = act(Σ in(n, i, y, x) + bias(c)),   i = 0 … c,   c … C − 1 with mode bit 2;   without c itself with mode bit 1
//
// Invocations: x = pixel, [n][y][x]. Macros: see common.glsl.

void main() {
    int area = H * W;
    int i = invocation_x();
    if (i >= N * area) return;
    ivec2 image_pixel = divide(i, area);
    int p = src_base + image_pixel.x * out_g * area + image_pixel.y;
    bool exclusive = (mode & 1) != 0, back = (mode & 2) != 0;
    float sum = 0.0;
    for (int k = 0; k < out_g; ++k) {
        int g = back ? out_g - 1 - k : k;
        vec4 v = load_src(p + g * area), sums; // 0 past the last channel
        if (back) v = v.wzyx;
        vec4 upto = vec4(sum + v.x, 0.0, 0.0, 0.0);
        upto.y = upto.x + v.y;
        upto.z = upto.y + v.z;
        upto.w = upto.z + v.w;
        sums = exclusive ? vec4(sum, upto.xyz) : upto;
        sum = upto.w;
        if (back) sums = sums.wzyx;
        bvec4 past = greaterThanEqual(4 * g + ivec4(0, 1, 2, 3), ivec4(C));
        store(target(g), load_bias(g), image_pixel.x, image_pixel.y, mix(sums, vec4(0), past));
    }
}
