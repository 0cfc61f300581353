// split_sum: the second dispatch of a split sum (split-K): adds the parts in order, so that the answer is the same in every
// run, then bias and activation. One texel (4 channels) per invocation.
//
//   out(n, c, y, x) = act((…(part₀ + part₁) + …) + bias(c)),   partᵢ at texel [i][n][group][pixel] of what is bound as input
//
// Invocations: x = output texel, [n][group][y][x]. Macros: SPLITS, and see common.glsl.

void main() {
    int area = out_h * out_w, texels = N * out_g * area;
    int i = invocation_x();
    if (i >= texels) return;
    ivec2 plane_pixel = divide(i, area); // (n·out_g + group, pixel)
    ivec2 image_group = divide(plane_pixel.x, out_g);
    vec4 sum = load_src(i);
    for (int part = 1; part < SPLITS; ++part) sum += load_src(part * texels + i);
    store(target(image_group.y), load_bias(image_group.y), image_group.x, plane_pixel.y, sum);
}
