// depthwise: 2-D convolution of every channel by itself, one texel (4 channels) of outputs per invocation.
//
//   out(n, c, y, x) = bias(c) + Σ_{ky, kx} weight(c, ky, kx) · in(n, c, y·SH + ky·DH − PT, x·SW + kx·DW − PL)
//
// with zeros outside the input. It reads like the formula and takes any window; depthwise_tiled is the fast one.
// Weights: texel WeightBase + (g·KH + ky)·KW + kx holds those of channels 4·g … 4·g+3.
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
    int filter_at = weight_base + image_group.y * kernel_h * kernel_w;

    vec4 sum = vec4(0), part = vec4(0); // rows of more than 16 taps are summed in blocks, which err less than a chain
    for (int ky = 0; ky < kernel_h; ++ky) {
        int y = top + ky * dilation_h;
        for (int kx = 0, stop; kx < kernel_w;) {
            for (stop = min(kx + 16, kernel_w); kx < stop; ++kx) {
                int x = left + kx * dilation_w;
                if (y >= 0 && y < H && x >= 0 && x < W)
                    part += load_weight(filter_at + ky * kernel_w + kx) * load_src(plane + y * W + x);
            }
            if (kernel_w > 16) {
                sum += part;
                part = vec4(0);
            }
        }
    }
    sum += part;
    store(target(image_group.y), load_bias(image_group.y), image_group.x, plane_pixel.y, sum);
}
