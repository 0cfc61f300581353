// gather: picks channels, one texel (4 channels) per invocation. It moves values as they are: NaN and infinity stay where
// they are, and no sum is taken.
//
//   out(n, c, y, x) = act(in(n, index(c), y, x) + bias(c))
//
// index(c) is lane c%4 of weight texel weight_base + c/4, a whole number below 2^24.
// Invocations: x = output texel, [n][group][y][x]. Macros: see common.glsl.

void main() {
    int area = H * W;
    int i = invocation_x();
    if (i >= N * out_g * area) return;
    ivec2 plane_pixel = divide(i, area); // (n·out_g + group, pixel)
    ivec2 image_group = divide(plane_pixel.x, out_g);
    ivec4 index = ivec4(load_weight(weight_base + image_group.y));
    int image = src_base + image_group.x * channel_groups(C) * area + plane_pixel.y;
    vec4 v;
    for (int lane = 0; lane < 4; ++lane) v[lane] = lane_of(load_src(image + index[lane] / 4 * area), index[lane] % 4);
    store(target(image_group.y), load_bias(image_group.y), image_group.x, plane_pixel.y, v);
}
