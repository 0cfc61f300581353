// affine: a scale and a shift for each channel, one texel (4 channels) per invocation: batch norm that no convolution could
// take in.
//
//   out(n, c, y, x) = act(scale(c) · in(n, c, y, x) + shift(c))
//
// Scales: texel weight_base + group. Shifts: the bias. Invocations: x = texel, [n][group][y][x]. Macros: see common.glsl.

void main() {
    int area = H * W;
    int i = invocation_x();
    if (i >= N * out_g * area) return;
    ivec2 plane_pixel = divide(i, area); // (n·out_g + group, pixel)
    ivec2 image_group = divide(plane_pixel.x, out_g);
    vec4 v = load_weight(weight_base + image_group.y) * load_src(src_base + i);
    store(target(image_group.y), load_bias(image_group.y), image_group.x, plane_pixel.y, v);
}
