// avgpool: average pooling, one texel (4 channels) per invocation, with bias and activation for the swapped
// average-pool / 1×1 pair.
//
//   out(n, c, y, x) = act(bias(c) + (Σ_{ky, kx} in(n, c, y·SH + ky·DH − PT, x·SW + kx·DW − PL)) / count)
//
// summing pixels inside the input. count_include_pad 1: count = taps inside input and padding, KH·KW but for windows that
// ceil mode lets reach past the padding. count_include_pad 0: count = taps summed. A full window multiplies by inv_area, as
// the rewrites do on the host.
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
    vec4 sum = vec4(0), some = vec4(0); // by row, and eight rows together: what one chain errs, gates would pass on to whole channels
    for (int ky = 0; ky < kernel_h; ++ky) {
        if (ky % 8 == 0) {
            sum += some;
            some = vec4(0);
        }
        int y = top + ky * dilation_h;
        if (y < 0 || y >= H) continue;
        vec4 row = vec4(0);
        for (int kx = 0; kx < kernel_w; ++kx) {
            int x = left + kx * dilation_w;
            if (x >= 0 && x < W) row += load_src(plane + y * W + x);
        }
        some += row;
    }
    sum += some;
    int rows = taps_inside(top, dilation_h, kernel_h, count_include_pad == 1 ? -pad_top : 0, count_include_pad == 1 ? H + pad_bottom : H);
    int columns = taps_inside(left, dilation_w, kernel_w, count_include_pad == 1 ? -pad_left : 0, count_include_pad == 1 ? W + pad_right : W);
    int count = rows * columns;
    sum *= count == kernel_h * kernel_w ? inv_area : 1.0 / float(count);
    store(target(image_group.y), load_bias(image_group.y), image_group.x, plane_pixel.y, sum);
}
