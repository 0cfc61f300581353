// conv: any 2-D convolution, one output per invocation. It reads like the formula, serves whatever no other kernel does, and is
// what the faster ones are measured against.
//
//   out(n, o, y, x) = bias(o) + Σ_{i, ky, kx} weight(o, i, ky, kx) · in(n, first + i, y·SH + ky·DH − PT, x·SW + kx·DW − PL)
//
// with zeros outside the input, i < C/groups, and first = ⌊o / (out_c/groups)⌋ · C/groups.
// Invocations: x = pixel of N × out_h × out_w, y = output channel, counted with the padding of every segment's last group.
// Stores scalars whatever ALIGNED says. Macros: see common.glsl.

void main() {
    int pixel = invocation_x();
    int o = invocation_y();
    if (pixel >= N * out_h * out_w) return;
    int n = pixel / (out_h * out_w);
    pixel -= n * out_h * out_w;
    int y = pixel / out_w, x = pixel - y * out_w;

    int og = o / 4, lane = o % 4;
    int inputs = C / conv_groups;
    // Lanes past the last output, which store nothing, read where the last one reads: not past the end of the input.
    int first = conv_groups == 1 ? 0 : min(o, out_c - 1) / (out_c / conv_groups) * inputs;
    int C4 = channel_groups(C), IG = channel_groups(inputs);

    float sum = 0.0;
    for (int i = 0, stop; i < inputs;) { // in blocks, which err less than a chain
        float part = 0.0;
        for (stop = min(i + 16, inputs); i < stop; ++i) {
            int plane = src_base + (n * C4 + (first + i) / 4) * H * W;
            int filter_base = weight_base + (og * IG + i / 4) * kernel_h * kernel_w * 4 + i % 4;
            for (int ky = 0; ky < kernel_h; ++ky) {
                int iy = y * stride_h + ky * dilation_h - pad_top;
                for (int kx = 0; kx < kernel_w; ++kx) {
                    int ix = x * stride_w + kx * dilation_w - pad_left;
                    if (iy >= 0 && iy < H && ix >= 0 && ix < W)
                        part += load_weight(filter_base + (ky * kernel_w + kx) * 4, lane)
                              * load_src(plane + iy * W + ix, (first + i) % 4);
                }
            }
        }
        sum += part;
    }
    store(target(og), og, lane, n, pixel, sum);
}
