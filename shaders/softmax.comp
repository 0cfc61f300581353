// softmax: over the channels, one pixel per invocation. The maximum is subtracted first: exp can't overflow then, and loses
// least precision near 0.
//
//   out(n, c, y, x) = act(exp(in(n, c, y, x) − m) / Σ_i exp(in(n, i, y, x) − m) + bias(c)),   m = max_i in(n, i, y, x)
//
// Invocations: x = pixel, [n][y][x]. Macros: see common.glsl.

// shifted is exp(in − m) of group g at pixel p (of the group's plane), 0 in the lanes past the last channel.
vec4 shifted(int p, int g, float m) {
    bvec4 past = greaterThanEqual(4 * g + ivec4(0, 1, 2, 3), ivec4(C));
    return mix(exp(load_src(p + g * H * W) - m), vec4(0), past);
}

void main() {
    int area = H * W;
    int i = invocation_x();
    if (i >= N * area) return;
    ivec2 image_pixel = divide(i, area);
    int p = src_base + image_pixel.x * out_g * area + image_pixel.y;
    float m = load_src(p).x;
    for (int g = 0; g < out_g; ++g) {
        vec4 v = load_src(p + g * area);
        bvec4 past = greaterThanEqual(4 * g + ivec4(0, 1, 2, 3), ivec4(C));
        v = mix(v, vec4(m), past);
        m = max(m, max(max(v.x, v.y), max(v.z, v.w)));
    }
    float sum = 0.0;
    for (int g = 0; g < out_g; ++g) sum += dot(shifted(p, g, m), vec4(1));
    for (int g = 0; g < out_g; ++g)
        store(target(g), load_bias(g), image_pixel.x, image_pixel.y, shifted(p, g, m) / sum);
}
