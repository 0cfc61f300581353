// normalize: the channels of each pixel brought to one scale, one pixel per invocation.
//
//   out(n, c, y, x) = act((in(n, c, y, x) − m) · f · scale(c) + shift(c))
//
// mode 0: m is the mean of the pixel's channels, f = 1/√(mean of (in − m)² + offset), in two passes. 1: m = 0. 2: m = 0, f = 1/Σ|in|.
// f is 0 where it would be 1/0. inv_area is one over what means are of.
// Scales: texel weight_base + group. Shifts: the bias. Invocations: x = pixel, [n][y][x]. Macros: see common.glsl.

vec4 term(vec4 d) { return mode == 2 ? abs(d) : d * d; }

float factor(float sum) {
    float of = sum * inv_area + offset;
    if (of == 0.0) return 0.0;
    return mode == 2 ? 1.0 / of : inversesqrt(of);
}

void main() {
    int area = H * W;
    int i = invocation_x();
    if (i >= N * area) return;
    ivec2 image_pixel = divide(i, area);
    int p = src_base + image_pixel.x * out_g * area + image_pixel.y;

    vec4 sum = vec4(0);
    float m = 0.0;
    if (mode == 0) {
        for (int g = 0; g < out_g; ++g) sum += load_src(p + g * area);
        m = dot(sum, vec4(1)) * inv_area;
    }
    sum = vec4(0);
    for (int g = 0; g < out_g; ++g) {
        bvec4 past = greaterThanEqual(4 * g + ivec4(0, 1, 2, 3), ivec4(C));
        sum += mix(term(load_src(p + g * area) - m), vec4(0), past);
    }
    float f = factor(dot(sum, vec4(1)));
    for (int g = 0; g < out_g; ++g)
        store(target(g), load_bias(g), image_pixel.x, image_pixel.y, (load_src(p + g * area) - m) * f * load_weight(weight_base + g));
}
