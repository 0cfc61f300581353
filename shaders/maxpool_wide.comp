// maxpool_wide: max pooling of large windows, one workgroup per texel (4 channels): its invocations share the window. For
// global pooling, where maxpool would have few invocations with long loops.
//
//   out(n, c, y, x) = act(bias(c) + max_{ky, kx} in(n, c, y·SH + ky·DH − PT, x·SW + kx·DW − PL))   over pixels inside the input
//
// Workgroups: x = output texel, [n][group][y][x]. Macros: see common.glsl.

shared vec4 best_of[LOCAL_X];

void main() {
    int area = out_h * out_w;
    int i = min(workgroup_x(), N * out_g * area - 1); // the barrier wants every invocation
    ivec2 plane_pixel = divide(i, area);              // (n·out_g + group, pixel)
    ivec2 image_group = divide(plane_pixel.x, out_g);
    ivec2 yx = divide(plane_pixel.y, out_w);
    int top = yx.x * stride_h - pad_top, left = yx.y * stride_w - pad_left;
    int plane = src_base + plane_pixel.x * H * W;
    int thread = int(gl_LocalInvocationID.x);

    vec4 best = vec4(uintBitsToFloat(0xff800000u)); // −∞
    for (int tap = thread; tap < kernel_h * kernel_w; tap += LOCAL_X) {
        ivec2 k = divide(tap, kernel_w);
        int y = top + k.x * dilation_h, x = left + k.y * dilation_w;
        if (y >= 0 && y < H && x >= 0 && x < W) best = max_nan(best, load_src(plane + y * W + x));
    }
    best_of[thread] = best;
    memoryBarrierShared();
    barrier();
    if (thread != 0) return;
    for (int t = 1; t < LOCAL_X; ++t) best = max_nan(best, best_of[t]);
    if (workgroup_x() < N * out_g * area) store(target(image_group.y), load_bias(image_group.y), image_group.x, plane_pixel.y, best);
}
