// avgpool: average pooling, one texel (4 channels) per invocation, with bias and activation for the swapped
// average-pool / 1×1 pair.
//
//   out(n, c, y, x) = bias(c) + (Σ_{ky, kx} in(n, c, y·SH + ky − PT, x·SW + kx − PL)) / count
//
// summing pixels inside the input. count_include_pad 1: count = pixels of the window inside input and padding, KH·KW but for
// windows that ceil mode lets reach past the padding. count_include_pad 0: count = pixels summed. A full window multiplies
// by inv_area, as the rewrites do on the host.
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
    vec4 sum = vec4(0);
    for (int y = y0; y < y1; ++y)
        for (int x = x0; x < x1; ++x) sum += load_src(plane + y * W + x);

    int count = (y1 - y0) * (x1 - x0);
    if (count_include_pad == 1)
        count = (min(top + kernel_h, H + pad_bottom) - top) * (min(left + kernel_w, W + pad_right) - left);
    sum *= count == kernel_h * kernel_w ? inv_area : 1.0 / float(count);
    store(target(image_group.y), load_bias(image_group.y), image_group.x, plane_pixel.y, sum);
}
