// What an epilogue may do to a value on its way out: act(v), for one lane and for four. NaN stays NaN, as in PyTorch.
// A step's program holds those that it needs: none, ReLU and clip always, others where their macro is defined, and with them
// ACTS. low and high are the step's numbers; math.glsl and nan.glsl have the functions.
//
//   1  ReLU     max(v, 0)
//   2  clip     min(max(v, low), high)
//   ACT_…       as below

#ifdef ACTS
vec4 activate_more(vec4 v, int act, float low, float high) {
    vec4 y = v;
#ifdef ACT_ABS
    if (act == ACT_ABS) y = abs(v);
#endif
#ifdef ACT_CEIL
    if (act == ACT_CEIL) y = ceil(v);
#endif
#ifdef ACT_CELU
    if (act == ACT_CELU) y = mix(v, low * expm1_of(high * v), negative(v)); // high is 1/low
#endif
#ifdef ACT_ELU
    if (act == ACT_ELU) y = elu_of(v, low, high); // Selu too
#endif
#ifdef ACT_ERF
    if (act == ACT_ERF) y = erf_of(v);
#endif
#ifdef ACT_EXP
    if (act == ACT_EXP) y = exp_of(v);
#endif
#ifdef ACT_FLOOR
    if (act == ACT_FLOOR) y = floor(v);
#endif
#ifdef ACT_GELU
    if (act == ACT_GELU) y = gelu_of(v);
#endif
#ifdef ACT_GELU_TANH
    if (act == ACT_GELU_TANH) y = gated(v, v * (1.5957691 + 0.071354816 * v * v));
#endif
#ifdef ACT_HARD_SIGMOID
    if (act == ACT_HARD_SIGMOID) y = clip(low * v + high, 0.0, 1.0);
#endif
#ifdef ACT_HARD_SWISH
    if (act == ACT_HARD_SWISH) y = v * clip(low * v + high, 0.0, 1.0);
#endif
#ifdef ACT_LEAKY_RELU
    if (act == ACT_LEAKY_RELU) y = mix(v, low * v, negative(v));
#endif
#ifdef ACT_LOG
    if (act == ACT_LOG) y = log_of(v);
#endif
#ifdef ACT_MISH
    if (act == ACT_MISH) y = mish_of(v);
#endif
#ifdef ACT_RECIPROCAL
    if (act == ACT_RECIPROCAL) y = mix(1.0 / v, vec4(INFINITE), equal(floatBitsToUint(v) & 0x7fffffffu, uvec4(0)));
#endif
#ifdef ACT_ROUND
    if (act == ACT_ROUND) y = roundEven(v);
#endif
#ifdef ACT_SHRINK
    if (act == ACT_SHRINK) y = mix(mix(vec4(0), v - high, greaterThan(v, vec4(low))), v + high, lessThan(v, vec4(-low)));
#endif
#ifdef ACT_SIGMOID
    if (act == ACT_SIGMOID) y = 1.0 / (1.0 + exp_of(-v));
#endif
#ifdef ACT_SIGN
    if (act == ACT_SIGN) y = sign(v);
#endif
#ifdef ACT_SOFTPLUS
    if (act == ACT_SOFTPLUS) y = softplus_of(v);
#endif
#ifdef ACT_SOFTSIGN
    if (act == ACT_SOFTSIGN) y = v / (1.0 + abs(v));
#endif
#ifdef ACT_SQRT
    if (act == ACT_SQRT) y = sqrt_of(v);
#endif
#ifdef ACT_SWISH
    if (act == ACT_SWISH) y = gated(v, low * v);
#endif
#ifdef ACT_TANH
    if (act == ACT_TANH) y = tanh_of(v);
#endif
#ifdef ACT_THRESHOLDED_RELU
    if (act == ACT_THRESHOLDED_RELU) y = mix(vec4(0), v, greaterThan(v, vec4(low)));
#endif
    return mix(y, v, is_nan(v));
}
#endif

float activate(float v, int act, float low, float high) {
    if (act == 1) return relu(v);
    if (act == 2) return clip(v, low, high);
#ifdef ACTS
    if (act != 0) return activate_more(vec4(v), act, low, high).x;
#endif
    return v;
}

vec4 activate(vec4 v, int act, float low, float high) {
    if (act == 1) v = relu(v);
    else if (act == 2) v = clip(v, low, high);
#ifdef ACTS
    else if (act != 0) v = activate_more(v, act, low, high);
#endif
    return v;
}
