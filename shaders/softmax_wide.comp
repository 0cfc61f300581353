// softmax_wide: softmax over many channels, one workgroup per pixel: its invocations share the channels. Formula as softmax's:
//
//   out(n, c, y, x) = act(exp(in(n, c, y, x) − m) / Σ_i exp(in(n, i, y, x) − m) + bias(c)),   m = max_i in(n, i, y, x)
//
// Invocation t takes channel groups t, t + LOCAL_X …; their sums are added in order: the answer is the same in every run.
// Workgroups: x = pixel, [n][y][x]. Macros: see common.glsl.

shared float of[LOCAL_X]; // what each invocation found

bvec4 past(int g) { return greaterThanEqual(4 * g + ivec4(0, 1, 2, 3), ivec4(C)); }

void main() {
    int area = H * W;
    int i = min(workgroup_x(), N * area - 1); // the barriers want every invocation
    ivec2 image_pixel = divide(i, area);
    int p = src_base + image_pixel.x * out_g * area + image_pixel.y;
    int thread = int(gl_LocalInvocationID.x);

    float m = load_src(p).x; // NaN as m makes every output NaN, and so does NaN anywhere else
    for (int g = thread; g < out_g; g += LOCAL_X) {
        vec4 v = mix(load_src(p + g * area), vec4(m), past(g));
        m = max(m, max(max(v.x, v.y), max(v.z, v.w)));
    }
    of[thread] = m;
    memoryBarrierShared();
    barrier();
    for (int t = 0; t < LOCAL_X; ++t) m = max(m, of[t]);
    barrier(); // all have read

    float sum = 0.0;
    for (int g = thread; g < out_g; g += LOCAL_X)
        sum += dot(mix(exp(load_src(p + g * area) - m), vec4(0), past(g)), vec4(1));
    of[thread] = sum;
    memoryBarrierShared();
    barrier();
    sum = 0.0;
    for (int t = 0; t < LOCAL_X; ++t) sum += of[t];
    if (workgroup_x() >= N * area) return;
    for (int g = thread; g < out_g; g += LOCAL_X)
        store(target(g), load_bias(g), image_pixel.x, image_pixel.y, mix(exp(load_src(p + g * area) - m) / sum, vec4(0), past(g)));
}
