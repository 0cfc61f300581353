// lrn: local response normalisation across channels, one texel (4 channels) per invocation.
//
//   out(n, c, y, x) = act(in(n, c, y, x) · (offset + alpha · Σ_i in(n, i, y, x)²)^−beta + bias(c)),
//   i from c − ⌊(size−1)/2⌋ to c + ⌈(size−1)/2⌉, inside the tensor; alpha is already divided by size.
//
// Invocations: x = texel, [n][group][y][x]. Macros: see common.glsl.

void main() {
    int area = H * W;
    int i = invocation_x();
    if (i >= N * out_g * area) return;
    ivec2 plane_pixel = divide(i, area); // (n·out_g + group, pixel)
    ivec2 image_group = divide(plane_pixel.x, out_g);
    int before = (size - 1) / 2, after = size / 2; // ⌊(size−1)/2⌋ and ⌈(size−1)/2⌉
    int c = 4 * image_group.y;
    int first = max(c - before, 0) / 4, last = min((c + 3 + after) / 4, out_g - 1);
    ivec4 channel = c + ivec4(0, 1, 2, 3);
    vec4 sum = vec4(0);
    for (int g = first; g <= last; ++g) {
        vec4 v = load_src(src_base + (image_group.x * out_g + g) * area + plane_pixel.y);
        v *= v;
        for (int lane = 0; lane < 4; ++lane) {
            ivec4 d = ivec4(4 * g + lane) - channel;
            bvec4 far = bvec4(ivec4(lessThan(d, ivec4(-before))) | ivec4(greaterThan(d, ivec4(after))));
            sum += mix(vec4(v[lane]), vec4(0), far);
        }
    }
    vec4 v = load_src(src_base + i) * exp2(-beta * log2(offset + alpha * sum));
    store(target(image_group.y), load_bias(image_group.y), image_group.x, plane_pixel.y, v);
}
