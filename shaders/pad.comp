// pad: a constant around the rows and columns, one texel (4 channels) per invocation. Plans fold zero padding into the
// convolution after it; this serves what is left.
//
//   out(n, c, y, x) = act(in(n, c, y − PT, x − PL) + bias(c)), with value for in() outside the input
//
// Invocations: x = output texel, [n][group][y][x]. Macros: see common.glsl.

void main() {
    int area = out_h * out_w;
    int i = invocation_x();
    if (i >= N * out_g * area) return;
    ivec2 plane_pixel = divide(i, area); // (n·out_g + group, pixel)
    ivec2 image_group = divide(plane_pixel.x, out_g);
    ivec2 yx = divide(plane_pixel.y, out_w) - ivec2(pad_top, pad_left);
    bool inside = yx.x >= 0 && yx.x < H && yx.y >= 0 && yx.y < W;
    vec4 v = inside ? load_src(src_base + (plane_pixel.x * H + yx.x) * W + yx.y) : vec4(value);
    store(target(image_group.y), load_bias(image_group.y), image_group.x, plane_pixel.y, v);
}
