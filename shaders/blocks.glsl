// How convolutions with a tile take long sums: in blocks of TURNS turns of the loop. A chain of n additions errs by about
// u·√(n/2) of what it adds up, blocks of b terms by u·√(b/2 + n/2b).
//
//   NEW_TOTALS
//   for (int stop; k < end;) {
//       stop = min(k + TURNS, end);
//       for (; k < stop; ++k) …         sum[G][X] is a block's
//       END_BLOCK(k <= first + TURNS, k >= end)
//   }
//   END_SUM                             sum[G][X] is all
//
// Macros: TOTALS   where totals wait for the next block: 0 in registers; 1 in scratch, on GPUs, where registers are what bounds how
//                  many invocations hide each other's waiting; 2 nowhere: the sum is one block
//         TURNS    of a block
//         BY_PIXEL 1 sums each row of taps of a pixel by itself, which is as good as blocks
//         ADD_TOTALS, KEEP_TOTALS  ADD_TOTAL(G, X) …, KEEP_TOTAL(G, X) … for each group and pixel of a tile

#if TOTALS == 0

#define NEW_TOTALS \
    vec4 total[TILE_G][TILE_X]; \
    for (int g = 0; g < TILE_G; ++g) \
        for (int x = 0; x < TILE_X; ++x) total[g][x] = vec4(0);
#define KEEP_TOTAL(G, X) total[G][X] += sum[G][X]; sum[G][X] = vec4(0);
#define ADD_TOTAL(G, X) sum[G][X] = total[G][X];
#define END_BLOCK(FIRST, LAST) KEEP_TOTALS
#define END_SUM ADD_TOTALS

#elif TOTALS == 1

// [workgroup of the dispatch][texel of a tile][invocation], behind the parts of a split sum. An invocation reads what it wrote itself: no
// barrier.
layout(std430, binding = 4) buffer Totals { vec4 totals[]; };

// Where this invocation's first total is.
int first_total() {
    int group = int(gl_WorkGroupID.x + gl_NumWorkGroups.x * (gl_WorkGroupID.z + gl_NumWorkGroups.z * gl_WorkGroupID.y));
    int at = group * (TILE_G * TILE_X * LOCAL_X * LOCAL_Y) + int(gl_LocalInvocationIndex);
#if PARTIAL == 1
    at += SPLITS * N * out_g * out_h * out_w;
#endif
    return at;
}

#define NEW_TOTALS int total_at = first_total();
#define KEEP_TOTAL(G, X) totals[total_at + (G * TILE_X + X) * (LOCAL_X * LOCAL_Y)] = sum[G][X]; sum[G][X] = vec4(0);
#define ADD_TOTAL(G, X) sum[G][X] += totals[total_at + (G * TILE_X + X) * (LOCAL_X * LOCAL_Y)];
#define END_BLOCK(FIRST, LAST) if (!(FIRST)) { ADD_TOTALS } if (!(LAST)) { KEEP_TOTALS }
#define END_SUM

#else

#define NEW_TOTALS
#define END_BLOCK(FIRST, LAST)
#define END_SUM

#endif
