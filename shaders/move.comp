// move: elements go elsewhere, one texel (4 channels) per invocation; none is computed with, so NaN and infinity stay as they are.
//
//   out(n, c, y, x) = act(in(Σ over the axes of n, c, y and x) + bias(c)), with value for in() where a table holds −1
//
// The output's N, C, H and W each consist of axes: place p of one, or table(p), leads p·texels texels and p·channels channels
// into the input. Channel k of the texel t reached is lane k%4 of the texel k/4 planes behind t.
//
// Invocations: x = output texel, [n][group][y][x]. mode 1: the 4 channels of each texel are a texel of the input's. Macros: UNEVEN 0
// where none of N, C, H and W has more than one axis, or a table, as in slices and permutations: there are no loops then. And see
// common.glsl.

// Place is where the axes lead: texels, channels, and whether to nothing.
struct Place { int texel, channel; bool nothing; };

// go follows count axes from the first on, innermost first, for a coordinate of the output.
Place go(Place at, int coordinate, int first, int count) {
#if UNEVEN == 0
    ivec4 a = count == 1 ? axis[first] : ivec4(0);
    at.texel += coordinate * a.y;
    at.channel += coordinate * a.z;
#else
    for (int k = first; k < first + count; ++k) {
        ivec4 a = axis[k];
        int p = coordinate;
        if (k + 1 < first + count) {
            ivec2 rest_place = divide(coordinate, a.x);
            coordinate = rest_place.x;
            p = rest_place.y;
        }
        if (a.w >= 0) {
            int entry = a.w + p;
            p = int(lane_of(load_weight(weight_base + entry / 4), entry % 4));
            if (p < 0) at.nothing = true;
        }
        at.texel += p * a.y;
        at.channel += p * a.z;
    }
#endif
    return at;
}

float element(Place at, int c) {
    if (c >= out_c) return 0.0;
    at = go(at, c, axes.x, axes.y);
    if (at.nothing) return value;
    return lane_of(load_src(src_base + at.texel + at.channel / 4 * H * W), at.channel % 4);
}

void main() {
    int area = out_h * out_w;
    int i = invocation_x();
    if (i >= out_n * out_g * area) return;
    ivec2 plane_pixel = divide(i, area); // (n·out_g + group, pixel)
    ivec2 image_group = divide(plane_pixel.x, out_g);
    ivec2 yx = divide(plane_pixel.y, out_w);
    Place at = go(Place(first_texel, first_channel, false), image_group.x, 0, axes.x);
    at = go(at, yx.x, axes.x + axes.y, axes.z);
    at = go(at, yx.y, axes.x + axes.y + axes.z, axes.w);
    int c = 4 * image_group.y;
    vec4 v = vec4(value);
    if (mode == 1) {
        at = go(at, c, axes.x, axes.y);
        if (!at.nothing) v = load_src(src_base + at.texel + at.channel / 4 * H * W);
    } else {
        v = vec4(element(at, c), element(at, c + 1), element(at, c + 2), element(at, c + 3));
    }
    store(target(image_group.y), load_bias(image_group.y), image_group.x, plane_pixel.y, v);
}
