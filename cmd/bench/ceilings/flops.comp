// The arithmetic ceiling: chains of x ← x·a + b, that depend on nothing in memory. With a = 1/2 and b = 1, every x tends to 2,
// so the result tells whether the work was done.
layout(local_size_x = 64) in;
layout(std140, binding = 0) uniform Work { uint rounds; };
layout(std430, binding = 0) readonly buffer Factors { vec4 factors[]; }; // a, b: unknown to the compiler
layout(std430, binding = 1) writeonly buffer Result { vec4 result[]; };  // one for each invocation

// CHAINS vec4 chains give the hardware independent work: too few wait for each other, too many spill registers.
#define STEP x0 = x0 * a + b; x1 = x1 * a + b; MORE
#if CHAINS == 2
#define MORE
#elif CHAINS == 3
#define MORE x2 = x2 * a + b;
#else
#define MORE x2 = x2 * a + b; x3 = x3 * a + b;
#endif

void main() {
	float a = factors[0].x, b = factors[1].x;
	vec4 x0 = vec4(gl_LocalInvocationID.x), x1 = x0 + 1.0, x2 = x0 + 2.0, x3 = x0 + 3.0;
	for (uint i = 0u; i < rounds; i++) {
		STEP STEP STEP STEP STEP STEP STEP STEP STEP STEP STEP STEP STEP STEP STEP STEP
	}
#if CHAINS == 2
	x2 = x0, x3 = x1;
#elif CHAINS == 3
	x3 = x1;
#endif
	result[gl_GlobalInvocationID.x] = (x0 + x1) + (x2 + x3);
}
