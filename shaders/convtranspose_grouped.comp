// convtranspose_grouped: any transposed convolution, one output per invocation. It serves groups, which need not start on a texel.
//
//   out(n, o, y, x) = act(bias(o) + Σ_{i, ky, kx} weight(first + i, o, ky, kx) · in(n, first + i, iy, ix))
//
// over the taps with a pixel iy = (y + PT − ky·DH)/SH, ix = (x + PL − kx·DW)/SW: whole numbers, inside the input; i < C/groups, and
// first = ⌊o / (out_c/groups)⌋ · C/groups. Weights: as a convolution's of C/groups inputs, see common.glsl.
// Invocations: x = pixel of N × out_h × out_w, y = output channel, counted with the padding of the last group.
// Stores scalars whatever ALIGNED says. Macros: see common.glsl.

void main() {
    int pixel = invocation_x();
    int o = invocation_y();
    if (pixel >= N * out_h * out_w) return;
    ivec2 image_pixel = divide(pixel, out_h * out_w);
    ivec2 yx = divide(image_pixel.y, out_w);

    int og = o / 4, lane = o % 4;
    int inputs = C / conv_groups;
    // Lanes past the last output, which store nothing, read where the last one reads: not past the end of the input.
    int first = min(o, out_c - 1) / (out_c / conv_groups) * inputs;
    int image = src_base + image_pixel.x * channel_groups(C) * H * W;
    int taps = kernel_h * kernel_w;
    int filters = weight_base + og * channel_groups(inputs) * taps * 4;

    float sum = 0.0;
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
            for (int i = 0; i < inputs; ++i) {
                int c = first + i;
                sum += load_weight(filters + (i / 4 * taps + ky * kernel_w + kx) * 4 + i % 4, lane)
                     * load_src(image + c / 4 * H * W + iy * W + ix, c % 4);
            }
        }
    }
    store(target(og), og, lane, image_pixel.x, image_pixel.y, sum);
}
