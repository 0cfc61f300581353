// What must tell NaN from numbers, in every program.

// GLSL leaves max(NaN, 0) open (§4.7.1 asks for no NaN), compilers turn v < 0 ? 0 : v into max, and some drop isnan(). Bits are
// safe: negative numbers are 0x80000001 … 0xff800000 (−∞), NaNs come after ±∞.
bool is_nan(float v) { return (floatBitsToUint(v) & 0x7fffffffu) > 0x7f800000u; }
bvec4 is_nan(vec4 v) { return greaterThan(floatBitsToUint(v) & 0x7fffffffu, uvec4(0x7f800000u)); }
bvec4 negative(vec4 v) { return lessThan(floatBitsToUint(v) - 0x80000001u, uvec4(0x7f800000u)); }
float relu(float v) { return floatBitsToUint(v) - 0x80000001u < 0x7f800000u ? 0.0 : v; }
vec4 relu(vec4 v) { return mix(v, vec4(0), negative(v)); }
float clip(float v, float low, float high) { return is_nan(v) ? v : clamp(v, low, high); }
vec4 clip(vec4 v, float low, float high) { return mix(clamp(v, vec4(low), vec4(high)), v, is_nan(v)); }

// The larger and the smaller, NaN where either is.
vec4 max_nan(vec4 a, vec4 b) { return mix(mix(max(a, b), b, is_nan(b)), a, is_nan(a)); }
vec4 min_nan(vec4 a, vec4 b) { return mix(mix(min(a, b), b, is_nan(b)), a, is_nan(a)); }
