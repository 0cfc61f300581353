// maxpool: max pooling, one texel (4 channels) per invocation.
//
//   out(n, c, y, x) = max_{ky, kx} in(n, c, y·SH + ky − PT, x·SW + kx − PL)   over pixels inside the input
//
// Padding never wins; every window holds a pixel (the graph's shape rule).
// Invocations: x = output texel, [n][group][y][x]. Macros: see common.glsl.

void main() {
    int area = out_h * out_w;
    int i = invocation_x();
    if (i >= N * out_g * area) return;
    ivec2 plane_pixel = divide(i, area); // (n·out_g + group, pixel)
    ivec2 image_group = divide(plane_pixel.x, out_g);
    ivec2 yx = divide(plane_pixel.y, out_w);
    int top = yx.x * stride_h - pad_top, left = yx.y * stride_w - pad_left;

    int y0 = max(top, 0), y1 = min(top + kernel_h, H);
    int x0 = max(left, 0), x1 = min(left + kernel_w, W);
    int plane = src_base + plane_pixel.x * H * W;
    vec4 best = load_src(plane + y0 * W + x0); // not −∞: a tensor may hold it, and GLSL has no literal
    for (int y = y0; y < y1; ++y)
        for (int x = x0; x < x1; ++x) best = max(best, load_src(plane + y * W + x));
    store(target(image_group.y), load_bias(image_group.y), image_group.x, plane_pixel.y, best);
}
