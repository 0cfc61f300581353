// What an epilogue may do to a value on its way out: act(v), for one lane and for four. NaN stays NaN, as in PyTorch.
// A step's program holds those that it needs: none, ReLU and clip always, others where their macro is defined.
//
//   1  ReLU     max(v, 0)
//   2  clip     min(max(v, low), high)
//   ACT_SIGMOID 1 / (1 + exp(−v))

// GLSL leaves max(NaN, 0) open (§4.7.1 asks for no NaN), compilers turn v < 0 ? 0 : v into max, and some drop isnan(). Bits are
// safe: negative numbers are 0x80000001 … 0xff800000 (−∞), NaNs come after ±∞.
bool is_nan(float v) { return (floatBitsToUint(v) & 0x7fffffffu) > 0x7f800000u; }
bvec4 is_nan(vec4 v) { return greaterThan(floatBitsToUint(v) & 0x7fffffffu, uvec4(0x7f800000u)); }
float relu(float v) { return floatBitsToUint(v) - 0x80000001u < 0x7f800000u ? 0.0 : v; }
vec4 relu(vec4 v) { return mix(v, vec4(0), lessThan(floatBitsToUint(v) - 0x80000001u, uvec4(0x7f800000u))); }
float clip(float v, float low, float high) { return is_nan(v) ? v : clamp(v, low, high); }
vec4 clip(vec4 v, float low, float high) { return mix(clamp(v, vec4(low), vec4(high)), v, is_nan(v)); }

// The larger, NaN where either is: max pooling.
vec4 max_nan(vec4 a, vec4 b) { return mix(mix(max(a, b), b, is_nan(b)), a, is_nan(a)); }

#ifdef ACT_SIGMOID
float sigmoid(float v) { return 1.0 / (1.0 + exp(-v)); }
vec4 sigmoid(vec4 v) { return vec4(1) / (vec4(1) + exp(-v)); }
#endif

float activate(float v, int act, float low, float high) {
    if (act == 1) v = relu(v);
    else if (act == 2) v = clip(v, low, high);
#ifdef ACT_SIGMOID
    else if (act == ACT_SIGMOID) v = sigmoid(v);
#endif
    return v;
}

vec4 activate(vec4 v, int act, float low, float high) {
    if (act == 1) v = relu(v);
    else if (act == 2) v = clip(v, low, high);
#ifdef ACT_SIGMOID
    else if (act == ACT_SIGMOID) v = sigmoid(v);
#endif
    return v;
}
