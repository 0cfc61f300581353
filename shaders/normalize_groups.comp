// normalize_groups: the first of two dispatches that bring all pixels of each group of channels to one scale: see normalize_apply. A workgroup
// finds the mean m and the factor f of one group, to scratch; where a group is one channel, those of a texel of channels, lane by lane.
//
//   mode 0: m = Σ in / K, f = 1/√(Σ(in − m)²/K + offset), in two passes; 1: m = 0; 2: m = 0, f = 1/Σ|in|
//
// f is 0 where it would be 1/0. inv_area is 1/K, or 1. The texels of a group lie one behind the other, and so does the group before in the
// first of them, and the next in the last, where size isn't a multiple of 4. Invocation t takes texels t, t + LOCAL_X …; their sums are
// added in order: the answer is the same in every run.
// Scratch: [n][group][m, f]. Workgroups: x = [n][group]. Macros: see common.glsl.

shared vec4 of[LOCAL_X]; // what each invocation found

// The sum over all invocations, and over the lanes where they are of one group.
vec4 total(vec4 mine) {
    barrier(); // all have read what is overwritten now
    of[gl_LocalInvocationID.x] = mine;
    memoryBarrierShared();
    barrier();
    vec4 sum = vec4(0);
    for (int t = 0; t < LOCAL_X; ++t) sum += of[t];
    return size == 1 ? sum : vec4(dot(sum, vec4(1)));
}

void main() {
    int area = H * W, each = size == 1 ? out_g : conv_groups;
    int unit = min(workgroup_x(), N * each - 1); // the barriers want every invocation
    ivec2 image_group = divide(unit, each);
    int first = size == 1 ? 4 * image_group.y : image_group.y * size; // channel
    int end = size == 1 ? first + 4 : first + size;
    int from = src_base + (image_group.x * out_g + first / 4) * area;
    int texels = (channel_groups(end) - first / 4) * area;
    bool all_lanes = size == 1 || size % 4 == 0;
    int thread = int(gl_LocalInvocationID.x);

    vec4 m = vec4(0);
    for (int pass = mode == 0 ? 0 : 1; pass < 2; ++pass) { // the mean, then what differs from it
        vec4 sum = vec4(0);
        for (int t = thread; t < texels; t += LOCAL_X) {
            vec4 v = load_src(from + t);
            if (pass == 1) {
                v -= m;
                v = mode == 2 ? abs(v) : v * v;
            }
            if (!all_lanes) {
                ivec4 c = 4 * (first / 4 + divide(t, area).x) + ivec4(0, 1, 2, 3);
                bvec4 before = lessThan(c, ivec4(first)), behind = greaterThanEqual(c, ivec4(end));
                v = mix(mix(v, vec4(0), before), vec4(0), behind); // selects: another group may hold NaN
            }
            sum += v;
        }
        sum = total(sum) * inv_area;
        if (pass == 0) {
            m = sum;
            continue;
        }
        sum += offset;
        vec4 f = mix(mode == 2 ? 1.0 / sum : inversesqrt(sum), vec4(0), equal(sum, vec4(0)));
        if (thread == 0 && workgroup_x() < N * each) {
            dst[2 * unit] = stored(m);
            dst[2 * unit + 1] = stored(f);
        }
    }
}
