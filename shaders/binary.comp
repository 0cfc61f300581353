// binary: two tensors, element by element, as NumPy broadcasts them; one texel (4 channels) per invocation. add.comp and mul.comp
// are the same for two tensors of one shape.
//
//   out(n, c, y, x) = act(op(in(n', c', y', x'), in2(n'', c'', y'', x'')) + bias(c))
//
// with 0 for an index along which that input's extent is 1. A truth is 1 or 0; all numbers but 0 are true.
// Invocations: x = output texel, [n][group][y][x]. Macros: OP_… is defined for one operation; see common.glsl.

bvec4 truth(vec4 v) { return notEqual(floatBitsToUint(v) & 0x7fffffffu, uvec4(0)); }
vec4 number(bvec4 b) { return mix(vec4(0), vec4(1), b); }
bvec4 either_nan(vec4 a, vec4 b) { bvec4 i = is_nan(a), k = is_nan(b); return bvec4(i.x || k.x, i.y || k.y, i.z || k.z, i.w || k.w); }

#ifdef OP_POW
// C's pow: ±|a|^b.
vec4 power(vec4 a, vec4 b) {
    vec4 size = abs(a), t = log_of(size);
    t = mix(b * t, vec4(0), equal(t, vec4(0))); // 1^∞
    vec4 y = exp_of(t);
    bvec4 whole = equal(b, floor(b)), odd = notEqual(fract(0.5 * b), vec4(0));
    for (int i = 0; i < 4; ++i) {
        if (negative(a)[i] && !whole[i] && size[i] < INFINITE) y[i] = NO_NUMBER;
        if (whole[i] && odd[i] && abs(b[i]) < 16777216.0 && floatBitsToUint(a[i]) >> 31 == 1u) y[i] = -y[i]; // larger ones are even
    }
    y = mix(y, a, is_nan(a));
    y = mix(y, b, is_nan(b));
    y = mix(y, vec4(1), equal(floatBitsToUint(b) & 0x7fffffffu, uvec4(0))); // of NaN too
    return mix(y, vec4(1), equal(floatBitsToUint(a), uvec4(0x3f800000u)));
}
#endif

vec4 op(vec4 a, vec4 b) {
#if defined(OP_ADD)
    return a + b;
#elif defined(OP_MUL)
    return a * b;
#elif defined(OP_SUB)
    return a - b;
#elif defined(OP_DIV)
    return a / b;
#elif defined(OP_POW)
    return power(a, b);
#elif defined(OP_MINIMUM)
    return min_nan(a, b);
#elif defined(OP_MAXIMUM)
    return max_nan(a, b);
#elif defined(OP_PRELU)
    return mix(a, b * a, negative(a));
#elif defined(OP_EQUAL)
    return mix(number(equal(a, b)), vec4(0), either_nan(a, b));
#elif defined(OP_NOT_EQUAL)
    return mix(number(notEqual(a, b)), vec4(1), either_nan(a, b));
#elif defined(OP_GREATER)
    return mix(number(greaterThan(a, b)), vec4(0), either_nan(a, b));
#elif defined(OP_GREATER_EQUAL)
    return mix(number(greaterThanEqual(a, b)), vec4(0), either_nan(a, b));
#elif defined(OP_AND)
    return number(truth(a)) * number(truth(b));
#elif defined(OP_OR)
    return max(number(truth(a)), number(truth(b)));
#elif defined(OP_XOR)
    return number(notEqual(truth(a), truth(b)));
#elif defined(OP_KEEP)
    return mix(vec4(0), a, truth(b));
#elif defined(OP_DROP)
    return mix(a, vec4(0), truth(b));
#endif
}

// place is the texel of a tensor n × c × h × w that holds what output texel (n, group) at (y, x) needs of it.
int place(int n, int c, int h, int w, ivec2 image_group, ivec2 yx) {
    int plane = (n == 1 ? 0 : image_group.x * channel_groups(c)) + (c == 1 ? 0 : image_group.y);
    return (plane * h + (h == 1 ? 0 : yx.x)) * w + (w == 1 ? 0 : yx.y);
}

void main() {
    int area = out_h * out_w;
    int i = invocation_x();
    if (i >= out_n * out_g * area) return;
    ivec2 plane_pixel = divide(i, area); // (n·out_g + group, pixel)
    ivec2 image_group = divide(plane_pixel.x, out_g), yx = divide(plane_pixel.y, out_w);
    vec4 a = load_src(src_base + place(N, C, H, W, image_group, yx));
    vec4 b = load_second(src2_base + place(src2_n, src2_c, src2_h, src2_w, image_group, yx));
    if (C == 1) a = a.xxxx;
    if (src2_c == 1) b = b.xxxx;
    store(target(image_group.y), load_bias(image_group.y), image_group.x, plane_pixel.y, op(a, b));
}
