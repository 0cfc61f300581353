// normalize_apply: the second of two dispatches that bring all pixels of each group of channels to one scale, one texel (4 channels) per
// invocation. Means m and factors f are what normalize_groups left in scratch, bound as input; the input is bound beside it.
//
//   out(n, c, y, x) = act((in(n, c, y, x) − m) · f · scale(c) + shift(c))
//
// Scales: texel weight_base + group. Shifts: the bias. Invocations: x = output texel, [n][group][y][x]. Macros: see common.glsl.

void main() {
    int area = H * W;
    int i = invocation_x();
    if (i >= N * out_g * area) return;
    ivec2 plane_pixel = divide(i, area); // (n·out_g + group, pixel)
    ivec2 image_group = divide(plane_pixel.x, out_g);
    int n = image_group.x, g = image_group.y;
    vec4 m, f;
    if (size == 1 || size % 4 == 0) {
        int unit = size == 1 ? plane_pixel.x : n * conv_groups + divide(4 * g, size).x;
        m = load_src(2 * unit);
        f = load_src(2 * unit + 1);
    } else { // lanes of several groups
        for (int lane = 0; lane < 4; ++lane) {
            int unit = n * conv_groups + min(divide(4 * g + lane, size).x, conv_groups - 1);
            m[lane] = load_src(2 * unit)[lane];
            f[lane] = load_src(2 * unit + 1)[lane];
        }
    }
    vec4 v = (load_input(src_base + i) - m) * f * load_weight(weight_base + g);
    store(target(g), load_bias(g), n, plane_pixel.y, v);
}
