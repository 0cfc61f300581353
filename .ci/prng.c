// bcryptprimitives.dll, of which Go's programs use one function and which Wine 8 lacks: see wine.
#include <windows.h>

BOOLEAN NTAPI SystemFunction036(PVOID, ULONG); // RtlGenRandom

__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE data, SIZE_T n) {
	while (n > 0) {
		ULONG part = n > 1 << 20 ? 1 << 20 : (ULONG)n;
		if (!SystemFunction036(data, part)) return FALSE;
		data += part;
		n -= part;
	}
	return TRUE;
}
