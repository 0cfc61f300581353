// matmul: a product of two tensors as matrices, image by image, one texel (4 columns) of outputs per invocation. It reads like the formula
// and is what the faster ones are measured against.
//
//   out(n, j, i) = act(Σ_k a(n, k, i) · b(n, j, k) + bias(j))          pixels counted row by row
//
// mode, bit 0: a(n, i, k), its rows are channels and the terms pixels; bit 1: b(n, k, j), its columns are pixels and the terms channels.
// An input of fewer images than the output repeats them.
// Invocations: x = output texel, [n][group][y][x]. Macros: see common.glsl.

// lane is channel c of image n of the first input, at a pixel.
float first(int n, int c, int pixel) { return lane_of(load_src(src_base + (n * channel_groups(C) + c / 4) * H * W + pixel), c % 4); }

vec4 second_texel(int n, int group, int pixel) {
    return load_second(src2_base + (n * channel_groups(src2_c) + group) * src2_h * src2_w + pixel);
}

void main() {
    int rows = out_h * out_w;
    int i = invocation_x();
    if (i >= out_n * out_g * rows) return;
    ivec2 plane_row = divide(i, rows); // (n·out_g + group, row)
    ivec2 image_group = divide(plane_row.x, out_g);
    int a = divide(image_group.x, N).y, b = divide(image_group.x, src2_n).y;
    int row = plane_row.y, group = image_group.y;
    bool a_pixels = (mode & 1) != 0, b_channels = (mode & 2) != 0;
    int terms = a_pixels ? H * W : C;

    vec4 sum = vec4(0);
    for (int k = 0, stop; k < terms;) { // in blocks, which err less than a chain
        vec4 part = vec4(0);
        for (stop = min(k + 64, terms); k < stop; ++k) {
            float factor = a_pixels ? first(a, row, k) : first(a, k, row);
            vec4 columns;
            if (b_channels) {
                for (int j = 0; j < 4; ++j) columns[j] = lane_of(second_texel(b, k / 4, min(4 * group + j, out_c - 1)), k % 4);
            } else {
                columns = second_texel(b, group, k);
            }
            part += columns * factor;
        }
        sum += part;
    }
    store(target(group), load_bias(group), image_group.x, row, sum);
}
