// reshape: the same elements in NCHW order under other extents, one output texel (4 channels) per invocation. In NC4HW4 that
// moves every element, so plans avoid it where they can: a flatten before a fully connected layer costs nothing.
//
//   out[j] = act(in[j] + bias(c)) for j = ((n·out_c + c)·out_h + y)·out_w + x, both tensors in NCHW order
//
// Invocations: x = output texel, [n][group][y][x]. Macros: see common.glsl.

// element is in[j].
float element(int j) {
    ivec2 plane_pixel = divide(j, H * W);          // (n·C + c, pixel)
    ivec2 image_channel = divide(plane_pixel.x, C);
    int plane = image_channel.x * channel_groups(C) + image_channel.y / 4;
    return lane_of(load_src(src_base + plane * H * W + plane_pixel.y), image_channel.y % 4);
}

void main() {
    int area = out_h * out_w;
    int i = invocation_x();
    if (i >= out_n * out_g * area) return;
    ivec2 plane_pixel = divide(i, area); // (n·out_g + group, pixel)
    ivec2 image_group = divide(plane_pixel.x, out_g);
    int first = (image_group.x * out_c + 4 * image_group.y) * area + plane_pixel.y;
    vec4 v = vec4(0);
    for (int lane = 0; lane < 4; ++lane)
        if (4 * image_group.y + lane < out_c) v[lane] = element(first + lane * area);
    store(target(image_group.y), load_bias(image_group.y), image_group.x, plane_pixel.y, v);
}
