// Functions of four numbers that GLSL lacks, or doesn't promise to be good at: only sums, products, quotients and bits are used. Each
// header states the error in units of u = 2⁻²⁴, relative to the result, for sums and products rounded to nearest and quotients
// within 2.5 ULP (GLSL 4.30 §4.7.1). cpuref states what follows for each operator.

#define INFINITE uintBitsToFloat(0x7f800000u)
#define NO_NUMBER uintBitsToFloat(0x7fc00000u)

vec4 two_to(ivec4 n) { return intBitsToFloat((n + 127) << 23); } // −126 … 127

// exp(v) = (1 + q)·2^n with |q| < 0.42. v is −105 … 90. ln 2 is split: n times its first part is exact.
vec4 exp_parts(vec4 v, out ivec4 n) {
    vec4 whole = floor(v * 1.44269504 + 0.5);
    n = ivec4(whole);
    precise vec4 r = (v - whole * 0.693359375) + whole * 2.12194440e-4;
    vec4 p = ((((0.001394592 * r + 0.008366592) * r + 0.04166629) * r + 0.16666543) * r + 0.5);
    return r + r * r * p;
}

vec4 scale_by(vec4 v, ivec4 n) { ivec4 half_n = n >> 1; return v * two_to(half_n) * two_to(n - half_n); }

// exp(v): 3.
vec4 exp_of(vec4 v) {
    ivec4 n;
    vec4 q = exp_parts(clamp(v, -105.0, 90.0), n);
    return scale_by(1.0 + q, n);
}

// exp(v) − 1: 12.
vec4 expm1_of(vec4 v) {
    ivec4 n;
    vec4 q = exp_parts(clamp(v, -105.0, 90.0), n);
    return mix(scale_by(1.0 + q, n) - 1.0, q, equal(n, ivec4(0)));
}

// log((1 + s)/(1 − s)) for |s| ≤ 1/3: 3, and the error of s.
vec4 log_ratio(vec4 s) {
    vec4 z = s * s;
    vec4 p = ((0.14010713 * z + 0.13999885) * z + 0.2001083) * z + 0.33333206;
    return 2.0 * s + 2.0 * s * (z * p);
}

// log(v): 10. Subnormal numbers are converted from integers, which no driver flushes.
vec4 log_of(vec4 v) {
    uvec4 bits = floatBitsToUint(v);
    uvec4 subnormal = uvec4(lessThan(bits, uvec4(0x00800000u)));
    ivec4 b = ivec4(bits + subnormal * (floatBitsToUint(vec4(bits)) - bits));
    ivec4 n = (b - 0x3f3504f3) >> 23; // of v = m·2^n with m from √½ to √2
    vec4 m = intBitsToFloat(b - (n << 23));
    vec4 k = vec4(n) - 149.0 * vec4(subnormal);
    precise vec4 y = k * 0.693359375 + (log_ratio((m - 1.0) / (m + 1.0)) - k * 2.12194440e-4);
    y = mix(y, v, equal(bits, uvec4(0x7f800000u)));
    y = mix(y, vec4(-INFINITE), equal(bits << 1, uvec4(0)));
    return mix(y, vec4(NO_NUMBER), negative(v));
}

// log(1 + v) for v from 0 to 1: 9.
vec4 log1p_of(vec4 v) { return log_ratio(v / (2.0 + v)); }

// erf(v) for |v| ≤ 1: 6.
vec4 erf_near(vec4 v) {
    vec4 z = v * v;
    vec4 p = ((((7.888808e-5 * z - 0.00080207404) * z + 0.005189523) * z - 0.026854439) * z + 0.112836) * z - 0.37612626;
    return v * (p * z + 1.1283791);
}

// 1 − erf(v) for v ≥ 1: 16 + v².
vec4 erfc_far(vec4 v) {
    v = min(v, 10.5); // it is 0 from there on
    vec4 t = 1.0 / (1.0 + 0.4 * v);
    vec4 p = (((((-0.1162551 * t + 0.24357203) * t + 0.008319478) * t + 0.21300726) * t + 0.19879876) * t + 0.22668958) * t + 0.22562723;
    return exp_of(-v * v) * (t * p);
}

vec4 erf_of(vec4 v) {
    vec4 a = abs(v), far = 1.0 - erfc_far(a);
    return mix(erf_near(clamp(v, -1.0, 1.0)), mix(far, -far, negative(v)), greaterThan(a, vec4(1)));
}

// tanh(v): 19.
vec4 tanh_of(vec4 v) {
    vec4 e = expm1_of(2.0 * min(abs(v), 20.0)), y = e / (e + 2.0);
    return mix(y, -y, negative(v));
}

// v / (1 + exp(−w)).
vec4 gated(vec4 v, vec4 w) {
    vec4 e = exp_of(-abs(w));
    return mix(v * (mix(vec4(1), e, negative(w)) / (1.0 + e)), w, is_nan(w)); // 0·∞ is: exp_of's clamp may lose it
}

vec4 gelu_of(vec4 v) {
    vec4 a = abs(v) * 0.70710678, near = erf_near(min(a, 1.0)), far = erfc_far(a);
    bvec4 is_far = greaterThan(a, vec4(1));
    return 0.5 * v * mix(mix(1.0 + near, 2.0 - far, is_far), mix(1.0 - near, far, is_far), negative(v));
}

// v · tanh(log(1 + exp(v))) with one exp: tanh(log(1 + e)) = (e² + 2e) / (e² + 2e + 2).
vec4 mish_of(vec4 v) {
    bvec4 below = negative(v);
    vec4 e = exp_of(-abs(v));
    vec4 up = mix(1.0 + 2.0 * e, e * (e + 2.0), below);
    return v * (up / (up + mix(2.0 * e * e, vec4(2), below)));
}

vec4 softplus_of(vec4 v) { return relu(v) + log1p_of(exp_of(-abs(v))); }

vec4 elu_of(vec4 v, float below, float above) { return mix(above * v, below * expm1_of(min(v, 0.0)), negative(v)); }

// √v: 10, as GLSL has it, with C's answers at the ends.
vec4 sqrt_of(vec4 v) {
    vec4 y = mix(sqrt(v), v, equal(floatBitsToUint(v) & 0x7fffffffu, uvec4(0)));
    y = mix(y, v, equal(floatBitsToUint(v), uvec4(0x7f800000u)));
    return mix(y, vec4(NO_NUMBER), negative(v));
}
