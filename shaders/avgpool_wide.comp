// avgpool_wide: average pooling of large windows, one workgroup per texel (4 channels): its invocations share the window. For
// global pooling, where avgpool would have few invocations with long loops. Formula and divisor are avgpool's:
//
//   out(n, c, y, x) = act(bias(c) + (Σ_{ky, kx} in(n, c, y·SH + ky·DH − PT, x·SW + kx·DW − PL)) / count)
//
// Invocation t sums taps t, t + LOCAL_X …; these sums are added in order, eight by eight, which errs less than one chain: the answer is
// the same in every run.
// Workgroups: x = output texel, [n][group][y][x]. Macros: see common.glsl.

shared vec4 sum_of[LOCAL_X];

void main() {
    int area = out_h * out_w;
    int i = min(workgroup_x(), N * out_g * area - 1); // the barrier wants every invocation
    ivec2 plane_pixel = divide(i, area);              // (n·out_g + group, pixel)
    ivec2 image_group = divide(plane_pixel.x, out_g);
    ivec2 yx = divide(plane_pixel.y, out_w);
    int top = yx.x * stride_h - pad_top, left = yx.y * stride_w - pad_left;
    int plane = src_base + plane_pixel.x * H * W;
    int thread = int(gl_LocalInvocationID.x);

    vec4 sum = vec4(0);
    for (int tap = thread; tap < kernel_h * kernel_w; tap += LOCAL_X) {
        ivec2 k = divide(tap, kernel_w);
        int y = top + k.x * dilation_h, x = left + k.y * dilation_w;
        if (y >= 0 && y < H && x >= 0 && x < W) sum += load_src(plane + y * W + x);
    }
    sum_of[thread] = sum;
    memoryBarrierShared();
    barrier();
    if (thread != 0) return;
    sum = vec4(0);
    for (int t = 0; t < LOCAL_X; t += 8) {
        vec4 part = vec4(0);
        for (int k = t; k < min(t + 8, LOCAL_X); ++k) part += sum_of[k];
        sum += part;
    }
    int rows = taps_inside(top, dilation_h, kernel_h, count_include_pad == 1 ? -pad_top : 0, count_include_pad == 1 ? H + pad_bottom : H);
    int columns = taps_inside(left, dilation_w, kernel_w, count_include_pad == 1 ? -pad_left : 0, count_include_pad == 1 ? W + pad_right : W);
    int count = rows * columns;
    sum *= count == kernel_h * kernel_w ? inv_area : 1.0 / float(count);
    if (workgroup_x() < N * out_g * area) store(target(image_group.y), load_bias(image_group.y), image_group.x, plane_pixel.y, sum);
}
