// add: element by element, one texel (4 channels) per invocation.
//
//   out(n, c, y, x) = act(in(n, c, y, x) + in2(n, c, y, x) + bias(c))      src2_pixel 0
//   out(n, c, y, x) = act(in(n, c, y, x) + in2(n, c, 0, 0) + bias(c))      src2_pixel 1
//
// Invocations: x = texel, [n][group][y][x]. Macros: see common.glsl.

void main() {
    int area = H * W;
    int i = invocation_x();
    if (i >= N * out_g * area) return;
    ivec2 plane_pixel = divide(i, area); // (n·out_g + group, pixel)
    ivec2 image_group = divide(plane_pixel.x, out_g);
    int at = src2_pixel == 1 ? plane_pixel.x : i;
    vec4 v = load_src(src_base + i) + load_second(src2_base + at);
    store(target(image_group.y), load_bias(image_group.y), image_group.x, plane_pixel.y, v);
}
