// resize: interpolation along rows and columns, one texel (4 channels) per invocation. Which pixels an output takes, and with what
// weights, comes in tables from the host: coordinates in float32 would now and then find another pixel.
//
//   out(n, c, y, x) = act(bias(c) + Σ_i wy(y, i) · Σ_j wx(x, j) · in(n, c, iy(y, i), ix(x, j))), or of value where iy(y, 0) or ix(x, 0) is −1
//
// i < KH, j < KW, without the terms whose weight is 0. Where KH = KW = 1 pixels are copied: NaN and infinity stay as they are.
// Tables: texel weight_base + y·⌈KH/2⌉ + k holds iy, wy of i = 2k and of i = 2k + 1, those of columns follow after OH·⌈KH/2⌉ texels.
// Invocations: x = output texel, [n][group][y][x]. Macros: see common.glsl.

// The sum over a row's pixels; columns is the first texel of its weights.
vec4 row_sum(int row, int columns) {
    vec4 sum = vec4(0);
    for (int k = 0; k < (kernel_w + 1) / 2; ++k) {
        vec4 t = load_weight(columns + k);
        if (t.y != 0.0) sum += t.y * load_src(row + int(t.x));
        if (t.w != 0.0) sum += t.w * load_src(row + int(t.z));
    }
    return sum;
}

void main() {
    int area = out_h * out_w;
    int i = invocation_x();
    if (i >= N * out_g * area) return;
    ivec2 plane_pixel = divide(i, area); // (n·out_g + group, pixel)
    ivec2 image_group = divide(plane_pixel.x, out_g);
    ivec2 yx = divide(plane_pixel.y, out_w);
    int row_texels = (kernel_h + 1) / 2;
    int rows = weight_base + yx.x * row_texels;
    int columns = weight_base + out_h * row_texels + yx.y * ((kernel_w + 1) / 2);
    int plane = src_base + plane_pixel.x * H * W;

    int top = int(load_weight(rows).x), left = int(load_weight(columns).x);
    vec4 v = vec4(value);
    if (top >= 0 && left >= 0) {
        if (kernel_h == 1 && kernel_w == 1) {
            v = load_src(plane + top * W + left);
        } else {
            v = vec4(0);
            for (int k = 0; k < row_texels; ++k) {
                vec4 t = load_weight(rows + k);
                if (t.y != 0.0) v += t.y * row_sum(plane + int(t.x) * W, columns);
                if (t.w != 0.0) v += t.w * row_sum(plane + int(t.z) * W, columns);
            }
        }
    }
    store(target(image_group.y), load_bias(image_group.y), image_group.x, plane_pixel.y, v);
}
