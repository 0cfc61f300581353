//go:build cgo && (linux || windows)

#include "shim.h"
#include <string.h>
#ifdef _WIN32
#define WIN32_LEAN_AND_MEAN
#include <windows.h>
#define GL_CALL __stdcall
static void nap(void) { Sleep(1); }
#else
#include <time.h>
#define GL_CALL
static void nap(void) { nanosleep(&(struct timespec){0, 1000000}, 0); }
#endif

typedef unsigned u;
typedef ptrdiff_t size;

volatile int64_t glfault_allocations, glfault_works, glfault_violations;
volatile int64_t glfault_live[6];
volatile int64_t glfault_fail_from, glfault_fail_to;
volatile int64_t glfault_lose_at, glfault_lose_mode, glfault_hang;

enum { BUFFERS, TEXTURES, QUERIES, SHADERS, PROGRAMS, SYNCS };
enum { INVALID_VALUE = 0x0501, OUT_OF_MEMORY = 0x0505, CONTEXT_LOST = 0x0507, UNKNOWN_RESET = 0x8255, TIMEOUT_EXPIRED = 0x911B,
       CONDITION_SATISFIED = 0x911C, SYNC_FAILED = 0x911D, STORAGE_BUFFER = 0x90D2, MAX_STORAGE = 0x90DE, MAX_TEXELS = 0x8C2B,
       MAX_UNITS = 0x8F38, MAX_UNIFORM = 0x8A30, MAX_GROUPS = 0x91BE };

// A context is current on one thread for good, so that its state is the thread's.
static __thread u pending, lost, told;

static int64_t add(volatile int64_t *at, int64_t n) { return __atomic_add_fetch(at, n, __ATOMIC_SEQ_CST); }

// Limits, few: by name, and by name and index.
static struct { u name; int64_t value; } limits[32];

static int64_t limit(u name) {
	for (int i = 0; i < 32 && limits[i].name; i++)
		if (limits[i].name == name) return limits[i].value;
	return 0;
}

int glfault_limit(unsigned name, int64_t value) {
	for (int i = 0; i < 32; i++)
		if (!limits[i].name || limits[i].name == name) {
			limits[i].name = name;
			limits[i].value = value;
			return 1;
		}
	return 0;
}

void glfault_no_limits(void) { memset(limits, 0, sizeof limits); }

static int beyond(u name, int64_t n) {
	int64_t most = limit(name);
	if (!most || n <= most) return 0;
	pending = INVALID_VALUE;
	add(&glfault_violations, 1);
	return 1;
}

// spent reports that the context takes no calls any more.
static int spent(void) { return lost != WHOLE; }

// denied reports that an allocation fails.
static int denied(void) {
	if (spent()) return 1;
	int64_t n = add(&glfault_allocations, 1);
	if (!glfault_fail_from || n < glfault_fail_from || n > glfault_fail_to) return 0;
	pending = OUT_OF_MEMORY;
	return 1;
}

// dropped reports that work is not done, since the context is lost, at the latest with it.
static int dropped(void) {
	if (!spent() && add(&glfault_works, 1) == glfault_lose_at) lost = (u)glfault_lose_mode;
	return spent();
}

static int named(int n, const u *ids) {
	int count = 0;
	for (int i = 0; i < n; i++) count += ids[i] != 0;
	return count;
}

#define FUNCTIONS(F) \
	F(GenBuffers, void, (int n, u *ids), { \
		if (denied()) { memset(ids, 0, n * sizeof *ids); return; } \
		real.GenBuffers(n, ids); add(&glfault_live[BUFFERS], n); }) \
	F(DeleteBuffers, void, (int n, const u *ids), { add(&glfault_live[BUFFERS], -named(n, ids)); real.DeleteBuffers(n, ids); }) \
	F(GenTextures, void, (int n, u *ids), { \
		if (denied()) { memset(ids, 0, n * sizeof *ids); return; } \
		real.GenTextures(n, ids); add(&glfault_live[TEXTURES], n); }) \
	F(DeleteTextures, void, (int n, const u *ids), { add(&glfault_live[TEXTURES], -named(n, ids)); real.DeleteTextures(n, ids); }) \
	F(GenQueries, void, (int n, u *ids), { \
		if (denied()) { memset(ids, 0, n * sizeof *ids); return; } \
		real.GenQueries(n, ids); add(&glfault_live[QUERIES], n); }) \
	F(DeleteQueries, void, (int n, const u *ids), { add(&glfault_live[QUERIES], -named(n, ids)); real.DeleteQueries(n, ids); }) \
	F(BufferData, void, (u target, size n, const void *data, u usage), { if (!denied()) real.BufferData(target, n, data, usage); }) \
	F(BufferStorage, void, (u target, size n, const void *data, u flags), { if (!denied()) real.BufferStorage(target, n, data, flags); }) \
	F(ClearBufferData, void, (u target, u internal, u format, u type, const void *data), { \
		if (!denied()) real.ClearBufferData(target, internal, format, type, data); }) \
	F(MapBufferRange, void *, (u target, size at, size n, u access), { return denied() ? 0 : real.MapBufferRange(target, at, n, access); }) \
	F(TexBufferRange, void, (u target, u format, u buffer, size at, size n), { \
		if (!denied() && !beyond(MAX_TEXELS, n / 16)) real.TexBufferRange(target, format, buffer, at, n); }) \
	F(CreateShader, u, (u type), { \
		if (denied()) return 0; \
		u id = real.CreateShader(type); add(&glfault_live[SHADERS], id != 0); return id; }) \
	F(DeleteShader, void, (u id), { add(&glfault_live[SHADERS], -(id != 0)); real.DeleteShader(id); }) \
	F(CompileShader, void, (u id), { if (!denied()) real.CompileShader(id); }) \
	F(CreateProgram, u, (void), { \
		if (denied()) return 0; \
		u id = real.CreateProgram(); add(&glfault_live[PROGRAMS], id != 0); return id; }) \
	F(DeleteProgram, void, (u id), { add(&glfault_live[PROGRAMS], -(id != 0)); real.DeleteProgram(id); }) \
	F(LinkProgram, void, (u id), { if (!denied()) real.LinkProgram(id); }) \
	F(ProgramBinary, void, (u id, u format, const void *data, int n), { if (!denied()) real.ProgramBinary(id, format, data, n); }) \
	F(FenceSync, void *, (u condition, u flags), { \
		if (denied()) return 0; \
		void *s = real.FenceSync(condition, flags); add(&glfault_live[SYNCS], s != 0); return s; }) \
	F(DeleteSync, void, (void *s), { add(&glfault_live[SYNCS], -(s != 0)); real.DeleteSync(s); }) \
	F(ClientWaitSync, u, (void *s, u flags, uint64_t ns), { \
		dropped(); \
		if (lost == LOUD) return SYNC_FAILED; \
		if (lost == QUIET) return CONDITION_SATISFIED; \
		if (glfault_hang) { nap(); return TIMEOUT_EXPIRED; } \
		return real.ClientWaitSync(s, flags, ns); }) \
	F(DispatchCompute, void, (u x, u y, u z), { \
		if (!dropped() && !beyond(MAX_GROUPS, x) && !beyond(MAX_GROUPS, y) && !beyond(MAX_GROUPS, z)) real.DispatchCompute(x, y, z); }) \
	F(BufferSubData, void, (u target, size at, size n, const void *data), { if (!dropped()) real.BufferSubData(target, at, n, data); }) \
	F(GetBufferSubData, void, (u target, size at, size n, void *data), { if (!dropped()) real.GetBufferSubData(target, at, n, data); }) \
	F(CopyBufferSubData, void, (u from, u to, size at, size where, size n), { if (!dropped()) real.CopyBufferSubData(from, to, at, where, n); }) \
	F(BindBufferRange, void, (u target, u index, u buffer, size at, size n), { \
		if (!spent() && !beyond(target == STORAGE_BUFFER ? MAX_STORAGE : MAX_UNIFORM, n)) real.BindBufferRange(target, index, buffer, at, n); }) \
	F(BindImageTexture, void, (u unit, u texture, int level, unsigned char layered, int layer, u access, u format), { \
		if (!spent() && !beyond(MAX_UNITS, unit + 1)) real.BindImageTexture(unit, texture, level, layered, layer, access, format); }) \
	F(GetInteger64v, void, (u name, int64_t *v), { int64_t n = limit(name); if (n) *v = n; else real.GetInteger64v(name, v); }) \
	F(GetIntegeri_v, void, (u name, u i, int *v), { int64_t n = limit(name); if (n) *v = (int)n; else real.GetIntegeri_v(name, i, v); }) \
	F(GetError, u, (void), { \
		if (lost == LOUD) return CONTEXT_LOST; \
		if (lost == QUIET) return 0; \
		u e = pending; pending = 0; return e ? e : real.GetError(); }) \
	F(GetGraphicsResetStatus, u, (void), { \
		if (!spent()) return real.GetGraphicsResetStatus(); \
		u first = !told; told = 1; return first ? UNKNOWN_RESET : 0; }) \
	F(GetGraphicsResetStatusARB, u, (void), { \
		if (!spent()) return real.GetGraphicsResetStatusARB(); \
		u first = !told; told = 1; return first ? UNKNOWN_RESET : 0; })

#define FIELD(name, type, parameters, ...) type(GL_CALL *name) parameters;
static struct { FUNCTIONS(FIELD) } real;

#define SHIM(name, type, parameters, ...) static type GL_CALL shim_##name parameters __VA_ARGS__
FUNCTIONS(SHIM)

#define ENTRY(name, type, parameters, ...) {"gl" #name, (void **)&real.name, (void *)shim_##name},
static const struct { const char *name; void **real; void *shim; } table[] = {FUNCTIONS(ENTRY)};

void *glfault_wrap(const char *name, void *function) {
	if (!function) return 0;
	for (size_t i = 0; i < sizeof table / sizeof *table; i++)
		if (!strcmp(table[i].name, name)) {
			*table[i].real = function;
			return table[i].shim;
		}
	return function;
}
