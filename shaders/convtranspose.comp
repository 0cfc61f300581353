// convtranspose: a transposed convolution of one group, one texel (4 output channels) per invocation. It gathers: each output sums the
// taps that reach it, so that no two invocations write to one place.
//
//   out(n, o, y, x) = act(bias(o) + Σ_{i, ky, kx} weight(i, o, ky, kx) · in(n, i, iy, ix))
//
// over the taps with a pixel iy = (y + PT − ky·DH)/SH, ix = (x + PL − kx·DW)/SW: whole numbers, inside the input.
// Weights: as a convolution's, see common.glsl. Invocations: x = output texel, [n][group][y][x]. Macros: see common.glsl.

void main() {
    int area = out_h * out_w;
    int i = invocation_x();
    if (i >= N * out_g * area) return;
    ivec2 plane_pixel = divide(i, area); // (n·out_g + group, pixel)
    ivec2 image_group = divide(plane_pixel.x, out_g);
    ivec2 yx = divide(plane_pixel.y, out_w);
    int C4 = channel_groups(C), taps = kernel_h * kernel_w;
    int image = src_base + image_group.x * C4 * H * W;
    int filters = weight_base + image_group.y * C4 * taps * 4;

    vec4 sum = vec4(0);
    ivec2 rows = taps_reaching(yx.x + pad_top, stride_h, dilation_h), columns = taps_reaching(yx.y + pad_left, stride_w, dilation_w);
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
            int at = image + iy * W + ix, w = filters + (ky * kernel_w + kx) * 4;
            for (int g = 0; g < C4; ++g, at += H * W, w += taps * 4)
                sum = madd(sum, load_weight(w), load_weight(w + 1), load_weight(w + 2), load_weight(w + 3), load_src(at));
        }
    }
    store(target(image_group.y), load_bias(image_group.y), image_group.x, plane_pixel.y, sum);
}
