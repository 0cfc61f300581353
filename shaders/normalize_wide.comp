// normalize_wide: the channels of each pixel brought to one scale where they are many, one workgroup per pixel: its invocations share the
// channels. Formula and modes as normalize's:
//
//   out(n, c, y, x) = act((in(n, c, y, x) − m) · f · scale(c) + shift(c))
//
// Invocation t takes channel groups t, t + LOCAL_X …; their sums are added in order: the answer is the same in every run.
// Workgroups: x = pixel, [n][y][x]. Macros: see common.glsl.

shared vec4 of[LOCAL_X]; // what each invocation found

// The sum over all invocations.
float total(vec4 mine) {
    barrier(); // all have read what is overwritten now
    of[gl_LocalInvocationID.x] = mine;
    memoryBarrierShared();
    barrier();
    vec4 sum = vec4(0);
    for (int t = 0; t < LOCAL_X; ++t) sum += of[t];
    return dot(sum, vec4(1));
}

void main() {
    int area = H * W;
    int i = min(workgroup_x(), N * area - 1); // the barriers want every invocation
    ivec2 image_pixel = divide(i, area);
    int p = src_base + image_pixel.x * out_g * area + image_pixel.y;
    int thread = int(gl_LocalInvocationID.x);

    vec4 sum = vec4(0);
    for (int g = thread; g < out_g; g += LOCAL_X) sum += load_src(p + g * area);
    float m = total(sum) * inv_area;
    if (mode != 0) m = 0.0;
    sum = vec4(0);
    for (int g = thread; g < out_g; g += LOCAL_X) {
        vec4 d = load_src(p + g * area) - m;
        sum += mix(mode == 2 ? abs(d) : d * d, vec4(0), greaterThanEqual(4 * g + ivec4(0, 1, 2, 3), ivec4(C)));
    }
    float f = total(sum) * inv_area + offset;
    if (f != 0.0) f = mode == 2 ? 1.0 / f : inversesqrt(f);
    if (workgroup_x() >= N * area) return;
    for (int g = thread; g < out_g; g += LOCAL_X)
        store(target(g), load_bias(g), image_pixel.x, image_pixel.y, (load_src(p + g * area) - m) * f * load_weight(weight_base + g));
}
