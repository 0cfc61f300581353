// copy: copies a tensor to channels dst_channel … of another one, one texel (4 channels) per invocation: concat as
// frameworks do it. Plans let the producers write in place instead.
//
//   out(n, dst_channel + c, y, x) = act(in(n, c, y, x) + bias(c))
//
// Invocations: x = texel, [n][group][y][x]. Macros: see common.glsl.

void main() {
    int area = H * W;
    int i = invocation_x();
    if (i >= N * out_g * area) return;
    ivec2 plane_pixel = divide(i, area); // (n·out_g + group, pixel)
    ivec2 image_group = divide(plane_pixel.x, out_g);
    store(target(image_group.y), load_bias(image_group.y), image_group.x, plane_pixel.y, load_src(src_base + i));
}
