// maxpool: max pooling, one texel (4 channels) per invocation.
//
//   out(n, c, y, x) = act(bias(c) + max_{ky, kx} in(n, c, y·SH + ky·DH − PT, x·SW + kx·DW − PL))   over pixels inside the input
//
// Padding never wins: it is −∞. NaN does, as in PyTorch. Every window holds a pixel (the graph's shape rule).
// Invocations: x = output texel, [n][group][y][x]. Macros: see common.glsl.

void main() {
    int area = out_h * out_w;
    int i = invocation_x();
    if (i >= N * out_g * area) return;
    ivec2 plane_pixel = divide(i, area); // (n·out_g + group, pixel)
    ivec2 image_group = divide(plane_pixel.x, out_g);
    ivec2 yx = divide(plane_pixel.y, out_w);
    int top = yx.x * stride_h - pad_top, left = yx.y * stride_w - pad_left;

    int plane = src_base + plane_pixel.x * H * W;
    vec4 best = vec4(uintBitsToFloat(0xff800000u)); // −∞
    for (int ky = 0; ky < kernel_h; ++ky) {
        int y = top + ky * dilation_h;
        if (y < 0 || y >= H) continue;
        for (int kx = 0; kx < kernel_w; ++kx) {
            int x = left + kx * dilation_w;
            if (x >= 0 && x < W) best = max_nan(best, load_src(plane + y * W + x));
        }
    }
    store(target(image_group.y), load_bias(image_group.y), image_group.x, plane_pixel.y, best);
}
