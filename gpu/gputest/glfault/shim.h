#include <stddef.h>
#include <stdint.h>

// How a context that is lost behaves.
enum { WHOLE, LOUD, QUIET };

// Counters; all since the last reset of each.
// Works are dispatches, transfers and waits.
extern volatile int64_t glfault_allocations, glfault_works, glfault_violations;
extern volatile int64_t glfault_live[6]; // buffers, textures, queries, shaders, programs, syncs

// Settings; 0 switches each off.
extern volatile int64_t glfault_fail_from, glfault_fail_to; // the allocations that fail, from 1 on
extern volatile int64_t glfault_lose_at;                    // the work at which the context is lost
extern volatile int64_t glfault_lose_mode;
extern volatile int64_t glfault_hang; // no fence is ever passed

// glfault_limit sets what GL says of a limit, and what it holds calls to.
int glfault_limit(unsigned name, int64_t value);
void glfault_no_limits(void);

// glfault_wrap returns the shim for a function, or the function itself.
void *glfault_wrap(const char *name, void *function);
