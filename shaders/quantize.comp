// quantize: numbers become codes of a few bits and, but for mode 1, numbers again, one texel (4 channels) per invocation.
//
//   code(n, c, y, x) = min(max(round(in(n, c, y, x) / scale(c)) + zero(c), low), high)
//   out(n, c, y, x)  = act((code(n, c, y, x) − zero(c)) · scale(c)), or act(code) with mode 1
//
// The quotient is rounded to float32, and that to a whole number, the even one of two. Scales: texel weight_base + group. Zero points: the
// bias. low and high: alpha, beta. Invocations: x = texel, [n][group][y][x]. Macros: see common.glsl.

// nearest is round(v / s). GLSL's quotient may be 2.5 ULP off; where it is that near to a half h, the remainder v − h·s decides whether the
// right one, rounded, is above, below or h itself: half an ULP of h, times s, is the limit. The remainder is exact: s is taken in parts of
// 7 bits, whose products with the 17 bits of h are, and so are the differences.
vec4 nearest(vec4 v, vec4 s) {
    vec4 q = clamp(v / s, -131072.0, 131072.0);
    vec4 h = floor(q) + 0.5;
    precise vec4 rest = s, left = v;
    for (int i = 0; i < 4; ++i) {
        vec4 part = uintBitsToFloat(floatBitsToUint(rest) & 0xfffe0000u);
        left = left - h * part;
        rest = rest - part;
    }
    vec4 limit = s * (uintBitsToFloat(floatBitsToUint(h) & 0x7f800000u) * 0.000000059604645); // 2^-24
    vec4 low = h - 0.5;
    vec4 even = mix(low, h + 0.5, notEqual(fract(0.5 * low), vec4(0)));
    vec4 decided = mix(mix(even, h + 0.5, greaterThan(left, limit)), low, lessThan(left, -limit));
    bvec4 near = lessThan(abs(q - h), abs(h) * 0.00000095367432); // 2^-20
    return mix(roundEven(q), decided, near);
}

void main() {
    int area = H * W;
    int i = invocation_x();
    if (i >= N * out_g * area) return;
    ivec2 plane_pixel = divide(i, area); // (n·out_g + group, pixel)
    ivec2 image_group = divide(plane_pixel.x, out_g);
    vec4 v = load_src(src_base + i), s = load_weight(weight_base + image_group.y), zero = load_bias(image_group.y);
    bvec4 past = equal(s, vec4(0)); // channels ≥ C
    vec4 code = clamp(nearest(v, mix(s, vec4(1), past)) + zero, vec4(alpha), vec4(beta));
    if (mode != 1) code = (code - zero) * s;
    code = mix(mix(code, vec4(0), past), v, is_nan(v));
    store(target(image_group.y), vec4(0), image_group.x, plane_pixel.y, code);
}
