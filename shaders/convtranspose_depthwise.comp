// convtranspose_depthwise: a transposed convolution of every channel by itself, as networks scale maps up bilinearly, one texel (4 channels)
// of outputs per invocation.
//
//   out(n, c, y, x) = act(bias(c) + Σ_{ky, kx} weight(c, ky, kx) · in(n, c, iy, ix))
//
// over the taps with a pixel iy = (y + PT − ky·DH)/SH, ix = (x + PL − kx·DW)/SW: whole numbers, inside the input.
// Weights: texel WeightBase + (g·KH + ky)·KW + kx holds those of channels 4·g … 4·g+3.
// Invocations: x = output texel, [n][group][y][x]. Macros: see common.glsl.

void main() {
    int area = out_h * out_w;
    int i = invocation_x();
    if (i >= N * out_g * area) return;
    ivec2 plane_pixel = divide(i, area); // (n·out_g + group, pixel)
    ivec2 image_group = divide(plane_pixel.x, out_g);
    ivec2 yx = divide(plane_pixel.y, out_w);
    int plane = src_base + plane_pixel.x * H * W;
    int filter_at = weight_base + image_group.y * kernel_h * kernel_w;
    ivec2 rows = taps_reaching(yx.x + pad_top, stride_h, dilation_h), columns = taps_reaching(yx.y + pad_left, stride_w, dilation_w);

    vec4 sum = vec4(0);
    for (int ky = rows.x; ky < kernel_h; ky += rows.y) {
        int below = yx.x + pad_top - ky * dilation_h; // iy·SH
        if (below < 0) break;
        ivec2 iy_rest = divide(below, stride_h);
        int iy = iy_rest.x;
        if (iy >= H || iy_rest.y != 0) continue;
        for (int kx = columns.x; kx < kernel_w; kx += columns.y) {
            int beside = yx.y + pad_left - kx * dilation_w; // ix·SW
            if (beside < 0) break;
            ivec2 ix_rest = divide(beside, stride_w);
            int ix = ix_rest.x;
            if (ix >= W || ix_rest.y != 0) continue;
            sum += load_weight(filter_at + ky * kernel_w + kx) * load_src(plane + iy * W + ix);
        }
    }
    store(target(image_group.y), load_bias(image_group.y), image_group.x, plane_pixel.y, sum);
}
