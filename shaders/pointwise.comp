// pointwise: 1×1 convolution, stride 1, no padding, one output per invocation. It reads like the formula and is what the
// faster ones are measured against.
//
//   out(n, o, y, x) = bias(o) + Σ_i weight(o, i) · in(n, i, y, x)
//
// Invocations: x = pixel of N × H × W, y = output channel, counted with the padding of every segment's last group.
// Stores single lanes whatever the destination. Macros: see common.glsl.

void main() {
    int pixel = invocation_x();
    int o = invocation_y();
    if (pixel >= N * H * W) return;
    int n = pixel / (H * W);
    pixel -= n * H * W;

    int og = o / 4, lane = o % 4;
    int C4 = channel_groups(C);
    float sum = 0.0;
    for (int i = 0, stop; i < C;) { // in blocks, which err less than a chain
        float part = 0.0;
        for (stop = min(i + 16, C); i < stop; ++i)
            part += load_weight(weight_base + (og * C4 + i / 4) * 4 + i % 4, lane)
                  * load_src(src_base + (n * C4 + i / 4) * H * W + pixel, i % 4);
        sum += part;
    }
    store(target(og), og, lane, n, pixel, sum);
}
