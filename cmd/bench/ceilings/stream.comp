// The reading ceiling: all invocations walk through the first mask + 1 texels, neighbours side by side, and start again at the
// end. The texels are 1, so the sum tells whether they were read.
layout(local_size_x = 64) in;
layout(std140, binding = 0) uniform Work { uint rounds; uint mask; };
layout(std430, binding = 1) writeonly buffer Result { vec4 result[]; }; // one for each invocation
#if LOAD == 0
layout(std430, binding = 0) readonly buffer Source { vec4 source[]; };
#define GET(i) source[i]
#elif LOAD == 1
layout(rgba32f, binding = 0) readonly uniform imageBuffer source;
#define GET(i) imageLoad(source, int(i))
#else
layout(binding = 0) uniform samplerBuffer source;
#define GET(i) texelFetch(source, int(i))
#endif

void main() {
	uint all = gl_NumWorkGroups.x * 64u, at = gl_GlobalInvocationID.x;
	vec4 s0 = vec4(0), s1 = s0, s2 = s0, s3 = s0;
	for (uint i = 0u; i < rounds; i++) {
		s0 += GET(at & mask); at += all;
		s1 += GET(at & mask); at += all;
		s2 += GET(at & mask); at += all;
		s3 += GET(at & mask); at += all;
	}
	result[gl_GlobalInvocationID.x] = (s0 + s1) + (s2 + s3);
}
