// pad: what surrounds the rows and columns, one texel (4 channels) per invocation. Plans fold zero padding into the
// convolution after it; this serves what is left.
//
//   out(n, c, y, x) = act(in(n, c, at(y − PT), at(x − PL)) + bias(c)), with value for in() outside the input
//
// Inside the input at(i) = i; outside: mode 0 nothing, 1 the nearest, 2 mirrored, 3 from the other end.
// Invocations: x = output texel, [n][group][y][x]. Macros: see common.glsl.

// place is at(i) for a size, −1 for nothing. before is the padding before.
int place(int i, int size, int before) {
    if (mode == 1) return clamp(i, 0, size - 1);
    if (i >= 0 && i < size) return i;
    if (mode == 0) return -1;
    int period = mode == 3 ? size : max(2 * (size - 1), 1);
    i = (i + (before + period - 1) / period * period) % period; // % is defined for what isn't negative
    return mode == 3 ? i : min(i, period - i) % size; // a size of 1 has the period 1
}

void main() {
    int area = out_h * out_w;
    int i = invocation_x();
    if (i >= N * out_g * area) return;
    ivec2 plane_pixel = divide(i, area); // (n·out_g + group, pixel)
    ivec2 image_group = divide(plane_pixel.x, out_g);
    ivec2 yx = divide(plane_pixel.y, out_w) - ivec2(pad_top, pad_left);
    yx = ivec2(place(yx.x, H, pad_top), place(yx.y, W, pad_left));
    bool inside = yx.x >= 0 && yx.y >= 0;
    vec4 v = inside ? load_src(src_base + (plane_pixel.x * H + yx.x) * W + yx.y) : vec4(value);
    store(target(image_group.y), load_bias(image_group.y), image_group.x, plane_pixel.y, v);
}
