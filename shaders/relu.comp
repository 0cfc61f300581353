// relu: an activation as a step of its own, one texel (4 channels) per invocation. Plans fuse it into convolutions; this
// serves what is left, and the framework-like plan that fusion is measured against.
//
//   out(n, c, y, x) = max(in(n, c, y, x) + bias(c), 0)
//
// Invocations: x = texel, [n][group][y][x]. Macros: see common.glsl.

void main() {
    int area = H * W;
    int i = invocation_x();
    if (i >= N * out_g * area) return;
    ivec2 plane_pixel = divide(i, area); // (n·out_g + group, pixel)
    ivec2 image_group = divide(plane_pixel.x, out_g);
    Target t = target(image_group.y);
    t.act = 1;
    store(t, load_bias(image_group.y), image_group.x, plane_pixel.y, load_src(src_base + i));
}
