/* clock - time, for the trusted programs. The worker links it and calls nothing of it after its
 * lock. */
#pragma once

#include <stddef.h>
#include <stdint.h>

uint64_t clock_mono_ns(void);
uint64_t clock_wall_ms(void); /* since 1970, UTC */
char *clock_rfc3339(
    char *out, size_t size, uint64_t wall_ms); /* "2026-01-02T03:04:05.678Z"; returns out */
